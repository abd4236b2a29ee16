"""How well the guided model reads an author whom it has not learned from: `python -m benchmarks.guided_authors`.

For each author of `agent/guided/sentences`, the reader is trained on the other authors and on the tuned sentences, and
then reads that author's: rules alone, the learned reader's intents alone, both together, and cards by mistake. The
thresholds in `agent/guided/combined.py` were chosen on these figures, so they flatter a little; the sets of
`benchmarks.guided` that are called held_out and judge had no part in it. Takes some minutes: a training of half a
minute for each author.
"""

import argparse
import json
import tempfile
from pathlib import Path

from agent.guided.intents import read_with
from agent.guided.learned.intents import intent
from agent.guided.learned.reader import Reader, load
from agent.guided.learned.train import SENTENCES, authors, sentences, train
from agent.guided.reading import Reading
from agent.guided.rules import CARDS, by_rules
from benchmarks.guided import compared, same


def reader_without(author: str) -> Reader:
    """A reader that has learned from everybody else."""
    learned = [entry for other in authors() if other != author for entry in sentences(other)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reader.safetensors"
        path.write_bytes(train(learned))
        return load(path)


def measure(author: str) -> str:
    """One line of figures."""
    reader = reader_without(author)
    entries = sentences(author)
    labels = json.loads((SENTENCES / f"{author}.json").read_text(encoding="utf-8"))["utterances"]
    rules = both = guessed = cards = 0
    for entry, label in zip(entries, labels, strict=True):
        uploads = list(entry.uploads)
        alone = by_rules(entry.text, entry.facts, uploads)
        together = read_with(reader, entry.text, entry.facts, uploads)
        guess = reader.guess(entry.text, entry.facts, uploads, intent([(c.name, c.arguments) for c in alone.calls]))
        wanted = [label["calls"], *label.get("also", [])]
        rules += _is_one_of(alone, wanted)
        both += _is_one_of(together, wanted)
        guessed += guess.intent == intent(entry.calls)
        asked_for = {name for calls in wanted for name, *_ in calls}
        cards += bool({call.name for call in together.calls} & CARDS - asked_for)
    count = len(entries)
    return (
        f"{author:>9}: {count:4d} entries, rules {100 * rules / count:5.1f} % exact, with the learned reader "
        f"{100 * both / count:5.1f} %, its intents alone {100 * guessed / count:5.1f} %, {cards} cards by mistake"
    )


def _is_one_of(reading: Reading, wanted: list[list[list[object]]]) -> bool:
    got = [compared(call.name, call.arguments) for call in reading.calls]
    return any(
        same(got, [compared(str(name), dict(*arguments)) for name, *arguments in calls])  # type: ignore[call-overload]
        for calls in wanted
    )


def main() -> None:
    """Print a line for each author."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [author for author in authors() if author != "tuned"]
    parser.add_argument("--author", choices=known, help="only this one")
    chosen = parser.parse_args()
    for author in [chosen.author] if chosen.author else known:
        print(measure(author), flush=True)


if __name__ == "__main__":
    main()
