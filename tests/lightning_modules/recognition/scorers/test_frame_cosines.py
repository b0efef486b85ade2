import math

import torch
from torch.nn.functional import normalize
from torch.testing import assert_close

from tests.reference import bike, open_vclip
from zsar.lightning_modules.recognition.scorers.frame_cosines import frame_voting, mean_frame_cosine
from zsar.lightning_modules.recognition.scorers.mean_pooled_cosine import mean_pooled_cosine

ONE = torch.tensor(1.0)


def test_the_mean_of_cosines_by_hand() -> None:
    frames = torch.tensor([[[[9.0, 0.0], [0.0, 1.0], [3.0, 4.0]]]])  # of length 1: (1, 0), (0, 1), (0.6, 0.8)
    classes = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
    scores = mean_frame_cosine(frames, classes, torch.tensor(10.0))
    assert scores.shape == (1, 1, 1, 2)
    assert_close(scores.flatten(), torch.tensor([16.0, 18.0]) / 3)


def test_votes_by_hand() -> None:
    """100 f . e is ln 3 apart in the first frame, which votes 3/4 to 1/4; the longer second one is of one mind."""
    frames = torch.tensor([[[[math.log(3) / 100, 0.0], [0.0, 10.0]]]])
    classes = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
    votes = frame_voting(frames, classes)
    assert votes.shape == (1, 1, 1, 2)
    assert_close(votes.exp().flatten(), torch.tensor([0.75 / 2, (0.25 + 1) / 2]))


def test_both_are_what_the_pages_say_of_each_view_and_prompt() -> None:
    frames, classes = torch.randn(2, 3, 4, 8), normalize(torch.randn(5, 2, 8), dim=-1)
    cosines, votes = mean_frame_cosine(frames, classes, ONE), frame_voting(0.02 * frames, classes)
    assert cosines.shape == votes.shape == (2, 3, 2, 5)
    for view in range(3):
        for prompt in range(2):
            expected = open_vclip.logits(frames[:, view], classes[:, prompt], torch.tensor(0.0))
            assert_close(cosines[:, view, prompt], expected)
            expected = bike.frame_voting(0.02 * frames[:, view], classes[:, prompt])
            assert expected.max() < 0.999
            assert_close(votes[:, view, prompt].exp(), expected, atol=1e-5, rtol=1e-4)


def test_a_video_may_have_classes_of_its_own() -> None:
    frames, own = torch.randn(2, 3, 4, 8), normalize(torch.randn(2, 5, 2, 8), dim=-1)
    cosines, votes = mean_frame_cosine(frames, own, ONE), frame_voting(frames, own)
    for video in range(2):
        of_video = frames[video : video + 1]
        assert_close(cosines[video], mean_frame_cosine(of_video, own[video], ONE)[0])
        assert_close(votes[video], frame_voting(of_video, own[video])[0])


def test_frames_are_normalized_for_the_mean_and_it_is_not_but_votes_go_by_their_length() -> None:
    frames, classes = torch.randn(2, 1, 4, 8), normalize(torch.randn(5, 1, 8), dim=-1)
    lengths = torch.tensor([0.1, 1.0, 3.0, 10.0])[:, None]
    expected = mean_frame_cosine(frames, classes, ONE)
    assert_close(mean_frame_cosine(lengths * frames, classes, ONE), expected)
    length = normalize(frames, dim=-1).mean(dim=2).norm(dim=-1)[..., None, None]
    assert length.max() < 0.9
    assert_close(expected, length * mean_pooled_cosine(normalize(frames, dim=-1), classes, ONE))
    assert (frame_voting(0.001 * frames, classes) - frame_voting(0.01 * frames, classes)).abs().max() > 0.1


def test_votes_are_probabilities_in_any_order_of_frames() -> None:
    frames, classes = 0.1 * torch.randn(2, 3, 4, 8), normalize(torch.randn(5, 2, 8), dim=-1)
    votes = frame_voting(frames, classes)
    assert_close(votes.exp().sum(dim=-1), torch.ones(2, 3, 2))
    assert_close(frame_voting(frames.flip(2), classes), votes)
    assert_close(frame_voting(frames, classes.flip(0)), votes.flip(-1))


def test_both_are_computed_in_fp32_whatever_the_precision_of_the_model() -> None:
    frames, classes = torch.randn(2, 1, 4, 8).bfloat16(), normalize(torch.randn(5, 1, 8), dim=-1)
    expected = [mean_frame_cosine(frames.float(), classes, ONE), frame_voting(frames.float(), classes)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = [mean_frame_cosine(frames, classes, ONE), frame_voting(frames, classes)]
    assert [scores.dtype for scores in found] == [torch.float32] * 2
    assert all(torch.equal(scores, of_fp32) for scores, of_fp32 in zip(found, expected, strict=True))
