import pytest
import torch
from torch.testing import assert_close
from torchvision.transforms import v2

from zsar.lightning_modules.recognition.mixing import Mixing

LABELS = torch.tensor([0, 1, 2, 2])


def frames() -> torch.Tensor:
    """Each video is of one value, so that what it was mixed with can be read off."""
    return torch.arange(4.0).view(4, 1, 1, 1, 1, 1).expand(4, 2, 3, 3, 8, 8).contiguous()


def partners(mixed: torch.Tensor, own: float) -> list[int]:
    """Which video each was mixed with, read off the value of its last pixel."""
    values = [(float(value) - own * i) / (1 - own) for i, value in enumerate(mixed.flatten(1)[:, -1])]
    return [round(value) for value in values]


def test_partners_are_a_permutation_that_is_drawn_for_each_batch_or_the_previous_videos() -> None:
    torch.manual_seed(0)
    labels = torch.arange(4)
    drawn = set()
    for _ in range(100):
        mixed, shares = Mixing(cutmix_alpha=0)(frames(), labels, 4)
        own = float(shares.diagonal().min())  # 1 where each video has met itself
        if not 0.01 < own < 0.99:
            continue
        found = partners(mixed, own)
        assert sorted(found) == [0, 1, 2, 3]
        for i, partner in enumerate(found):
            expected = torch.zeros(4)
            expected[i] += own
            expected[partner] += 1 - own
            assert_close(shares[i], expected)
        drawn.add(tuple(found))
    assert len(drawn) > 12  # of 24
    mixed, shares = Mixing(cutmix_alpha=0, partner="previous")(frames(), labels, 4)
    assert partners(mixed, float(shares[0, 0])) == [3, 0, 1, 2]


@pytest.mark.parametrize("kind", [v2.MixUp, v2.CutMix])
def test_with_the_previous_video_it_is_torchvisions(kind: type[v2.MixUp | v2.CutMix]) -> None:
    images, labels = torch.rand(5, 6, 8, 8), torch.tensor([0, 1, 2, 2, 1])
    alphas = {"mixup_alpha": 0.0 if kind is v2.CutMix else 0.8, "cutmix_alpha": 1.0 if kind is v2.CutMix else 0.0}
    torch.manual_seed(3)
    expected = kind(alpha=alphas["mixup_alpha"] or alphas["cutmix_alpha"], num_classes=3)(images, labels)
    torch.manual_seed(3)
    found = Mixing(**alphas, partner="previous")(images.view(5, 1, 2, 3, 8, 8), labels, 3)
    assert_close(found[0].view_as(images), expected[0])
    assert_close(found[1], expected[1])


def test_mixup_blends_each_video_and_its_labels_with_its_neighbour_by_one_share() -> None:
    mixed, shares = Mixing(cutmix_alpha=0, partner="previous")(frames(), LABELS, 3)
    assert mixed.shape == frames().shape
    assert shares.shape == (4, 3)
    assert_close(shares.sum(dim=1), torch.ones(4))
    own = shares[1, 1]
    assert_close(mixed[1], torch.full_like(mixed[1], float(own * 1 + (1 - own) * 0)))
    assert_close(shares[1], torch.tensor([1 - own, own, 0.0]))


def test_cutmix_pastes_the_same_rectangle_into_all_frames_of_all_views() -> None:
    mixed, shares = Mixing(mixup_alpha=0, partner="previous")(frames(), LABELS, 3)
    assert set(mixed[1].unique().tolist()) <= {0.0, 1.0}
    assert (mixed[1] == mixed[1, :1, :1, :1]).all()
    assert_close(shares[1, 0], (mixed[1, 0, 0, 0] == 0).float().mean())


def test_both_are_drawn_batch_by_batch_with_their_probability() -> None:
    torch.manual_seed(1)
    mixing = Mixing(cutmix_probability=0.25, partner="previous")
    blended = [mixing(frames(), LABELS, 3)[0][1].unique().numel() == 1 for _ in range(60)]
    assert 30 < sum(blended) < 60


def test_without_mixing_frames_and_labels_come_back_as_they_are() -> None:
    mixed, labels = Mixing(mixup_alpha=0, cutmix_alpha=0)(frames(), LABELS, 3)
    assert torch.equal(mixed, frames())
    assert torch.equal(labels, LABELS)


@pytest.mark.parametrize("arguments", [{"mixup_alpha": -1}, {"cutmix_alpha": -0.5}, {"cutmix_probability": 1.5}])
def test_numbers_out_of_range_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must not be negative|share from 0 to 1"):
        Mixing(**arguments)
