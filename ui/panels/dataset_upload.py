"""Where files come in: dragged or chosen, one by one with progress; what arrived is kept when the rest does not."""

import html
from pathlib import Path

import gradio as gr

from tools.context import ToolContext, ToolRefused
from tools.handed_over import take_over

from ..uploaded import checked_upload
from ..words_dataset import ADD_FIRST, CHOOSE_FILES, CHOOSE_FOLDER, COMING_IN, DROP_HINT, DROP_TITLE, TRY_AGAIN
from .dataset_data import Dataset, Where

ENDINGS = ".jpg,.jpeg,.png,.webp,.mp4,.mov,.txt"
MOST_AT_ONCE = 200  # files that one message of the browser may name; it sends 20
KNOWN = 16  # letters of a SHA-256 by which the browser knows a file that is here
SCRIPT = Path(__file__).with_suffix(".js")
STYLE = Path(__file__).with_name("dataset.css")
TEMPLATE = f"""
<div class="drop" role="group" aria-label="{DROP_TITLE}">
  <p class="title">{DROP_TITLE}</p>
  <p class="picks">
    <label>{CHOOSE_FILES}<input type="file" multiple accept="{ENDINGS}"></label>
    <label>{CHOOSE_FOLDER}<input type="file" webkitdirectory></label>
  </p>
  <p class="hint">{DROP_HINT}</p>
  <div class="rest" hidden>
    <p>
      <span class="said" role="status" aria-live="polite"></span>
      <button type="button" class="again" hidden>{TRY_AGAIN}</button>
    </p>
    <ul class="files" aria-label="{COMING_IN}" tabindex="0"></ul>
  </div>
</div>
"""


def build_box() -> gr.HTML:
    """The box that files are dragged into. It triggers "upload" with {"batch", "files": [{"path", "name"}], "last"}."""
    return gr.HTML(
        elem_id="dataset-upload",
        elem_classes="flush",
        html_template=TEMPLATE,
        css_template=STYLE.read_text(encoding="utf-8"),
        js_on_load=SCRIPT.read_text(encoding="utf-8"),
        apply_default_css=False,
    )


def arrive(event: object, where: Where) -> bool:
    """Keep the files of which the browser says that they arrived; True when they were the last.

    Only what lies in the folder of uploads is touched, whatever the browser says. Raises ToolRefused in words.
    """
    told = event if isinstance(event, dict) else {}
    batch, named, last = told.get("batch"), told.get("files"), told.get("last")
    if not isinstance(batch, str) or not isinstance(named, list) or len(named) > MOST_AT_ONCE or where.context is None:
        raise ToolRefused(ADD_FIRST)
    files = [_checked(entry, where.context) for entry in named]
    if files:
        try:
            take_over(where.context.workspace, where.context.project_id, batch, files)
        except OSError as error:
            raise ToolRefused(
                f"The files could not be kept ({error.strerror or error}). Those that arrived before are."
            ) from error
    return last is True


def known_html(data: Dataset) -> str:
    """The contents that are here, so that the browser need not send them again."""
    marks = " ".join(item.sha256[:KNOWN] for item in data.manifest.items)
    return f'<span id="dataset-known" hidden data-known="{html.escape(marks, quote=True)}"></span>'


def _checked(entry: object, context: ToolContext) -> tuple[Path, str]:
    """An uploaded file and the name it had."""
    path, name = (entry.get("path"), entry.get("name")) if isinstance(entry, dict) else (None, None)
    if not isinstance(name, str):
        raise ToolRefused(ADD_FIRST)
    return checked_upload(path, context, ADD_FIRST), name
