import pytest

from zsar.callbacks.prompt_tuning.semantic_consistency import Consistency, prompt_of_text_set, updates


@pytest.mark.parametrize(
    ("consistency", "first", "second"),
    [
        ("single", [(0, 0)], [(0, 0)]),
        ("parallel", [(0, 0), (1, 1)], [(0, 0), (1, 1)]),
        ("hybrid", [(0, 0), (1, 0)], [(0, 0), (1, 0)]),
        ("switch", [(0, 0)], [(1, 0)]),
    ],
)
def test_updates_are_those_of_figure_3(
    consistency: Consistency, first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    assert list(updates(consistency, 0)) == first
    assert list(updates(consistency, 1)) == second
    assert updates(consistency, 2) == updates(consistency, 0)


def test_only_parallel_prompts_are_two() -> None:
    assert prompt_of_text_set("parallel", 1) == 1
    assert {prompt_of_text_set(of, 1) for of in ("hybrid", "switch")} == {0}
