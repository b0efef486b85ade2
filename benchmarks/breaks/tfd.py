"""What a TFD loss of the wrong sign does to the table of `make evidence-tfd`: a deliberate break.

    python benchmarks/breaks/tfd.py [--seed 0]

Trains and tests T2L with the weight 0.3 on the slow shapes, once as it is and once with the sign of TFD flipped, so
that frames are drawn together instead of apart, and prints both rows.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest.mock import patch

from torch import Tensor

from zsar.lightning_modules.command_line.cli import main as zsar
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result
from zsar.lightning_modules.t2l import t2l
from zsar.lightning_modules.t2l.temporal_feature_diversity import temporal_feature_diversity

FOLDER = Path("runs/evidence/breaks/tfd")
EXPERIMENT = ("--config", "experiment/tfd_t2l", "--model.diversity_weight", "0.3")
SETS = ("base", "novel")


def flipped(frame_embeddings: Tensor, *, unbiased: bool = False) -> Tensor:
    """The loss of TFD with the other sign: it falls as frames become alike."""
    return -temporal_feature_diversity(frame_embeddings, unbiased=unbiased)


def row(name: str, seed: int) -> str:
    """Trains and tests; a row of the table."""
    folder = FOLDER / name.replace(" ", "_") / f"seed{seed}"
    seeds = ("--seed_everything", str(seed), "--data.render_seed", str(seed), "--run_dir", str(folder))
    best = str(folder / "checkpoints" / "best.ckpt")
    if zsar(["fit", "--overwrite", *EXPERIMENT, *seeds]):
        raise SystemExit(1)
    if zsar(["test", "--overwrite", *EXPERIMENT, *seeds, "--ckpt_path", best, "--config", "visualization/frame_map"]):
        raise SystemExit(1)
    result = read_result(folder)
    top1 = [f"{result['sets'][of_set]['top1']:.1f}" for of_set in SETS]
    measured = [f"{result['sets']['novel'][measure]:.3f}" for measure in ("frame_diversity", "frame_spread")]
    return " | ".join(["", name, *top1, f"{result['harmonic_mean']:.1f}", *measured, ""]).strip()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="of the clips and of training")
    seed = parser.parse_args().seed
    rows = [row("TFD", seed)]
    with patch.object(t2l, "temporal_feature_diversity", flipped):
        rows.append(row("sign flipped", seed))
    print("| T2L, weight 0.3 | base | novel | harmonic mean | V + C, novel | spread, novel |")
    print("|---|---:|---:|---:|---:|---:|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
