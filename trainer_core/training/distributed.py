"""Several processes that train one LoRA together: each takes its share of a step's batches, one sum makes them agree.

The frozen base is not wrapped for this. All that has to be exchanged are the LoRA's float32 gradients, once for each
step; the loss and the wish to stop travel in the same buffer.
"""

import os
from collections import deque
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from diffusers import LTX2VideoTransformer3DModel
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn import Parameter

SILENCE = timedelta(minutes=10)  # how long others are waited for; that one has ended, the launcher notices at once


class RanksDisagree(RuntimeError):
    """The processes do not stand at the same step; the message says where each is."""


class RanksMissing(RuntimeError):
    """Not all processes of the launch have come; the message says what to do."""


class Ranks:
    """The processes that train together; this one is `rank` of `size`. One alone exchanges nothing."""

    def __init__(self, rank: int = 0, size: int = 1, *, sharded: bool = False) -> None:
        self.rank, self.size = rank, size
        self._sharded = sharded
        self._wants_stop = False
        self._flags: deque[tuple[Tensor, torch.cuda.Event | None]] = deque(maxlen=2)

    def share(self, numbers: range) -> range:
        """This process' part of the numbers: those k with k % size == rank, where `numbers` starts at a multiple."""
        return numbers[self.rank :: self.size]

    def loading(self, device: torch.device) -> dict[str, Any]:
        """Arguments for a loader that fills an empty transformer tensor by tensor: `prepare` and `place`.

        Where the base is shared out, a process keeps only its part of each tensor as it is read, so that no memory
        ever holds the whole base. Empty where it is not.
        """
        if not self._sharded:
            return {}
        shards: dict[str, DTensor] = {}

        def prepare(transformer: LTX2VideoTransformer3DModel) -> None:
            self._shard(transformer, device)
            shards.update(transformer.named_parameters())

        def place(name: str, tensor: Tensor) -> Tensor:
            kind = torch.bfloat16 if tensor.is_floating_point() else tensor.dtype
            here = tensor.to(device, kind, copy=True)
            empty = shards.get(name)
            if empty is None:  # a buffer
                return here
            return distribute_tensor(here, empty.device_mesh, empty.placements, src_data_rank=None)

        return {"prepare": prepare, "place": place}

    def place(self, transformer: LTX2VideoTransformer3DModel, device: torch.device) -> LTX2VideoTransformer3DModel:
        """Put the frozen base on its device, shared out where it is to be and is not yet. Before the LoRA is added."""
        if self._sharded and not isinstance(transformer, FSDPModule):
            self._shard(transformer, device)
        return transformer.to(device)

    def _shard(self, transformer: LTX2VideoTransformer3DModel, device: torch.device) -> None:
        """Each process keeps 1/size of every block's weights, as they are, and gathers a block only while it works.

        The LoRA, which is added later, stays whole in every process: with its AdamW moments it is small (rank 32 on
        LTX-2.3's video attentions: 1.6 GB), so a checkpoint needs no gathering and fits any number of processes.
        """
        transformer.requires_grad_(False)
        mesh = init_device_mesh(device.type, (self.size,))
        for block in transformer.transformer_blocks:
            fully_shard(block, mesh=mesh)
        fully_shard(transformer, mesh=mesh)

    def agree_on(self, step: int) -> None:
        """Check, once, that all go on from the same number of steps that are done. Raises RanksDisagree."""
        if self.size == 1:
            return
        steps: list[int] = [0] * self.size
        dist.all_gather_object(steps, step)
        if len(set(steps)) > 1:
            raise RanksDisagree(
                f"The training processes read different checkpoints (steps {', '.join(map(str, steps))}). Nothing was "
                "trained. On several machines the workspace must be one shared folder."
            )

    @torch.no_grad()
    def average(self, parameters: Iterable[Parameter], loss: Tensor) -> Tensor:
        """Add up the processes' gradients, which each has weighted already, and return the mean of their losses.

        A parameter that no process has a gradient for keeps none, so that the optimizer passes it over as it does with
        one process.
        """
        if self.size == 1:
            return loss
        trained = list(parameters)
        has = [p.grad is not None for p in trained]
        parts = [(p.grad if p.grad is not None else torch.zeros_like(p)).flatten() for p in trained]
        wants = torch.full((1,), float(self._wants_stop), device=loss.device)
        # filled there: a copy of the host's numbers would wait for the device, so it is made only where one is missing
        counted = wants.new_ones(len(has)) if all(has) else torch.tensor(has, dtype=wants.dtype, device=wants.device)
        flat = torch.cat([*parts, loss.float().view(1), wants, counted])
        dist.all_reduce(flat)
        *sums, mean, stop, counts = flat.split([p.numel() for p in trained] + [1, 1, len(trained)])
        seen = has if all(has) else [count > 0 for count in counts.tolist()]  # the host waits only where one is missing
        for p, total, used in zip(trained, sums, seen, strict=True):
            if used and p.grad is None:
                p.grad = total.view_as(p).clone()
        here = [(p.grad, total.view_as(p)) for p, total in zip(trained, sums, strict=True) if p.grad is not None]
        torch._foreach_copy_([grad for grad, _ in here], [total for _, total in here])
        self._note(stop)
        return (mean / self.size).squeeze(0)

    def stop(self, wanted: bool) -> bool:
        """Do all stop after this step? What the first process wants is known to all two steps later.

        By then the flag has arrived on the host without anybody waiting for the device.
        """
        if self.size == 1:
            return wanted
        self._wants_stop = self.rank == 0 and wanted
        if len(self._flags) < 2:
            return False
        flag, arrived = self._flags[0]
        if arrived is not None:
            arrived.synchronize()
        return bool(flag.item())

    def collect(self, values: Tensor) -> Tensor:
        """The sum of the processes' values; where one alone has a value and the others zero, that value exactly."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def _note(self, stop: Tensor) -> None:
        if stop.device.type != "cuda":
            self._flags.append((stop.clone(), None))
            return
        flag = torch.empty(1, pin_memory=True)
        flag.copy_(stop, non_blocking=True)
        arrived = torch.cuda.Event()
        arrived.record()
        self._flags.append((flag, arrived))


def join(*, sharded: bool = False, patience: timedelta = SILENCE) -> tuple[Ranks, torch.device]:
    """Meet the other processes of this launch (RANK, WORLD_SIZE, MASTER_ADDR in the environment), by NCCL or gloo.

    Raises RanksMissing when they have not all come after `patience`.
    """
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
    try:
        dist.init_process_group("nccl" if on_gpu else "gloo", timeout=patience)
    except dist.DistError as error:
        raise RanksMissing(
            f"Not all of the {os.environ['WORLD_SIZE']} training processes could meet. Nothing was trained and what "
            "was saved is kept. On several machines, start the command that the run told on each, and let the first "
            "machine's address and port be reached from the others."
        ) from error
    return Ranks(dist.get_rank(), dist.get_world_size(), sharded=sharded), device


def follows_from_a_loss(error: BaseException) -> bool:
    """Did this process fail only because it could not reach another one any more? Gloo has no error type of its own."""
    return isinstance(error, dist.DistError) or (isinstance(error, RuntimeError) and "/gloo/" in str(error))
