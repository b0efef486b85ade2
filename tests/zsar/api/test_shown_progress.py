import pytest

from zsar.api.shown_progress import reporting


def test_a_function_hears_of_each_item() -> None:
    steps: list[tuple[int, int]] = []
    assert list(reporting("ab", 2, "working", lambda done, total: steps.append((done, total)))) == ["a", "b"]
    assert steps == [(1, 2), (2, 2)]


@pytest.mark.parametrize("progress", [None, False, True])
def test_all_items_are_passed_on(progress: bool | None) -> None:
    assert list(reporting("ab", 2, "working", progress)) == ["a", "b"]
