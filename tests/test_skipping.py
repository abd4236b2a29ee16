"""Outputs that a handler skips cost nothing, and the page gets what gradio would have sent."""

from copy import deepcopy
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from ui.skipping import SkippingBlocks

VALUES = (
    "words",
    gr.skip(),
    gr.update(visible=False),
    gr.skip(),
    gr.update(value=3, maximum=7),
    {"any": "data"},
    gr.skip(),
)


def _window(kind: type[gr.Blocks]) -> gr.Blocks:
    with kind() as window:
        outputs: list[Any] = [
            gr.Textbox(),
            gr.Textbox(),
            gr.Button(),
            gr.Markdown(),
            gr.Slider(),
            gr.State(),
            gr.Code(),
        ]
        gr.Button().click(lambda: VALUES, None, outputs)
        gr.Button().click(lambda: gr.skip(), None, outputs[:1])
    return window


async def _sent(kind: type[gr.Blocks], number: int, values: Any) -> tuple[list[Any], SessionState, gr.Blocks]:
    window = _window(kind)
    state = SessionState(window)
    return await window.postprocess_data(window.fns[number], deepcopy(values), state), state, window


@pytest.mark.parametrize(
    ("number", "values"),
    [
        (0, VALUES),
        (0, tuple(gr.skip() for _ in VALUES)),
        (0, (*(gr.skip() for _ in VALUES[1:]), "alone")),
        (0, gr.skip()),
        (1, gr.skip()),
        (1, "one"),
        (1, ["a", "list"]),
    ],
)
async def test_what_is_sent_is_the_same(number: int, values: Any) -> None:
    expected, before, window = await _sent(gr.Blocks, number, values)
    sent, after, own = await _sent(SkippingBlocks, number, values)
    assert sent == expected
    kept = {key - min(window.blocks): value for key, value in before.state_data.items()}
    assert {key - min(own.blocks): value for key, value in after.state_data.items()} == kept


async def test_a_skipped_component_is_not_made_anew() -> None:
    _, state, window = await _sent(SkippingBlocks, 0, VALUES)
    outputs = window.fns[0].outputs
    same = [state.blocks_config.blocks[each._id] is each for each in outputs]
    assert same == [True, True, False, True, False, True, True]
