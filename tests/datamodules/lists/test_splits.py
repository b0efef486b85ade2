import random

import numpy as np
import pytest

from zsar.datamodules.lists.splits import (
    base_and_novel_by_frequency,
    base_and_novel_classes,
    draw_classes,
    draw_halves,
    draw_numpy_halves,
    draw_training_videos,
    rank_by_seed,
    split_hash,
)

NAMES = ["archery", "bowling", "cricket", "diving", "fencing"]
KEYS = [f"{name}/{i}.mp4" for name in NAMES for i in range(8)]
LABELS = np.repeat(np.arange(5), 8)


def test_golden_draws_hold_on_every_platform() -> None:
    assert rank_by_seed(NAMES, 0, "base classes") == ["archery", "diving", "cricket", "fencing", "bowling"]
    train, _ = draw_training_videos(KEYS, LABELS, seed=0, shots=2, held_out_fraction=0.1)
    assert split_hash({"train": [(KEYS[i], NAMES[LABELS[i]]) for i in train]}) == "d61cae7d76998978"


def test_base_and_novel_classes_divide_the_classes() -> None:
    base, novel = base_and_novel_classes(NAMES, seed=3)
    assert (len(base), len(novel)) == (3, 2)
    assert sorted(base + novel) == NAMES
    assert base_and_novel_classes(NAMES[::-1], seed=3) == (base, novel)


def test_seeds_give_different_splits() -> None:
    assert len({base_and_novel_classes(NAMES, seed=seed) for seed in range(10)}) > 5


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_a_split_without_base_or_novel_classes_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="both need at least one"):
        base_and_novel_classes(NAMES, seed=0, base_fraction=fraction)


def test_shots_are_drawn_per_class_and_apart_from_held_out_videos() -> None:
    train, held_out = draw_training_videos(KEYS, LABELS, seed=0, shots=3, held_out_fraction=0.25)
    assert np.bincount(LABELS[train]).tolist() == [3] * 5
    assert np.bincount(LABELS[held_out]).tolist() == [2] * 5
    assert not set(train) & set(held_out)


def test_without_shots_all_videos_that_are_not_held_out_are_trained_on() -> None:
    train, held_out = draw_training_videos(KEYS, LABELS, seed=0, shots=None, held_out_fraction=0.25)
    assert sorted([*train, *held_out]) == list(range(len(KEYS)))
    assert np.bincount(LABELS[held_out]).tolist() == [2] * 5


def test_fewer_shots_are_part_of_more_shots() -> None:
    draws = [draw_training_videos(KEYS, LABELS, seed=0, shots=k, held_out_fraction=0)[0] for k in (2, 4, 8)]
    assert set(draws[0]) < set(draws[1]) < set(draws[2])


def test_the_order_of_the_files_does_not_matter() -> None:
    order = list(range(len(KEYS)))
    random.Random(0).shuffle(order)
    shuffled = [KEYS[i] for i in order]
    train, _ = draw_training_videos(KEYS, LABELS, seed=0, shots=3, held_out_fraction=0.25)
    other, _ = draw_training_videos(shuffled, LABELS[order], seed=0, shots=3, held_out_fraction=0.25)
    assert {KEYS[i] for i in train} == {shuffled[i] for i in other}


def test_too_few_videos_for_the_shots_are_refused() -> None:
    with pytest.raises(ValueError, match="class 0 has 8 videos, fewer than the 9 shots"):
        draw_training_videos(KEYS, LABELS, seed=0, shots=9, held_out_fraction=0)


