import math
from typing import get_args

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from zsar.lightning_modules.recognition.scorers.token_rows import token_rows
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch, PromptEnsemble, Scorer, Scoring

SCALE = torch.tensor(10.0)
SCORERS: tuple[Scorer, ...] = get_args(Scorer)
OF_COSINES = tuple(scorer for scorer in SCORERS if scorer != "frame_voting")
REFUSED = [
    ("concept_spotting", "embedding"),
    ("concept_spotting", "embedding_sum"),
    ("late_interaction", "embedding_sum"),
]
ALL = [
    Scoring(scorer, ensemble)
    for scorer in SCORERS
    for ensemble in get_args(PromptEnsemble)
    if (scorer, ensemble) not in REFUSED
]


def embedded(n_prompts: int = 1, scoring: Scoring = Scoring()) -> tuple[Tensor, Tensor]:
    """Two videos of three views of four frames, and five classes."""
    return torch.randn(2, 3, 4, 8), other_classes((5, n_prompts), scoring)


def other_classes(shape: tuple[int, ...], scoring: Scoring) -> Tensor:
    """Class text as the scorer reads it: embeddings, or rows with those of three positions."""
    return token_rows(torch.randn(*shape, 4 if scoring.reads_tokens else 1, 8))


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_view_by_itself_is_a_video_of_one_view(scorer: Scorer) -> None:
    scoring = Scoring(scorer, "probability")
    frames, classes = embedded(2, scoring)
    own = torch.stack([classes, other_classes((5, 2), scoring)])
    for given in (classes, own):
        scores = scoring.score_views(frames, given, SCALE)
        assert scores.shape == (2, 3, 5)
        for video in range(2):
            for view in range(3):
                of_video = given if given.ndim == 3 else given[video : video + 1]
                expected = scoring.score(frames[video : video + 1, view : view + 1], of_video, SCALE)
                torch.testing.assert_close(scores[video, view], expected[0])


@pytest.mark.parametrize("scoring", ALL)
def test_a_video_may_have_classes_of_its_own(scoring: Scoring) -> None:
    frames, classes = embedded(3, scoring)
    other = other_classes((5, 3), scoring)
    both = scoring.score(frames, torch.stack([classes, other]), SCALE)
    torch.testing.assert_close(both[:1], scoring.score(frames[:1], classes, SCALE))
    torch.testing.assert_close(both[1:], scoring.score(frames[1:], other, SCALE))


@pytest.mark.parametrize(("scorer", "ensemble"), REFUSED)
def test_prompts_that_have_no_mean_are_not_averaged(scorer: Scorer, ensemble: PromptEnsemble) -> None:
    with pytest.raises(ValueError, match="give prompt_ensemble (probability|embedding)"):
        Scoring(scorer, ensemble)


def test_a_longer_prompt_counts_for_more_where_embeddings_are_summed() -> None:
    """Prompts (3, 0) and (0, 1): their mean points to (3, 1), that of normalized ones to (1, 1)."""
    frames = torch.tensor([2.0, 0.0]).expand(1, 1, 4, 2)
    classes = torch.tensor([[[3.0, 0.0], [0.0, 1.0]]])
    summed = Scoring("mean_pooled_cosine", "embedding_sum").score(frames, classes, SCALE)
    torch.testing.assert_close(summed, torch.tensor([[10 * 3 / math.sqrt(10)]]))
    one_by_one = Scoring("mean_pooled_cosine", "embedding").score(frames, normalize(classes, dim=-1), SCALE)
    torch.testing.assert_close(one_by_one, torch.tensor([[10 / math.sqrt(2)]]))
    alone = Scoring("mean_pooled_cosine", "embedding_sum").score(frames, classes[:, :1], SCALE)
    torch.testing.assert_close(alone, torch.tensor([[10.0]]))  # a cosine, whatever the length


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


def test_views_by_the_sum_of_their_logits_by_hand() -> None:
    """Two views of one frame, two classes: the cosines 1 and 0, and 0.6 and 0.8."""
    frames = torch.tensor([[[[2.0, 0.0]], [[3.0, 4.0]]]])
    scoring = Scoring("mean_frame_cosine", "embedding", view_ensemble="logit_sum")
    assert scoring.score(frames, torch.eye(2)[:, None], SCALE).flatten().tolist() == pytest.approx([16, 8])


