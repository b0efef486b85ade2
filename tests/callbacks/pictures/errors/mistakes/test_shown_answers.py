import json

import pytest
import torch

from zsar.callbacks.pictures.errors.mistakes.shown_answers import ShownAnswer, shown_answer
from zsar.callbacks.pictures.tested_videos import TestedSet
from zsar.datamodules.batch import ClassText

NAMES = ("run", "swim", "$fly$")
TESTED = TestedSet(
    ClassText("novel", NAMES, tuple((name,) for name in NAMES), "names"),
    0,
    torch.tensor([3, 7]),
    torch.tensor([1, 2]),
    torch.tensor([[0.6, 0.1, 0.3], [0.2, 0.3, 0.5]]),
    torch.tensor([False, False]),
)


class Table:
    def __len__(self) -> int:  # noqa: D105
        return 9

    def key(self, index: int) -> str:
        return f"key {index}"

    def path(self, index: int) -> str:
        return f"{index}.mp4"


def of(position: int, **settings: object) -> ShownAnswer:
    return shown_answer(TESTED, position, Table(), **{"kind": "wrong", "place": 0, "k": 2, **settings})  # type: ignore[arg-type]


def test_a_wrong_answer_says_where_the_true_class_stands() -> None:
    answer = of(0)
    assert (answer.video, answer.path, answer.row) == ("key 3", "3.mp4", 3)
    assert (answer.true, answer.answer, answer.true_rank) == ("swim", "run", 3)
    assert (answer.probability, answer.true_probability) == pytest.approx((0.6, 0.1))
    assert [name for name, _ in answer.best] == ["run", "$fly$"]
    assert answer.in_words == "swim, taken for run with a probability of 0.600"


def test_a_right_answer_is_its_own_true_class_and_k_is_at_most_all_classes() -> None:
    answer = of(1, kind="doubtful", place=4, k=9)
    assert (answer.true, answer.answer, answer.true_rank, answer.place) == ("$fly$", "$fly$", 1, 4)
    assert [name for name, _ in answer.best] == ["$fly$", "swim", "run"]
    assert answer.in_words == "$fly$, recognized with a probability of 0.500"


def test_an_answer_as_json() -> None:
    content = json.loads(json.dumps(of(0).to_dict()))
    assert (content["set"], content["kind"], content["true"]) == ("novel", "wrong", "swim")
    assert content["best"] == [{"class": "run", "probability": 0.6}, {"class": "$fly$", "probability": 0.3}]
