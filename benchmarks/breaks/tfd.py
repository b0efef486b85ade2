"""What a TFD loss of the wrong sign does to the table of `make evidence-tfd`: a deliberate break.

    python benchmarks/breaks/tfd.py [--seed 0]

Trains and tests T2L with the weight 0.3 on shapes in clutter, once as it is and once with the sign of TFD flipped, so
that frames are drawn together instead of apart, and prints both rows.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.breaks.running import FOLDER, parser_of, print_table, row, run, seeded  # noqa: E402
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result  # noqa: E402
from zsar.lightning_modules.t2l import t2l  # noqa: E402
from zsar.lightning_modules.t2l.temporal_feature_diversity import temporal_feature_diversity  # noqa: E402

EXPERIMENT = ("--config", "experiment/tfd_t2l", "--model.diversity_weight", "0.3")
SETS = ("base", "novel")


def flipped(frame_embeddings: Tensor, *, unbiased: bool = False) -> Tensor:
    """The loss of TFD with the other sign: it falls as frames become alike."""
    return -temporal_feature_diversity(frame_embeddings, unbiased=unbiased)


def tested(name: str, seed: int) -> str:
    """Trains and tests; a row of the table."""
    folder = FOLDER / "tfd" / name.replace(" ", "_") / f"seed{seed}"
    command = ("--overwrite", *EXPERIMENT, *seeded(folder, seed))
    run("fit", *command)
    best = str(folder / "checkpoints" / "best.ckpt")
    run("test", *command, "--ckpt_path", best, "--config", "visualization/frame_map")
    result = read_result(folder)
    top1 = [f"{result['sets'][of_set]['top1']:.1f}" for of_set in SETS]
    measured = [f"{result['sets']['novel'][measure]:.3f}" for measure in ("frame_diversity", "frame_spread")]
    return row(name, *top1, f"{result['harmonic_mean']:.1f}", *measured)


def main() -> None:
    """Prints the table."""
    seed = parser_of(__doc__, seeded="of the clips and of training").parse_args().seed
    rows = [tested("TFD", seed)]
    with patch.object(t2l, "temporal_feature_diversity", flipped):
        rows.append(tested("sign flipped", seed))
    print_table(("T2L, weight 0.3", "base", "novel", "harmonic mean", "V + C, novel", "spread, novel"), rows)


if __name__ == "__main__":
    main()
