import math

import pytest
import torch
from torch.testing import assert_close

from tests.makers.videos.embedded_videos import class_text
from tests.reference import llt
from zsar.lightning_modules.localization.class_union import ClassUnion
from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.frame_scoring import Projections
from zsar.lightning_modules.t3al.memory.candidates import candidates_of, doubt_of, easy_embedding, n_easy_frames

PLANE = Projections(
    visual=torch.eye(2, dtype=torch.float64),
    text=torch.eye(2, dtype=torch.float64),
    text_bias=None,
    log_scale=torch.tensor(2.0, dtype=torch.float64).log(),
)
EAST, NORTH = torch.eye(2, dtype=torch.float64)


@pytest.mark.parametrize(
    ("n_frames", "share", "expected"),
    [(1, 0.05, 1), (39, 0.05, 1), (40, 0.05, 2), (140, 0.05, 7), (100, 0.29, 29), (10, 1.0, 10), (7, 0.5, 3)],
)
def test_the_number_of_easy_frames_is_rounded_down_but_never_to_none(
    n_frames: int, share: float, expected: int
) -> None:
    assert n_easy_frames(n_frames, share) == expected


def test_doubt_is_minus_the_logarithm_of_the_probability_and_tells_nearly_certain_videos_apart() -> None:
    cosines = torch.tensor([0.5, 0.25])
    assert_close(doubt_of(cosines, 0, 4.0), -math.log(math.e**2 / (math.e**2 + math.e)))
    certain, more = (doubt_of(torch.tensor([1.0, low]), 0, 100.0) for low in (0.5, 0.49))
    assert 0 < more < certain < 1e-20  # both probabilities round to 1
    assert doubt_of(torch.tensor([0.3]), 0, 100.0) == 0


def test_by_hand_the_candidate_is_the_mean_of_the_frames_nearest_to_the_text_without_their_background() -> None:
    # The mean is (2, 1): without it the frames are (-2, 0), (2, 0), (1, 1), (-1, -1), whose cosines with east are
    # -1, 1, 0.71, -0.71.
    features = torch.tensor([[0.0, 1.0], [4.0, 1.0], [3.0, 2.0], [1.0, 0.0]], dtype=torch.float64)
    for share, expected in ((0.3, [2.0, 0.0]), (0.5, [1.5, 0.5])):
        z = easy_embedding(features, EAST, PLANE, background="video_mean", share=share)
        assert_close(z, torch.tensor(expected, dtype=torch.float64))
    # With it the frames' cosines with north are 1, 0.24, 0.55, 0.
    z = easy_embedding(features, NORTH, PLANE, background="none", share=0.5)
    assert_close(z, torch.tensor([1.5, 1.5], dtype=torch.float64))


def test_a_video_whose_frames_are_all_the_same_has_no_candidate_without_its_background() -> None:
    still = torch.tensor([[0.3, 0.7]], dtype=torch.float64).repeat(5, 1)
    assert easy_embedding(still, EAST, PLANE, background="video_mean", share=0.5) is None
    assert_close(easy_embedding(still, EAST, PLANE, background="none", share=0.5), still[0])


def test_sets_have_the_probability_of_their_own_classes_and_share_the_embedding_of_a_label() -> None:
    texts = [class_text(("dancing", "chess")), class_text(("chess", "diving")), class_text(("dancing", "diving"))]
    vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)
    union = ClassUnion(texts, lambda prompts: vectors[: len(prompts)])
    assert union.names == ("dancing", "chess", "diving")
    features = torch.randn(30, 2, generator=torch.Generator().manual_seed(0)).double() + torch.tensor([3.0, 0.0])
    video = UntrimmedFeatures("v", features, torch.arange(30).double(), 30.0, sets=(0, 1, 2))
    labels = {0: [0], 1: [1], 2: [0]}
    found = candidates_of(video, labels, union, PLANE, background="video_mean", share=0.1)
    assert {index: candidate.label for index, candidate in found.items()} == {0: 0, 1: 1, 2: 0}
    assert found[0].embedding is found[2].embedding is not found[1].embedding
    for index, members in ((0, [0, 1]), (2, [0, 2])):
        expected = llt.easy_of(features, vectors[members], gamma=0.1, scale=2.0)
        assert_close(math.exp(-found[index].doubt), expected.xi)
        assert_close(found[index].embedding, expected.z)
