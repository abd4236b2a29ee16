"""How well the built-in embedder tells characters apart that it never saw; writes tools/evaluation/calibration.json.

    python benchmarks/embedder.py              measure the shipped weights and store the calibration
    python benchmarks/embedder.py --mini       measure mini's own clips of never-seen characters and add the figures
    python benchmarks/embedder.py --train      train the weights anew first

Goal: same against different characters AUC >= 0.97 on pictures of characters never seen.
"""

import argparse
import tempfile
from pathlib import Path

import torch

from tools.evaluation.calibrated import Material
from tools.evaluation.calibration import calibrate, draw_unseen, extend, rebuild
from trainer_core.plan import BaseModelName

GOAL = 0.97


def main() -> int:
    """Measure and print; exit status 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--mini", action="store_true")
    parser.add_argument("--characters", type=int, default=80)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.train:
        with tempfile.TemporaryDirectory() as folder:
            rebuild(Path(folder))
    if options.mini:
        from tools.evaluation.calibration_mini import calibrate_described, calibrate_reconstructed
        from trainer_core.base_models.registry import base_fingerprint

        faces = draw_unseen(min(options.characters, 60))
        found = dict([calibrate_reconstructed(faces), calibrate_described(faces)])
        calibration = extend(found, base_fingerprint(BaseModelName.MINI))
    else:
        calibration = calibrate(characters=options.characters)
    for name, material in calibration.materials.items():
        show(name, material)
    worst = min(calibration.materials[name].auc for name in ("drawn", "damaged"))
    print(f"goal: AUC at least {GOAL} on drawn and damaged pictures: {'reached' if worst >= GOAL else 'missed'}")
    return int(worst < GOAL)


def show(name: str, material: Material) -> None:
    """Print one material's figures."""
    print(f"{name}: {material.characters} {material.words}")
    print(f"  AUC against different characters {material.auc:.4f}, against near twins {material.auc_twins:.4f}")
    if material.auc_pairs is not None:
        print(f"  AUC picture against picture {material.auc_pairs:.4f}, near twins {material.auc_pairs_twins:.4f}")
    for label, spread in (("same", material.same), ("different", material.different), ("near twin", material.twin)):
        print(f"  {label:10} 5 % {spread.p05:.3f}  50 % {spread.p50:.3f}  95 % {spread.p95:.3f}")
    print(f"  line {material.threshold:.3f} with {material.equal_error:.1%} errors, by chance {material.chance:.3f}")
    if material.consistency:
        print(f"  consistency of true clips: 5 % {material.consistency.p05:.3f}, 50 % {material.consistency.p50:.3f}")


if __name__ == "__main__":
    raise SystemExit(main())
