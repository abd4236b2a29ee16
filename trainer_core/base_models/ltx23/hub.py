"""What a repository of the Hugging Face Hub holds of LTX-2.3, and what can go wrong there, in words."""

import errno
import re
from dataclasses import dataclass
from typing import Any

from trainer_core.jobs.redact import redact

from .identity import HUB_REPOSITORY
from .layout import SCHEDULER
from .names import Component

_DIFFUSERS = r"(config\.json|diffusion_pytorch_model(-\d+-of-\d+)?\.safetensors(\.index\.json)?)"
_TRANSFORMERS = r"((generation_)?config\.json|model(-\d+-of-\d+)?\.safetensors(\.index\.json)?)"
WANTED = re.compile(
    rf"model_index\.json|LICENSE(\.\w+)?|(?:{'|'.join(Component)})/{_DIFFUSERS}|text_encoder/{_TRANSFORMERS}"
    rf"|{SCHEDULER}/scheduler_config\.json|tokenizer/[\w.-]+\.(json|model|jinja|txt)"
)
NEEDED = ("model_index.json", *(f"{component}/config.json" for component in Component))
TEXT = ("text_encoder/", "tokenizer/")


class DownloadProblem(RuntimeError):
    """A download cannot begin or go on; the message says why, what was kept and what to do."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository. `blob` names it in the Hub's cache: its SHA-256, for small files its git hash."""

    path: str
    bytes: int
    blob: str
    hashed: str  # sha256 or git

    @property
    def is_weights(self) -> bool:
        """Is it one of the large ones?"""
        return self.path.endswith(".safetensors")


@dataclass(frozen=True)
class Listing:
    """The files of a repository that training and making clips need, at one commit; the small ones come first."""

    repository: str
    commit: str
    files: tuple[RemoteFile, ...]

    @property
    def bytes(self) -> int:
        """Bytes of all files together."""
        return sum(file.bytes for file in self.files)


def list_files(repository: str, endpoint: str | None = None, *, with_text: bool = True) -> Listing:
    """Ask the Hub what the repository holds. Raises DownloadProblem in words.

    `with_text` False leaves out the text encoder, which is the largest part (49 GB in float32, a user of the
    repository says), for whoever has Gemma elsewhere.
    """
    from huggingface_hub import HfApi  # half a second to import

    try:
        told = HfApi(endpoint=endpoint).model_info(repository, files_metadata=True)
    except hub_errors() as error:
        raise DownloadProblem(in_words(error, repository)) from error
    files = sorted(
        (_remote(sibling) for sibling in told.siblings or () if WANTED.fullmatch(sibling.rfilename)),
        key=lambda file: (file.is_weights, file.path),
    )
    needed = [*NEEDED, "text_encoder/config.json"] if with_text else list(NEEDED)
    if not with_text:
        files = [file for file in files if not file.path.startswith(TEXT)]
    absent = sorted(set(needed) - {file.path for file in files})
    if absent or not told.sha or not re.fullmatch(r"[0-9a-f]{40}", told.sha):
        raise DownloadProblem(
            f"{repository} is not LTX-2.3 in diffusers' layout"
            + (f" ({absent[0]} is missing)" if absent else "")
            + f", so nothing was downloaded. {HUB_REPOSITORY} is."
        )
    return Listing(repository, told.sha, tuple(files))


def _remote(sibling: Any) -> RemoteFile:
    if sibling.lfs:
        return RemoteFile(sibling.rfilename, int(sibling.lfs.size), _hash(sibling.lfs.sha256, 64), "sha256")
    return RemoteFile(sibling.rfilename, int(sibling.size or 0), _hash(sibling.blob_id, 40), "git")


def _hash(value: str | None, length: int) -> str:
    if value is None or not re.fullmatch(rf"[0-9a-f]{{{length}}}", value):  # it becomes the name of a file
        raise ValueError("the Hub did not say which content to expect")
    return value


def hub_errors() -> tuple[type[Exception], ...]:
    """What is raised when the Hub cannot be reached, refuses or answers nonsense, and when a file cannot be written."""
    import httpx2  # the client of the Hub's library, half a second to import

    return httpx2.HTTPError, OSError, ValueError


def in_words(error: Exception, repository: str) -> str:
    """What a person is told: what happened, what was kept, what to do next."""
    import httpx2
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    kept = "What has arrived is kept; ask me to download again and it goes on from there."
    page = f"https://huggingface.co/{repository}"
    if isinstance(error, GatedRepoError):
        return (
            f"{repository} gives its files only to people who have agreed to its terms. Sign in at {page}, agree "
            f"there, set HF_TOKEN to a token of yours (huggingface.co/settings/tokens), and try again. {kept}"
        )
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"The Hub knows no repository {repository} that is open to you. Check the name in SIDEKICK_LTX23; if it is "
            f"private, set HF_TOKEN. Nothing was downloaded."
        )
    if isinstance(error, EntryNotFoundError | RevisionNotFoundError):
        return f"A file of {repository} is no longer on the Hub: it was changed meanwhile. {kept}"
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code if error.response is not None else 0
        if status in (401, 403):
            return f"The Hub refused the files of {repository} ({status}). Set HF_TOKEN to a valid token. {kept}"
        return f"The Hub has trouble just now (error {status}). {kept}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full. {kept} Free some space first."
    if isinstance(error, PermissionError | FileExistsError | NotADirectoryError):
        return (
            f"The Hub's cache cannot be written ({error.strerror}: {error.filename}). {kept} Set HF_HUB_CACHE to a "
            "folder of yours."
        )
    if isinstance(error, httpx2.HTTPError | OfflineModeIsEnabled | ConnectionError):
        return f"The Hugging Face Hub cannot be reached: is this machine online, or is HF_HUB_OFFLINE set? {kept}"
    return f"The download broke off ({' '.join(redact(str(error)).split())[:200]}). {kept}"
