"""How an answer is drawn: gradio's page loses an update when a skip of the same output comes right after it."""

from pathlib import Path
from typing import Any

import gradio as gr
from doubles import ScriptedConversation

from trainer_core.projects import Workspace
from ui.drawing import NEW_PAGE, Drawing
from ui.following import Following
from ui.panels.panel import Panel
from ui.window_sessions import Sessions


async def test_the_last_that_is_sent_of_an_answer_is_not_nothing(tmp_path: Path) -> None:
    ScriptedConversation.threads.clear()
    session = await Sessions(Workspace.open(tmp_path / "home"), ScriptedConversation.open).get(None, "you")
    assert session.send("use the tool", [])
    sent = [drawn async for drawn in Following(Drawing(())).follow(session, {})]
    assert not session.busy
    thread, shown, *outputs = sent[-1]
    assert thread == session.conversation.thread_id
    assert shown["follows"] is None
    assert any(each != gr.skip() for each in outputs)
    ScriptedConversation.threads.clear()


async def test_after_a_turn_what_it_changed_is_drawn_once_more_and_then_the_page_is_fresh(tmp_path: Path) -> None:
    ScriptedConversation.threads.clear()
    known = {"changed": 1, "same": 1}

    def panel(name: str) -> Panel:
        output: Any = gr.HTML()
        return Panel(name, (output,), lambda _context: known[name], lambda value: (value,), begin=lambda _: ("begun",))

    sessions = Sessions(Workspace.open(tmp_path / "home"), ScriptedConversation.open)
    sessions.panels = [panel("changed"), panel("same")]
    session = await sessions.get(None, "you")
    following = Following(Drawing(sessions.panels))
    _thread, shown, mark, *outputs = following.view(session, NEW_PAGE)
    assert outputs[-2:] == ["begun", "begun"]
    assert session.mark(session.turns) in mark
    assert session.send("use the tool", [])
    known["changed"] = 2
    shown = [drawn async for drawn in following.follow(session, shown)][-1][1]
    assert session.mark(session.turns) not in shown["mark"]
    _thread, shown, mark, *outputs = following.answer(session, shown, 1, lost=False)
    assert outputs[-2:] == [2, gr.skip()]
    assert session.mark(session.turns) in mark
    assert all(each == gr.skip() for each in following.answer(session, shown, 2, lost=False)[3:])
    ScriptedConversation.threads.clear()


async def test_every_question_of_a_page_is_answered_and_what_was_lost_on_the_way_is_drawn_anew(tmp_path: Path) -> None:
    ScriptedConversation.threads.clear()
    sessions = Sessions(Workspace.open(tmp_path / "home"), ScriptedConversation.open)
    sessions.panels = [Panel("files", (gr.HTML(),), lambda _context: 7, lambda value: (value,))]
    session = await sessions.get(None, "you")
    following = Following(Drawing(sessions.panels))
    _thread, shown, _mark, *_outputs = following.view(session, NEW_PAGE)
    _thread, shown, first, *outputs = following.answer(session, shown, 1, lost=False)
    _thread, shown, second, *outputs = following.answer(session, shown, 2, lost=False)
    assert 'data-asked="1"' in first
    assert 'data-asked="2"' in second
    assert all(each == gr.skip() for each in outputs)
    _thread, _shown, third, *outputs = following.answer(session, shown, 3, lost=True)
    assert 'data-asked="3"' in third
    assert outputs[-1] == 7
    assert not any(each == gr.skip() for each in outputs)
    _thread, _shown, fourth, *outputs = following.heard(session, shown, (gr.skip(),) * 9, 4)
    assert 'data-asked="4"' in fourth
    assert all(each == gr.skip() for each in (_thread, _shown, *outputs))
    ScriptedConversation.threads.clear()
