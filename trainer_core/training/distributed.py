"""Several processes that train one LoRA together: each takes its share of a step's batches, one sum makes them agree.

The frozen base is not wrapped for this. All that has to be exchanged are the LoRA's float32 gradients, once for each
step; the loss and the wish to stop travel in the same buffer.
"""

import os
from collections import deque
from collections.abc import Iterable
from datetime import timedelta

import torch
import torch.distributed as dist
from diffusers import LTX2VideoTransformer3DModel
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn import Parameter

SILENCE = timedelta(minutes=10)  # how long others are waited for; that one has ended, the launcher notices at once


class RanksDisagree(RuntimeError):
    """The processes do not stand at the same step; the message says where each is."""


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

    def place(self, transformer: LTX2VideoTransformer3DModel, device: torch.device) -> LTX2VideoTransformer3DModel:
        """Put the frozen base on its device, before the LoRA is added to it.

        Where it is shared out, each process keeps 1/size of every block's weights, in the precision they are stored
        in, and gathers a block only while it works. The LoRA stays whole in every process: with its AdamW moments it
        is small (rank 32 on LTX-2.3: 1.6 GB), so a checkpoint needs no gathering and fits any number of processes.
        """
        if not self._sharded:
            return transformer.to(device)
        transformer.requires_grad_(False)
        mesh = init_device_mesh(device.type, (self.size,))
        for block in transformer.transformer_blocks:
            fully_shard(block, mesh=mesh)
        fully_shard(transformer, mesh=mesh)
        return transformer.to(device)  # what is not split, such as the tables of rope

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
        extra = torch.tensor([float(self._wants_stop), *map(float, has)], device=loss.device)
        flat = torch.cat([*parts, loss.float().view(1), extra])
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


def join(*, sharded: bool = False) -> tuple[Ranks, torch.device]:
    """Meet the other processes of this launch (RANK, WORLD_SIZE, MASTER_ADDR in the environment), by NCCL or gloo."""
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if on_gpu else "gloo", timeout=SILENCE)
    return Ranks(dist.get_rank(), dist.get_world_size(), sharded=sharded), device
