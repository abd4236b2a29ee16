"""Settings: what holds and where it comes from, keys that are sent nowhere else and shown nowhere, and the command."""

import json
import stat
import threading
from pathlib import Path

import pytest
from endpoint import serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from agent.conversation import Conversation
from agent.endpoint.trial import try_once
from agent.models import chat_model
from agent.usage import tokens_today
from tests.talking import talk, words
from tools.endpoints import endpoint_of
from trainer_core.jobs.redact import redact
from trainer_core.projects import Workspace
from trainer_core.settings import SECRETS_FILE, SETTINGS_FILE, change, forget, in_force, read, set_secret, told
from trainer_core.settings_rules import SettingRefused, address, same_address
from ui.settings_command import settings as command
from ui.settings_door import MAY_NOT, drop, may_change_settings, save, try_model

SECRET = "key-0123456789-abcdefgh-Zx4"
OLLAMA, VLLM = "http://localhost:11434/v1", "http://localhost:8000/v1"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_the_environment_wins_over_what_is_kept_and_both_are_told(home: Path) -> None:
    assert in_force(home, {"PATH": "x"}) == {"PATH": "x"}
    assert told(home, {})["SIDEKICK_MODEL"].origin == "nowhere"
    change({"OPENAI_BASE_URL": OLLAMA + "/", "SIDEKICK_MODEL": "qwen3:8b", "SIDEKICK_DAILY_TOKENS": "50,000"}, home, {})
    holds = in_force(home, {})
    assert (holds["OPENAI_BASE_URL"], holds["SIDEKICK_MODEL"]) == (OLLAMA, "qwen3:8b")
    assert holds["SIDEKICK_DAILY_TOKENS"] == "50000"
    outside = {"SIDEKICK_MODEL": "gpt-4.1"}
    assert in_force(home, outside)["SIDEKICK_MODEL"] == "gpt-4.1"
    now = told(home, outside)["SIDEKICK_MODEL"]
    assert (now.origin, now.text, now.hidden) == ("environment", "gpt-4.1", "qwen3:8b")
    assert forget("SIDEKICK_MODEL", home)
    assert not forget("SIDEKICK_MODEL", home)
    assert "SIDEKICK_MODEL" not in in_force(home, {})


def test_a_key_goes_only_to_the_address_that_it_was_set_for(home: Path) -> None:
    assert set_secret("OPENAI_API_KEY", SECRET, home, {}) == "https://api.openai.com/v1"
    assert in_force(home, {})["OPENAI_API_KEY"] == SECRET
    assert "OPENAI_API_KEY" not in in_force(home, {"OPENAI_BASE_URL": OLLAMA})
    (home / SETTINGS_FILE).write_text(json.dumps({"OPENAI_BASE_URL": VLLM}), encoding="utf-8")  # by hand
    assert "OPENAI_API_KEY" not in in_force(home, {})
    endpoint = endpoint_of(in_force(home, {}))
    assert endpoint is not None
    assert (endpoint.url, endpoint.key) == (VLLM, "none")
    set_secret("OPENAI_API_KEY", SECRET, home, {})
    assert change({"SIDEKICK_MODEL": "m"}, home, {}) == []
    assert change({"OPENAI_BASE_URL": "HTTP://LocalHost:8000/v1/"}, home, {}) == []  # the same place
    assert in_force(home, {})["OPENAI_API_KEY"] == SECRET
    [forgotten] = change({"OPENAI_BASE_URL": OLLAMA}, home, {})
    assert "key is forgotten" in forgotten
    assert SECRET not in (home / SECRETS_FILE).read_text()
    assert "OPENAI_API_KEY" not in in_force(home, {})


def test_a_key_of_the_environment_is_not_sent_to_an_address_that_was_typed(home: Path) -> None:
    outside = {"OPENAI_API_KEY": "sk-of-the-environment"}
    change({"OPENAI_BASE_URL": "https://elsewhere.example/v1"}, home, outside)
    assert "OPENAI_API_KEY" not in in_force(home, outside)
    assert told(home, outside)["OPENAI_API_KEY"].origin == "nowhere"
    both = outside | {"OPENAI_BASE_URL": VLLM}
    assert in_force(home, both)["OPENAI_API_KEY"] == "sk-of-the-environment"
    assert told(home, both)["OPENAI_API_KEY"].address == VLLM


def test_another_address_takes_back_the_permission_to_send_it_pictures(home: Path) -> None:
    change({"OPENAI_BASE_URL": OLLAMA, "SIDEKICK_VISION_MODEL": "sees"}, home, {})
    told_back = change({"OPENAI_BASE_URL": VLLM}, home, {})
    assert "SIDEKICK_VISION_MODEL" in told_back[0]
    assert "SIDEKICK_VISION_MODEL" not in in_force(home, {})


