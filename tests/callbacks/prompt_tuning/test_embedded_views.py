import pytest
import torch
from torch import Tensor

from zsar.callbacks.prompt_tuning.embedded_views import embed_all_views
from zsar.datamodules.batch import VideoBatch, ViewBatch


class Mean:
    """A model that embeds a frame as its mean, and a number of the frames of its view."""

    def embed_views(self, frames: Tensor) -> Tensor:
        mean = frames.float().mean(dim=(-3, -2, -1))
        return torch.stack([mean, torch.full_like(mean, frames.shape[2])], dim=-1)


def batch_of(n_test_frames: int, n_frames: int, weights: list[float]) -> tuple[VideoBatch, ViewBatch]:
    """Two videos whose views are plain: 10 for the test view, 20 and 30 for the others, and 100 more in video 1."""
    video = 100 * torch.arange(2)[:, None, None, None, None, None]
    shown = torch.full((2, 1, n_test_frames, 3, 4, 4), 10) + video
    further = torch.tensor([20, 30])[None, :, None, None, None, None] + video
    further = further.expand(2, 2, n_frames, 3, 4, 4)
    views = ViewBatch(further.to(torch.uint8), torch.tensor(weights), torch.arange(2), torch.zeros(2))
    row = torch.arange(2)
    return VideoBatch(shown.to(torch.uint8), row, row, torch.zeros(2, dtype=torch.bool), views=views), views


@pytest.mark.parametrize("views_per_pass", [1, 2, 100])
def test_views_of_one_length_are_all_tuned_on(views_per_pass: int) -> None:
    batch, views = batch_of(4, 4, [1.0, 1.0, 2.0])
    embedded = embed_all_views(Mean(), batch, views, views_per_pass=views_per_pass)  # type: ignore[arg-type]
    assert embedded.test.shape == (2, 1, 4, 2)
    assert embedded.tuned_on[..., 0, 0].tolist() == [[10, 20, 30], [110, 120, 130]]
    assert embedded.weights.tolist() == [1, 1, 2]


def test_a_test_view_of_its_own_length_is_predicted_on_and_not_tuned_on() -> None:
    batch, views = batch_of(16, 8, [0.0, 1.0, 2.0])
    embedded = embed_all_views(Mean(), batch, views, views_per_pass=3)  # type: ignore[arg-type]
    assert embedded.test.shape == (2, 1, 16, 2)
    assert embedded.test[..., 0, :].tolist() == [[[10, 16]], [[110, 16]]]
    assert embedded.tuned_on[..., 0, :].tolist() == [[[20, 8], [30, 8]], [[120, 8], [130, 8]]]
    assert embedded.weights.tolist() == [1, 2]


def test_a_test_view_of_its_own_length_that_counts_is_refused() -> None:
    batch, views = batch_of(16, 8, [1.0, 1.0, 1.0])
    with pytest.raises(
        ValueError, match="has 16 frames and is tuned on with views of 8; give all views the same number"
    ):
        embed_all_views(Mean(), batch, views, views_per_pass=3)  # type: ignore[arg-type]
