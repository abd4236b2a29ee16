"""Starts mini's autoencoder at a linear solution, layer by layer, so that training need only improve on it.

From random weights the autoencoder needs hours on a CPU to find what principal components give in two minutes. Every
residual block starts as the identity, every other convolution at a least-squares solution for its own inputs.
"""

import math
from typing import Any

import torch
from diffusers import AutoencoderKLLTX2Video
from torch import Tensor, nn
from torch.nn import functional

PATCH = 4
SPANS = (4, 2)  # frames that a feature stands for after the decoder's first and second upsampling
QUIET = 0.3  # features this small beside a constant channel pass the last norm and SiLU nearly unbent
LOG_VARIANCE = -8.0
NOISE = 0.1  # of the latents' unit scale; a solution for exact latents would magnify the least error in them
RIDGE = 1e-3  # of the variance of each of a convolution's inputs
CHUNK = 16  # clips


@torch.no_grad()
def start_linear(model: AutoencoderKLLTX2Video, pixels: Tensor, latents: Tensor) -> None:
    """Set all weights so that `pixels` (clips, 3, 9, 64, 64) become `latents` (clips, 48, 2, 8, 8) and back."""
    for name, parameter in model.named_parameters():
        if ".conv2." in name:
            nn.init.zeros_(parameter)
    _start_encoder(model.encoder, pixels, latents)
    _start_decoder(model.decoder, pixels, latents + NOISE * torch.randn_like(latents))


def _start_encoder(encoder: Any, pixels: Tensor, latents: Tensor) -> None:
    _set(encoder.conv_in.conv, torch.eye(*encoder.conv_in.conv.weight.shape[:2]), tap=-1)
    for block in encoder.down_blocks:
        sampler = block.downsamplers[0]
        features = torch.cat(list(_inputs_of(sampler, encoder, pixels)))
        _set(sampler.conv.conv, _principal(features, sampler.conv.conv.out_channels), tap=-1)
    sampler.conv.conv.weight[-1] = 0
    features = torch.cat(list(_inputs_of(encoder.mid_block, encoder, pixels)))
    share = sampler.stride[0] / features.shape[1]
    sampler.conv.conv.bias[-1] = float(features.std()) / QUIET / math.sqrt(share)
    wanted = torch.cat([latents, torch.full_like(latents[:, :1], LOG_VARIANCE)], dim=1)
    _solve(encoder.conv_out, encoder, pixels, wanted)


def _start_decoder(decoder: Any, pixels: Tensor, latents: Tensor) -> None:
    _set(decoder.conv_in.conv, torch.eye(*decoder.conv_in.conv.weight.shape[:2]), tap=1)
    patches = functional.pixel_unshuffle(pixels.transpose(1, 2), PATCH).transpose(1, 2)
    width = decoder.conv_out.conv.in_channels
    stages = [*(_spans(pixels, frames, width) for frames in SPANS), _beside_constant(patches, width)]
    for block, features in zip(decoder.up_blocks, stages, strict=True):
        sampler = block.upsamplers[0]
        dropped = features[:, :, :1].expand(-1, -1, sampler.stride[0] - 1, -1, -1)
        _solve(sampler.conv, decoder, latents, _unshuffle(torch.cat([dropped, features], dim=2), sampler.stride))
    turned = patches.unflatten(1, (3, PATCH, PATCH)).transpose(2, 3).flatten(1, 3)  # the class puts columns first
    _solve(decoder.conv_out, decoder, latents, turned)


def _spans(pixels: Tensor, frames: int, channels: int) -> Tensor:
    """Principal components of 8x8 blocks over spans of `frames`; the first frame fills a span of its own."""
    padded = torch.cat([pixels[:, :, :1].expand(-1, -1, frames - 1, -1, -1), pixels], dim=2)
    blocks = functional.pixel_unshuffle(padded.transpose(1, 2), 2 * PATCH).transpose(1, 2)
    spans = blocks.unflatten(2, (-1, frames)).movedim(3, 1).flatten(1, 2)
    return torch.einsum("oc,bcthw->bothw", _principal(spans, channels), spans)


