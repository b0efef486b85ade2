"""Scales of chart axes: from values to places, and ticks at round values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_ROUND_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_MINUTE = 60
_FEW_DECADES = 1.5  # up to here a logarithmic scale has ticks between powers of ten
_MOST_DECADES = 7


@dataclass(frozen=True)
class Tick:
    """A tick of an axis.

    Attributes:
        place: Its coordinate in the chart.
        label: Its value, as text.
    """

    place: float
    label: str


@dataclass(frozen=True)
class Scale:
    """Maps values to coordinates.

    Attributes:
        low: Value at the start.
        high: Value at the end, above `low`.
        start: Coordinate of `low`.
        end: Coordinate of `high`; below `start` for an axis that goes up.
        values: Values of the ticks.
        labels: Their labels.
        is_log: Whether the scale is logarithmic.
    """

    low: float
    high: float
    start: float
    end: float
    values: tuple[float, ...]
    labels: tuple[str, ...]
    is_log: bool = False

    def place(self, value: float) -> float:
        """The coordinate of a value; values outside are moved to the nearer end."""
        value = min(max(value, self.low), self.high)
        if self.is_log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    @property
    def ticks(self) -> list[Tick]:
        """The ticks with their coordinates."""
        return [Tick(self.place(value), label) for value, label in zip(self.values, self.labels, strict=True)]

    @property
    def longest_label(self) -> str:
        """The label with the most characters."""
        return max(self.labels, key=len)


def linear_scale(
    values: Iterable[float],
    *,
    start: float,
    end: float,
    limits: tuple[float, float] | None = None,
    n_ticks: int = 5,
    seconds: bool = False,
) -> Scale:
    """A linear scale that ends at round values.

    Args:
        values: What must be on it; values that are not finite are left out.
        start: Coordinate of its low end.
        end: Coordinate of its high end.
        limits: Its lowest and highest value; None for those of `values`, rounded outwards.
        n_ticks: Roughly how many ticks are wanted.
        seconds: Whether the values are seconds: ticks at round times, labels like 1:30.

    Returns:
        The scale; from 0 to 1 if there is no value.
    """
    found = [value for value in values if math.isfinite(value)]
    low, high = limits or _ends(found)
    step = _seconds_step(high - low, n_ticks) if seconds else _step((high - low) / n_ticks)
    if found and all(float(value).is_integer() for value in found):
        step = max(math.ceil(step), 1)  # steps and epochs have no half
    if limits is None:
        low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    places = tuple(round(k * step, 12) for k in range(first, last + 1))
    labels = tuple(clock(value) for value in places) if seconds and high >= _MINUTE else _labels(places, step)
    return Scale(low, high, start, end, places, labels)


def log_scale(values: Iterable[float], *, start: float, end: float) -> Scale:
    """A logarithmic scale; values that are not above zero are left out.

    Args:
        values: What must be on it.
        start: Coordinate of its low end.
        end: Coordinate of its high end.

    Returns:
        The scale, with ticks at powers of ten, and at 2 and 5 times these if there are few; from 0.1 to 1 if no value
        is above zero.
    """
    found = [value for value in values if math.isfinite(value) and value > 0] or [0.1, 1.0]
    low, high = min(found), max(found)
    if high / low < 10**_FEW_DECADES:
        within = _ticks_of_decades(math.floor(math.log10(low)), math.ceil(math.log10(high)), (1, 2, 5))
        bottom = max((value for value in within if value <= low * (1 + 1e-9)), default=low)
        top = min((value for value in within if value >= high * (1 - 1e-9) and value > bottom), default=2 * high)
        ticks = [value for value in within if bottom <= value <= top]
    else:
        first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
        bottom, top = 10.0**first, 10.0**last
        every = 1 + (last - first) // _MOST_DECADES
        ticks = [10.0**k for k in range(first, last + 1, every)]
    return Scale(bottom, top, start, end, tuple(ticks), tuple(number(value) for value in ticks), is_log=True)


def number(value: float, digits: int = 4) -> str:
    """A number to read: 12,000, 0.05, 1e-06."""
    if value == 0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 1000 and float(value).is_integer() else f"{value:.{digits}g}"


def clock(seconds: float) -> str:
    """A time to read: 1:05, 2:00:00; a minus sign before negative ones."""
    whole = round(abs(seconds))
    sign = "-" if seconds < 0 and whole else ""
    hours, minutes = divmod(whole // _MINUTE, _MINUTE)
    rest = f"{whole % _MINUTE:02d}"
    return f"{sign}{hours}:{minutes:02d}:{rest}" if hours else f"{sign}{minutes}:{rest}"


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """The lowest and highest value, made different."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if high - low > 1e-12 * max(abs(low), abs(high)):
        return low, high
    around = abs(low) / 2 or 0.5
    return low - around, high + around


def _step(rough: float) -> float:
    """The round number nearest above a rough step."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * digit for digit in _ROUND if power * digit >= rough * (1 - 1e-9))


def _seconds_step(span: float, n_ticks: int) -> float:
    if span / n_ticks <= 1:
        return _step(span / n_ticks)
    return next((s for s in _ROUND_SECONDS if s >= span / n_ticks), _step(span / n_ticks / 3600) * 3600)


def _labels(values: Sequence[float], step: float) -> tuple[str, ...]:
    """Labels with as many decimals as the step needs."""
    largest = max((abs(value) for value in values), default=0.0)
    if largest and (largest >= 1e7 or step < 1e-5):
        return tuple(f"{value:.3g}" for value in values)
    decimals = next(d for d in range(9) if abs(step * 10**d - round(step * 10**d)) < 1e-6 * step * 10**d)
    return tuple(f"{value:,.{decimals}f}" for value in values)


def _ticks_of_decades(first: int, last: int, digits: Sequence[int]) -> list[float]:
    return [digit * 10.0**k for k in range(first - 1, last + 1) for digit in digits]
