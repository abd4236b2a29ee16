"""Which files the window may fetch: what was made. Not what people handed over, nor the database."""

from pathlib import Path

import gradio as gr


def served(home: Path) -> tuple[Path, ...]:
    """The folders of a workspace from which the window may fetch."""
    return home / "runs", home / "pictures", home / "exports"


def file_button(file: Path | None, home: Path) -> gr.DownloadButton:
    """A button for a file that may be fetched; hidden where there is none, or where it lies or leads elsewhere."""
    there = file is not None and any(file.resolve().is_relative_to(each.resolve()) for each in served(home))
    return gr.DownloadButton(value=str(file) if there else None, visible=there)
