"""The answers of runs to labelled sets, as their tables of predictions have them, ready to be counted.

They are read from `predictions_SET.csv`, so that a run needs no callback to be looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zsar.callbacks.pictures.errors.class_table import NO_PREDICTION, counts_of, undecodable_of
from zsar.callbacks.pictures.errors.confusions import Confusions
from zsar.lightning_modules.command_line.report.facts.read_predictions import Predictions
from zsar.lightning_modules.command_line.report.facts.run_facts import is_multi_label
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part

MOST_SETS = 6
"""Sets that are shown in full; a test under perturbations has up to a hundred."""


@dataclass(frozen=True, eq=False)
class AnsweredSet:
    """The answers of a run to the labelled videos of a set.

    Attributes:
        run: The run.
        style: Number of its colour on the page, from 1.
        confusions: What the videos are taken for.
        predictions: The table, with all N videos.
        confidences: Probability of the answer of each decoded and labelled video, float64 [K].
        correct: Whether it is right, bool [K].
        rows: Its row in the table, int64 [K].
        own_confidences: Own probability of the answer, float64 [K], of a model with a logit bias; else None.
    """

    run: ReportedRun
    style: int
    confusions: Confusions
    predictions: Predictions
    confidences: NDArray[np.float64]
    correct: NDArray[np.bool_]
    rows: NDArray[np.int64]
    own_confidences: NDArray[np.float64] | None = None

    @property
    def thresholded(self) -> NDArray[np.float64]:
        """What `zsar classify --threshold` is compared with: own probabilities where the model tells them."""
        return self.confidences if self.own_confidences is None else self.own_confidences


def answered_sets(runs: Sequence[ReportedRun]) -> dict[str, list[AnsweredSet]]:
    """Reads the answers of runs, by set.

    Args:
        runs: The runs of the page.

    Returns:
        Sets in the order of the results, each with the runs that have labelled predictions of it. Sets whose videos
        show several classes each are left out: an answer is then not right or wrong.
    """
    sets: dict[str, list[AnsweredSet]] = {}
    for number, run in enumerate(runs, 1):
        if is_multi_label(run):
            continue
        for set_name in set_order(run):
            predictions = run.predictions(set_name)
            if predictions is not None and (answers := _answers(run, number, set_name, predictions)) is not None:
                sets.setdefault(set_name, []).append(answers)
    return sets


def shown_sets(sets: dict[str, list[AnsweredSet]]) -> tuple[dict[str, list[AnsweredSet]], str]:
    """The sets that a section shows in full, and a sentence on those that it leaves out; empty if none."""
    kept = dict(list(sets.items())[:MOST_SETS])
    left_out = len(sets) - len(kept)
    said = (
        f"Shown for {len(kept)} of {len(sets)} sets; predictions_SET.csv has the other {left_out}." if left_out else ""
    )
    return kept, said


def set_order(run: ReportedRun) -> list[str]:
    """The sets that have a table of predictions: those of the test in its order, then the others."""
    tested = [
        name for stage in ("test", "validate", "predict") for name in part(run.results, stage, "sets", kind=dict) or {}
    ]
    return [name for name in dict.fromkeys([*tested, *run.prediction_sets]) if name in run.prediction_sets]


def _answers(run: ReportedRun, style: int, set_name: str, predictions: Predictions) -> AnsweredSet | None:
    labelled = [row for row, label in enumerate(predictions.labels) if label]
    if not labelled:
        return None
    names = _class_names(run, set_name, predictions)
    number = {name: index for index, name in enumerate(names)}
    labels = np.array([number[predictions.labels[row]] for row in labelled])
    answers = np.array([number.get(predictions.answers[row], NO_PREDICTION) for row in labelled])
    sure, own = (
        np.array([np.nan if (value := of[row]) is None else value for row in labelled], dtype=np.float64)
        for of in (predictions.probabilities, predictions.own_probabilities)
    )
    usable = (answers != NO_PREDICTION) & (sure >= 0) & (sure <= 1)
    has_own = bool(usable.any()) and bool(((own >= 0) & (own <= 1))[usable].all())
    confusions = Confusions(
        set_name=set_name,
        names=tuple(names),
        counts=counts_of(labels, answers, len(names)),
        undecodable=undecodable_of(labels, answers, len(names)),
        n_listed=len(labelled),
    )
    return AnsweredSet(
        run,
        style,
        confusions,
        predictions,
        confidences=sure[usable],
        correct=(labels == answers)[usable],
        rows=np.array(labelled, dtype=np.int64)[usable],
        own_confidences=own[usable] if has_own else None,
    )


def _class_names(run: ReportedRun, set_name: str, predictions: Predictions) -> list[str]:
    """Classes in the order of the results, then those that only the table has."""
    known = [
        name
        for content in run.results.values()
        for name in part(content, "sets", set_name, "per_class", kind=dict) or {}
    ]
    met = [*predictions.labels, *predictions.answers]
    return [name for name in dict.fromkeys([*known, *met]) if name]
