"""What a scored run's folder holds, by name. Loads nothing, so that a window can ask without waiting for models."""

from pathlib import Path

SHEET_NAME = "contact_sheet.png"
REPORT_NAME = "report.html"


def report_of(folder: Path) -> Path | None:
    """The run's report; None before it was written."""
    path = folder / REPORT_NAME
    return path if path.is_file() else None
