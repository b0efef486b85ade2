import pytest

from zsar.api.shown_progress import reporting, reporting_steps


def test_a_function_hears_of_each_item() -> None:
    steps: list[tuple[int, int]] = []
    assert list(reporting("ab", 2, "working", lambda done, total: steps.append((done, total)))) == ["a", "b"]
    assert steps == [(1, 2), (2, 2)]


@pytest.mark.parametrize("progress", [None, False, True])
def test_all_items_are_passed_on(progress: bool | None) -> None:
    assert list(reporting("ab", 2, "working", progress)) == ["a", "b"]


def test_steps_reach_a_function_and_are_counted_by_a_bar_otherwise() -> None:
    steps: list[tuple[int, int]] = []
    with reporting_steps("drawing", lambda done, total: steps.append((done, total))) as step:
        step(1, 2)
    assert steps == [(1, 2)]
    for progress in (None, True):
        with reporting_steps("drawing", progress) as step:
            step(1, 2)
