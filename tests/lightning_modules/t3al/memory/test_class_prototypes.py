from typing import Any

import pytest

from zsar.lightning_modules.t3al.memory.class_prototypes import ClassPrototypes
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.pseudo_labels import PseudoLabels

STILL = ProjectionTuning(n_steps=0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"capacity": 0}, "memory.capacity must be at least 1; got 0; memory: null"),
        ({"easy_share": 0.0}, "memory.easy_share must be above 0 and at most 1; got 0.0"),
        ({"easy_share": 1.5}, "got 1.5"),
        ({"easy_share": float("nan")}, "got nan"),
        ({"order": "sorted"}, "order must be one of two_pass, stream; got 'sorted'"),
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ClassPrototypes(**wrong)


def test_what_a_memory_cannot_be_combined_with_is_refused_by_name() -> None:
    ClassPrototypes().check_fits(STILL, PseudoLabels())
    with pytest.raises(ValueError, match=r"adapts nothing; set tuning.n_steps: 0, not 50"):
        ClassPrototypes().check_fits(ProjectionTuning(), PseudoLabels())
    with pytest.raises(ValueError, match=r"set tuning.background to video_mean or none, not pseudo_label"):
        ClassPrototypes().check_fits(ProjectionTuning(n_steps=0, background="pseudo_label"), PseudoLabels())
    with pytest.raises(ValueError, match=r"set pseudo_labels.most: 1, not 2"):
        ClassPrototypes().check_fits(STILL, PseudoLabels(most=2, margin=0.1))
