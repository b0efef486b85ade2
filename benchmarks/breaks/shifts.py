"""What a gradient of zeros does to the table of `make evidence-shifts`: a deliberate break of prompt tuning.

    python benchmarks/breaks/shifts.py [--seed 0] [--weights runs/evidence/shifts/t2l/checkpoints/best.ckpt]

Tests T2L with TPT on clean clips and under a colour cast, with four steps of 0.025, where tuning changes most, as it is
and with the gradient of the context replaced by zeros, and prints both rows. The T2L is that of the table, which
`zsar reproduce evidence/shifts` trains first.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest.mock import patch

from torch import Tensor

from zsar.callbacks.prompt_tuning.context_gradient import ContextGradient
from zsar.lightning_modules.command_line.cli import main as zsar
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result

FOLDER = Path("runs/evidence/breaks/shifts")
TUNED = ("--adaptation.schedule", "[all,all,all,all]", "--adaptation.learning_rate", "0.025")
SETS = ("clean", "cast")
FIGURES = ("untuned_top1", "tuned_top1", "entropy_before", "entropy_after", "flipped_right", "flipped_wrong")

_gradient = ContextGradient.of


def zeroed(gradient: ContextGradient, *arguments: Tensor | None) -> Tensor:
    """A gradient that says nothing: AdamW's steps are then those of its weight decay alone."""
    return _gradient(gradient, *arguments).zero_()  # type: ignore[arg-type]


def rows(name: str, weights: Path, seed: int) -> list[str]:
    """Tests; a row of the table for each set."""
    folder = FOLDER / name.replace(" ", "_") / f"seed{seed}"
    seeds = ("--seed_everything", str(seed), "--data.render_seed", str(seed), "--run_dir", str(folder))
    test = ("test", "--overwrite", "--config", "experiment/shifts_tpt", "--data.shifts", f"[{','.join(SETS)}]")
    if zsar([*test, *seeds, *TUNED, "--ckpt_path", str(weights)]):
        raise SystemExit(1)
    of_sets = read_result(folder)["sets"]
    return [
        " | ".join(["", name, of_set, *(f"{of_sets[of_set][figure]:.2f}" for figure in FIGURES), ""]).strip()
        for of_set in SETS
    ]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="of the clips and their views")
    parser.add_argument("--weights", type=Path, default=Path("runs/evidence/shifts/t2l/checkpoints/best.ckpt"))
    options = parser.parse_args()
    table = rows("TPT", options.weights, options.seed)
    with patch.object(ContextGradient, "of", zeroed):
        table += rows("gradient zeroed", options.weights, options.seed)
    print("| T2L, four steps of 0.025 | clips | untuned % | tuned % | entropy | after | made right | made wrong |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    print("\n".join(table))


if __name__ == "__main__":
    main()
