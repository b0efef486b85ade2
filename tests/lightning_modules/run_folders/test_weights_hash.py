import hashlib
import struct

import pytest
import torch
from torch import Tensor

from zsar.lightning_modules.run_folders.weights_hash import trained_weights_hash


def state() -> dict[str, Tensor]:
    return {"b": torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "a": torch.tensor(0.5)}


def test_hash_is_of_names_shapes_and_values_in_the_order_of_names() -> None:
    content = b"a []\n" + struct.pack("<f", 0.5) + b"b [2, 2]\n" + struct.pack("<4f", 1, 2, 3, 4)
    assert trained_weights_hash(state()) == hashlib.sha256(content).hexdigest()[:16]


@pytest.mark.parametrize(
    "alike",
    [
        dict(sorted(state().items())),
        {name: tensor.bfloat16() for name, tensor in state().items()},
        {name: tensor.double() for name, tensor in state().items()},
        {"b": state()["b"].T.contiguous().T, "a": torch.nn.Parameter(state()["a"])},
    ],
    ids=["order", "bfloat16", "float64", "layout"],
)
def test_order_lossless_precision_and_layout_do_not_count(alike: dict[str, Tensor]) -> None:
    assert trained_weights_hash(alike) == trained_weights_hash(state())


@pytest.mark.parametrize(
    "other",
    [
        {"c": state()["b"], "a": state()["a"]},
        {"b": state()["b"].reshape(4), "a": state()["a"]},
        {"b": state()["b"], "a": state()["a"] + 1e-6},
        {"b": state()["b"]},
        {"b": state()["b"].T, "a": state()["a"]},
        {},
    ],
    ids=["name", "shape", "value", "fewer", "transposed", "none"],
)
def test_another_name_shape_or_value_gives_another_hash(other: dict[str, Tensor]) -> None:
    assert trained_weights_hash(other) != trained_weights_hash(state())
