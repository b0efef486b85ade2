"""What the figures of a run are compared with, in sentences: guessing, the untuned model, published figures."""

from __future__ import annotations

from statistics import mean

from zsar.lightning_modules.command_line.report.facts.run_facts import (
    HARMONIC_MEAN,
    counts,
    data_set,
    is_multi_label,
    main_figure,
)
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part
from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow
from zsar.lightning_modules.command_line.summarize.results.localization_results import LocalizationRun, precision_name

_SETS = {
    "top1": "top-1",
    "top5": "top-5",
    "base": "top-1 of base classes",
    "novel": "top-1 of novel classes",
    "harmonic_mean": HARMONIC_MEAN,
}
_MAIN_SETS = ("map", "harmonic_mean")  # of a published figure beside a run's main figure


def chance_level(run: ReportedRun) -> list[str]:
    """Top-1 of guessing, with classes that are equally frequent; the mean over the sets; or mAP of any order."""
    if is_multi_label(run):
        return _of_any_order(run)
    classes = [n for n in counts(run).classes.values() if n]
    if not classes or run.is_localization or main_figure(run) is None:
        return []
    among = f"{classes[0]:,}" if len(set(classes)) == 1 else f"{min(classes):,} to {max(classes):,}"
    return [f"Guessing among {among} classes gives {mean(100 / n for n in classes):.1f} % top-1."]


def _of_any_order(run: ReportedRun) -> list[str]:
    """MAP over classes of a random order: nearly the share of videos that show a class, the mean over the classes."""
    shares = []
    listed = part(run.main_result, "data", "n_listed", kind=dict) or {}
    for name, counts_of_set in (part(run.main_result, "data", "labels", kind=dict) or {}).items():
        n_videos, positives = part(listed, name, kind=int), part(counts_of_set, "n_positives", kind=dict) or {}
        shares += [100 * n / n_videos for n in positives.values() if n_videos and isinstance(n, int) and n]
    return [f"A random order of the videos gives about {mean(shares):.1f} % mAP over classes."] if shares else []


def tuning_change(run: ReportedRun) -> list[str]:
    """What tuning changed, the mean over the sets."""
    effects = [] if run.tested is None or isinstance(run.tested, LocalizationRun) else list(run.tested.tuning.values())
    if not effects:
        return []
    before, after = (mean(getattr(effect, name) for effect in effects) for name in ("untuned_top1", "tuned_top1"))
    over = f", the mean over {len(effects)} sets" if len(effects) > 1 else ""
    flips = [sum(getattr(effect, name) for effect in effects) for name in ("flipped_right", "flipped_wrong")]
    return [
        f"Without tuning top-1 is {before:.1f} %{over}: tuning changes it by {after - before:+.1f} points; it makes "
        f"{flips[0]:,.0f} more videos right and {flips[1]:,.0f} wrong."
    ]


def published_figure(run: ReportedRun, row: ComparedRow | None) -> list[str]:
    """The best match of the same method, and how many others there are."""
    if row is None:
        return []
    if not row.published:
        return [f"The papers report no figures for {data_set(run)} in this protocol."]
    first = row.published[0]
    of_line = [c for c in row.published if c.figure.full_method == first.figure.full_method]
    best = next((c for c in of_line if c.figure.set in _MAIN_SETS), first)
    name = _SETS.get(best.figure.set) or f"mAP {precision_name(best.figure.set)}"
    where = f"{best.figure.full_method} has {best.figure.value:.1f} % {name} ({'; '.join(best.sources)})"
    how = "made the same way" if best.match == "same" else f"not made the same way: {best.match}"
    also = f" {len(row.published) - 1} more published figures are below." if len(row.published) > 1 else ""
    word = "above" if best.points >= 0 else "below"
    same = "" if best.same_method else " of another method"
    return [f"{abs(best.points):.1f} points {word} the published figure{same}: {where}; {how}.{also}"]
