from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from zsar.callbacks.confidence_memory.checked_scores import check_one_view, check_scores
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.recognition.scoring import Scoring

ONE = ClassText("test", ("a", "b"), (("a",), ("b",)), "names")
TWO = ClassText("test", ("a", "b"), (("a", "an a"), ("b", "a b")), "templates")


def model(scoring: Scoring, **more: Any) -> Any:
    return SimpleNamespace(scoring=scoring, **more)


@pytest.mark.parametrize(
    ("scoring", "text"),
    [
        (Scoring(), ONE),
        (Scoring("mean_frame_cosine", view_ensemble="logit_sum"), ONE),
        (Scoring(prompt_ensemble="embedding"), TWO),
    ],
)
def test_one_logit_a_class_is_corrected(scoring: Scoring, text: ClassText) -> None:
    check_scores(model(scoring), [ONE, text])


@pytest.mark.parametrize("scorer", ["late_interaction", "concept_spotting", "frame_voting"])
def test_scores_of_several_embeddings_are_refused_with_the_scorer_that_is_not(scorer: Any) -> None:
    with pytest.raises(ValueError, match=f"the scorer is {scorer}; give --model.scoring.scorer mean_pooled_cosine"):
        check_scores(model(Scoring(scorer)), [ONE])


def test_mean_probabilities_and_unscaled_scores_are_refused() -> None:
    with pytest.raises(ValueError, match=r"2 prompts a class .* give --model.scoring.prompt_ensemble embedding"):
        check_scores(model(Scoring()), [ONE, TWO])
    with pytest.raises(ValueError, match="give --model.test_scale trained"):
        check_scores(model(Scoring(), test_scale="none"), [ONE])


def test_a_plain_view_is_one_view() -> None:
    check_one_view(torch.zeros(2, 1, 4, 8))
    with pytest.raises(ValueError, match="there are 3 test views; give --data.clips.n_test_clips 1"):
        check_one_view(torch.zeros(2, 3, 4, 8))


def test_videos_of_several_labels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"ConfidenceMemory needs one class for each video.*leave out --adaptation"):
        check_scores(model(Scoring()), [replace(ONE, multi_label=True)])
