"""FreeZAD's published predictions, ranked in other ways: on data of its own, and on the real ones, where these are."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import segment_scores
from benchmarks.segment_scores import Draw, rankings, read_draws
from tests.makers.source_tree import ROOT
from zsar.lightning_modules.localization.temporal_map import TemporalMeanAveragePrecision

REAL = ROOT.parent / "shared" / "predictions"


def rows(*values: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


# Two videos: in the first the right segment is the surest, in the second the less sure one.
DRAW = Draw(
    1,
    rows((0, 0, 0, 10, 8), (0, 0, 20, 24, 6), (1, 0, 0, 10, 2), (1, 0, 20, 26, 4)),
    rows((0, 0, 0, 10), (1, 0, 0, 8)),
    rows((75.0,)),
)


def write(folder: Path, *, precision: float) -> None:
    """Both files, with one draw each."""
    folder.mkdir(exist_ok=True)
    predictions, truth = DRAW.predictions, DRAW.truth
    draw: dict[str, Any] = {
        "classes": ["jump"],
        "predictions": {
            "video": predictions[:, 0].short(),
            "label": predictions[:, 1].char(),
            "seconds": predictions[:, 2:4],
            "score": predictions[:, 4],
        },
        "truth": {"video": truth[:, 0].short(), "label": truth[:, 1].char(), "seconds": truth[:, 2:4]},
        "average_precision": rows((precision,)),
    }
    for name in segment_scores.SPLITS.values():
        torch.save({"thresholds": [0.5], "draws": [draw]}, folder / name)


def test_the_rankings_by_hand() -> None:
    found = {kind: scores[0].tolist() for kind, scores in rankings(DRAW, n_random=2).items() if kind != "random"}
    assert found == {
        "length of the segment": [10, 4, 10, 6],
        "rank inside the video only": [0, -1, -1, 0],
        "its score divided by the video's largest": [1, 0.75, 0.5, 1],
        "its score, as published": [8, 6, 2, 4],
        "true IoU": [1, 0, 0.8, 0],
    }
    assert len(rankings(DRAW, n_random=2)["random"]) == 2
    by = {kind: float(DRAW.precisions(rows(scores)[0], rows((0.5,))[0])) for kind, scores in found.items()}
    assert by["its score, as published"] == pytest.approx(100 * (1 + 2 / 4) / 2)
    assert by["true IoU"] == by["length of the segment"] == pytest.approx(100)


def test_the_table_and_the_check_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["segment_scores.py", "--predictions", str(tmp_path)])
    with pytest.raises(SystemExit):
        segment_scores.main()
    assert "has no freezad_thumos14_75.pt and no freezad_thumos14_50.pt" in capsys.readouterr().err
    write(tmp_path, precision=75.0)
    assert segment_scores.main() == 0
    printed = capsys.readouterr().out
    assert "| its score, as published | 75.00 | 75.00 |" in printed
    assert "| T3AL, T = 0, published | 4.6 | 4.8 |" in printed
    write(tmp_path, precision=70.0)
    assert segment_scores.main() == 1
    assert "threshold: 5.0e+00 points" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(("split", "mean"), [("75/25", 10.046), ("50/50", 9.896)])
def test_the_published_predictions_come_to_the_authors_precisions(split: str, mean: float) -> None:
    """Temporal mAP of ten draws of real predictions, and of each class at each threshold."""
    path = REAL / segment_scores.SPLITS[split]
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    draws, thresholds = read_draws(path)
    means = []
    for draw in draws:
        own = draw.precisions(draw.predictions[:, 4], thresholds)
        torch.testing.assert_close(own.T, draw.published, atol=1e-4, rtol=0)
        metric = TemporalMeanAveragePrecision(draw.n_classes, thresholds.tolist())
        video, label, start, end, score = draw.predictions.T
        metric.update(
            videos=torch.cat([video, draw.truth[:, 0]]).unique().long(),
            predicted_videos=video.long(),
            predicted_classes=label.long(),
            predicted_seconds=torch.column_stack([start, end]),
            scores=score,
            true_videos=draw.truth[:, 0].long(),
            true_classes=draw.truth[:, 1].long(),
            true_seconds=draw.truth[:, 2:],
        )
        means.append(metric.compute()["map"])
    assert len(means) == 10
    assert sum(means) / len(means) == pytest.approx(mean, abs=5e-4)
