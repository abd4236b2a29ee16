"""The clinic: spoils trainings on mini on purpose and counts how often the diagnosis is right and its change helps.

Run: python -m benchmarks.clinic [--characters 8] [--cases few_steps,sound] [--workers 2] [--folder FOLDER]

Each patient is a project of a never-seen character that goes the product's whole way. Records are written one by one
to benchmarks/results/clinic.jsonl; a patient that has a record is not treated again, so that the run can be stopped at
any time and goes on where it was. The table is benchmarks/results/clinic.json. All 96 take many hours on two cores.
"""

import argparse
import json
import math
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from .clinic_cases import CASES

RESULTS = Path(__file__).parent / "results"
RECORDS = RESULTS / "clinic.jsonl"
Z = 1.96  # 95 % confidence
SHORT = ("captions_without_trigger", "damaged_file")  # their diagnosis needs no trained character
SHORT_STEPS = 20


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % confidence interval of a share."""
    if of == 0:
        return 0.0, 1.0
    share = hits / of
    middle = share + Z * Z / (2 * of)
    spread = Z * math.sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    scale = 1 + Z * Z / of
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def main() -> None:
    """Treat the patients that have no record yet, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--characters", type=int, default=8)
    parser.add_argument("--cases", help="names, separated by commas; default: all")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2)))
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()) / "sidekick-clinic")
    parser.add_argument("--records", type=Path, default=RECORDS)
    parser.add_argument("--short", action="store_true", help=f"only {' and '.join(SHORT)}, {SHORT_STEPS} steps each")
    parser.add_argument("--one", nargs=2, metavar=("CASE", "NUMBER"), help="treat one patient and print its record")
    options = parser.parse_args()
    if options.one:
        _treat_here(options.one[0], int(options.one[1]), options.folder)
        return
    if options.short:
        with TemporaryDirectory() as folder:
            print(json.dumps(summary(short(Path(folder))), indent=1))
        return
    names = options.cases.split(",") if options.cases else [case.name for case in CASES]
    options.records.parent.mkdir(parents=True, exist_ok=True)
    done = {(record["case"], record["number"]) for record in read(options.records)}
    waiting = [(name, n) for n in range(options.characters) for name in names if (name, n) not in done]
    with ThreadPoolExecutor(options.workers) as pool:
        treated = [pool.submit(_in_a_process, name, number, options.folder) for name, number in waiting]
        for record in (each.result() for each in as_completed(treated)):
            with options.records.open("a") as file:
                file.write(json.dumps(record) + "\n")
            print(json.dumps({key: record.get(key) for key in ("case", "number", "right", "better", "error")}))
    table = summary(read(options.records))
    options.records.with_suffix(".json").write_text(json.dumps(table, indent=1) + "\n")
    print(json.dumps(table, indent=1))


def read(path: Path) -> list[dict]:
    """The records so far; a line that was cut off by a kill is passed over."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text().splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            continue
    return records


def short(folder: Path, names: tuple[str, ...] = SHORT) -> list[dict]:
    """That the whole way can be gone and these cases are told rightly; it proves nothing about likeness."""
    from .clinic_patient import treat  # loads torch

    cases = [case for case in CASES if case.name in names]
    return [treat(case, 0, folder / case.name, folder, steps=SHORT_STEPS).model_dump() for case in cases]


def _treat_here(name: str, number: int, folder: Path) -> None:
    from .clinic_patient import treat  # loads torch

    case = next(case for case in CASES if case.name == name)
    home, trained = folder / f"{name}-{number}", folder / "trained"
    shutil.rmtree(home, ignore_errors=True)
    trained.mkdir(parents=True, exist_ok=True)
    record = treat(case, number, home, trained)
    shutil.rmtree(home, ignore_errors=True)
    print("RECORD " + record.model_dump_json())


def _in_a_process(name: str, number: int, folder: Path) -> dict:
    """One patient in a process with one thread: two such run at full speed side by side, two threads in one do not."""
    command = [sys.executable, "-m", "benchmarks.clinic", "--one", name, str(number), "--folder", str(folder)]
    surroundings = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=surroundings, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("RECORD "):
            return json.loads(line.removeprefix("RECORD "))
    reason = done.stderr.strip().splitlines()[-1:] or ["no words"]
    return {"case": name, "number": number, "right": False, "better": None, "error": reason[0][:300]}


def summary(records: Iterable[dict]) -> dict:
    """Shares with intervals, by case and in all. Where a case did no harm its cause may be named rightly all the same;
    such patients are counted, and told apart. The intervals (Wilson, 95 %) take patients for independent, though those
    of one character share their files."""
    records = list(records)
    sick = [record for record in records if record["case"] != "sound" and not record.get("error")]
    sound = [record for record in records if record["case"] == "sound" and not record.get("error")]
    hurt = [record for record in sick if harmed(record)]
    treated = [record for record in hurt if record["better"] is not None]
    return {
        "what": "trainings on mini spoiled on purpose, diagnosed, changed by the first finding, and trained again",
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}",
        "date": date.today().isoformat(),
        "errors": sum(bool(record.get("error")) for record in records),
        "right_first_diagnosis": _share([record["right"] for record in sick]),
        "right_where_it_did_harm": _share([record["right"] for record in hurt]),
        "did_no_harm": len(sick) - len(hurt),
        "better_after_the_change": _share([record["better"] for record in treated]),
        "no_longer_failing": _share([not failing(record, "second") for record in treated]),
        "false_alarms_on_sound_runs": _share([not record["right"] for record in sound]),
        "by_case": {
            case.name: {
                "right": _share([r["right"] for r in records if r["case"] == case.name and not r.get("error")]),
                "better": _share([r["better"] for r in treated if r["case"] == case.name]),
                "first_findings": [
                    (r["first"]["findings"] or ["none"])[0]
                    for r in records
                    if r["case"] == case.name and not r.get("error")
                ],
            }
            for case in CASES
        },
    }


def harmed(record: dict) -> bool:
    """Whether the case's measure failed at the first visit: where it did not, there is nothing that could be cured."""
    return failing(record, "first")


def failing(record: dict, visit: str) -> bool:
    """Whether the case's measure is on the wrong side of its line at the "first" or the "second" visit."""
    case = next(case for case in CASES if case.name == record["case"])
    return case.failed(record[visit]["figures"].get(case.measure))


def _share(hits: list[bool]) -> dict:
    low, high = wilson(sum(hits), len(hits))
    return {
        "share": round(sum(hits) / len(hits), 3) if hits else None,
        "of": len(hits),
        "interval": [round(low, 3), round(high, 3)],
    }


if __name__ == "__main__":
    main()
