"""LangChain wraps every middleware in a tracer of LangSmith's, which takes two threads for each call, traced or not."""

import contextvars
from collections.abc import Callable
from typing import Any

from langsmith import set_runtime_overrides
from langsmith.utils import tracing_is_enabled


def trace_in_place() -> None:
    """Without LangSmith's tracing, do in place what its wrappers have to do: a turn has a dozen of them."""
    if not tracing_is_enabled():
        set_runtime_overrides(aio_to_thread=_in_place)


async def _in_place(
    _default: Any, context: contextvars.Context, work: Callable[..., Any], /, *args: Any, **options: Any
) -> Any:
    return context.run(work, *args, **options)
