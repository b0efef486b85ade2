import pytest
import torch
from torch.nn.functional import normalize

from zsar.lightning_modules.recognition.scoring import EmbeddedBatch, Scorer, Scoring

SCALE = torch.tensor(10.0)


def embedded(n_prompts: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Two videos of three views of four frames, and five classes."""
    return torch.randn(2, 3, 4, 8), normalize(torch.randn(5, n_prompts, 8), dim=-1)


@pytest.mark.parametrize("scorer", ["mean_pooled_cosine", "late_interaction"])
def test_a_view_by_itself_is_a_video_of_one_view(scorer: Scorer) -> None:
    scoring = Scoring(scorer, "probability")
    frames, classes = embedded(n_prompts=2)
    own = torch.stack([classes, normalize(classes + torch.randn_like(classes), dim=-1)])
    for given in (classes, own):
        scores = scoring.score_views(frames, given, SCALE)
        assert scores.shape == (2, 3, 5)
        for video in range(2):
            for view in range(3):
                of_video = given if given.ndim == 3 else given[video : video + 1]
                expected = scoring.score(frames[video : video + 1, view : view + 1], of_video, SCALE)
                torch.testing.assert_close(scores[video, view], expected[0])


@pytest.mark.parametrize("ensemble", ["probability", "embedding"])
@pytest.mark.parametrize("scorer", ["mean_pooled_cosine", "late_interaction"])
def test_a_video_may_have_classes_of_its_own(scorer: Scorer, ensemble: str) -> None:
    scoring = Scoring(scorer, ensemble)  # type: ignore[arg-type]
    frames, classes = embedded(n_prompts=3)
    other = normalize(torch.randn_like(classes), dim=-1)
    both = scoring.score(frames, torch.stack([classes, other]), SCALE)
    torch.testing.assert_close(both[:1], scoring.score(frames[:1], classes, SCALE))
    torch.testing.assert_close(both[1:], scoring.score(frames[1:], other, SCALE))


def test_views_count_by_their_weights() -> None:
    scoring = Scoring("mean_pooled_cosine", "embedding")
    frames, classes = embedded()
    weights = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    scores = scoring.score_embedded(EmbeddedBatch(frames, (classes,), (weights,)), SCALE)
    views = scoring.score_views(frames, classes, SCALE).softmax(dim=-1)
    torch.testing.assert_close(scores[0].exp(), (views[0, 0] + views[0, 1]) / 2)
    torch.testing.assert_close(scores[1].exp(), views[1, 2])


def test_probabilities_of_several_texts_are_averaged() -> None:
    scoring = Scoring("mean_pooled_cosine", "embedding")
    frames, names = embedded()
    explanations = normalize(torch.randn(2, 5, 1, 8), dim=-1)
    scores = scoring.score_embedded(EmbeddedBatch(frames[:, :1], (names, explanations)), SCALE)
    each = [scoring.score(frames[:, :1], classes, SCALE).softmax(dim=-1) for classes in (names, explanations)]
    assert scores.shape == (2, 5)
    torch.testing.assert_close(scores.exp(), (each[0] + each[1]) / 2)


def test_one_text_and_the_scorers_own_views_are_plain_scores() -> None:
    scoring = Scoring("mean_pooled_cosine", "embedding")
    frames, classes = embedded()
    scores = scoring.score_embedded(EmbeddedBatch(frames, (classes,)), SCALE)
    assert torch.equal(scores, scoring.score(frames, classes, SCALE))