def test_secrets_lie_apart_for_their_owner_alone_and_are_shown_nowhere(home: Path) -> None:
    set_secret("OPENAI_API_KEY", SECRET, home, {})
    set_secret("SLACK_BOT_TOKEN", "xoxb-1234567890-abcd", home, {})
    change({"SIDEKICK_MODEL": "m"}, home, {})
    for name in (SECRETS_FILE, SETTINGS_FILE):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert SECRET not in (home / SETTINGS_FILE).read_text()
    shown = repr(told(home, {})) + repr(read(home))
    assert SECRET not in shown
    assert SECRET[:6] not in shown
    assert told(home, {})["OPENAI_API_KEY"].hint == "x4"
    in_force(home, {})
    assert SECRET not in redact(f"it said: {SECRET}!")
    assert sorted(path.name for path in home.iterdir()) == [SECRETS_FILE, SETTINGS_FILE, "settings.lock"]
    assert forget("OPENAI_API_KEY", home)
    assert SECRET not in (home / SECRETS_FILE).read_text()


@pytest.mark.parametrize(
    "wrong",
    [
        "", "ftp://a/v1", "file:///etc/passwd", "javascript:alert(1)", "localhost:8000", "http://", "http://a b/",
        "//a/v1",
        "http://you:secret@a/v1", "http://a/v1?key=1", "http://a/v1#x", "http://a:99999/v1", "http://[::1/v1",
        "http://169.254.169.254/latest", "http://2852039166/", "http://0xA9FEA9FE/", "http://[::ffff:169.254.169.254]/",
        "http://[fe80::1%25eth0]/", "http://metadata.google.internal/",
        "http://a\n.b/", "http://ä.de/", "http://" + "a" * 400,
    ],
)  # fmt: skip
def test_an_address_is_no_door(wrong: str) -> None:
    with pytest.raises(SettingRefused) as refused:
        address(wrong)
    assert "secret" not in str(refused.value)


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_is_an_address_or_refused_in_words(text: str) -> None:
    for start in ("", "http://", "https://localhost:"):
        try:
            taken = address(start + text)
        except SettingRefused:
            continue
        assert same_address(taken, address(taken))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIDEKICK_DAILY_TOKENS", "0"), ("SIDEKICK_DAILY_TOKENS", "lots"), ("SIDEKICK_MODEL_SECONDS", "4"),
        ("SIDEKICK_MODEL", "two words"), ("SIDEKICK_MODEL", "a\x00b"), ("SIDEKICK_HOME", "/"), ("LD_PRELOAD", "x.so"),
        ("OPENAI_API_KEY", SECRET), ("SIDEKICK_DAILY_TOKENS", "9" * 5000),
    ],
)  # fmt: skip
def test_what_makes_no_sense_changes_nothing(home: Path, name: str, value: str) -> None:
    change({"SIDEKICK_MODEL": "m"}, home, {})
    with pytest.raises(SettingRefused) as refused:
        change({name: value}, home, {})
    assert SECRET not in str(refused.value)
    assert read(home).kept.values == {"SIDEKICK_MODEL": "m"}


@given(st.text(max_size=40))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_refused_key_is_not_repeated(home: Path, text: str) -> None:
    with pytest.raises(SettingRefused) as refused:
        set_secret("SLACK_APP_TOKEN", f"wrong-{text}", home, {})
    assert f"wrong-{text}" not in str(refused.value)


def test_a_damaged_file_sends_nothing_anywhere_and_is_told(home: Path) -> None:
    change({"OPENAI_BASE_URL": OLLAMA}, home, {})
    set_secret("OPENAI_API_KEY", SECRET, home, {})
    for broken in (
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"LD_PRELOAD": "x"}',
        b'{"OPENAI_BASE_URL": "file:///x"}',
        b"null",
        b"7",
    ):
        (home / SETTINGS_FILE).write_bytes(broken)
        assert chat_model(in_force(home, {}))[1] == "guided"
        assert "settings.json" in read(home).problem
    (home / SECRETS_FILE).write_bytes(f'{{"OPENAI_API_KEY": {{"value": "{SECRET}"}}}}'.encode())
    assert "secrets.json" in read(home).problem
    assert SECRET not in read(home).problem
    change({"SIDEKICK_MODEL": "m"}, home, {})  # it can be set again
    assert read(home).kept.values == {"SIDEKICK_MODEL": "m"}


