"""Markup, links that fetch and terminal commands in everything that a window shows."""

import datetime as dt

import pytest
from attacks import MARKUP, named
from pages import live_in_terminal, live_markdown, live_markup, live_markup_of_events

from agent.events import Card, CardShown, Event, Problem, Progress, Said, ToolFinished, ToolStarted
from trainer_core.projects import now
from ui.window_screen import Screen, progress_html, stages_html


def card_with(text: str) -> Card:
    """A card whose every word is the attacker's."""
    return Card(
        id="card_1",
        title=text,
        lines=[text, f"- {text}", f"\n# {text}"],
        price=text,
        time=text,
        expires=text,
        expires_at=(now() + dt.timedelta(minutes=5)).isoformat(),
        fingerprint="f" * 64,
        person=text,
    )


def everything_saying(text: str) -> list[Event]:
    """Events of every kind with the text wherever a text can be."""
    return [
        Said(role="person", text=text),
        *(Said(role="sidekick", text=piece, final=False) for piece in text[:500]),
        Said(role="sidekick", text=text),
        ToolStarted(id=text, name=text, arguments={text: text}),
        ToolFinished(id=text, name=text, text=text, seconds=1.0),
        ToolFinished(id="other", name=text, text=text, failed=True),
        Progress(job_id="job", text=text, fraction=0.5),
        Problem(text=text),
        CardShown(card=card_with(text)),
    ]


@pytest.mark.parametrize("payload", named(MARKUP))
def test_nothing_of_it_is_alive_in_any_window(payload: str) -> None:
    assert live_markup_of_events(everything_saying(payload)) == []


@pytest.mark.parametrize("payload", named(MARKUP))
def test_it_cannot_be_put_together_from_pieces_of_an_answer(payload: str) -> None:
    half = len(payload) // 2
    events: list[Event] = [Said(role="sidekick", text=part, final=False) for part in (payload[:half], payload[half:])]
    assert live_markup_of_events([*events, Said(role="sidekick", text=payload)]) == []


@pytest.mark.parametrize("fraction", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_fraction_without_sense_stays_inside_its_bar(fraction: float) -> None:
    page = progress_html(Progress(job_id="j", text="x", fraction=fraction))
    assert live_markup(page) == []
    assert "e+" not in page
    assert "nan" not in page


def test_the_stage_is_one_of_ours() -> None:
    assert live_markup(stages_html("<script>alert(1)</script>")) == []


@pytest.mark.parametrize(
    "text",
    ["x" * 2_000_000, "[" * 100_000, "*_`" * 50_000, "> " * 50_000, "\n" * 200_000],
    ids=["letters", "brackets", "stars", "quotes", "lines"],
)
def test_very_long_words_stay_bounded(text: str) -> None:
    screen = Screen()
    for event in everything_saying(text):
        screen.apply(event)
    assert sum(len(str(message)) for message in screen.messages) < 400_000


# the checker itself must be able to fail


@pytest.mark.parametrize(
    "page",
    [
        "<script>1</script>",
        "<img src=http://127.0.0.1:9/x>",
        "<p onclick=x>",
        "<a href='java\nscript:1'>",
        "<div style='background:url(x)'>",
        "<svg onload=x>",
        "<meta http-equiv=refresh>",
        "<video poster=http://x>",
    ],
)
def test_the_checker_sees_live_markup(page: str) -> None:
    assert live_markup(page)


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://x/y.png)",
        "<script>1</script>",
        "[x](javascript:1)",
        "![x][y]\n\n[y]: http://x",
        "~~~mermaid\nx\n~~~",
    ],
)
def test_the_checker_sees_live_markdown(text: str) -> None:
    assert live_markdown(text)


def test_the_checker_sees_what_a_terminal_would_obey() -> None:
    assert live_in_terminal("\x1b[2J")
    assert live_in_terminal("\x9b2J")
    assert not live_in_terminal("plain words\n\tand “quotes”")