def _beside_constant(patches: Tensor, channels: int) -> Tensor:
    spare = channels - patches.shape[1]
    loud = float(patches.std()) / QUIET / math.sqrt(spare / channels)
    return torch.cat([patches, torch.full_like(patches[:, :1], loud).expand(-1, spare, -1, -1, -1)], dim=1)


def _unshuffle(features: Tensor, stride: tuple[int, int, int]) -> Tensor:
    """The inverse of the upsampler's shuffle: (b, c, t, h, w) -> (b, c * stride, t / stride, ...)."""
    time, height, width = stride
    parts = features.unflatten(4, (-1, width)).unflatten(3, (-1, height)).unflatten(2, (-1, time))
    return parts.permute(0, 1, 3, 5, 7, 2, 4, 6).flatten(1, 4)


def _principal(features: Tensor, count: int) -> Tensor:
    """The `count` first directions of features (b, c, t, h, w) in their c dimensions."""
    rows = features.movedim(1, -1).flatten(0, -2)
    return torch.linalg.eigh(torch.cov(rows.T)).eigenvectors.flip(1).T[:count]


def _set(conv: nn.Conv3d, matrix: Tensor, *, tap: int) -> None:
    """Make a convolution the same `matrix` (out, in) at every place, on the frame at `tap`."""
    nn.init.zeros_(conv.weight)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    conv.weight[:, :, tap, 1, 1] = matrix


def _solve(conv: Any, model: nn.Module, data: Tensor, wanted: Tensor) -> None:
    """Set a causal convolution so that its outputs come nearest to `wanted` when `model` runs on `data`."""
    size = conv.conv.weight[0].numel()
    gram, cross = torch.zeros(size + 1, size + 1).double(), torch.zeros(size + 1, conv.conv.out_channels).double()
    for inputs, targets in zip(_inputs_of(conv, model, data), wanted.split(CHUNK), strict=True):
        columns = _columns(conv, inputs, causal=bool(model.is_causal))
        gram += columns.T @ columns
        cross += columns.T @ targets.movedim(1, -1).flatten(0, -2)
    count = gram[-1, -1]
    mean, mean_wanted = gram[-1, :-1] / count, cross[-1] / count
    covariance = gram[:-1, :-1] / count - torch.outer(mean, mean)  # centred, or the constant channels would rule
    with_wanted = cross[:-1] / count - torch.outer(mean, mean_wanted)
    variance = covariance.diagonal()
    ridge = RIDGE * variance + RIDGE**2 * variance.mean()  # the second part is for channels that never change
    weights = torch.linalg.solve(covariance + ridge.diag(), with_wanted)
    conv.conv.weight.copy_(weights.T.reshape(conv.conv.weight.shape))
    conv.conv.bias.copy_(mean_wanted - mean @ weights)


def _columns(conv: Any, inputs: Tensor, *, causal: bool) -> Tensor:
    """The receptive field of every output as a row, with a 1 for the bias."""
    before, after = (2, 0) if causal else (1, 1)
    first, last = inputs[:, :, :1], inputs[:, :, -1:]
    padded = torch.cat([first.expand(-1, -1, before, -1, -1), inputs, last.expand(-1, -1, after, -1, -1)], dim=2)
    mode = conv.conv.padding_mode
    padded = functional.pad(padded, (1, 1, 1, 1, 0, 0), mode="constant" if mode == "zeros" else mode)
    windows = padded.unfold(2, 3, 1).unfold(3, 3, 1).unfold(4, 3, 1).permute(0, 2, 3, 4, 1, 5, 6, 7)
    rows = windows.flatten(0, 3).flatten(1)
    return torch.cat([rows, rows.new_ones(len(rows), 1)], dim=1)


def _inputs_of(module: nn.Module, model: nn.Module, data: Tensor) -> list[Tensor]:
    """What `module` is given when `model` runs on `data`, chunk by chunk."""
    seen: list[Tensor] = []
    hook = module.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    for part in data.split(CHUNK):
        model(part)
    hook.remove()
    return seen
