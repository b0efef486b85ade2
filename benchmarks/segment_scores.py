"""What the score of a segment is worth: FreeZAD's released predictions on THUMOS14, ranked in other ways.

    python benchmarks/segment_scores.py [--predictions ../shared/predictions] [--random 10]

Reads freezad_thumos14_75.pt and freezad_thumos14_50.pt: for ten draws of classes the segments and scores that FreeZAD's
authors published, the annotations, and the average precision of each class and threshold by their own evaluation. The
same segments are ranked by other scores; the mean of mAP over thresholds and draws is printed as a table in Markdown.
First it is checked that the published scores come to the average precisions in the file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from zsar.lightning_modules.command_line.summarize.report_table import (  # noqa: E402
    Column,
    ReportTable,
    TableRow,
    markdown_text,
)
from zsar.lightning_modules.localization.average_precision import average_precision, largest_overlaps  # noqa: E402

SPLITS = {"75/25": "freezad_thumos14_75.pt", "50/50": "freezad_thumos14_50.pt"}
# Figures of T3AL's paper (Tables 1 and 2), for comparison.
QUOTED = {"T3AL, T = 0, published": (4.6, 4.8), "T3AL, published": (9.2, 10.4)}
TOLERANCE = 1e-3  # percentage points


@dataclass(frozen=True)
class Draw:
    """The predictions and annotations of one draw of classes.

    Attributes:
        n_classes: C.
        predictions: Rows of video, class, start and end in seconds and score, float64 [N, 5].
        truth: Rows of video, class, start and end in seconds, float64 [M, 4].
        published: Average precision in percent by the authors' evaluation, [C, S].
    """

    n_classes: int
    predictions: Tensor
    truth: Tensor
    published: Tensor

    def precisions(self, scores: Tensor, thresholds: Tensor) -> Tensor:
        """Average precision in percent of each class with these scores [N] instead, [S, C]."""
        ranked = torch.column_stack([self.predictions[:, :4], scores])
        return 100 * average_precision(ranked, self.truth, n_classes=self.n_classes, thresholds=thresholds)


def read_draws(path: Path) -> tuple[list[Draw], Tensor]:
    """The draws of a file, and its thresholds of temporal IoU [S]."""
    content: dict[str, Any] = torch.load(path, weights_only=True)
    thresholds = torch.as_tensor(content["thresholds"], dtype=torch.float64)
    return [
        Draw(
            len(draw["classes"]),
            _rows(draw["predictions"], "score"),
            _rows(draw["truth"]),
            torch.as_tensor(draw["average_precision"], dtype=torch.float64),
        )
        for draw in content["draws"]
    ], thresholds


def rankings(draw: Draw, *, n_random: int) -> dict[str, list[Tensor]]:
    """Scores [N] of the segments of a draw, several of each kind where it is random."""
    video, _, start, end, score = draw.predictions.T
    generator = torch.Generator().manual_seed(0)
    largest = _largest_of_video(video, score)
    better = (video[:, None] == video) & (score > score[:, None])  # which ones of its video are ranked before each
    return {
        "random": [torch.rand(len(score), generator=generator, dtype=torch.float64) for _ in range(n_random)],
        "length of the segment": [end - start],
        "rank inside the video only": [-better.sum(dim=1).double()],
        "its score divided by the video's largest": [score / largest],
        "its score, as published": [score],
        "true IoU": [largest_overlaps(draw.predictions, draw.truth)],
    }


def main() -> int:
    """Prints the table; returns 1 if the published scores come to other precisions than the authors'."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--predictions", type=Path, default=ROOT.parent / "shared" / "predictions", metavar="FOLDER")
    parser.add_argument("--random", type=int, default=10, help="random rankings of each draw, whose mean is shown")
    options = parser.parse_args()
    if options.random < 1:
        parser.error(f"--random must be at least 1; got {options.random}")
    absent = [name for name in SPLITS.values() if not (options.predictions / name).is_file()]
    if absent:
        parser.error(f"{options.predictions} has no {' and no '.join(absent)}; give their folder with --predictions")
    means: dict[str, dict[str, float]] = {}
    apart = 0.0
    for split, name in SPLITS.items():
        draws, thresholds = read_draws(options.predictions / name)
        of_draws: dict[str, list[float]] = {}
        for draw in draws:
            scores = draw.predictions[:, 4]
            apart = max(apart, float((draw.precisions(scores, thresholds).T - draw.published).abs().max()))
            for kind, several in rankings(draw, n_random=options.random).items():
                maps = [float(draw.precisions(own, thresholds).nanmean(dim=1).mean()) for own in several]
                of_draws.setdefault(kind, []).append(sum(maps) / len(maps))
        means[split] = {kind: sum(values) / len(values) for kind, values in of_draws.items()}
    print(markdown_text([_table(means)]))
    print(f"Largest difference from the authors' average precision of a class at a threshold: {apart:.1e} points.")
    return int(apart > TOLERANCE)


def _table(means: Mapping[str, Mapping[str, float]]) -> ReportTable:
    rows = [TableRow((kind, *(f"{means[split][kind]:.2f}" for split in means))) for kind in next(iter(means.values()))]
    quoted = [TableRow((name, *(f"{value:.1f}" for value in values))) for name, values in QUOTED.items()]
    return ReportTable(
        columns=(Column("FreeZAD's segments, ranked by", is_number=False), *map(Column, means)),
        rows=(*rows, *quoted),
        notes=("mAP in percent: the mean over IoU 0.3 to 0.7 and ten draws of classes",),
    )


def _rows(stored: Mapping[str, Tensor], *more: str) -> Tensor:
    columns = [stored["video"], stored["label"], stored["seconds"], *(stored[name] for name in more)]
    return torch.column_stack([column.double() for column in columns])


def _largest_of_video(video: Tensor, score: Tensor) -> Tensor:
    """The largest score of each prediction's video, [N]."""
    _, places = video.unique(return_inverse=True)
    largest = torch.full((int(places.max()) + 1,), -torch.inf, dtype=score.dtype)
    return largest.scatter_reduce(0, places, score, "amax")[places]


if __name__ == "__main__":
    sys.exit(main())