@pytest.mark.parametrize("scoring", ALL)
def test_logits_of_views_are_summed_where_that_is_asked_for(scoring: Scoring) -> None:
    summed = Scoring(scoring.scorer, scoring.prompt_ensemble, view_ensemble="logit_sum")
    frames, classes = embedded(2, scoring)
    views = summed.score_views(frames, classes, SCALE)
    torch.testing.assert_close(views, scoring.score_views(frames, classes, SCALE))
    found = summed.score(frames, classes, SCALE)
    if scoring.scorer == "late_interaction":  # frames of all views interact at once
        torch.testing.assert_close(found, scoring.score(frames, classes, SCALE))
        return
    torch.testing.assert_close(found, views.sum(dim=1))
    averaged = scoring.score(frames, classes, SCALE)
    torch.testing.assert_close(averaged.exp(), views.softmax(dim=-1).mean(dim=1))
    assert (found.softmax(dim=-1) - averaged.softmax(dim=-1)).abs().max() > 0.01
    one = summed.score(frames[:, :1], classes, SCALE)
    torch.testing.assert_close(one, scoring.score(frames[:, :1], classes, SCALE))


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("view_ensemble", ["probability", "logit_sum"])
def test_weights_of_views_are_of_their_probabilities_whatever_the_scorer(scorer: Scorer, view_ensemble: str) -> None:
    scoring = Scoring(scorer, view_ensemble=view_ensemble)  # type: ignore[arg-type]
    frames, classes = embedded(2, scoring)
    weights = torch.tensor([[0.25, 0.75, 0.0], [0.0, 0.0, 1.0]])
    found = scoring.score_embedded(EmbeddedBatch(frames, (classes,), (weights,)), SCALE)
    views = scoring.score_views(frames, classes, SCALE).softmax(dim=-1)
    torch.testing.assert_close(found[0].exp(), 0.25 * views[0, 0] + 0.75 * views[0, 1])
    torch.testing.assert_close(found[1].exp(), views[1, 2])


@pytest.mark.parametrize("scorer", [scorer for scorer in SCORERS if scorer != "late_interaction"])
def test_probabilities_of_prompts_are_averaged_whatever_the_scorer(scorer: Scorer) -> None:
    scoring = Scoring(scorer, "probability")
    frames, classes = embedded(3, scoring)
    found = scoring.score(frames[:, :1], classes, SCALE)
    each = [scoring.score(frames[:, :1], classes[:, p : p + 1], SCALE).softmax(dim=-1) for p in range(3)]
    torch.testing.assert_close(found.exp(), torch.stack(each).mean(dim=0))


@pytest.mark.parametrize("scorer", ["mean_pooled_cosine", "mean_frame_cosine", "frame_voting"])
def test_averaged_embeddings_of_prompts_are_normalized_again(scorer: Scorer) -> None:
    frames, classes = embedded(3)
    mean = normalize(classes.mean(dim=1, keepdim=True), dim=-1)
    found = Scoring(scorer, "embedding").score(frames, classes, SCALE)
    torch.testing.assert_close(found, Scoring(scorer).score(frames, mean, SCALE))


def test_tokens_have_no_mean_over_prompts() -> None:
    with pytest.raises(ValueError, match="concept_spotting reads the tokens .* give prompt_ensemble probability"):
        Scoring("concept_spotting", "embedding")
    assert [scorer for scorer in SCORERS if Scoring(scorer).reads_tokens] == ["concept_spotting"]


def test_the_logit_scale_moves_no_vote_of_frames() -> None:
    frames, classes = embedded()
    scoring = Scoring("frame_voting")
    votes = scoring.score(0.1 * frames[:, :1], classes, SCALE)
    torch.testing.assert_close(votes.exp().sum(dim=1), torch.ones(2))
    assert torch.equal(scoring.score(0.1 * frames[:, :1], classes, 2 * SCALE), votes)


def test_votes_have_no_probability_of_each_class_by_itself() -> None:
    frames, classes = embedded()
    with pytest.raises(ValueError, match="the votes of frames have no probability of each class by itself"):
        Scoring("frame_voting").own_probabilities(EmbeddedBatch(frames, (classes,)), SCALE, SCALE)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# Two views of one frame; two classes with two prompts each. With s = 2 and b = -1, cosines 0, 0.6, 0.8 and 1 give the
# logits -1, 0.2, 0.6 and 1.
VIEWS = torch.tensor([[[[3.0, 0.0]], [[0.0, 2.0]]]])
CLASSES = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.6, 0.8], [0.6, 0.8]]])
TWO, MINUS_ONE = torch.tensor(2.0), torch.tensor(-1.0)


