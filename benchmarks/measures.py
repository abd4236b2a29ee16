"""Where the lines of the scorecard's pixel measures lie; writes them into tools/evaluation/calibration.json.

    python -m benchmarks.measures                      drawn clips through mini's autoencoder, some minutes
    python -m benchmarks.measures --only-photographs   keep the stored lines, look again what they do on photographs

The photographs are those that gradio's package carries for its demos, of which there are four. No licence of their own
is stated there, so they are only looked at, and nothing but figures is kept.
"""

import argparse
import io
from importlib.metadata import version
from importlib.resources import files

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from tools.evaluation import measures
from tools.evaluation.calibrated import StoredLine
from tools.evaluation.calibration import keep_lines, load_calibration
from tools.evaluation.calibration_lines import burn, draw_cases, lines_from, place_probe
from tools.evaluation.calibration_mini import reconstruct

PHOTOGRAPHS = ("cheetah.jpg", "cheetah1.jpg", "lion.jpg", "tower.jpg")
COPIES = 25  # of each photograph

Picture = NDArray[np.uint8]


def main() -> None:
    """Measure, store and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--only-photographs", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    stored = load_calibration()
    lines, probes = dict(stored.lines), dict(stored.probes)
    if not options.only_photographs:
        cases = draw_cases(options.cases, reconstruct)
        lines, probes = lines_from(cases), {"place": place_probe(cases)}
    shown = photographs()
    lines["copying"] = lines["copying"].model_copy(update={"photographs": _copying(shown, lines["copying"])})
    lines["burned"] = lines["burned"].model_copy(update={"photographs": _burned(shown, lines["burned"])})
    keep_lines(lines, probes)
    for name, line in lines.items():
        print(f"{name}: sound clips have {line.direction} {line.value}; AUC {line.auc}, errors {line.errors:.1%}")
        print(f"  sound {line.sound}; spoiled {line.spoiled}. {line.photographs}")
    for name, probe in probes.items():
        print(f"{name}: {probe.source}")


def photographs() -> dict[str, Picture]:
    """The photographs by name, uint8 RGB."""
    folder = files("gradio") / "media_assets" / "images"
    return {
        name: np.asarray(Image.open(io.BytesIO((folder / name).read_bytes())).convert("RGB")) for name in PHOTOGRAPHS
    }


def _copying(shown: dict[str, Picture], line: StoredLine) -> str:
    rng = np.random.default_rng(9)
    whole = {name: measures.thumbnails([picture]) for name, picture in shown.items()}
    copies = [
        measures.nearest(measures.thumbnails([_copy(picture, rng)]), whole[name])
        for name, picture in shown.items()
        for _ in range(COPIES)
    ]
    others = [float((whole[a] @ whole[b].T).item()) for a in shown for b in shown if a < b]
    found = np.mean(np.asarray(copies) > line.value)
    return (
        f"{_of(shown)}: {found:.0%} of {len(copies)} copies (cut by up to 12 %, noisy, compressed, half the size) and "
        f"{sum(value > line.value for value in others)} of {len(others)} pairs of different ones lie above the line."
    )


def _burned(shown: dict[str, Picture], line: StoredLine) -> str:
    rng = np.random.default_rng(10)
    plain = {name: measures.burned_share(picture[None]) for name, picture in shown.items()}
    more = [
        measures.burned_share(burn(picture[None], rng)) - plain[name]
        for name, picture in shown.items()
        for _ in range(COPIES)
    ]
    apart = [abs(plain[a] - plain[b]) for a in shown for b in shown if a < b]
    return (
        f"{_of(shown)}: {np.mean(np.asarray(more) > line.value):.0%} of {len(more)} burned copies lie above the line; "
        f"{sum(value > line.value for value in apart)} of {len(apart)} pairs differ by more than it as they are."
    )


def _of(shown: dict[str, Picture]) -> str:
    return f"On {len(shown)} photographs in the package of gradio {version('gradio')}"


def _copy(picture: Picture, rng: np.random.Generator) -> Picture:
    height, width = picture.shape[:2]
    cut = rng.uniform(0, 0.12)
    top, left = (int(rng.uniform(0, cut) * side) for side in (height, width))
    part = picture[top : top + int(height * (1 - cut)), left : left + int(width * (1 - cut))]
    small = Image.fromarray(part).resize((part.shape[1] // 2, part.shape[0] // 2))
    noisy = np.asarray(small) + rng.normal(0, rng.uniform(0, 12), (small.height, small.width, 3))
    held = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(held, "JPEG", quality=int(rng.integers(25, 90)))
    return np.asarray(Image.open(held).convert("RGB"))


if __name__ == "__main__":
    main()
