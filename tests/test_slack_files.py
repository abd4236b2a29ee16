"""Files dropped into Slack: from Slack's own host alone, within limits, with harmless names, all at once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from rooms import draw_pictures
from slack_rooms import ANN, running, say
from slack_server import BOT_TOKEN, SlackServer, serving

from tools.uploads import uploads_of
from trainer_core.projects import Workspace
from ui.slack_files import Fetched, Limits, fetch, is_slacks, safe_name

HOSTILE = "<!channel> <http://evil.example|x> [a](http://evil.example) `rm` ../../../etc/passwd\u202e.png"


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with serving() as server:
        yield server


async def fetched(slack: SlackServer, tmp_path: Path, *files: dict[str, Any], limits: Limits | None = None) -> Fetched:
    return await fetch(files, tmp_path / "new", BOT_TOKEN, f"{slack.url}/api/", limits=limits)


async def test_files_come_with_their_names(slack: SlackServer, tmp_path: Path) -> None:
    files = [slack.file("a b.png", b"one"), slack.file("A b.png", b"two"), slack.file("b.txt", b"three")]
    found = await fetched(slack, tmp_path, *files)
    assert [(path.name, path.read_bytes()) for path in found.paths] == [
        ("a b.png", b"one"),
        ("A b-2.png", b"two"),
        ("b.txt", b"three"),
    ]
    assert found.refused == []


async def test_the_token_goes_to_slack_alone(slack: SlackServer, tmp_path: Path) -> None:
    async with serving() as elsewhere:
        stolen = elsewhere.file("a.png", b"x")
        moved = slack.file("b.png", b"x")
        slack.redirects[moved["url_private"].split("/files-pri/")[1]] = stolen["url_private"]
        local = slack.file("c.png", b"x", url_private_download="file:///etc/passwd")
        found = await fetched(slack, tmp_path, stolen, moved, local)
        assert elsewhere.fetched == []
    assert found.paths == []
    assert "Slack's own servers" in found.refused[0]
    assert "files:read" in found.refused[1]
    assert "Slack's own servers" in found.refused[2]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("address", "base", "slacks"),
    [
        ("https://files.slack.com/files-pri/T1-F1/a.png", "https://slack.com/api/", True),
        ("https://slack.com/a.png", "https://slack.com/api/", True),
        ("https://files.slack-gov.com/a.png", "https://slack-gov.com/api/", True),
        ("http://files.slack.com/a.png", "https://slack.com/api/", False),
        ("https://evilslack.com/a.png", "https://slack.com/api/", False),
        ("https://slack.com.evil.example/a.png", "https://slack.com/api/", False),
        ("https://slack.com@evil.example/a.png", "https://slack.com/api/", False),
        ("https://user:pass@files.slack.com/a.png", "https://slack.com/api/", False),
        ("https://files.slack.com:8443/a.png", "https://slack.com/api/", False),
        ("https://files.slack.com:x/a.png", "https://slack.com/api/", False),
        ("http://169.254.169.254/latest", "https://slack.com/api/", False),
        ("", "https://slack.com/api/", False),
    ],
)
def test_what_is_slacks(address: str, base: str, slacks: bool) -> None:
    assert is_slacks(address, base) is slacks


async def test_limits_hold_whatever_slack_says(slack: SlackServer, tmp_path: Path) -> None:
    files = [
        slack.file("told.png", b"x" * 2000),
        slack.file("liar.png", b"x" * 2000, size=10),
        slack.file("fits.png", b"x" * 900),
        slack.file("rest.png", b"x" * 900, size=None),
        slack.file("many.png", b"x"),
    ]
    found = await fetched(slack, tmp_path, *files, limits=Limits(files=4, each=1000, together=1500))
    assert [path.name for path in found.paths] == ["fits.png"]
    assert [line.split(":")[0] for line in found.refused] == ["many.png", "told.png", "liar.png", "rest.png"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["fits.png"], "nothing half is kept"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"mode": "tombstone"}, "deleted"),
        ({"mode": "external"}, "outside of Slack"),
        ({"url_private": "", "url_private_download": ""}, "does not say where"),
    ],
)
async def test_what_cannot_be_had_is_said(slack: SlackServer, tmp_path: Path, more: dict, words: str) -> None:
    found = await fetched(slack, tmp_path, slack.file("a.png", b"x", **more), slack.file("empty.png", b""))
    assert words in found.refused[0]
    assert "empty" in found.refused[1]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("cat.png", "cat.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\windows\\a.png", "a.png"),
        (".bashrc", "bashrc"),
        ("", "file-1"),
        ("...", "file-1"),
        ("Käse 1 (2).png", "Käse 1 (2).png"),
        ("a" * 300 + ".png", "a" * 80 + ".png"),
        ("\x00\n.png", "_.png"),
    ],
)
def test_names_are_only_names(name: str, safe: str) -> None:
    assert safe_name(name, 0, set()) == safe


async def test_a_hostile_name_is_only_shown(slack: SlackServer, tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "home")
    picture = next(draw_pictures(tmp_path / "pictures", 1).iterdir())
    async with running(slack, workspace):
        ts = await slack.open_assistant(ANN)
        await say(slack, ts, "I want to teach it my cat mascot")
        hostile = slack.file(HOSTILE, picture.read_bytes())
        refused = slack.file(HOSTILE, b"x", url_private_download="http://evil.example/x")
        await say(slack, ts, "look <!channel> &lt;!here&gt; <http://evil.example|here>", files=[hostile, refused])
    shown = slack.thread(ts)
    assert "could not take this file" in shown
    for smuggled in ("<!", "<http", "](http", "&lt;http://evil"):
        assert smuggled not in shown, shown
    assert "Added 1 picture" in shown
    (entry,) = uploads_of(workspace, project_of(workspace))
    assert not entry.file.exists(), "what was copied is not kept twice"
    assert entry.file.parent.parent == workspace.home / "slack"


def project_of(workspace: Workspace) -> str:
    from agent.threads import threads_of

    return threads_of(workspace)[0].project_id