def test_own_probabilities_are_averaged_over_views_and_prompts() -> None:
    found = Scoring().own_probabilities(EmbeddedBatch(VIEWS, (CLASSES,)), TWO, MINUS_ONE)
    expected = [0.5, (sigmoid(0.2) + sigmoid(0.6)) / 2]  # of the first class, sigmoid(1) and sigmoid(-1) sum to 1
    torch.testing.assert_close(found, torch.tensor([expected]))


def test_own_probabilities_count_views_by_their_weights_and_texts_equally() -> None:
    weights = torch.tensor([[0.25, 0.75]])
    once = Scoring().own_probabilities(EmbeddedBatch(VIEWS, (CLASSES,), (weights,)), TWO, MINUS_ONE)
    of_second = 0.25 * sigmoid(0.2) + 0.75 * sigmoid(0.6)
    torch.testing.assert_close(once, torch.tensor([[0.5, of_second]]))
    both = EmbeddedBatch(VIEWS, (CLASSES, CLASSES.flip(0)), (weights, weights))
    twice = Scoring().own_probabilities(both, TWO, MINUS_ONE)
    torch.testing.assert_close(twice, torch.full((1, 2), (0.5 + of_second) / 2))


def test_own_probabilities_of_averaged_embeddings_are_those_of_the_mean_prompt() -> None:
    found = Scoring(prompt_ensemble="embedding").own_probabilities(EmbeddedBatch(VIEWS, (CLASSES,)), TWO, MINUS_ONE)
    of_first = sigmoid(2 / math.sqrt(2) - 1)  # both views are at 45 degrees to the mean of the prompts
    torch.testing.assert_close(found, torch.tensor([[of_first, (sigmoid(0.2) + sigmoid(0.6)) / 2]]))


def test_own_probabilities_of_late_interaction_are_those_of_its_mean_cosine() -> None:
    scoring = Scoring("late_interaction")
    found = scoring.own_probabilities(EmbeddedBatch(VIEWS, (CLASSES,)), TWO, MINUS_ONE)
    # of the second class, v2t = (0.6 + 0.8) / 2 and t2v = 0.8
    torch.testing.assert_close(found, torch.tensor([[sigmoid(1.0), sigmoid(2 * 0.75 - 1)]]))
    weights = torch.tensor([[1.0, 0.0]])
    first = scoring.own_probabilities(EmbeddedBatch(VIEWS, (CLASSES,), (weights,)), TWO, MINUS_ONE)
    torch.testing.assert_close(first, torch.tensor([[sigmoid(2 * 0.75 - 1), sigmoid(0.2)]]))  # cosines 1, 0 and 0.6


@pytest.mark.parametrize("scoring", [scoring for scoring in ALL if scoring.scorer in OF_COSINES])
def test_own_probabilities_do_not_depend_on_other_classes_or_on_an_order(scoring: Scoring) -> None:
    frames, classes = embedded(3, scoring)
    found = scoring.own_probabilities(EmbeddedBatch(frames, (classes,)), SCALE, MINUS_ONE)
    assert found.shape == (2, 5)
    assert found.dtype == torch.float32
    assert ((found > 0) & (found < 1)).all()
    fewer = scoring.own_probabilities(EmbeddedBatch(frames.flip(1, 2), (classes[[4, 1]].flip(1),)), SCALE, MINUS_ONE)
    torch.testing.assert_close(fewer, found[:, [4, 1]])
    own = torch.stack([classes, classes])  # the same classes for each video
    torch.testing.assert_close(scoring.own_probabilities(EmbeddedBatch(frames, (own,)), SCALE, MINUS_ONE), found)
    more = scoring.own_probabilities(EmbeddedBatch(frames, (classes,)), SCALE, MINUS_ONE + 1)
    assert (more > found).all()


@pytest.mark.parametrize("scorer", OF_COSINES)
def test_a_bias_cancels_in_the_softmax_and_both_probabilities_have_one_order(scorer: Scorer) -> None:
    scoring = Scoring(scorer)
    frames, classes = embedded(scoring=scoring)
    logits = scoring.score(frames[:, :1], classes, SCALE)
    torch.testing.assert_close((logits + MINUS_ONE).softmax(dim=1), logits.softmax(dim=1))
    own = scoring.own_probabilities(EmbeddedBatch(frames[:, :1], (classes,)), SCALE, MINUS_ONE)
    torch.testing.assert_close(own, (logits + MINUS_ONE).sigmoid())  # of one view and one prompt
    assert torch.equal(own.argsort(dim=1), logits.argsort(dim=1))
