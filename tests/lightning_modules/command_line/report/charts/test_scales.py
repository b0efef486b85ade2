import math

import pytest

from zsar.lightning_modules.command_line.report.charts.scales import clock, linear_scale, log_scale, number


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0, 1], ("0", "1")),
        ([0.0, 0.97], ("0.0", "0.2", "0.4", "0.6", "0.8", "1.0")),
        ([3.2, 91], ("0", "20", "40", "60", "80", "100")),
        ([0, 11], ("0", "3", "6", "9", "12")),
        ([0, 19000], ("0", "5,000", "10,000", "15,000", "20,000")),
        ([-0.0012, 0.0031], ("-0.002", "-0.001", "0.000", "0.001", "0.002", "0.003", "0.004")),
        ([0.0, 0.1], ("0.00", "0.02", "0.04", "0.06", "0.08", "0.10")),
    ],
)
def test_ticks_are_round_and_as_exact_as_needed(values: list[float], labels: tuple[str, ...]) -> None:
    assert linear_scale(values, start=0, end=100).labels == labels


def test_a_scale_covers_its_values_and_may_go_up() -> None:
    scale = linear_scale([2.0, 7.5], start=200, end=20)
    assert (scale.low, scale.high) == (2, 8)
    assert scale.place(2) == 200
    assert scale.place(5) == 110
    assert scale.place(8) == 20
    assert [tick.place for tick in scale.ticks] == [200, 140, 80, 20]


def test_what_is_beyond_the_limits_is_drawn_at_the_end() -> None:
    scale = linear_scale([5, 500], start=0, end=10, limits=(0, 100))
    assert scale.place(500) == 10
    assert scale.place(-3) == 0


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf, -math.inf], [5.0], [0.0, 0.0], [-3.0]])
def test_there_is_a_scale_where_values_are_missing_or_all_the_same(values: list[float]) -> None:
    scale = linear_scale(values, start=0, end=10)
    assert scale.low < scale.high
    assert len(scale.ticks) >= 2


def test_seconds_have_round_times() -> None:
    assert linear_scale([0, 118], start=0, end=1, seconds=True).labels == ("0:00", "0:30", "1:00", "1:30", "2:00")
    assert linear_scale([], start=0, end=1, seconds=True, limits=(0, 7.3)).labels == ("0", "2", "4", "6")
    assert linear_scale([], start=0, end=1, seconds=True, limits=(0, 6 * 3600)).labels[-1] == "6:00:00"
    assert len(linear_scale([], start=0, end=1, seconds=True, limits=(0, 400 * 3600)).labels) < 10


def test_logarithmic_ticks_are_powers_of_ten_or_between_them() -> None:
    assert log_scale([0.002, 30], start=0, end=1).labels == ("0.001", "0.01", "0.1", "1", "10", "100")
    assert log_scale([0.3, 4], start=0, end=1).labels == ("0.2", "0.5", "1", "2", "5")
    assert len(log_scale([1e-30, 1e30], start=0, end=1).labels) < 12


@pytest.mark.parametrize("values", [[], [0.0, -1.0], [math.nan], [1.0], [5.0, 5.0], [3.0]])
def test_a_logarithmic_scale_needs_no_positive_values(values: list[float]) -> None:
    scale = log_scale(values, start=0, end=10)
    assert 0 < scale.low < scale.high
    assert scale.labels


def test_places_of_a_logarithmic_scale() -> None:
    scale = log_scale([0.01, 100], start=0, end=40)
    assert [scale.place(value) for value in (0.01, 1, 10, 100)] == [0, 20, 30, 40]


def test_numbers_and_times_are_short() -> None:
    assert [number(v) for v in (0, 12000, 0.05, 1.5e-06, 3.14159)] == ["0", "12,000", "0.05", "1.5e-06", "3.142"]
    assert [clock(s) for s in (0, 65, 59.6, 3600, -5, -0.2)] == ["0:00", "1:05", "1:00", "1:00:00", "-0:05", "0:00"]
