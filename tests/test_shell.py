"""The command line and the terminal's view: quick to start, plain to read, and never a stack trace."""

import json
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest
from doubles import HOSTILE, ScriptedConversation
from rich.console import Console
from typer.testing import CliRunner

from agent.events import Event, Problem, Progress, Said, ToolFinished, ToolStarted
from trainer_core.projects import Workspace
from ui import demo, shell
from ui.chat import paths_in
from ui.shell_view import ShellView
from ui.strings import arguments_words, one_line, printable, seconds_words

runner = CliRunner()


@pytest.fixture
def screen() -> tuple[ShellView, StringIO]:
    out = StringIO()
    return ShellView(Console(file=out, width=200, highlight=False)), out


def sidekick(*arguments: str, home: Path, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ui.shell", *arguments]
    environment = os.environ | {"SIDEKICK_HOME": str(home)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, ui.shell\n"
        "try: ui.shell.application(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'gradio', 'langchain_core', 'langgraph', 'numpy', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
    for command in ("demo", "chat", "ui", "doctor", "audit", "lora", "mini"):
        assert command in done.stdout


def test_streamed_words_are_printed_once(screen: tuple[ShellView, StringIO]) -> None:
    view, out = screen
    for event in (
        Said(role="sidekick", text="Good ", final=False),
        Said(role="sidekick", text="morning.", final=False),
        Said(role="sidekick", text="Good morning."),
        ToolStarted(id="1", name="change_plan", arguments={"steps_factor": 1.3, "rank": None}),
        ToolFinished(id="1", name="change_plan", text="steps 250 -> 330\nmore", seconds=0.42),
        Said(role="sidekick", text="Done."),
    ):
        view.show(event)
    shown = out.getvalue()
    assert shown.count("morning") == 1
    assert "> change_plan(steps_factor=1.3)" in shown
    assert "done in 0.4 s: steps 250 -> 330 more" in shown
    assert shown.rstrip().endswith("sidekick  Done.")


def test_a_failed_tool_and_a_problem_are_told(screen: tuple[ShellView, StringIO]) -> None:
    view, out = screen
    view.show(ToolFinished(id="1", name="launch_training", text="Run the audit first.", failed=True))
    view.show(Problem(text="The disk is full."))
    assert "could not in 0.0 s: Run the audit first." in out.getvalue()
    assert "problem   The disk is full." in out.getvalue()


def test_text_from_files_cannot_steer_the_terminal(screen: tuple[ShellView, StringIO]) -> None:
    view, out = screen
    view.show(Said(role="sidekick", text="\x1b]0;taken\x07 [bold]not markup[/bold] \x9b2J" + HOSTILE))
    view.show(ToolFinished(id="1", name="audit_dataset", text="\x1b[2Jgone", seconds=0.1))
    assert "\x1b" not in out.getvalue()
    assert "\x9b" not in out.getvalue()
    assert "[bold]not markup[/bold]" in out.getvalue()


def test_progress_is_a_bar_and_not_repeated(screen: tuple[ShellView, StringIO]) -> None:
    view, out = screen
    for _ in range(3):
        view.show(Progress(job_id="1", text="Training: step 20 of 40", fraction=0.5))
    view.show(Progress(job_id="1", text="Validation loss 0.1 at step 20"))
    assert out.getvalue().count("[##########----------] Training: step 20 of 40") == 1
    assert "Validation loss 0.1" in out.getvalue()


def test_words_for_figures() -> None:
    assert [seconds_words(value) for value in (0.44, 9.96, 38.2, 125.0)] == ["0.4 s", "10.0 s", "38 s", "2 min 5 s"]
    assert arguments_words({"a": 1, "b": None, "c": "x\ny"}) == "a=1, c=x y"
    assert one_line("\n\n  one two three four", 10).endswith("…")
    assert len(printable("x" * 99, 10)) == 10


def test_paths_in_a_message(tmp_path: Path) -> None:
    folder = tmp_path / "my cat"
    folder.mkdir()
    (tmp_path / "a.png").write_bytes(b"")
    assert paths_in(f"here: '{folder}' and {tmp_path / 'a.png'}.") == [folder, tmp_path / "a.png"]
    assert paths_in(f"don't use {tmp_path / 'a.png'}") == [tmp_path / "a.png"]
    assert paths_in("1/2 of them, and/or ~nobody-here/x or /no/such/file") == []


@pytest.mark.parametrize(
    "sentence", ["I have 20 pictures / 5 clips of my cat", "use ~ 500 steps", "yes / no?", "wait ... // ./ ../ ~/ ok"]
)
def test_a_slash_that_stands_alone_hands_nothing_over(sentence: str) -> None:
    """'20 pictures / 5 clips' once handed the whole disk over, and '~ 500 steps' the home folder."""
    assert paths_in(sentence) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["audit", "no-such-folder"], "There is no folder or file"),
        (["audit", ".", "--recipe", "soup"], "character, face, style, motion, effect"),
        (["lora", "verify", "x.safetensors", "--base", "sd15"], "There is no base model"),
        (["mini", "build", "--part", "left-arm"], "There is no part"),
        (["chat", "no-such-folder"], "There is no folder or file"),
        (["ui", "--share"], "SIDEKICK_PASSWORD"),
    ],
)
def test_mistakes_are_answered_in_words(arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIDEKICK_PASSWORD", raising=False)
    result = runner.invoke(shell.application, arguments)
    assert result.exit_code == 1
    assert words in result.output
    assert "Traceback" not in result.output


def test_verify_answers_with_words_json_and_an_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "broken.safetensors"
    file.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{")
    result = runner.invoke(shell.application, ["lora", "verify", str(file), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.output)["ok"] is False
    result = runner.invoke(shell.application, ["lora", "verify", str(file)])
    assert result.exit_code == 1
    assert "problem" in result.output.lower()


def test_audit_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    from PIL import Image

    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.effect_noise((640, 640), 80).convert("RGB").save(folder / "one.png")
    before = sorted(path.name for path in folder.iterdir())
    result = runner.invoke(
        shell.application, ["audit", str(folder), "--recipe", "character", "--json", "--home", str(tmp_path / "home")]
    )
    found = json.loads(result.stdout)
    assert found["verdict"] in ("warn", "blocked")
    assert [item["file"] for item in found["items"]] == ["one.png"]
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_defect_shows_words_and_logs_the_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise RuntimeError("the inside broke with sk-abcdefghijklmnopqrst")

    monkeypatch.setattr(shell, "application", broken)
    monkeypatch.setenv("SIDEKICK_HOME", str(tmp_path))
    with pytest.raises(SystemExit) as stopped:
        shell.main()
    assert stopped.value.code == 1
    shown = capsys.readouterr().err
    assert "That did not work: the inside broke" in shown
    assert "Traceback" not in shown
    log = (tmp_path / "sidekick-errors.log").read_text()
    assert "Traceback" in log
    assert "sk-abcdef" not in shown + log


class _Chat:
    """`sidekick chat` in a process of its own, talking to the scripted conversation."""

    def __init__(self, home: Path, stdin: int = subprocess.PIPE, stdout: int = subprocess.PIPE) -> None:
        code = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "import agent.conversation, doubles\n"
            "agent.conversation.Conversation = doubles.ScriptedConversation\n"
            "from ui.chat import run_chat\n"
            "from pathlib import Path\n"
            "sys.exit(run_chat(Path(sys.argv[2]), None, new=True))"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(Path(__file__).parent), str(home)],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def talk(self, words: str) -> str:
        shown, _ = self.process.communicate(words, timeout=120)
        return shown


def test_chat_talks_asks_and_leaves(tmp_path: Path) -> None:
    chat = _Chat(tmp_path)
    shown = chat.talk("hello\n/help\ntrain it\nyes\n/quit\n")
    assert chat.process.returncode == 0, shown
    for words in (
        "You said: hello",
        "Nothing is trained without your yes",
        "Start this training?",
        "It is running.",
        "Goodbye.",
    ):
        assert words in shown
    assert (tmp_path / "last-chat").read_text().startswith("thr_")


def test_chat_takes_no_for_no_and_the_end_of_input_for_goodbye(tmp_path: Path) -> None:
    shown = _Chat(tmp_path).talk("train it\nno\ncrash\n")
    assert "Nothing was started." in shown
    assert "Something went wrong that I did not expect." in shown
    assert "Goodbye." in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("terminal", [False, True])
def test_ctrl_c_leaves_in_words(tmp_path: Path, terminal: bool) -> None:
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    chat = _Chat(tmp_path, stdin=slave, stdout=slave) if terminal else _Chat(tmp_path)
    out = master if terminal else chat.process.stdout.fileno()  # type: ignore[union-attr]
    shown = ""
    while "you > " not in shown:
        shown += os.read(out, 4096).decode()
    chat.process.send_signal(signal.SIGINT)
    while "goes on from here" not in shown:
        shown += os.read(out, 4096).decode()
    assert chat.process.wait(timeout=30) == 0
    assert "Goodbye. Your conversation and your files are kept." in shown
    assert "Traceback" not in shown
    assert termios.tcgetattr(slave) == before
    os.close(master)
    os.close(slave)


class _Demo(ScriptedConversation):
    """Does everything that the demo expects, except one tool."""

    broken = ""

    async def _answer(self, text: str) -> AsyncIterator[Event]:
        turn = next(turn for turn in (*demo.script(False), *demo.script(True)) if turn.says == text)
        for name in turn.expects:
            if name == "launch_training":
                async for event in super()._answer("train"):
                    yield event
            else:
                yield ToolFinished(id=name, name=name, text=f"{name} speaks", failed=name == self.broken)


def test_the_demo_stops_with_words_when_a_tool_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import agent.conversation

    monkeypatch.setattr(agent.conversation, "Conversation", _Demo)
    monkeypatch.setattr(_Demo, "broken", "write_captions")
    monkeypatch.setattr("trainer_core.base_models.mini.demo_set.draw_demo_set", lambda folder: folder)
    out = StringIO()
    assert demo.run_demo(tmp_path, short=True, console=Console(file=out, width=200)) == 1
    assert "the tool write_captions should have worked, but: write_captions speaks" in out.getvalue()
    assert "Traceback" not in out.getvalue()


def test_the_demo_is_a_conversation_in_plain_english() -> None:
    for short in (False, True):
        turns = demo.script(short)
        assert sum(turn.brings_files for turn in turns) == 1
        assert sum(turn.approves for turn in turns) == 1
        expected = {name for turn in turns for name in turn.expects}
        assert {
            "choose_recipe",
            "audit_dataset",
            "write_captions",
            "propose_plan",
            "change_plan",
            "launch_training",
        } <= expected
        assert {"show_scorecard", "diagnose", "generate_clip"} <= expected


def test_an_empty_workspace_has_no_results(tmp_path: Path) -> None:
    from ui.results import Results, results_of

    assert results_of(Workspace.open(tmp_path), "prj_none", "you") == Results()


def test_the_command_runs_from_a_shell(tmp_path: Path) -> None:
    done = sidekick("lora", "verify", str(tmp_path / "none.safetensors"), home=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr


async def test_chat_goes_on_after_its_thread_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.chat import _Chat as Chat

    (tmp_path / "last-chat").write_text("thr_of_another_database")
    out = StringIO()
    workspace = Workspace.open(tmp_path)
    conversation = await Chat(ShellView(Console(file=out)))._open(ScriptedConversation, workspace, new=False)
    assert (tmp_path / "last-chat").read_text() == conversation.thread_id
