import itertools
import pickle
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from zsar.lightning_modules.recognition.class_memory import stream_key
from zsar.lightning_modules.t3al.memory.candidates import Candidate
from zsar.lightning_modules.t3al.memory.class_prototypes import ClassPrototypes, Order
from zsar.lightning_modules.t3al.memory.prototype_tables import PrototypeTable, table_of

Shown = tuple[str, int, float, tuple[float, float] | None]  # video, label, doubt, embedding
SHOWN: list[Shown] = [
    ("a", 0, 0.3, (1.0, 0.0)),
    ("b", 0, 0.1, (0.0, 2.0)),
    ("c", 0, 0.2, (0.0, -1.0)),
    ("d", 1, 0.5, None),  # all of its frames are the same
    ("e", 2, 0.9, (3.0, 4.0)),
]


def table(shown: Sequence[Shown], order: Order = "two_pass", *, capacity: int = 2, index: int = 0) -> PrototypeTable:
    made = table_of(ClassPrototypes(capacity=capacity, order=order))
    for video, label, doubt, embedding in shown:
        made.insert(video, {index: Candidate(label, doubt, None if embedding is None else torch.tensor(embedding))})
    return made


def vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_by_hand_the_prototype_is_the_direction_of_the_mean_of_the_surest_candidates() -> None:
    made = table(SHOWN)
    assert_close(made.prototype(0, 0, "a"), vector(0, 1))  # of b and c: (0, 0.5)
    assert_close(made.prototype(0, 2, "e"), vector(0.6, 0.8))
    assert made.prototype(0, 1, "d") is None  # nothing was seen of it: the text stays
    assert made.prototype(1, 0, "a") is None
    assert made.counts() == {0: {"n_classes": 2, "n_candidates": 3}}
    assert_close(table(SHOWN, capacity=1).prototype(0, 0, "a"), vector(0, 1))
    assert_close(table(SHOWN, capacity=3).prototype(0, 0, "a"), vector(0.5**0.5, 0.5**0.5))


def test_by_hand_a_stream_scores_a_video_by_those_up_to_it() -> None:
    keys = {video: stream_key(video) for video, *_ in SHOWN}
    assert sorted(keys, key=lambda video: keys[video]) == ["d", "c", "b", "e", "a"]
    made = table(SHOWN, "stream")
    assert_close(made.prototype(0, 0, "c"), vector(0, -1))  # itself alone
    assert_close(made.prototype(0, 0, "b"), vector(0, 1))  # c and itself
    assert_close(made.prototype(0, 0, "a"), vector(0, 1))  # which are surer than itself
    assert made.prototype(0, 1, "d") is None
    assert made.counts() == table(SHOWN).counts()


@pytest.mark.parametrize("order", ["two_pass", "stream"])
def test_neither_the_order_of_videos_nor_the_process_that_sees_them_matters(order: Order) -> None:
    expected = table(SHOWN, order)
    for shuffled in itertools.permutations(SHOWN):
        for n in (1, 3):
            made, other = table(shuffled[:n], order), table(shuffled[n:], order)
            sent = pickle.loads(pickle.dumps(other))
            made.merge(sent)
            made.merge(made)  # a table that comes back from a gathering adds nothing
            for video, label, _, _ in SHOWN:
                ours, whole = made.prototype(0, label, video), expected.prototype(0, label, video)
                assert (ours is None and whole is None) or torch.equal(ours, whole)  # type: ignore[arg-type]
            assert made.counts() == expected.counts()


@pytest.mark.parametrize("order", ["two_pass", "stream"])
def test_each_set_has_its_own_table(order: Order) -> None:
    made = table(SHOWN[:1], order)
    made.insert("a", {1: Candidate(0, 0.1, torch.tensor([0.0, 5.0]))})
    assert_close(made.prototype(0, 0, "a"), vector(1, 0))
    assert_close(made.prototype(1, 0, "a"), vector(0, 1))
    assert list(made.counts()) == [0, 1]


def test_equal_certainty_is_decided_by_the_id() -> None:
    shown: list[Shown] = [(video, 0, 0.5, (float(video == "a"), float(video != "a"))) for video in "cba"]
    assert_close(table(shown, capacity=1).prototype(0, 0, "c"), vector(1, 0))
