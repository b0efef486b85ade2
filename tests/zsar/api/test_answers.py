import torch

from zsar.api.answers import Classification, ranking
from zsar.lightning_modules.recognition.scoring import ClassProbabilities


def test_an_answer_has_the_keys_of_the_command() -> None:
    answer = ranking("a.mp4", ClassProbabilities(torch.tensor([0.25, 0.75])), ["a", "b"], 0.5)
    assert answer == Classification("a.mp4", (("b", 0.75), ("a", 0.25)), "b")
    assert answer.to_dict() == {
        "path": "a.mp4",
        "answer": "b",
        "probabilities": {"b": 0.75, "a": 0.25},
        "n_damaged_frames": 0,
        "error": None,
    }


def test_below_the_threshold_the_answer_is_none_of_these() -> None:
    assert ranking("a.mp4", ClassProbabilities(torch.tensor([0.25, 0.75])), ["a", "b"], 0.76).answer == "none of these"


def test_scores_that_are_not_finite_are_an_error_of_the_video() -> None:
    answer = ranking("a.mp4", ClassProbabilities(torch.tensor([torch.nan, torch.nan])), ["a", "b"], 0)
    assert (answer.answer, answer.ranked) == (None, ())
    assert "a.mp4: the model's scores of it are NaN or infinite" in str(answer.error)


def test_with_an_adaptation_an_answer_says_what_it_was_untuned() -> None:
    before = Classification("a.mp4", (("a", 0.6), ("b", 0.4)), "a")
    answer = Classification("a.mp4", (("b", 0.75), ("a", 0.25)), "b", untuned=before)
    written = answer.to_dict()
    assert list(written) == ["path", "answer", "probabilities", "untuned", "n_damaged_frames", "error"]
    assert written["untuned"] == {"answer": "a", "probabilities": {"a": 0.6, "b": 0.4}}
