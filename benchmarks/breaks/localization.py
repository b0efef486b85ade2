"""What inverted suppression does to the table of `make evidence-localization`: a deliberate break.

    python benchmarks/breaks/localization.py [--seed 0]

Tests T3AL with every reading as the paper has it on the untrimmed shapes, once as it is and once so that the segments
whose captions agree with the others are discarded and the rest is kept, and prints both rows. Features and captions of
the table are taken where there are any, else extracted.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest.mock import patch

from torch import Tensor

from zsar.lightning_modules.command_line.cli import main as zsar
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result
from zsar.lightning_modules.t3al import text_guided_suppression
from zsar.lightning_modules.t3al.text_guided_suppression import Votes, agreeing_segments

FOLDER = Path("runs/evidence/breaks/localization")
OF_TABLE = Path("runs/evidence/localization")
WEIGHTS = "runs/tiny_coca/seed0.pt"
THRESHOLDS = ("0.3", "0.4", "0.5", "0.6", "0.7")


def inverted(embeddings: Tensor, *, similarity: float, share: float, votes: Votes = "all") -> Tensor:
    """The segments that text-guided suppression discards."""
    return ~agreeing_segments(embeddings, similarity=similarity, share=share, votes=votes)


def run(*command: str) -> None:
    """Runs a command of zsar, and ends where it fails."""
    if zsar(list(command)):
        raise SystemExit(1)


def test(name: str, seed: int, *options: str) -> Path:
    """Tests an experiment of the untrimmed shapes; the folder of the run."""
    folder = FOLDER / name / f"seed{seed}"
    seeds = ("--seed_everything", str(seed), "--data.render_seed", str(seed), "--run_dir", str(folder))
    run("test", "--overwrite", "--trainer.enable_progress_bar", "false", "--data.n_videos", "2", *seeds, *options)
    return folder


def extracted(seed: int) -> Path:
    """The data root with videos, features and captions of a seed, made where the table has not."""
    root = (OF_TABLE / "data" / f"seed{seed}").resolve()
    if not (root / "features").is_dir():
        test("frame_wise", seed, "--config", "experiment/untrimmed_shapes_frame_wise", "--data.data_root", str(root))
        captions = ("--captions", "--caption-generation", "greedy", "--dtype", "fp32", "--n-workers", "0")
        model = ("--architecture", "tiny-coca", "--weights", WEIGHTS)
        run("extract", str(root / "untrimmed_shapes"), "--output", str(root / "features"), *model, *captions)
    return root


def row(name: str, seed: int, root: Path) -> str:
    """Tests T3AL; a row of the table."""
    stored = ("--data.loading.features", "features", "--data.loading.captions", "features")
    data = ("--data.data_root", str(root), *stored, "--data.loading.batch_size", "32")
    folder = test(name.replace(" ", "_"), seed, "--config", "experiment/untrimmed_shapes_t3al", *data)
    mean = read_result(folder)["mean"]
    figures = [mean[f"map_{threshold}"] for threshold in THRESHOLDS] + [mean["map"]]
    return f"| {name} | {' | '.join(f'{figure:.1f}' for figure in figures)} |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="of the videos and of T3AL's random draws")
    seed = parser.parse_args().seed
    root = extracted(seed)
    rows = [row("T3AL", seed, root)]
    with patch.object(text_guided_suppression, "agreeing_segments", inverted):
        rows.append(row("suppression inverted", seed, root))
    print(f"| mAP in % at IoU | {' | '.join(THRESHOLDS)} | mean |")
    print(f"|---|{'---:|' * (len(THRESHOLDS) + 1)}")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
