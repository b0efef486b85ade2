import pytest
import torch
from torch.testing import assert_close

from tests.reference import t3al as reference
from zsar.lightning_modules.localization.frame_scoring import (
    Background,
    Projections,
    Similarity,
    embed_prompts,
    frame_scores,
    projected_lengths,
    score_rounding,
    video_cosines,
)


def projections(w: int = 5, v: int = 4, d: int = 3, *, bias: bool = False) -> Projections:
    return Projections(
        visual=torch.randn(w, d, dtype=torch.float64),
        text=torch.randn(v, d, dtype=torch.float64),
        text_bias=torch.randn(d, dtype=torch.float64) if bias else None,
        log_scale=torch.tensor(1.5, dtype=torch.float64),
    )


def test_a_dot_product_is_scaled_and_a_cosine_is_not() -> None:
    identity = Projections(visual=torch.eye(2), text=torch.eye(2), text_bias=None, log_scale=torch.tensor(10.0).log())
    features = torch.tensor([[3.0, 4.0], [5.0, 12.0]])  # of lengths 5 and 13
    text = torch.tensor([1.0, 0.0])
    dots = frame_scores(features, text, identity, similarity="dot", background="none")
    assert_close(dots, torch.tensor([30.0, 50.0]))
    dots = frame_scores(features, text, identity, similarity="dot", background="video_mean")
    assert_close(dots, torch.tensor([-10.0, 10.0]))
    cosines = frame_scores(features, text, identity, similarity="cosine", background="none")
    assert_close(cosines, torch.tensor([3 / 5, 5 / 13]))
    cosines = frame_scores(features, text, identity, similarity="cosine", background="video_mean")
    assert_close(cosines, torch.tensor([-1.0, 1.0]) / 17**0.5)  # -1, -4 and 1, 4 are left


def test_the_pseudo_label_is_subtracted_from_unit_frames() -> None:
    identity = Projections(visual=torch.eye(2), text=torch.eye(2), text_bias=None, log_scale=torch.tensor(0.0))
    features, text = torch.tensor([[3.0, 4.0], [0.0, -2.0]]), torch.tensor([1.0, 0.0])
    scores = frame_scores(features, text, identity, similarity="cosine", background="pseudo_label")
    # (0.6, 0.8) and (0, -1) without (1, 0) are (-0.4, 0.8) and (-1, -1).
    assert_close(scores, torch.tensor([-0.4 / 0.8**0.5, -1 / 2**0.5]))


@pytest.mark.parametrize("similarity", ["dot", "cosine"])
@pytest.mark.parametrize("background", ["video_mean", "pseudo_label", "none"])
@pytest.mark.parametrize("bias", [False, True])
def test_scores_are_the_reference(similarity: Similarity, background: Background, bias: bool) -> None:
    if (similarity, background) == ("dot", "pseudo_label"):
        return  # refused by the settings
    own = projections(bias=bias)
    features, prompts = torch.randn(9, 5, dtype=torch.float64), torch.randn(3, 4, dtype=torch.float64)
    text = own.embed_classes(prompts[None])[0]
    assert text.shape == (3,)
    expected = reference.raw_scores(
        features,
        prompts,
        own.visual,
        own.text,
        own.text_bias,
        own.log_scale,
        background=background,
        similarity=similarity,
    )
    assert_close(frame_scores(features, text, own, similarity=similarity, background=background), expected)


def test_a_frame_of_which_nothing_is_left_scores_0() -> None:
    own = projections()
    features = torch.randn(1, 5, dtype=torch.float64)
    text = own.embed_classes(torch.randn(1, 3, 4, dtype=torch.float64))[0]
    score = frame_scores(features, text, own, similarity="cosine", background="video_mean")
    assert score.tolist() == [0.0]
    lengths = projected_lengths(features.repeat(3, 1), features[0] * (1 + 1e-15), own.visual)
    assert lengths.isinf().all()  # not noise


def test_several_prompts_are_averaged_as_directions() -> None:
    features = torch.tensor([[10.0, 0.0], [0.0, 1.0]])  # the longer one has no greater say
    embedded = embed_prompts(features, torch.eye(2), None)
    assert_close(embedded, torch.full((2,), 0.5**0.5))


@pytest.mark.parametrize("similarity", ["dot", "cosine"])
def test_frames_that_are_alike_differ_by_no_more_than_rounding(similarity: Similarity) -> None:
    own = Projections(
        visual=torch.randn(96, 64), text=torch.eye(64), text_bias=None, log_scale=torch.tensor(100.0).log()
    )
    text = torch.nn.functional.normalize(torch.randn(64), dim=0)
    for n_frames in (3, 50, 333):
        features = (30 * torch.randn(96)).repeat(n_frames, 1)
        scores = frame_scores(features, text, own, similarity=similarity, background="video_mean")
        assert scores.max() - scores.min() <= score_rounding(features, text, own, similarity)
        features[0] *= 1.001 if similarity == "dot" else -1
        scores = frame_scores(features, text, own, similarity=similarity, background="none")
        assert scores.max() - scores.min() > score_rounding(features, text, own, similarity)


def test_by_hand_the_cosines_of_a_video_are_those_of_its_mean_frame() -> None:
    swapping = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    swapped = Projections(visual=swapping, text=torch.eye(2), text_bias=None, log_scale=torch.tensor(0.0))
    features = torch.tensor([[8.0, 1.0], [0.0, 5.0]])  # whose mean (4, 3) becomes (3, 4)
    assert_close(video_cosines(features, torch.eye(2), swapped), torch.tensor([0.6, 0.8]))
