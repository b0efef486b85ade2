from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.class_union import ClassUnion


def text(names: Sequence[str], prompts_of: str = "a {}", n_prompts: int = 1) -> ClassText:
    prompts = tuple(tuple(prompts_of.format(name) + "!" * i for i in range(n_prompts)) for name in names)
    return ClassText("test", tuple(names), prompts, "a test")


class Lengths:
    """Texts are as long as they are."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Tensor:
        self.seen += texts
        return torch.tensor([[float(len(each)), 1.0] for each in texts])


def test_a_class_of_several_sets_is_embedded_once() -> None:
    features = Lengths()
    union = ClassUnion([text(("cat", "horse")), text(("horse", "ox"))], features)
    assert union.names == ("cat", "horse", "ox")
    assert features.seen == ["a cat", "a horse", "a ox"]
    assert union.features.shape == (3, 1, 2)
    assert union.features[:, 0, 0].tolist() == [5, 7, 4]
    assert [members.tolist() for members in union.members] == [[0, 1], [1, 2]]


def test_classes_of_one_name_but_other_prompts_are_two() -> None:
    union = ClassUnion([text(("cat",)), text(("cat",), "the {}")], Lengths())
    assert union.names == ("cat", "cat")
    assert [members.tolist() for members in union.members] == [[0], [1]]


def test_prompts_of_a_class_stay_together() -> None:
    union = ClassUnion([text(("cat", "ox"), n_prompts=2)], Lengths())
    assert union.features[..., 0].tolist() == [[5, 6], [4, 5]]


def test_sets_with_other_numbers_of_prompts_are_refused() -> None:
    with pytest.raises(ValueError, match=r"same number of prompts per class; got \[1, 2\]"):
        ClassUnion([text(("cat",)), text(("ox",), n_prompts=2)], Lengths())