def test_changes_at_the_same_time_do_not_undo_each_other(home: Path) -> None:
    some = {
        "SIDEKICK_MODEL": "m",
        "SIDEKICK_DAILY_TOKENS": "5",
        "SIDEKICK_MESSAGE_TOKENS": "6",
        "SIDEKICK_MODEL_SECONDS": "7",
    }
    racers = [threading.Thread(target=change, args=({name: value}, home, {})) for name, value in some.items()]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert read(home).kept.values == some


async def test_an_open_conversation_follows_the_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SIDEKICK_MODEL"):
        monkeypatch.delenv(name, raising=False)
    workspace = Workspace.open(home)
    with serving(["Hello from the server."]) as server:
        async with await Conversation.open(workspace) as conversation:
            assert conversation.model_name == "guided"
            change({"OPENAI_BASE_URL": server.url, "SIDEKICK_MODEL": "stub"}, home)
            set_secret("OPENAI_API_KEY", SECRET, home)
            assert "Hello from the server." in words(await talk(conversation, "hello"))
            assert conversation.model_name == "stub"
            assert server.requests[0]["key"] == f"Bearer {SECRET}"
            change({"OPENAI_BASE_URL": "", "SIDEKICK_MODEL": ""}, home)
            assert words(await talk(conversation, "what can you do?"))
            assert conversation.model_name == "guided"
            assert len(server.requests) == 1


async def test_a_trial_really_asks_once_and_counts_what_it_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SIDEKICK_MODEL"):
        monkeypatch.delenv(name, raising=False)
    workspace = Workspace.open(home)
    guided = await try_model(workspace)
    assert guided.works
    assert "guided model" in guided.words
    with serving([{"tool": "say_ready", "arguments": "{}"}, "I am ready.", 401]) as server:
        assert not save("you", {"OPENAI_BASE_URL": server.url}, {"OPENAI_API_KEY": SECRET}, home).failed
        trial = await try_model(workspace)
        assert trial.works
        assert "can call tools" in trial.words
        assert tokens_today(workspace) == 16
        in_words = await try_model(workspace)
        assert not in_words.works
        assert "did not call the tool" in in_words.words
        refused = await try_model(workspace)
        assert not refused.works
        assert "refused the key" in refused.words
        assert len(server.requests) == 3
        assert SECRET not in repr([trial, in_words, refused])
        assert "sk-secret" not in refused.words  # nor what the server said
    gone = await try_once(in_force(home))
    assert "can't be reached" in gone.words


def test_only_whoever_runs_the_workspace_changes_it(home: Path) -> None:
    assert may_change_settings("you")
    for person in ("web:anna", "slack:T1:U1", "", "You"):
        assert not may_change_settings(person)
        assert save(person, {"SIDEKICK_MODEL": "m"}, {"OPENAI_API_KEY": SECRET}, home).text == MAY_NOT
        assert drop(person, "SIDEKICK_MODEL", home).failed
    assert not home.exists()


def test_the_command_shows_sets_and_forgets_and_repeats_no_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SIDEKICK_MODEL"):
        monkeypatch.delenv(name, raising=False)

    def sidekick(*given: str, typed: str | None = None) -> str:
        done = CliRunner().invoke(command, [*given, "--home", str(home)], input=typed)
        assert SECRET not in done.output
        return f"{done.exit_code} {done.output}"

    assert "0 address: not set" in sidekick("show")
    assert sidekick("set", "address", OLLAMA).startswith("0 Saved.")
    assert "1 A key does not belong on the command line" in sidekick("set", "key", SECRET)
    assert "0 Saved. The key is kept, for localhost alone." in sidekick("set", "key", typed=f"{SECRET}\n")
    assert "for localhost, ends in …x4" in sidekick("show")
    assert "key is forgotten" in sidekick("set", "OPENAI_BASE_URL", VLLM)
    assert "1 There is no setting 'LD_PRELOAD'" in sidekick("set", "LD_PRELOAD", "x")
    assert "1 OPENAI_BASE_URL: An address begins with" in sidekick("set", "address", "file:///etc")
    assert "1 Say the value" in sidekick("set", "model")
    assert "1 Nothing was typed" in sidekick("set", "key", typed="")
    assert "0 Forgotten." in sidekick("forget", "address")
    assert "0 It was not set here" in sidekick("forget", "address")
    monkeypatch.setenv("SIDEKICK_MODEL", "gpt-4.1")
    assert "model: gpt-4.1 (from the environment variable SIDEKICK_MODEL)" in sidekick("show")
    assert "guided model" in sidekick("try")
