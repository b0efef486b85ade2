"""What a mean in the place of late interaction does to the table of `make evidence-phased`: a deliberate break.

    python benchmarks/breaks/phased.py [--seed 0]

Tests late interaction on the phased activities, with the frozen tiny CLIP and with AP-CLIP fine-tuned on the base ones,
as it is and with the maxima over prompts and frames replaced by means, in training too. Prints all four rows.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.breaks.running import FOLDER, parser_of, print_table, row, run, seeded  # noqa: E402
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result  # noqa: E402
from zsar.lightning_modules.recognition import scoring  # noqa: E402

MODELS = {"frozen": "frozen CLIP", "ap_clip": "fine-tuned"}


def mean_interaction(frames: Tensor, classes: Tensor) -> Tensor:
    """The mean similarity of all frames to all prompts of each class: [B, V*T, D] and [(B,) C, P, D] -> [B, C]."""
    of_video = functional.normalize(frames.float(), dim=-1).mean(dim=1)
    of_class = classes.float().mean(dim=-2)
    return torch.einsum("bd,bcd->bc" if of_class.ndim == 3 else "bd,cd->bc", of_video, of_class)


def tested(model: str, interaction: str, seed: int) -> str:
    """Tests, after training where the model is trained; a row of the table."""
    folder = FOLDER / "phased" / f"{model}_{interaction.split()[0]}" / f"seed{seed}"
    command = ("--overwrite", "--config", f"experiment/phased_{model}", *seeded(folder, seed))
    if model == "ap_clip":
        run("fit", *command)
        command += ("--ckpt_path", str(folder / "checkpoints" / "best.ckpt"))
    run("test", *command)
    result = read_result(folder)
    figures = (*(of_set["top1"] for of_set in result["sets"].values()), result["harmonic_mean"])
    return row(MODELS[model], interaction, *(f"{figure:.1f}" for figure in figures))


def main() -> None:
    """Prints the table."""
    seed = parser_of(__doc__, seeded="of the clips and of training").parse_args().seed
    rows = []
    for model in MODELS:
        rows.append(tested(model, "late interaction", seed))
        with patch.object(scoring, "late_interaction", mean_interaction):
            rows.append(tested(model, "mean of all similarities", seed))
    print_table(("12 prompts", "score", "base", "novel", "harmonic mean"), rows, n_texts=2)


if __name__ == "__main__":
    main()
