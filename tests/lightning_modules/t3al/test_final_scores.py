import math
from typing import Any

import torch
from torch.testing import assert_close

from zsar.lightning_modules.localization.frame_scoring import Projections
from zsar.lightning_modules.t3al.final_scores import final_scores
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning

OWN = Projections(visual=torch.eye(2), text=torch.eye(2), text_bias=None, log_scale=torch.tensor(math.log(10.0)))
FEATURES = torch.tensor([[3.0, 4.0], [5.0, 12.0]])
TEXT = torch.tensor([1.0, 0.0])


def scores(**settings: Any) -> torch.Tensor:
    tuning = ProjectionTuning(**{"window_frames": 1, "background": "none", **settings})
    found, rounding = final_scores(FEATURES, TEXT, OWN, tuning)
    assert 0 < rounding < 1e-3
    return found


def test_they_are_cosines_and_scaled_ones_for_the_authors() -> None:
    assert_close(scores(), torch.tensor([3 / 5, 5 / 13]))
    assert_close(scores(similarity="authors"), torch.tensor([6.0, 50 / 13]))
    assert_close(scores(similarity="dot"), torch.tensor([30.0, 50.0]))


def test_the_mean_is_removed_by_the_authors_too() -> None:
    left = torch.tensor([-1.0, 1.0]) / 17**0.5  # of (-1, -4) and (1, 4)
    assert_close(scores(background="video_mean"), left)
    assert_close(scores(background="video_mean", similarity="authors"), 10 * left)


def test_they_are_smoothed_whatever_is_smoothed_in_the_steps() -> None:
    both = torch.tensor([3 / 5, 5 / 13])
    assert_close(scores(window_frames=2), torch.stack([both[0], both.mean()]))
    assert_close(scores(window_frames=2, window_edges="repeated"), torch.stack([both.mean(), both[1]]))
    assert_close(scores(window_frames=2, smoothed="all"), torch.stack([both[0], both.mean()]))
