import math

from zsar.lightning_modules.command_line.report.charts.thinned_points import thinned


def test_a_short_curve_stays_as_it_is() -> None:
    assert thinned(range(5), [3.0, 1, 2, 5, 4], 5) == ([0, 1, 2, 3, 4], [3, 1, 2, 5, 4])


def test_ends_peaks_and_gaps_of_a_long_curve_stay() -> None:
    ys = [float(i % 7) for i in range(20_000)]
    ys[7_777], ys[12_345], ys[15_000] = 1000.0, -1000.0, math.nan
    xs, kept = thinned(range(20_000), ys, 300)
    assert len(xs) <= 300
    assert (xs[0], xs[-1]) == (0, 19_999)
    assert {7_777, 12_345, 15_000} <= set(xs)
    assert xs == sorted(xs)
    assert all(y == ys[int(x)] or math.isnan(y) for x, y in zip(xs, kept, strict=True))
