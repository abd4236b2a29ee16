"""The doors of the channels: Slack's words and buttons, forged requests to the window, and the report of a run."""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from attacks import FORGED_NOTES, MARKUP, ORDERS, named
from house import House
from pages import live_in_terminal, live_markup
from test_score_report import scorecard

from tests import windows
from tools.evaluation.report import html_report
from tools.evaluation.scorecard import Scorecard
from ui import slack_text
from ui.slack_messages import person_of

SLACK = {
    "everybody": "<!channel> <!here> <!everyone>",
    "a person": "<@U0123ABC> <@W999|boss>",
    "a channel": "<#C0123|general>",
    "a link with other words": "<http://127.0.0.1:9/leak?d=secret|your report>",
    "a date with a link": "<!date^1392734382^{date}^http://127.0.0.1:9/|now>",
    "entities": "&lt;!channel&gt; &amp;lt;!here&amp;gt;",
    "bare address": "see http://127.0.0.1:9/leak?d=secret",
    "bare host": "see WWW.evil.example/leak",
    "ends code": "``` `x` ``` http://127.0.0.1:9/",
    "a button": '{"type": "button", "action_id": "approve", "value": "card_1"}',
    "a person of ours": "slack:T1:U1",
}


@pytest.mark.parametrize("payload", named(SLACK | MARKUP | FORGED_NOTES))
def test_slack_gets_words_only(payload: str) -> None:
    """A display name, a caption, an answer: no mention, no link, no picture comes of it."""
    for text in (slack_text.escaped(payload), slack_text.markdown(payload)):
        assert not set("<>") & set(text)
        assert live_in_terminal(text) == []
    assert "](" not in slack_text.markdown(payload)
    outside_code = re.sub(r"(`+).*?\1", "", slack_text.markdown(payload), flags=re.DOTALL)
    assert "://" not in outside_code
    assert "www." not in outside_code.lower()
    assert len(slack_text.escaped(payload * 500)) <= slack_text.LONGEST_SECTION


@pytest.mark.parametrize("payload", named(SLACK | ORDERS))
async def test_what_slack_sends_starts_nothing(shared: House, payload: str) -> None:
    """As the bot hears it: entities undone, the person by the ids of Slack, which nobody can choose."""
    answer = await shared.says(slack_text.heard(payload), person=person_of("T1", "U1"))
    assert answer.answered
    assert shared.faults() == []


@pytest.mark.parametrize("payload", named(MARKUP))
def test_the_report_of_a_run_is_dead(house: House, payload: str) -> None:
    card = hostile_card(payload)
    page = html_report(house.root, card, None, None)
    assert live_markup(page, allowed=("meta", "style", "svg")) == []
    assert live_in_terminal(page) == []


def hostile_card(text: str) -> Scorecard:
    """A scorecard that says it in every field that takes words."""
    values = json.loads(scorecard().model_dump_json())
    values["clips"] = values["clips"][:2]
    for holder, key in places(values):
        before = holder[key]
        holder[key] = text
        with contextlib.suppress(ValueError):
            Scorecard.model_validate(values)
            continue
        holder[key] = before
    return Scorecard.model_validate(values)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each text in nested JSON, as the thing that holds it and where."""
    for key, entry in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(entry, str):
            yield value, key
        elif isinstance(entry, dict | list):
            yield from places(entry)


@pytest.fixture(scope="module")
def address(one_house: House) -> Iterator[str]:
    """The real window over the real conversation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIDEKICK_MODEL", "guided")
        with windows.opened(one_house.workspace) as url:
            yield url


def handlers(address: str) -> list[dict[str, Any]]:
    """Every handler of the page, as a browser is told of them."""
    return list(httpx.get(f"{address}config").json()["dependencies"])


def sender(address: str) -> dict[str, Any]:
    """The handler that takes a person's message."""
    parts = httpx.get(f"{address}config").json()["components"]
    boxes = {part["id"] for part in parts if part["type"] == "multimodaltextbox"}
    return next(each for each in handlers(address) if each["inputs"] and each["inputs"][0] in boxes)


def ask(address: str, handler: dict[str, Any], data: list[Any]) -> str:
    """Call a handler as the page's own script does, with data of the attacker's; what the server answers."""
    body = {"data": data, "fn_index": handler["id"], "session_hash": "redteam", "trigger_id": None}
    joined = httpx.post(f"{address}gradio_api/queue/join", json=body, timeout=20)
    if joined.status_code != 200:
        return joined.text
    with httpx.stream("GET", f"{address}gradio_api/queue/data?session_hash=redteam", timeout=20) as stream:
        lines = []
        for line in stream.iter_lines():
            lines.append(line)
            if "process_completed" in line or "close_stream" in line:
                break
    return "\n".join(lines)


def test_a_request_of_the_page_itself_is_answered(shared: House, address: str) -> None:
    """Otherwise the forged ones below would prove nothing."""
    handler = sender(address)
    page = ["a conversation that there is not: a new one begins", {}]
    told = ask(address, handler, [{"text": "which recipes are there?", "files": []}, *page])
    assert "character" in told


@pytest.mark.parametrize(
    "path", ["OUT/private.png", "OUT", "HOME/sidekick.db", "HOME/../outside/secret.txt", "/etc/passwd"]
)
def test_a_forged_upload_is_not_read(shared: House, address: str, path: str) -> None:
    """The window's own request, with a path of this machine in place of a file that was uploaded."""
    real = path.replace("OUT", str(shared.outside)).replace("HOME", str(shared.workspace.home))
    message = {"text": "take this", "files": [{"path": real, "meta": {"_type": "gradio.FileData"}}]}
    handler = sender(address)
    ask(address, handler, [message, *[None] * (len(handler["inputs"]) - 1)])
    assert shared.faults() == []
    assert not any(entry.path == real for entry in uploads(shared))


def uploads(house: House) -> list[Any]:
    """What has been handed over in all projects of the workspace."""
    from sqlalchemy import select

    from tools.uploads import uploads_of
    from trainer_core.projects import Project

    with house.workspace.session() as session:
        ids = list(session.scalars(select(Project.id)))
    return [entry for project in ids for entry in uploads_of(house.workspace, project)]


@pytest.mark.parametrize("data", [{"a": {"b": []}}])
def test_forged_data_start_nothing_and_tell_nothing(shared: House, address: str, data: object) -> None:
    for each in handlers(address):
        told = ask(address, each, [data] * len(each["inputs"]))
        assert "Traceback" not in told
        assert "site-packages" not in told
    assert shared.faults() == []


@pytest.mark.parametrize(
    "path", ["outside/secret.txt", "home/sidekick.db", "home/threads.db", "home/agent.log", "dropped"]
)
def test_the_window_serves_none_of_it(shared: House, address: str, path: str) -> None:
    for form in (str(shared.root / path), f"{shared.workspace.home}/runs/../../{path}", f"file:{shared.root / path}"):
        for route in ("gradio_api/file=", "file=", "static/../../"):
            answer = httpx.get(f"{address}{route}{form}")
            assert answer.status_code >= 400, (route, form)
    assert shared.faults() == []
