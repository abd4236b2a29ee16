"""What the guided model must not do because a sentence is like others: stop, change, set aside or choose on words that
say no such thing. Each sentence here was once followed."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.guided.answers import about
from agent.guided.intents import read
from agent.guided.reading import Reading

STATES = json.loads(
    (Path(__file__).resolve().parent.parent / "agent/guided/sentences/tuned.json").read_text(encoding="utf-8")
)["states"]


def _read(state: str, said: str) -> Reading:
    return read(said, STATES[state], [])


def _calls(state: str, said: str) -> list[tuple[str, dict[str, Any]]]:
    return [(call.name, call.arguments) for call in _read(state, said).calls]


@pytest.mark.parametrize(
    "said",
    [
        "please stop repeating yourself",
        "can you stop being so technical",
        "could you please stop with the numbers",
        "can you end this conversation",
        "please cancel my subscription",
        "please stop the emails",
        "stop calling me user",
        "stop it from talking so much",
        "can you stop asking me things",
    ],
)
def test_stopping_something_else_stops_no_training(said: str) -> None:
    assert not _calls("training", said)


@pytest.mark.parametrize(
    "said",
    [
        *("stop it", "stop", "please stop the training", "kill everything now", "abort the whole thing please"),
        *("can you stop the run", "kill it with fire", "abort it dear, the power is going to be cut off", "stop it rn"),
    ],
)
def test_a_plain_wish_still_stops_it(said: str) -> None:
    assert _calls("training", said) == [("cancel_training", {})]


@pytest.mark.parametrize("state", ["recipe", "audited", "planned"])
@pytest.mark.parametrize(
    "said",
    [
        "the style of my drawings is simple",
        "I love the style of Monet",
        "the motion of the water is nice",
        "Her face is my favourite thing",
        "the effect is really cool",
        "this motion is not nice",
    ],
)
def test_a_remark_about_a_style_chooses_no_recipe(state: str, said: str) -> None:
    """Regression: the recipe changed, and the trigger word with it."""
    assert not _calls(state, said)


def test_another_recipe_is_chosen_on_a_wish() -> None:
    assert _calls("planned", "I'd rather do a style") == [("choose_recipe", {"recipe": "style"})]


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("put back the ones you took out", {"advised": True}),
        ("put the ones you left out back in please", {"advised": True}),
        ("can I have the files you threw out back", {"advised": True}),
        ("bring back the blurry ones", {"finding": "blurry"}),
        ("put hat-1.png back in", {"items": ["hat-1.png"]}),
    ],
)
@pytest.mark.parametrize("state", ["audited", "planned"])
def test_what_is_to_come_back_is_not_set_aside(state: str, said: str, arguments: dict[str, Any]) -> None:
    assert _calls(state, said) == [("set_excluded", arguments | {"excluded": False})]


def test_each_file_goes_in_its_own_direction() -> None:
    for said, ways in (
        ("pip-01.png out, pip-02.png back in", [("pip-01.png", True), ("pip-02.png", False)]),
        (
            "I was wrong about a.png, back in with it please, and b.png has to leave",
            [("a.png", False), ("b.png", True)],
        ),
    ):
        got = [(given["items"], given.get("excluded", True)) for _, given in _calls("audited", said)]
        assert got == [([name], out) for name, out in ways]


@pytest.mark.parametrize(
    ("said", "flaw"),
    [
        ("leave out the bad ones except pip-03.png", {"advised": True}),
        ("leave out the bad ones apart from pip-03.png", {"advised": True}),
        ("remove the blurry ones but keep pip-03.png", {"finding": "blurry"}),
        ("remove the flagged files, not pip-03.png", {"advised": True}),
        ("except for pip-03.png, leave out the bad ones", {"advised": True}),
        ("keep pip-03.png but leave out the blurry ones", {"finding": "blurry"}),
    ],
)
def test_an_exception_stays_in_the_set(said: str, flaw: dict[str, Any]) -> None:
    """Regression: the exception alone was set aside. What a flaw is about is known to the tool only, so all of it goes
    and the exception comes back."""
    back = ("set_excluded", {"items": ["pip-03.png"], "excluded": False})
    assert _calls("audited", said) == [("set_excluded", flaw), back]


def test_named_files_are_set_aside_without_the_exception() -> None:
    assert _calls("audited", "leave out pip-21.png but not pip-22.jpg") == [("set_excluded", {"items": ["pip-21.png"]})]
    said = "put back all the bad ones except pip-03.png"
    back = ("set_excluded", {"advised": True, "excluded": False})
    assert _calls("audited", said) == [back, ("set_excluded", {"items": ["pip-03.png"]})]


@pytest.mark.parametrize(
    "said",
    [
        "throw out the bad ones but not the clips",
        "leave out everything except pip-03.png",
        "leave out all but pip-03.png",
        "remove the bad ones but keep the clips",
    ],
)
def test_an_exception_that_cannot_be_said_in_calls_is_asked_about(said: str) -> None:
    got = _read("audited", said)
    assert (got.calls, got.topic) == ((), "question")
    assert "stay" in got.words


@pytest.mark.parametrize(
    "said",
    [
        "I am 64 years old",
        "not 500 steps",
        "there are 16 of us in the office",
        "that's 100% perfect",
        "100 pictures is a lot of work",
        "I read rank 64 is bad",
        "my friend used 2000 steps",
        "they say rank 16 is enough",
        "she is 16 weeks old",
        "I have 3 kids and 2 cats",
        "my house has 64 steps",
        "he is ranked 16th",
        "that took 20 minutes",
        "see you in 10 minutes",
        "in the video they trained for 3000 steps",
        "it's 5 o'clock",
        "faces are hard to draw",
    ],
)
def test_a_figure_in_talk_changes_no_plan(said: str) -> None:
    assert not _calls("planned", said)


@pytest.mark.parametrize("said", ["not rank 64", "don't use rank 64", "rank 64 would be too much"])
def test_a_value_that_is_not_wanted_is_asked_about(said: str) -> None:
    got = _read("planned", said)
    assert (got.calls, got.topic) == ((), "question")
    assert _calls("planned", "not rank 32 rank 20") == [("change_plan", {"rank": 20})]
    assert _calls("planned", "no more than 10 minutes") == [("change_plan", {"max_minutes": 10.0})]


def test_what_others_say_may_be_made_ones_own_wish() -> None:
    assert _calls("planned", "I read that rank 64 is better, so use it") == [("change_plan", {"rank": 64})]
    assert _calls("planned", "not 500 steps, 400") == [("change_plan", {"steps": 400})]
    assert "what then" in _read("planned", "not 500 steps").words


@pytest.mark.parametrize("said", ["I only have 8gb of ram", "actually I'd like to do a second character too"])
def test_memory_and_a_second_character_are_looked_up(said: str) -> None:
    """Regression: 8 GB were a limit of 8 dollars, and the second character was one step more."""
    assert [name for name, _ in _calls("planned", said)] == ["look_up"]


@pytest.mark.parametrize(
    ("state", "said", "names"),
    [
        ("training", "when will it stop", ["training_status"]),
        ("results", "when will it stop", ["training_status"]),
        ("results", "do it all again but better", ["diagnose"]),
        ("results", "put it on my desktop", ["export_lora"]),
        ("results", "put it in a folder", ["export_lora"]),
        ("results", "put her on a beach", ["generate_clip"]),
        ("training", "will it stop when it overfits", ["look_up"]),
        ("results", "print it", []),
        ("diagnosed", "print it", []),
        ("diagnosed", "do it all again but better", []),
    ],
)
def test_a_question_or_a_faint_likeness_orders_nothing(state: str, said: str, names: list[str]) -> None:
    assert [name for name, _ in _calls(state, said)] == names


@pytest.mark.parametrize(
    ("state", "said", "words"),
    [
        ("results", "can you put it on youtube", "send nothing"),
        ("clip_made", "put it on my desktop", "send nothing"),
        ("results", "throw it away", "delete nothing"),
        ("new", "delete all my files please", "SIDEKICK_HOME"),
        ("audited", "delete everything you have", "delete nothing"),
    ],
)
def test_what_it_does_not_do_is_said(state: str, said: str, words: str) -> None:
    got = _read(state, said)
    assert not got.calls
    assert words in about(got.topic, got.words, STATES[state])


def test_flawed_files_are_still_left_out_when_they_are_to_be_deleted() -> None:
    assert _calls("audited", "delete the blurry files") == [("set_excluded", {"finding": "blurry"})]


@pytest.mark.parametrize(
    ("said", "recipe"),
    [
        ("my daughter wants a video of her teddy bear", "character"),
        ("my wife would love a lora of her dog", "character"),
        ("I want a video of my neighbour's dog", "character"),
        ("I want both my dogs in one model", "character"),
        ("can you make my ex girlfriend look silly in a video", "face"),
        ("make a clip of a girl from my class dancing", "face"),
        ("I want a video of my ex dancing", "face"),
        ("a video of my daughter's face", "face"),
    ],
)
def test_a_real_person_leads_to_consent_and_a_toy_does_not(said: str, recipe: str) -> None:
    """Regression: a person who is made to 'look silly' was a style, which asks for nobody's consent."""
    (first, *_rest) = _calls("new", said)
    assert (first[0], first[1]["recipe"]) == ("choose_recipe", recipe)


def test_two_subjects_in_one_lora_are_also_looked_up() -> None:
    assert [name for name, _ in _calls("new", "I want both my dogs in one model")] == ["choose_recipe", "look_up"]


def test_a_word_that_is_not_known_is_looked_up() -> None:
    assert [name for name, _ in _calls("new", "I don't know what a lora is")] == ["look_up"]
    assert [name for name, _ in _calls("new", "I don't understand what rank is")] == ["look_up"]
    assert _read("new", "I don't know what to pick").topic == "recommend"


@pytest.mark.parametrize("state", ["new", "recipe", "audited"])
def test_not_yet_is_no_condition(state: str) -> None:
    got = _read(state, "don't look at my pictures yet")
    said = about(got.topic, got.words, STATES[state])
    assert not got.calls
    assert "condition" not in said
    assert "Shall I look" not in said
