from typing import Any

import pytest

from zsar.lightning_modules.command_line.summarize.results.averaged_sets import averaged_sets

SETS = {"clean": {"top1": 60.0}, "jpeg_1": {"top1": 40.0}}


def test_perturbations_are_averaged_without_the_clean_videos_and_draws_all() -> None:
    assert averaged_sets({"sets": SETS, "data": {"conditions": {"jpeg_1": {}}}}) == {"jpeg_1": {"top1": 40.0}}
    assert averaged_sets({"sets": SETS, "data": {}}) == SETS


@pytest.mark.parametrize("conditions", [{}, {"fog_1": {}}, 3, ["jpeg_1"]])
def test_perturbations_that_are_no_sets_are_refused(conditions: Any) -> None:
    with pytest.raises(ValueError, match="data.conditions does not name sets of this result"):
        averaged_sets({"sets": SETS, "data": {"conditions": conditions}})
