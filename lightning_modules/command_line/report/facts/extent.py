"""How much a run saw, and over what its main figure is averaged, in words."""

from __future__ import annotations

from zsar.lightning_modules.command_line.report.facts.run_facts import HARMONIC_MEAN, MainFigure, counts
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part


def extent(run: ReportedRun) -> str:
    """Videos and classes of a recognizer's run, as "512 videos, 64 classes"; empty where they are not recorded."""
    seen = counts(run)
    done = seen.evaluated + seen.failed
    videos = f"{done:,} of {seen.listed:,} videos" if run.is_partial and 0 < done < seen.listed else ""
    videos = videos or (f"{seen.listed:,} videos" if seen.listed else "")
    n_sets, of_set = len(_sets(run)), max(seen.classes.values(), default=0)
    if n_sets > 1 and _are_draws(run):
        return ", ".join(filter(None, [f"{n_sets} draws of {of_set:,} classes", videos and f"{videos} in all draws"]))
    if n_sets > 1 and seen.distinct_classes == of_set:  # the same classes under several conditions
        videos = videos and f"{videos} in {n_sets} sets"
    classes = f"{seen.distinct_classes:,} classes" if seen.distinct_classes else ""
    return ", ".join(filter(None, [videos, classes]))


def averaged_over(run: ReportedRun, figure: MainFigure) -> str:
    """What follows the main figure in a sentence: over what it is a mean; empty for a single set.

    Args:
        run: The run.
        figure: Its main figure.
    """
    n_sets = len(_sets(run))
    if figure.name == HARMONIC_MEAN:
        return " of base and novel classes"
    if n_sets < 2:
        return ""
    if figure.std is not None:
        return f", mean and deviation over {n_sets} draws of classes"
    conditions = part(run.main_result, "data", "conditions", kind=dict)
    return f", the mean over {len(conditions)} perturbations" if conditions else f", the mean over {n_sets} sets"


def _sets(run: ReportedRun) -> dict[str, object]:
    return part(run.main_result, "sets", kind=dict) or {}


def _are_draws(run: ReportedRun) -> bool:
    return part(run.main_result, "data", "classes", kind=str) == "halves"
