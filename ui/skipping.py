"""Blocks that leave alone what a handler skips.

The window's handlers name every output that may change, and most of them stay as they are each time. gradio (6.31)
makes the component of a skipped output anew and works out its config, about a millisecond of processor time each:
with 200 outputs and a page that asks once a second, a dozen pages are more than a processor can do.
"""

from copy import copy
from typing import TYPE_CHECKING, Any

import gradio as gr

if TYPE_CHECKING:
    from gradio.block_function import BlockFunction
    from gradio.state_holder import SessionState

SKIP = gr.skip()


class SkippingBlocks(gr.Blocks):
    """gr.Blocks; to a page it sends the same."""

    async def postprocess_data(
        self, block_fn: "BlockFunction", predictions: list[Any] | dict[Any, Any], state: "SessionState | None"
    ) -> list[Any]:
        """What is sent for each output; only of those that are not skipped gradio is asked."""
        if not isinstance(predictions, list | tuple) or len(predictions) != len(block_fn.outputs) or block_fn.batch:
            return await super().postprocess_data(block_fn, predictions, state)
        sent: list[Any] = [None if block.stateful else dict(SKIP) for block in block_fn.outputs]
        kept = [place for place, each in enumerate(predictions) if not (isinstance(each, dict) and each == SKIP)]
        if kept:
            fewer = copy(block_fn)
            fewer.outputs = [block_fn.outputs[place] for place in kept]
            values: Any = [predictions[place] for place in kept]
            done = await super().postprocess_data(fewer, values if len(kept) > 1 else values[0], state)
            for place, value in zip(kept, done, strict=True):
                sent[place] = value
        return sent
