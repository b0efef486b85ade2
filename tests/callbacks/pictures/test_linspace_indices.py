from __future__ import annotations

from zsar.callbacks.pictures.linspace_indices import linspace_indices


def test_indices_are_spread_from_the_first_to_the_last() -> None:
    assert linspace_indices(3, 9) == {0, 4, 8}
    assert linspace_indices(4, 100) == {0, 33, 66, 99}


def test_where_as_many_or_more_are_wanted_all_are_chosen() -> None:
    assert linspace_indices(5, 2) == {0, 1}
    assert linspace_indices(3, 3) == {0, 1, 2}
