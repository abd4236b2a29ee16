"""Words to and from Slack: nothing smuggled in, nothing too long for it; and what keeps the bot from starting."""

import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

import pytest
import yaml
from slack_rules import problem_with_blocks
from slack_server import APP_TOKEN, BOT_TOKEN, serving

from agent.guided.intents import read as understood
from tools.context import Card
from trainer_core.projects import Workspace
from ui.slack import Bot, NotStarted, Settings, run_slack, serve
from ui.slack_blocks import card_blocks, progress_text
from ui.slack_text import escaped, heard, markdown, people, pieces
from ui.slack_words import PROMPTS, prompts_for
from ui.strings import STAGES

CARD = Card(
    id="card_1",
    title="Start this training? <!channel>" * 20,
    lines=["<http://evil.example|yes>", "a & b " * 2000],
    price="at most $ 3",
    time="1 hour",
    expires="This card is good for 30 minutes.",
    expires_at="2999-01-01T00:00:00",
    fingerprint="f" * 64,
    person="slack:T1:U1",
)


@pytest.mark.parametrize(
    ("sent", "plain"),
    [
        ("hello", "hello"),
        ("<@UBOT> launch", "launch"),
        ("use &lt;b&gt; &amp; <https://a.example/x|here>", "use <b> & https://a.example/x"),
        ("<https://a.example>", "https://a.example"),
        ("<@U2|bob> in <#C1|general> <!channel>", "@bob in #general channel"),
        ("<!date^1^{date}|today> <mailto:a@b.example|a@b.example>", "today a@b.example"),
        ("&lt;@UBOT&gt;", "<@UBOT>"),
    ],
)
def test_what_a_person_wrote(sent: str, plain: str) -> None:
    assert heard(sent, "UBOT") == plain


def test_nothing_is_a_link_or_a_mention() -> None:
    hostile = (
        "<!channel> <@U1> <http://evil.example|x> [a](http://evil.example/x). ![p](https://evil.example/p.png)\u202e"
    )
    shown = markdown(hostile)
    for smuggled in ("<", "](", "\u202e"):
        assert smuggled not in shown
    assert "`http://evil.example/x`" in shown
    assert "``www.evil.example``" in markdown("a ` lone mark and www.evil.example")
    assert "<" not in escaped(hostile)
    assert "**bold**\n- list" in markdown("**bold**\n- list")


def test_escaping_keeps_to_the_limit() -> None:
    assert len(escaped("<" * 5000, 3000)) <= 3000
    assert escaped("&" * 10, 20).endswith(";") or escaped("&" * 10, 20).endswith("…")
    assert people("This card is for slack:T1:U1; <!here>") == "This card is for <@U1>; &lt;!here&gt;"


@pytest.mark.parametrize("text", ["word " * 5000, "x" * 30_000, "line\n" * 5000, "one\n\ntwo"])
def test_long_words_are_split_and_complete(text: str) -> None:
    parts = list(pieces(text, 1000))
    assert "".join(parts) == text
    assert all(0 < len(part) <= 1000 for part in parts)


def test_a_card_is_what_slack_takes() -> None:
    blocks = card_blocks(CARD)
    assert problem_with_blocks(blocks, "x") == ""
    assert "<!" not in str([block for block in blocks if block["type"] != "header"])
    assert "<http" not in str(blocks)


def test_progress_is_a_bar_of_one_length() -> None:
    assert progress_text("step 3 of 10", 0.3).count("█") == 6
    assert "100%" in progress_text("done", 7.0)
    assert progress_text("<b>", None) == "&lt;b&gt;"


def test_every_stage_has_suggestions() -> None:
    assert set(PROMPTS) == set(STAGES)
    assert all(1 <= len(prompts_for(stage)) <= 4 for stage in STAGES)


@pytest.mark.parametrize(
    ("stage", "state"),
    list(zip(STAGES, ("new", "recipe", "captioned", "planned", "training", "results"), strict=True)),
)
def test_suggestions_are_understood_without_a_language_model(stage: str, state: str) -> None:
    labelled = json.loads((Path(__file__).parent / "data" / "utterances.json").read_text(encoding="utf-8"))
    facts = labelled["states"][state]
    for prompt in prompts_for(stage):
        assert understood(prompt["message"], facts, []).calls, prompt


@pytest.mark.parametrize(
    ("bot", "app", "words"),
    [("", "", "SLACK_BOT_TOKEN is not set"), (APP_TOKEN, APP_TOKEN, "begins with xoxb-"), (BOT_TOKEN, "", "APP_TOKEN")],
)
def test_a_missing_token_is_named(bot: str, app: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", bot)
    monkeypatch.setenv("SLACK_APP_TOKEN", app)
    assert run_slack(None) == 1
    told = capsys.readouterr().err
    assert words in told
    assert "secret" not in told


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "slack_bolt", None)
    assert run_slack(None) == 1
    assert "lora-sidekick[slack]" in capsys.readouterr().err


async def test_wrong_tokens_are_not_let_in_and_never_shown(tmp_path: Path) -> None:
    async with serving() as slack:
        bot = Bot(Workspace.open(tmp_path), Settings("xoxb-999999-wrongwrong", APP_TOKEN, f"{slack.url}/api/"))
        with pytest.raises(NotStarted, match=r"invalid_auth.*docs/slack\.md"):
            await bot.start()
    assert "wrong" not in repr(bot.settings)


async def test_the_command_runs_until_it_is_told_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving() as slack:
        monkeypatch.setenv("SLACK_BOT_TOKEN", BOT_TOKEN)
        monkeypatch.setenv("SLACK_APP_TOKEN", APP_TOKEN)
        monkeypatch.setenv("SLACK_API_URL", f"{slack.url}/api/")
        command = asyncio.create_task(serve(Workspace.open(tmp_path), Settings.from_environment()))
        await slack.until(lambda: slack.connections)
        await asyncio.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await asyncio.wait_for(command, 20) == 0
    told = capsys.readouterr().out
    assert "Connected to Slack as sidekick in Test." in told
    assert "Goodbye." in told
    assert "secret" not in told


def test_the_log_has_no_secrets(tmp_path: Path) -> None:
    Bot(Workspace.open(tmp_path), Settings(BOT_TOKEN, APP_TOKEN))
    log = logging.getLogger("sidekick.slack")
    words = f"{BOT_TOKEN} at wss://slack.example/link/?ticket=hush-hush&app_id=x"
    try:
        raise ValueError(words)
    except ValueError:
        log.exception("Failed to connect with %s", APP_TOKEN)
    written = (tmp_path / "slack.log").read_text()
    assert "Failed to connect" in written
    assert "hush-hush" not in written
    assert "secretsecret" not in written


def test_the_manifest_in_the_docs_asks_for_what_is_used_and_no_more() -> None:
    page = (Path(__file__).parents[1] / "docs" / "slack.md").read_text(encoding="utf-8")
    manifest = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == {
        "app_mentions:read",
        "assistant:write",
        "chat:write",
        "files:read",
        "files:write",
        "im:history",
    }
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == {
        "app_mention",
        "assistant_thread_context_changed",
        "assistant_thread_started",
        "message.im",
    }
