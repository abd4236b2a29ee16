"""How an answer is drawn: gradio's page loses an update when a skip of the same output comes right after it."""

from pathlib import Path

import gradio as gr
from doubles import ScriptedConversation

from trainer_core.projects import Workspace
from ui.drawing import Drawing
from ui.following import Following
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
