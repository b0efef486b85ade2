import pytest
import torch
from torch.testing import assert_close

from zsar.lightning_modules.recognition.mixing import Mixing

LABELS = torch.tensor([0, 1, 2, 2])


def frames() -> torch.Tensor:
    """Each video is of one value, so that what it was mixed with can be read off."""
    return torch.arange(4.0).view(4, 1, 1, 1, 1, 1).expand(4, 2, 3, 3, 8, 8).contiguous()


def test_mixup_blends_each_video_and_its_labels_with_its_neighbour_by_one_share() -> None:
    mixed, shares = Mixing(cutmix_alpha=0)(frames(), LABELS, 3)
    assert mixed.shape == frames().shape
    assert shares.shape == (4, 3)
    assert_close(shares.sum(dim=1), torch.ones(4))
    own = shares[1, 1]
    assert_close(mixed[1], torch.full_like(mixed[1], float(own * 1 + (1 - own) * 0)))
    assert_close(shares[1], torch.tensor([1 - own, own, 0.0]))


def test_cutmix_pastes_the_same_rectangle_into_all_frames_of_all_views() -> None:
    mixed, shares = Mixing(mixup_alpha=0)(frames(), LABELS, 3)
    assert set(mixed[1].unique().tolist()) <= {0.0, 1.0}
    assert (mixed[1] == mixed[1, :1, :1, :1]).all()
    assert_close(shares[1, 0], (mixed[1, 0, 0, 0] == 0).float().mean())


def test_both_are_drawn_batch_by_batch_with_their_probability() -> None:
    torch.manual_seed(1)
    blended = [Mixing(cutmix_probability=0.25)(frames(), LABELS, 3)[0][1].unique().numel() == 1 for _ in range(60)]
    assert 30 < sum(blended) < 60


def test_without_mixing_frames_and_labels_come_back_as_they_are() -> None:
    mixed, labels = Mixing(mixup_alpha=0, cutmix_alpha=0)(frames(), LABELS, 3)
    assert torch.equal(mixed, frames())
    assert torch.equal(labels, LABELS)


@pytest.mark.parametrize("arguments", [{"mixup_alpha": -1}, {"cutmix_alpha": -0.5}, {"cutmix_probability": 1.5}])
def test_numbers_out_of_range_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must not be negative|share from 0 to 1"):
        Mixing(**arguments)
