from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.reference import freezad
from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.frame_scoring import Projections
from zsar.lightning_modules.localization.segments import Segment
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.segment_scores.scored_segments import check_has_similarities, scored_segments

N, W, D = 40, 6, 4
GENERATOR = torch.Generator().manual_seed(0)
FEATURES = torch.randn(N, W, generator=GENERATOR, dtype=torch.float64)
VISUAL = torch.randn(W, D, generator=GENERATOR, dtype=torch.float64)
TEXT = functional.normalize(torch.randn(D, generator=GENERATOR, dtype=torch.float64), dim=0)
OWN = Projections(visual=VISUAL, text=torch.eye(D), text_bias=None, log_scale=torch.tensor(10.0).double().log())
CURVE = torch.rand(N, generator=GENERATOR)
ALL = ("probability", "mean", "max", "length", "log_oic", "log_oic_actionness")


def segment(first: int, last: int) -> Segment:
    return Segment(first / 2, (last + 1) / 2, first, last, 0.0)


def scored(*segments: Segment, names: tuple[str, ...] = ALL, scale: float = 1.0, **tuning: Any) -> Any:
    times = torch.arange(N, dtype=torch.float64) / 2
    video = UntrimmedFeatures("v", FEATURES * scale, times, N / 2)
    settings = ProjectionTuning(**tuning)
    return scored_segments(segments, names, curve=CURVE, video=video, text=TEXT, projections=OWN, tuning=settings)


@pytest.mark.parametrize("background", ["video_mean", "none"])
def test_scores_are_of_the_segment_s_frames(background: str) -> None:
    # Small features, whose actionness is not 1; the last frame is not part of FreeZAD's segment.
    found = scored(segment(8, 20), segment(30, 30), scale=0.05, background=background)
    raw, frames = freezad.raw_scores(
        0.05 * FEATURES.numpy(), VISUAL.numpy(), TEXT.numpy(), 10.0, removes_mean=background == "video_mean"
    )
    for of_segment, (first, last, end) in zip(found, ((8, 20, 20), (30, 30, 31)), strict=True):
        inside = CURVE[first : last + 1].double()
        energy = freezad.actionness(frames[first:end])
        assert 0.5 < energy < 0.999
        expected = freezad.log_oic(raw, first, end)
        assert of_segment == pytest.approx(
            {
                "mean": float(inside.mean()),
                "max": float(inside.max()),
                "length": (last + 1 - first) / 2,
                "log_oic": expected,
                "log_oic_actionness": expected * energy,
            }
        )


def test_only_what_is_asked_for_is_there() -> None:
    assert [list(of_segment) for of_segment in scored(segment(1, 3), names=("length",))] == [["length"]]
    assert scored(segment(1, 3), names=("probability",)) == ({},)
    assert scored() == ()


def test_smoothing_does_not_matter_and_similarities_are_scaled() -> None:
    plain = scored(segment(8, 20), names=("log_oic",))
    assert scored(segment(8, 20), names=("log_oic",), window_frames=3) == plain
    assert scored(segment(8, 20), names=("log_oic",), similarity="authors") == plain
    assert np.isfinite(plain[0]["log_oic"])


def test_what_has_no_cosines_is_refused() -> None:
    label, dot = ProjectionTuning(background="pseudo_label"), ProjectionTuning(similarity="dot")
    for tuning, said in ((label, "'cosine' and tuning.background 'pseudo_label'"), (dot, "'dot' and .*'video_mean'")):
        with pytest.raises(ValueError, match=f"^segment_score 'log_oic' needs cosines .*{said}; set similarity to"):
            check_has_similarities("log_oic", tuning, compares_all=False)
        with pytest.raises(ValueError, match="^compares_segment_scores: true needs cosines"):
            check_has_similarities("mean", tuning, compares_all=True)
        check_has_similarities("mean", tuning, compares_all=False)
    check_has_similarities("log_oic_actionness", ProjectionTuning(similarity="authors"), compares_all=True)
