"""What a teacher that mistakes each class for the next does to the table of `make evidence-structure`: a break.

    python benchmarks/breaks/structure.py [--seed 0]

Trains and tests TACO on the phased activities, once as it is and once with the teacher's similarities moved on by one
class, so that the term holds on to a wrong structure, and prints both rows.
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
from zsar.lightning_modules.recognition.structure import structure_distillation  # noqa: E402
from zsar.lightning_modules.recognition.structure.relative_structure import structure_loss  # noqa: E402

SETS = ("base", "novel")


def of_the_next_class(student: Tensor, teacher: Tensor, logit_scale: Tensor) -> Tensor:
    """The term with what the teacher sees of the next class in place of each."""
    return structure_loss(student, teacher.roll(1, dims=1), logit_scale)


def tested(name: str, seed: int) -> str:
    """Trains and tests; a row of the table."""
    folder = FOLDER / "structure" / name.replace(" ", "_") / f"seed{seed}"
    command = ("--overwrite", "--config", "experiment/phased_taco", *seeded(folder, seed))
    run("fit", *command)
    run("test", *command, "--ckpt_path", str(folder / "checkpoints" / "best.ckpt"))
    result = read_result(folder)
    top1 = [f"{result['sets'][of_set]['top1']:.1f}" for of_set in SETS]
    return row(name, *top1, f"{result['harmonic_mean']:.1f}")


def main() -> None:
    """Prints the table."""
    seed = parser_of(__doc__, seeded="of the clips and of training").parse_args().seed
    rows = [tested("TACO", seed)]
    with patch.object(structure_distillation, "structure_loss", of_the_next_class):
        rows.append(tested("teacher of the next class", seed))
    print_table(("phased activities", "base", "novel", "harmonic mean"), rows)


if __name__ == "__main__":
    main()
