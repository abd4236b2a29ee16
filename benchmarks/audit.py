"""The audit's whole table with one command; writes benchmarks/results/audit.json and prints the table.

    python -m benchmarks.audit VIEWS PHOTOGRAPHS

VIEWS holds renders and truth.json as benchmarks/audit_views.py wants them, PHOTOGRAPHS a dozen pictures without
people. Each part can be run alone: audit_views, audit_backgrounds, audit_clips, audit_files, audit_scale. The speed
depends on how busy the machine is; the load before each part is written down.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.audit_backgrounds import backgrounds
from benchmarks.audit_files import odd_files
from benchmarks.audit_scale import scale

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
RESULT = RESULTS / "audit.json"


class Row(NamedTuple):
    """A line of the table: what was found, what is needed at least, what is hoped for."""

    measure: str
    found: Any
    needed: str
    goal: str
    met: bool


def main() -> int:
    """Run all parts; exit status 1 when a line of the table is not met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("views", type=Path)
    parser.add_argument("photographs", type=Path)
    options = parser.parse_args()
    began, loads = time.monotonic(), {}

    def part(name: str, run: Any) -> Any:
        loads[name] = round(os.getloadavg()[0], 2)
        print(f"{name} ...", file=sys.stderr, flush=True)
        return run()

    sources = sorted(options.views.glob("*.jpg"))
    many = part("scale", lambda: scale(sources))
    odd = part("files", odd_files)
    places = part("backgrounds", lambda: backgrounds(options.views, options.photographs))
    views = part("views", lambda: _script("audit_views", str(options.views)))
    clips = part("clips", lambda: _script("audit_clips", str(options.views)))["figures"]
    rows = [*_view_rows(views), *_picture_rows(places, clips), *_clip_rows(clips), *_file_rows(odd, many)]
    report = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} cores",
        "load_before": loads,
        "seconds": round(time.monotonic() - began),
        "table": [row._asdict() for row in rows],
        "scale": many,
        "files": odd,
        "backgrounds": places,
    }
    RESULT.write_text(json.dumps(report, indent=1) + "\n")
    for row in rows:
        print(f"{'met   ' if row.met else 'MISSED'} {row.measure}: {row.found} (needed {row.needed}; goal {row.goal})")
    return int(not all(row.met for row in rows))


def _view_rows(views: dict[str, Any]) -> list[Row]:
    right, error, art = views["accuracy"], views["yaw_error_0_60"], views["drawn"]
    kind, wrong = art["right_or_unknown"], art["confidently_wrong"]
    return [
        Row("four view classes, cross-fitted by person", right, "0.93", "0.96", right >= 0.93),
        Row("yaw error in degrees, faces within 60", error, "4", "2.5", error <= 4),
        Row("drawn characters: view right or unknown", kind, "0.9", "-", kind >= 0.9),
        Row("drawn characters: confidently wrong", wrong, "0.02", "-", wrong <= 0.02),
    ]


def _picture_rows(places: dict[str, Any], clips: dict[str, Any]) -> list[Row]:
    pictures = clips["pictures"]
    blur, recall = pictures["blur_auc_sigma_1_5"], pictures["near_duplicate_recall"]
    crop, mirror, false = recall["crop 5 %"], recall["mirror"], pictures["near_duplicate_false_share"]
    told = f"{sum(entry['told'] for entry in places['sets'].values())} of {len(places['sets'])}"
    return [
        Row(
            "sets of backgrounds told apart, also at +-15 % exposure",
            told,
            "all",
            "all",
            places["all_told"],
        ),
        Row("blur of sigma 1.5: AUC", blur, "0.98", "0.995", blur >= 0.98),
        Row("near-duplicate recall, 5 % crop and mirror", min(crop, mirror), "0.95", "0.98", min(crop, mirror) >= 0.95),
        Row("near-duplicate false alarms", false, "< 0.01", "< 0.01", false < 0.01),
    ]


def _clip_rows(clips: dict[str, Any]) -> list[Row]:
    f1, false = clips["transitions"]["f1"], clips["harmless"]["false_alarms_flash_pan_turn"]
    return [
        Row("cuts, dissolves, fades: F1", f1, "0.95", "1", f1 >= 0.95),
        Row("false alarms on flash, pan, turn", false, "0", "0", false == 0),
    ]


def _file_rows(odd: dict[str, Any], many: dict[str, Any]) -> list[Row]:
    rate, ratio, memory = many["images_per_second"], many["time_ratio_over_size_ratio"], many["memory_mb"]
    again, stop, left = many["looked_at_second_run"], many["seconds_to_stop"], many["seconds_left_told_at_half"]
    verdicts = f"{odd.get('files', 0) - len(odd.get('wrong', ['crashed']))} of {odd.get('files', 0)}"
    return [
        Row("odd and hostile files: right verdict, no crash, under 1.5 GB", verdicts, "all", "all", _bounded(odd)),
        Row("pictures a second at 768 px, all checks but words", rate, "8", "14", rate >= 8),
        Row("1,000 files: time per file against 250 files", ratio, "linear: < 1.25", "1", ratio < 1.25),
        Row("1,000 files: memory in MB", memory, "< 1500", "-", memory < 1500),
        Row("1,000 files: seconds left are told", left, "> 0", "-", left > 0),
        Row("1,000 files: seconds from Ctrl-C to the end", stop, "1", "-", stop <= 1),
        Row("after adding 3 files, files looked at", again, "3", "3", again == 3),
    ]


def _bounded(odd: dict[str, Any]) -> bool:
    return bool(odd["all_right"]) and odd["memory_mb"] < 1500


def _script(name: str, *arguments: str) -> dict[str, Any]:
    """Run a benchmark of its own and read what it wrote; whether it met its targets is judged here."""
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)
    if done.returncode not in (0, 1):
        raise SystemExit(f"benchmarks/{name}.py could not be run.")
    return dict(json.loads((RESULTS / f"{name}.json").read_text()))


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    sys.exit(main())
