"""The panel on missed instances: their share by length, by coverage of the video, and by number in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes

_COLOURS = ("#882255", "#AA5580", "#CC88A8")
_PARTS: dict[str, tuple[str, Callable[[float], str], str]] = {
    "length_seconds": ("by length", "{:.3g}".format, " s"),
    "coverage": ("by share of the video's duration", lambda share: f"{100 * share:.3g}", " %"),
    "n_in_video": ("by number of its class in the video", "{:.0f}".format, ""),
}


def draw_missed(axes: Axes, missed: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    """Draws a bar for each group of instances, under a heading for each way to group them.

    Args:
        axes: Target axes.
        missed: From `missed_by_group`.
    """
    row, ticks = 0.0, []
    for colour, (name, (heading, written, unit)) in zip(_COLOURS, _PARTS.items(), strict=True):
        axes.text(0, row, heading, fontsize=8.5, va="center", color="#333333", style="italic")
        row += 1
        for group in missed[name]:
            share = 100 * group["missed"] / group["n"]
            axes.barh(row, share, 0.75, color=colour)
            axes.text(share + 1.5, row, f"{group['missed']:g} of {group['n']:g}", fontsize=7.5, va="center")
            ticks.append((row, _range(written(group["from"]), written(group["to"])) + unit))
            row += 1
        row += 0.3
    axes.set_yticks([place for place, _ in ticks], [label for _, label in ticks], fontsize=8)
    axes.set(xlim=(0, 118), ylim=(row, -0.8))
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_xlabel("percent missed", fontsize=8.5)
    axes.set_title("Missed instances", fontsize=10, loc="left")
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right"]].set_visible(False)


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"
