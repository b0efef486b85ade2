"""What inverted suppression does to the table of `make evidence-localization`: a deliberate break.

    python benchmarks/breaks/localization.py [--seed 0]

Tests T3AL with every reading as the paper has it on the untrimmed shapes, once as it is and once so that the segments
whose captions agree with the others are discarded and the rest is kept, and prints both rows. Features and captions of
the table are taken where there are any, else extracted.
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
from zsar.lightning_modules.t3al import text_guided_suppression  # noqa: E402
from zsar.lightning_modules.t3al.text_guided_suppression import Votes, agreeing_segments  # noqa: E402

OF_TABLE = Path("runs/evidence/localization")
WEIGHTS = "runs/tiny_coca/seed0.pt"
THRESHOLDS = ("0.3", "0.4", "0.5", "0.6", "0.7")


def inverted(embeddings: Tensor, *, similarity: float, share: float, votes: Votes = "all") -> Tensor:
    """The segments that text-guided suppression discards."""
    return ~agreeing_segments(embeddings, similarity=similarity, share=share, votes=votes)


def test(name: str, seed: int, *options: str) -> Path:
    """Tests an experiment of the untrimmed shapes; the folder of the run."""
    folder = FOLDER / "localization" / name / f"seed{seed}"
    few = ("--trainer.enable_progress_bar", "false", "--data.n_videos", "2")
    run("test", "--overwrite", *few, *seeded(folder, seed), *options)
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


def tested(name: str, seed: int, root: Path) -> str:
    """Tests T3AL; a row of the table."""
    stored = ("--data.loading.features", "features", "--data.loading.captions", "features")
    data = ("--data.data_root", str(root), *stored, "--data.loading.batch_size", "32")
    folder = test(name.replace(" ", "_"), seed, "--config", "experiment/untrimmed_shapes_t3al", *data)
    mean = read_result(folder)["mean"]
    figures = [mean[f"map_{threshold}"] for threshold in THRESHOLDS] + [mean["map"]]
    return row(name, *(f"{figure:.1f}" for figure in figures))


def main() -> None:
    """Prints the table."""
    seed = parser_of(__doc__, seeded="of the videos and of T3AL's random draws").parse_args().seed
    root = extracted(seed)
    rows = [tested("T3AL", seed, root)]
    with patch.object(text_guided_suppression, "agreeing_segments", inverted):
        rows.append(tested("suppression inverted", seed, root))
    print_table(("mAP in % at IoU", *THRESHOLDS, "mean"), rows)


if __name__ == "__main__":
    main()
