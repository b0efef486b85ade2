import pytest
import torch

from zsar.api.answers import Classification, own_percent, ranking
from zsar.lightning_modules.recognition.class_probabilities import ClassProbabilities


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


def probabilities(relative: list[float], own: list[float]) -> ClassProbabilities:
    return ClassProbabilities(torch.tensor(relative), torch.tensor(own))


def test_own_probabilities_decide_whether_there_is_an_answer_and_are_told_beside_the_others() -> None:
    answer = ranking("a.mp4", probabilities([0.25, 0.75], [0.125, 0.375]), ["a", "b"], 0.375)
    assert answer.answer == "b"
    assert answer.own_probabilities == (("b", 0.375), ("a", 0.125))
    assert answer.best == (0.75, 0.375)
    assert answer.to_dict() == {
        "path": "a.mp4",
        "answer": "b",
        "probabilities": {"b": 0.75, "a": 0.25},
        "own_probabilities": {"b": 0.375, "a": 0.125},
        "n_damaged_frames": 0,
        "error": None,
    }
    none = ranking("a.mp4", probabilities([0.25, 0.75], [0.125, 0.375]), ["a", "b"], 0.5)
    assert none.answer == "none of these"
    assert none.best == (0.75, 0.375)  # of the most probable name


def test_own_probabilities_may_be_very_small() -> None:
    answer = ranking(None, probabilities([0.25, 0.75], [1.234567e-9, 1.2e-7]), ["a", "b"], 1e-8)
    assert answer.answer == "b"
    assert answer.to_dict()["own_probabilities"] == {"b": 1.2e-7, "a": 1.23457e-9}
    assert [own_percent(p) for p in (1.0, 0.12966, 0.0877, 4.54e-5, 0.0)] == [
        *("100 %", "13 %", "8.77 %", "0.00454 %", "0 %")
    ]


def test_none_of_these_is_never_said_where_a_class_reaches_the_threshold() -> None:
    of_both = probabilities([0.5, 0.25, 0.25], [0.25, 0.125, 0.5])  # averaged views may order them differently
    answers = {threshold: ranking(None, of_both, ["a", "b", "c"], threshold) for threshold in (0.0, 0.25, 0.5, 0.75)}
    assert [answer.answer for answer in answers.values()] == ["a", "a", "c", "none of these"]
    assert answers[0.5].best == (0.25, 0.5)


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 0.9])
def test_without_own_probabilities_the_best_one_decides(threshold: float) -> None:
    for _ in range(20):
        relative = torch.rand(5).softmax(dim=0)
        answer = ranking(None, ClassProbabilities(relative), list("abcde"), threshold)
        best = "abcde"[int(relative.argmax())]
        assert answer.answer == (best if relative.max() >= threshold else "none of these")
        assert answer.best == (float(relative.max()), None)
        assert "own_probabilities" not in answer.to_dict()
