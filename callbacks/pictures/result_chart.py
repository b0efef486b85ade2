"""What a chart of results shows: bars with deviations and published figures, and curves over thresholds."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Published:
    """A published figure.

    Attributes:
        value: In percent.
        std: Its standard deviation; None where the paper has none.
        source: The paper and its table.
        settings_differ: Whether it is known to be made in another way than the row.
    """

    value: float
    std: float | None
    source: str
    settings_differ: bool = False

    @property
    def label(self) -> str:
        """The figure, its deviation, and where it stands."""
        deviation = "" if self.std is None else f" ± {self.std:.1f}"
        differs = " (settings differ)" if self.settings_differ else ""
        return f"{self.value:.1f}{deviation}, {self.source}{differs}"


@dataclass(frozen=True)
class ResultBar:
    """A row of results.

    Attributes:
        name: Its name.
        value: Its main figure, the mean over its runs, in percent.
        std: Sample standard deviation over the runs; None for a single one.
        runs: The figure of each run.
        published: The published figure beside it; None if there is none.
        curve: Its other figures in percent, by place on the horizontal axis; empty for none.
    """

    name: str
    value: float
    std: float | None
    runs: tuple[float, ...]
    published: Published | None = None
    curve: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ResultChart:
    """Rows that have the same figures.

    Attributes:
        figure: What the bars are: "mAP in %, ...".
        bars: From top to bottom, at least one.
        curve_axis: What the curves are drawn over; None for no curves.
    """

    figure: str
    bars: tuple[ResultBar, ...]
    curve_axis: str | None = None
