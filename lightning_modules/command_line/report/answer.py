"""The opening of a page: what was run, whether it is complete, how good it is, and compared with what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.facts.compared_runs import compared_rows
from zsar.lightning_modules.command_line.report.facts.comparisons import chance_level, published_figure, tuning_change
from zsar.lightning_modules.command_line.report.facts.completeness import completeness
from zsar.lightning_modules.command_line.report.facts.extent import averaged_over, extent
from zsar.lightning_modules.command_line.report.facts.run_facts import (
    HARMONIC_MEAN,
    architecture,
    counts,
    data_set,
    main_figure,
    method_name,
    protocol_name,
    seed,
    tested_videos,
)
from zsar.lightning_modules.command_line.report.rendering import render
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part
from zsar.lightning_modules.command_line.report.tables import Cell, TableCell, TableColumn, data_table
from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow
from zsar.lightning_modules.command_line.summarize.results.localization_results import precision_name


@dataclass(frozen=True)
class Answer:
    """Sentences for each question.

    Attributes:
        what: What was run.
        complete: Whether it is complete.
        good: How good it is; the first is the main figure.
        compared: Compared with what.
    """

    what: list[str]
    complete: list[str]
    good: list[str]
    compared: list[str]


def opening(runs: Sequence[ReportedRun]) -> Markup:
    """The opening of a page of runs.

    Args:
        runs: One run, or several.

    Returns:
        HTML: the four answers, for several runs with a table of them, and what could not be read.
    """
    rows, problem = compared_rows(runs)
    answer = answer_of(runs[0], rows[0] if rows else None) if len(runs) == 1 else answer_of_several(runs, problem)
    table = runs_table(runs) if len(runs) > 1 else Markup()
    problems = list(dict.fromkeys(text for run in runs for text in run.problems))
    return render("opening.html", {"answer": answer, "table": table, "problems": problems})


def answer_of(run: ReportedRun, row: ComparedRow | None) -> Answer:
    """The answers about one run.

    Args:
        run: The run.
        row: It beside published figures; None where it was not tested completely.
    """
    compared = [*chance_level(run), *tuning_change(run), *published_figure(run, row)]
    none = (
        "Nothing: a prediction of unlabelled videos has no figures." if run.main_stage == "predict" else "Nothing yet."
    )
    return Answer(_what(run), completeness(run), _good(run), compared or [none])


def answer_of_several(runs: Sequence[ReportedRun], problem: str | None) -> Answer:
    """The answers about several runs.

    Args:
        runs: The runs.
        problem: Why they cannot be averaged over seeds, if so.
    """
    methods = list(dict.fromkeys(map(_model, runs)))
    data = list(dict.fromkeys(map(data_set, runs)))
    what = [f"{len(runs)} runs: {_listed(methods)} on {_listed(data)}."]
    states = {run.name: completeness(run)[0] for run in runs}
    incomplete = [name for name, state in states.items() if not state.startswith("Yes")]
    complete = [f"Complete: {len(runs) - len(incomplete)} of {len(runs)}."] if incomplete else ["Yes, all of them."]
    complete += [f"{name}: {states[name]}" for name in incomplete]
    known = {run.name: figure for run in runs if (figure := main_figure(run)) is not None}
    partial = {run.name for run in runs if run.is_partial}
    figures = {name: figure for name, figure in known.items() if name not in partial} or known
    if len({figure.name for figure in figures.values()}) > 1:
        good = ["They have different figures, which cannot be ranked; see the table."]
        return Answer(what, complete, good, ["The runs are compared with each other, below."])
    is_same_test = len({tested_videos(run) for run in runs if run.name in figures}) == 1
    ranked = sorted(figures.items(), key=lambda pair: -pair[1].value)
    if not ranked:
        return Answer(what, complete, ["None has a figure yet."], ["Nothing yet."])
    (best, figure), *others = ranked
    if others and others[-1][1].value == figure.value:
        level = chance_level(runs[0]) if is_same_test else []
        return Answer(what, complete, [f"All have the same figure: {figure}."], level or ["Each other."])
    good = [
        f"{best} is best: {figure}." if others else f"{best}: {figure}.",
        *[f"{name}: {other}." for name, other in others[:2]],
    ]
    compared = [f"{best} is {figure.value - other.value:.1f} points above {name}." for name, other in others[:1]]
    compared += [] if is_same_test else ["They were not tested on the same videos, so the comparison says little."]
    compared += chance_level(runs[0]) if is_same_test else []
    compared += [f"No means over seeds: {problem}"] if problem else []
    return Answer(what, complete, good, compared)


def runs_table(runs: Sequence[ReportedRun]) -> Markup:
    """A row for each run: method, data, seed, figure, complete; the best figure stands out."""
    figures = [main_figure(run) for run in runs]
    comparable = len({figure.name for figure in figures if figure}) == 1
    best = max((figure.value for figure in figures if figure), default=None) if comparable else None
    names = sorted({figure.name for figure in figures if figure})
    columns = [TableColumn(name) for name in ("run", "method", "data", "seed")]
    columns += [TableColumn(f"{' or '.join(names) or 'figure'} in %", "number"), TableColumn("complete")]
    rows: list[list[Cell]] = []
    for run, figure in zip(runs, figures, strict=True):
        value = (
            TableCell("")
            if figure is None
            else TableCell(
                f"{figure.value:.1f}" + ("" if figure.std is None else f" ± {figure.std:.1f}"),
                figure.value,
                tone="strong" if figure.value == best else "",
            )
        )
        number = seed(run)
        words = [run.name, method_name(run), data_set(run), "" if number is None else str(number)]
        rows.append([*words, value, "yes" if completeness(run)[0].startswith("Yes") else "no"])
    return data_table("The runs", columns, rows)


def _what(run: ReportedRun) -> list[str]:
    model = _model(run)
    if run.main_stage is None:
        return [f"{model} was trained on {data_set(run)}; it has not been tested yet."]
    if run.is_localization:
        seen = counts(run)
        per_draw = max(seen.classes.values(), default=0)
        draws = f", in {len(seen.classes)} draws of classes" if len(seen.classes) > 1 else ""
        searched = (
            f"{model} searched {seen.listed:,} untrimmed videos of {data_set(run)} for {per_draw:,} classes{draws}."
        )
        return [searched, *_trained(run)]
    verb = {"validate": "was validated on held-out clips of", "predict": "predicted the actions in videos of"}
    protocol = protocol_name(run)
    words = f" ({protocol})" if protocol else ""
    tested = verb.get(run.main_stage, "was tested on")
    size = extent(run)
    return [f"{model} {tested} {data_set(run)}{words}{': ' * bool(size)}{size}.", *_trained(run)]


def _model(run: ReportedRun) -> str:
    """Its method, and the CLIP model that it is built on."""
    return f"{method_name(run)} with {architecture(run)}" if architecture(run) else method_name(run)


def _trained(run: ReportedRun) -> list[str]:
    """How the weights were made."""
    result = run.main_result
    trained_on = part(result, "model", "trained_on", kind=dict)
    number, of_training = seed(run), part(result, "training", "seed", kind=int)
    of_seed = "" if number is None else f" Seed {number}."
    if trained_on is not None and None is not of_training != number:
        of_seed = f" Seed {of_training} in training, {number} in the test."
    if trained_on is None:
        checkpoint = part(result, "model", "checkpoint", kind=str)
        return [f"Nothing was trained.{of_seed}" if checkpoint is None else f"Its weights: {checkpoint}.{of_seed}"]
    name = part(trained_on, "data_set", kind=str) or data_set(run)
    done = part(result, "training", "trainer", "epochs_done", kind=float)
    checkpoint = (part(result, "model", "checkpoint", kind=str) or "").rpartition("/")[2]
    after = "" if done is None else f", and taken after {done:g} epochs"
    file = f" ({checkpoint})" if checkpoint else ""
    return [f"Its weights{file} were trained on {name}{after}.{of_seed}"]


def _good(run: ReportedRun) -> list[str]:
    figure = main_figure(run)
    if figure is None:
        if run.main_stage == "predict":
            return ["Unknown: the videos have no labels."]
        return [_last_validation(run)]
    said = [f"{figure}{averaged_over(run, figure)}."]
    sets = part(run.main_result, "sets", kind=dict) or {}
    if run.is_localization:
        means = part(run.main_result, "mean", kind=dict) or {}
        at = [f"{value:.1f} % at {precision_name(name)}" for name, value in means.items() if name.startswith("map_")]
        return [*said, f"By threshold of temporal IoU: {', '.join(at)}."]
    tops = {name: part(of_set, "top1", kind=float) for name, of_set in sets.items()}
    if figure.name == HARMONIC_MEAN or 1 < len(tops) <= 4:
        of_sets = ", ".join(f"{value:.1f} % of {name}" for name, value in tops.items() if value is not None)
        said.append(f"Top-1: {of_sets}.")
    tops5 = {name: part(of_set, "top5", kind=float) for name, of_set in sets.items()}
    five = [f"{value:.1f} %" + (f" of {name}" if len(tops5) > 1 else "") for name, value in tops5.items() if value]
    return said + ([f"Top-5: {', '.join(five)}."] if 0 < len(five) <= 4 else [])


def _last_validation(run: ReportedRun) -> str:
    metric = run.training_metrics.get("val/top1")
    if metric is None or not metric.values:
        return "Not known yet."
    return f"{metric.values[-1]:.1f} % top-1 of held-out clips in the last validation."


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence, as "a, b and c"; of more than four the first three."""
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else list(names))
