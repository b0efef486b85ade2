"""What a mean in the place of late interaction does to the table of `make evidence-phased`: a deliberate break.

    python benchmarks/breaks/phased.py [--seed 0]

Tests late interaction on the phased activities, with the frozen tiny CLIP and with AP-CLIP fine-tuned on the base ones,
as it is and with the maxima over prompts and frames replaced by means, in training too. Prints all four rows.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn import functional

from zsar.lightning_modules.command_line.cli import main as zsar
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result
from zsar.lightning_modules.recognition import scoring

FOLDER = Path("runs/evidence/breaks/phased")
MODELS = {"frozen": "frozen CLIP", "ap_clip": "fine-tuned"}


def mean_interaction(frames: Tensor, classes: Tensor) -> Tensor:
    """The mean similarity of all frames to all prompts of each class: [B, V*T, D] and [(B,) C, P, D] -> [B, C]."""
    of_video = functional.normalize(frames.float(), dim=-1).mean(dim=1)
    of_class = classes.float().mean(dim=-2)
    return torch.einsum("bd,bcd->bc" if of_class.ndim == 3 else "bd,cd->bc", of_video, of_class)


def row(model: str, interaction: str, seed: int) -> str:
    """Tests, after training where the model is trained; a row of the table."""
    folder = FOLDER / f"{model}_{interaction.split()[0]}" / f"seed{seed}"
    experiment = ("--config", f"experiment/phased_{model}", "--seed_everything", str(seed))
    command = ("--overwrite", *experiment, "--data.render_seed", str(seed), "--run_dir", str(folder))
    trained = ("--ckpt_path", str(folder / "checkpoints" / "best.ckpt")) if model == "ap_clip" else ()
    if (trained and zsar(["fit", *command])) or zsar(["test", *command, *trained]):
        raise SystemExit(1)
    result = read_result(folder)
    top1 = [f"{figure:.1f}" for figure in (*(s["top1"] for s in result["sets"].values()), result["harmonic_mean"])]
    return " | ".join(["", MODELS[model], interaction, *top1, ""]).strip()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="of the clips and of training")
    seed = parser.parse_args().seed
    rows = []
    for model in MODELS:
        rows.append(row(model, "late interaction", seed))
        with patch.object(scoring, "late_interaction", mean_interaction):
            rows.append(row(model, "mean of all similarities", seed))
    print("| 12 prompts | score | base | novel | harmonic mean |")
    print("|---|---|---:|---:|---:|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
