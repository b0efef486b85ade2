import pytest

from zsar.api.localization.smoothed_scores import smoothed
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.t3al import T3AL

CLIP = ClipSettings("tiny-clip", "random")


@pytest.mark.parametrize(
    ("seconds", "frame_seconds", "n"), [(0.67, 1 / 30, 20), (0.67, 0.25, 3), (0.67, 2.0, 1), (1, 0.125, 8), (0, 1, 1)]
)
def test_scores_are_smoothed_over_seconds_whatever_the_stride(seconds: float, frame_seconds: float, n: int) -> None:
    model = T3AL(backbone=CLIP, tuning=ProjectionTuning(window_frames=7), suppression=None)
    with smoothed(model, seconds, frame_seconds=frame_seconds):
        assert model.tuning.window_frames == n
    assert model.tuning.window_frames == 7
    with smoothed(model, None, frame_seconds=frame_seconds):
        assert model.tuning.window_frames == 7
