"""The two panels on kinds of errors: their shares of the best predictions, and what each costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from zsar.callbacks.pictures.detection_errors.error_kinds import KINDS, LOCALIZATION, TRUE_POSITIVE

# Okabe and Ito's colours; localization errors are shades of one.
COLOURS = {
    TRUE_POSITIVE: "#009E73",
    "double_detection": "#E69F00",
    "wrong_label": "#D55E00",
    "too_early": "#08519C",
    "too_late": "#3182BD",
    "too_long": "#6BAED6",
    "too_short": "#B3D4EA",
    "confusion": "#CC79A7",
    "background": "#8C8C8C",
}
_ALL_LOCALIZATION = "#0072B2"
_LEAST_SHARE = 6.0  # percent of a bar from which on its number has room


def kind_name(kind: str) -> str:
    """The name of a kind in pictures: "wrong label"."""
    return kind.replace("_", " ")


def draw_best(axes: Axes, numbers: Mapping[str, Any]) -> None:
    """Draws the shares of kinds among the best G, 2 G, ... predictions, as far as there are more of them.

    Args:
        axes: Target axes.
        numbers: From `error_numbers`.
    """
    bars: list[Mapping[str, int]] = []
    for best in numbers["best_predictions"]:
        if not bars or _total(best) > _total(bars[-1]):
            bars.append(best)
    for x, best in enumerate(bars):
        total, bottom = _total(best), 0.0
        for kind in KINDS:
            share = 100 * best[kind] / max(total, 1)
            axes.bar(x, share, 0.8, bottom, color=COLOURS[kind], linewidth=0.4, edgecolor="white")
            if share >= _LEAST_SHARE:
                dark = kind in ("too_long", "too_short")
                label = f"{share:.0f}"
                axes.text(x, bottom + share / 2, label, ha="center", va="center", fontsize=7.5,
                          color="black" if dark else "white")  # fmt: skip
            bottom += share
    if not numbers["n_predictions"]:
        axes.text(0.5, 0.5, "no predictions", transform=axes.transAxes, ha="center", va="center", color="dimgray")
    labels = [f"{'' if best['times'] == 1 else best['times']}G\n{_total(best)}" for best in bars]
    axes.set_xticks(range(len(bars)), labels, fontsize=8)
    axes.set(xlim=(-0.6, max(len(bars), 4) - 0.4), ylim=(0, 100), ylabel="percent of these predictions")
    axes.set_xlabel("best predictions of each class, G: its number of instances", fontsize=8.5)
    axes.set_title("Kinds of predictions (colours as on the right)", fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)


def draw_gains(axes: Axes, numbers: Mapping[str, Any]) -> None:
    """Draws the gain in mAP if the errors of a kind were removed, and how many there are.

    Args:
        axes: Target axes.
        numbers: From `error_numbers`.
    """
    errors, gains = numbers["errors"], numbers["gain"]
    together = sum(errors[kind] for kind in LOCALIZATION)
    rows: list[tuple[str, int, float | None]] = [(TRUE_POSITIVE, numbers["n_found"], None)]
    rows += [(kind, errors[kind], gains[kind]) for kind in ("double_detection", "wrong_label")]
    rows += [("localization", together, gains["localization"]), *((k, errors[k], gains[k]) for k in LOCALIZATION)]
    rows += [(kind, errors[kind], gains[kind]) for kind in ("confusion", "background")]
    most = max(1.0, *(gain for _, _, gain in rows if gain is not None))
    for row, (kind, _, gain) in enumerate(rows):
        part = kind in LOCALIZATION
        colour = COLOURS.get(kind, _ALL_LOCALIZATION)
        axes.barh(row, 0.028 * most, 0.5 if part else 0.7, -0.04 * most, color=colour, clip_on=False)
        if gain is not None:
            axes.barh(row, gain, 0.5 if part else 0.7, color=colour)
            axes.text(gain + 0.02 * most, row, f"+{gain:.1f}", va="center", fontsize=8)
    names = [f"{'of these, ' if kind in LOCALIZATION else ''}{kind_name(kind)}: {n}" for kind, n, _ in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=8.5)
    axes.tick_params(axis="y", length=0, pad=12)
    axes.set(xlim=(0, 1.18 * most), ylim=(len(rows) - 0.4, -0.6))
    axes.set_xlabel("percentage points of mAP gained without these errors", fontsize=8.5)
    axes.set_title("Number and cost of each kind of error", fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)


def _total(best: Mapping[str, int]) -> int:
    return sum(best[kind] for kind in KINDS)
