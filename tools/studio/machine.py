"""The machine's one pipeline: what must be there before it can be used, and whose turn it is."""

import threading
from functools import lru_cache
from typing import Any

from trainer_core.jobs import store
from trainer_core.plan import BaseModelName

from ..context import ToolContext, ToolRefused
from ..state import base_missing

one_at_a_time = threading.Lock()  # the pipeline is shared, and LoRAs are loaded into it


def check_machine(context: ToolContext, base: BaseModelName) -> None:
    """Raises ToolRefused when clips of this base cannot be made here, or not now."""
    missing = base_missing(base)
    if missing:
        raise ToolRefused(missing)
    if base is not BaseModelName.MINI and store.list_jobs(context.workspace, states=(store.State.RUNNING,)):
        raise ToolRefused("A job is using the GPU at the moment. Ask for the clip again when it has ended.")


@lru_cache(maxsize=1)
def pipeline_of(base: BaseModelName) -> Any:
    """The base model, loaded once. Hold `one_at_a_time` while it is used."""
    from diffusers.utils import logging

    from trainer_core.base_models.registry import load_pipeline  # loads torch

    logging.disable_progress_bar()
    return load_pipeline(base)
