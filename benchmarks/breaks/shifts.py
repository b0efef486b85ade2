"""What a gradient of zeros does to the table of `make evidence-shifts`: a deliberate break of prompt tuning.

    python benchmarks/breaks/shifts.py [--seed 0] [--weights runs/evidence/shifts/t2l/checkpoints/best.ckpt]

Tests T2L with TPT on clean clips and under a colour cast, with four steps of 0.025, where tuning changes most, as it is
and with the gradient of the context replaced by zeros, and prints both rows. The T2L is that of the table, which
`zsar reproduce evidence/shifts` trains first.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.breaks.running import FOLDER, parser_of, print_table, row, run, seeded  # noqa: E402
from zsar.callbacks.prompt_tuning.context_gradient import ContextGradient  # noqa: E402
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result  # noqa: E402

TUNED = ("--adaptation.schedule", "[all,all,all,all]", "--adaptation.learning_rate", "0.025")
SETS = ("clean", "cast")
FIGURES = ("untuned_top1", "tuned_top1", "entropy_before", "entropy_after", "flipped_right", "flipped_wrong")

_gradient = ContextGradient.of


def zeroed(
    gradient: ContextGradient, contexts: Tensor | None, frames: Tensor, weights: Tensor, selected: Tensor | None
) -> Tensor:
    """A gradient that says nothing: AdamW's steps are then those of its weight decay alone."""
    return _gradient(gradient, contexts, frames, weights, selected).zero_()


def tested(name: str, weights: Path, seed: int) -> list[str]:
    """Tests; a row of the table for each set."""
    folder = FOLDER / "shifts" / name.replace(" ", "_") / f"seed{seed}"
    test = ("test", "--overwrite", "--config", "experiment/shifts_tpt", "--data.shifts", f"[{','.join(SETS)}]")
    run(*test, *seeded(folder, seed), *TUNED, "--ckpt_path", str(weights))
    of_sets = read_result(folder)["sets"]
    return [row(name, of_set, *(f"{of_sets[of_set][figure]:.2f}" for figure in FIGURES)) for of_set in SETS]


def main() -> None:
    """Prints the table."""
    parser = parser_of(__doc__, seeded="of the clips and their views")
    parser.add_argument("--weights", type=Path, default=Path("runs/evidence/shifts/t2l/checkpoints/best.ckpt"))
    options = parser.parse_args()
    rows = tested("TPT", options.weights, options.seed)
    with patch.object(ContextGradient, "of", zeroed):
        rows += tested("gradient zeroed", options.weights, options.seed)
    figures = ("untuned %", "tuned %", "entropy", "after", "made right", "made wrong")
    print_table(("T2L, four steps of 0.025", "clips", *figures), rows, n_texts=2)


if __name__ == "__main__":
    main()