@pytest.mark.parametrize(
    ("shots", "fraction", "message"), [(0, 0.1, "shots.*got 0"), (None, 1.0, "held_out_fraction.*got 1")]
)
def test_numbers_out_of_range_are_refused(shots: int | None, fraction: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw_training_videos(KEYS, LABELS, seed=0, shots=shots, held_out_fraction=fraction)


def test_split_hash_depends_on_the_videos_and_not_on_their_order() -> None:
    rows = [("a.mp4", "x"), ("b.mp4", "y")]
    assert split_hash({"train": rows}) == split_hash({"train": rows[::-1]})
    assert (
        len(
            {
                split_hash(s)
                for s in ({"train": rows}, {"val": rows}, {"train": rows[:1]}, {"train": [("a.mp4", "y"), rows[1]]})
            }
        )
        == 4
    )


def test_the_more_frequent_half_are_base_classes_rarest_first_and_ties_in_label_order() -> None:
    base, novel = base_and_novel_by_frequency(NAMES, [7, 9, 7, 8, 9])
    assert novel == ("archery", "cricket")
    assert base == ("diving", "bowling", "fencing")


def test_one_class_cannot_be_divided() -> None:
    with pytest.raises(ValueError, match="at least two classes; there are 1"):
        base_and_novel_by_frequency(["archery"], [3])


def test_drawn_classes_are_sorted_and_depend_on_the_seed_alone() -> None:
    drawn = draw_classes(NAMES, 3, seed=1)
    assert list(drawn) == sorted(drawn)
    assert draw_classes(NAMES[::-1], 3, seed=1) == drawn
    assert len({draw_classes(NAMES, 3, seed=seed) for seed in range(8)}) > 3
    with pytest.raises(ValueError, match="6 classes cannot be drawn from 5"):
        draw_classes(NAMES, 6, seed=0)


def test_a_key_that_is_listed_twice_is_drawn_twice_so_that_it_can_be_refused() -> None:
    keys, labels = ["a", "b", "a", "c"], np.zeros(4, dtype=np.int64)
    train, held_out = draw_training_videos(keys, labels, seed=0, shots=None, held_out_fraction=0.25)
    assert sorted([*train.tolist(), *held_out.tolist()]) == [0, 1, 2, 3]


def test_names_of_any_bytes_can_be_drawn_and_hashed() -> None:
    names = ["r\udce9.mp4", "a\nb.mp4"]
    assert sorted(rank_by_seed(names, 0, "training videos")) == sorted(names)
    assert split_hash({"train": [(name, "run") for name in names]}) != split_hash({"train": [(names[0], "run")]})


def test_halves_are_ten_draws_of_half_the_classes_in_label_order() -> None:
    names = ("e", "d", "c", "b", "a")
    halves = draw_halves(names, n_draws=10, seed=0)
    assert len(halves) == 10
    assert all(len(half) == 2 for half in halves)  # floor(5 / 2)
    assert all(names.index(half[0]) < names.index(half[1]) for half in halves)
    assert {name for half in halves for name in half} == set(names)
    assert len(set(halves)) > 3
    assert draw_halves(names, n_draws=3, seed=0) == halves[:3]
    assert draw_halves(names[::-1], n_draws=1, seed=0)[0] == tuple(sorted(halves[0]))
    assert draw_halves(names, n_draws=10, seed=1) != halves


def test_a_half_is_those_that_rank_first_by_seed() -> None:
    names = tuple("abcdefgh")
    expected = rank_by_seed(names, 4, "half of the classes 2")[:4]
    assert set(draw_halves(names, n_draws=3, seed=4)[2]) == set(expected)


def test_three_classes_have_no_halves() -> None:
    with pytest.raises(ValueError, match="half of 3 classes leaves no choice; halves need at least 4 classes"):
        draw_halves(("a", "b", "c"), n_draws=10, seed=0)


def test_halves_of_numpy_are_those_that_bikes_authors_draw() -> None:
    """np.random.seed(0); np.random.permutation(10) is 2 8 4 9 1 6 7 3 0 5, and with seed 1 2 9 6 4 0 3 1 7 8 5."""
    names = [f"c{i}" for i in range(10)]
    zero, one = draw_numpy_halves(names, n_draws=2, seed=0)
    assert zero == ("c1", "c2", "c4", "c8", "c9")
    assert one == ("c0", "c2", "c4", "c6", "c9")
    assert draw_numpy_halves(names, n_draws=1, seed=1) == (one,)
    assert [len(half) for half in draw_numpy_halves(names[:7], n_draws=3, seed=0)] == [3, 3, 3]
    with pytest.raises(ValueError, match="half of 3 classes leaves no choice"):
        draw_numpy_halves(names[:3], n_draws=1, seed=0)
