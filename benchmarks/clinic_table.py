"""The clinic's records as a table for people.

Run: python -m benchmarks.clinic_table
"""

from collections.abc import Sequence
from statistics import median

from .clinic import RECORDS, failing, harmed, read
from .clinic_cases import CASES, Case

HEAD = (
    "| Case | Right first finding | Failing measure | Before, after (median) | Better | Cured | Did no harm |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)


def table(records: Sequence[dict]) -> str:
    """One line for each case in Markdown. Before and after are of patients that were harmed and treated."""
    return "\n".join([*HEAD, *(_line(case, [each for each in records if each["case"] == case.name]) for case in CASES)])


def _line(case: Case, records: Sequence[dict]) -> str:
    told = [each for each in records if not each.get("error")]
    hurt = [each for each in told if harmed(each)]
    treated = [each for each in hurt if each["better"] is not None]
    right = f"{sum(each['right'] for each in told)} of {len(told)}"
    name = case.name.replace("_", " ")
    if not case.right:
        return f"| {name} | {right} (none) | | | | | |"
    pairs = [(_figure(case, each["first"]), _figure(case, each["second"])) for each in treated]
    course = f"{median(one for one, _ in pairs):.2f}, {median(two for _, two in pairs):.2f}" if pairs else ""
    better = f"{sum(each['better'] for each in treated)} of {len(treated)}"
    measure = f"`{case.measure}` {'below' if case.better == 'higher' else 'above'} {case.line:.2f}"
    cured = f"{sum(not failing(each, 'second') for each in treated)} of {len(treated)}"
    return f"| {name} | {right} | {measure} | {course} | {better} | {cured} | {len(told) - len(hurt) or ''} |"


def _figure(case: Case, visit: dict) -> float:
    return float(visit["figures"][case.measure])


if __name__ == "__main__":
    print(table(read(RECORDS)))
