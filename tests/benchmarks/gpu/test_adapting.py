import pytest

from benchmarks.gpu import adapting
from benchmarks.gpu.setting import DifferenceError


def test_a_difference_within_the_tolerance_is_a_figure_and_a_larger_one_an_error() -> None:
    figures = adapting._compared(0.002, 0.1, "probability")
    assert (figures.rate, figures.notes) == ("a probability differs by 2.0e-03", "tolerance 0.01; range 1.0e-01")
    for largest in (0.02, float("nan")):
        with pytest.raises(DifferenceError, match="tolerance 0.01"):
            adapting._compared(largest, 0.1, "probability")
