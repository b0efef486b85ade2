import pytest
import torch
from torch.testing import assert_close

from tests.reference import t3al as reference
from zsar.lightning_modules.localization.frame_scoring import (
    Projections,
    Similarity,
    background_features,
    embed_prompts,
    frame_scores,
    score_rounding,
)


def projections(w: int = 5, v: int = 4, d: int = 3, *, bias: bool = False) -> Projections:
    return Projections(
        visual=torch.randn(w, d, dtype=torch.float64),
        text=torch.randn(v, d, dtype=torch.float64),
        text_bias=torch.randn(d, dtype=torch.float64) if bias else None,
        log_scale=torch.tensor(1.5, dtype=torch.float64),
    )


def test_a_score_is_the_scaled_product_with_the_frame_without_the_mean() -> None:
    identity = Projections(visual=torch.eye(2), text=torch.eye(2), text_bias=None, log_scale=torch.tensor(10.0).log())
    features = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    text = torch.tensor([1.0, 0.0])
    plain = frame_scores(features, background_features(features, removed=False), text, identity, "dot")
    assert_close(plain, torch.tensor([10.0, 30.0]))
    removed = frame_scores(features, background_features(features, removed=True), text, identity, "dot")
    assert_close(removed, torch.tensor([-10.0, 10.0]))
    cosines = frame_scores(features, background_features(features, removed=True), text, identity, "cosine")
    assert_close(cosines, torch.tensor([-10.0, 10.0]))  # what is left points along the first axis


@pytest.mark.parametrize("similarity", ["dot", "cosine"])
@pytest.mark.parametrize("removed", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_scores_are_the_reference(similarity: Similarity, removed: bool, bias: bool) -> None:
    own = projections(bias=bias)
    features, prompts = torch.randn(9, 5, dtype=torch.float64), torch.randn(3, 4, dtype=torch.float64)
    text = own.embed_classes(prompts[None])[0]
    assert text.shape == (3,)
    background = background_features(features, removed=removed)
    expected = reference.raw_scores(
        features,
        prompts,
        own.visual,
        own.text,
        own.text_bias,
        own.log_scale,
        remove_background=removed,
        similarity=similarity,
    )
    assert_close(frame_scores(features, background, text, own, similarity), expected)


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
        scores = frame_scores(features, background_features(features, removed=True), text, own, similarity)
        if similarity == "dot":  # a cosine with a frame of which nothing is left is anything
            assert scores.max() - scores.min() <= score_rounding(features, text, own, similarity)
        features[0] *= 1.001 if similarity == "dot" else -1
        scores = frame_scores(features, background_features(features, removed=False), text, own, similarity)
        assert scores.max() - scores.min() > score_rounding(features, text, own, similarity)
