"""How often does the search find the right article? Prints recall, speed and the questions that were missed.

Run: python benchmarks/knowledge.py [--misses]
The questions in tests/data/questions.json are in two parts: the search was tuned on one, and the other was written
afterwards and only ever used to judge it. None of them stands word for word in an article.
"""

import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def main(*, show_misses: bool) -> None:
    """Print the table."""
    start = time.perf_counter()
    from knowledge.search import search

    imported = time.perf_counter()
    search("first question")
    built = time.perf_counter()
    cpu = time.process_time()
    data = json.loads((ROOT / "tests" / "data" / "questions.json").read_text(encoding="utf-8"))
    seconds: list[float] = []
    print("part       questions  recall@1  recall@3  recall@5")
    for part, held_out in (("tuned", False), ("held out", True)):
        rows = [row for row in data["questions"] if row["held_out"] == held_out]
        places = []
        for row in rows:
            begun = time.perf_counter()
            found = [hit.article_id for hit in search(row["question"], 5)]
            seconds.append(time.perf_counter() - begun)
            place = min((found.index(wanted) for wanted in row["articles"] if wanted in found), default=99)
            places.append(place)
            if show_misses and place >= 3:
                print(f"  missed: {row['question']!r} wants {row['articles']}, found {found}")
        recalls = [sum(place < k for place in places) / len(places) for k in (1, 3, 5)]
        print(f"{part:<10} {len(rows):>9}  " + "  ".join(f"{recall:>8.3f}" for recall in recalls))
    answered = [(question, search(question)) for question in data["off_topic"]]
    print(f"off-topic questions that got no article: {sum(not hits for _, hits in answered)} of {len(answered)}")
    if show_misses:
        for question, hits in answered:
            if hits:
                print(f"  answered: {question!r} with {[hit.article_id for hit in hits]}")
    median, late = (sorted(seconds)[int(len(seconds) * share)] * 1000 for share in (0.5, 0.95))
    print(f"import {imported - start:.2f} s, first call {built - imported:.2f} s (CPU {cpu:.2f} s)")
    print(f"each further call: median {median:.0f} ms, 95th percentile {late:.0f} ms")


if __name__ == "__main__":
    main(show_misses="--misses" in sys.argv)
