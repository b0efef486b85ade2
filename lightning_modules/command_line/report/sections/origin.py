"""The section on what made the figures: data, class text, weights, code, machine and seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.facts.parsed_experiments import ABSENT
from zsar.lightning_modules.command_line.report.rendering import render
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.tables import MARKED, Cell, TableColumn, data_table, marked_cells
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED

Fact = tuple[str, str, str]
"""Its group, its name and its value."""

# Leaves of a result by group: where each stands, and what it is called.
_DATA = {
    "data_set": "data set",
    "protocol": "protocol",
    "classes": "classes",
    "half_draws": "draws of halves",
    "test_videos": "test videos",
    "split": "split of classes",
    "fold": "fold",
    "split_number": "draw of classes",
    "split_seed": "split seed",
    "shots": "training videos per class",
    "n_excluded": "videos left out on the record",
    "split_hash": "hash of the split",
    "n_frames": "frames of a view",
    "n_test_clips": "clips of a video",
    "n_test_crops": "crops of a clip",
    "sampling": "sampling",
    "stride": "stride",
    "image_size": "height and width of a frame in px",
    "geometry": "geometry",
    "resize_filter": "resize filter",
    "test_short_side_px": "short side before a crop in px",
    "captions": "captions",
    "shift": "shift",
    "on_damage": "damaged frames",
    "embeddings": "stored embeddings",
}
_MODEL = {
    "architecture": "architecture",
    "backbone_hash": "hash of CLIP's weights",
    "checkpoint": "checkpoint",
    "checkpoint_weights_hash": "hash of its weights",
    "trained_parameters": "trained parameters",
    "tuned_share": "share of the tuned weights",
}
_MEAN = {
    "first_epoch": "mean of epochs: first",
    "last_epoch": "mean of epochs: last",
    "weighting": "mean of epochs: weighting",
    "mu": "mean of epochs: mu",
    "sigma": "mean of epochs: sigma",
}
_PLAIN = (str, int, float, bool)


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section.

    Args:
        runs: The runs of the page.

    Returns:
        It; None if no run has a result.
    """
    tested = [run for run in runs if run.main_result]
    if not tested:
        return None
    summary = "Enough to tell whether two figures were made of the same data, text, weights and code."
    by_run = {run.name: {fact[:2]: fact[2] for fact in facts_of(run)} for run in tested}
    keys = dict.fromkeys(key for facts in by_run.values() for key in facts)
    differing = [key for key in keys if len({facts.get(key) for facts in by_run.values()}) > 1]
    shared = [(*key, by_run[tested[0].name][key]) for key in keys if key not in differing]
    groups = {name: list(facts) for name, facts in groupby(shared, key=lambda fact: fact[0])}
    values = {"groups": groups, "table": _differences(by_run, differing), "several": len(tested) > 1}
    return Section("origin", "Data, text, weights and code", render("origin.html", values), summary)


def _differences(by_run: Mapping[str, Mapping[tuple[str, str], str]], keys: Sequence[tuple[str, str]]) -> Markup:
    """A table of the facts in which runs differ."""
    if not keys:
        return Markup()
    rows: list[list[Cell]] = [
        [group, name, *marked_cells([facts.get((group, name), ABSENT) for facts in by_run.values()], absent=ABSENT)]
        for group, name in keys
    ]
    columns = [TableColumn("of"), TableColumn("fact"), *(TableColumn(name) for name in by_run)]
    return data_table("In what they differ", columns, rows, notes=[MARKED] if len(by_run) > 2 else [])


def facts_of(run: ReportedRun) -> Iterator[Fact]:
    """What a result records of how it was made, by group; what it lacks is left out."""
    result = run.main_result
    data: Mapping[str, Any] = part(result, "data", kind=dict) or {}
    yield from _leaves("Data", data, _DATA)
    yield from _sets(result, data)
    yield from _texts(part(result, "class_text", kind=dict) or {})
    model: Mapping[str, Any] = part(result, "model", kind=dict) or {}
    weights = part(run.config, "model", "init_args", "backbone", "weights", kind=str)
    yield from [("Weights", "CLIP's weights", weights)] if weights else []
    yield from _leaves("Weights", model, _MODEL)
    trained_on: Mapping[str, Any] = part(model, "trained_on", kind=dict) or {}
    named = {key: f"trained on: {_DATA[key]}" for key in ("data_set", "split_hash", "split_seed", "fold", "shots")}
    yield from _leaves("Weights", trained_on, named)
    yield from _leaves("Weights", part(result, "training", "mean_of_epochs", kind=dict) or {}, _MEAN)
    yield from _circumstances(result)


def _sets(result: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[Fact]:
    described: dict[str, list[str]] = {}
    for name, of_set in (part(result, "sets", kind=dict) or {}).items():
        listed, failed = (part(of_set, key, kind=int) for key in ("n_listed", "n_failed"))
        if listed is not None:
            root = part(data, "roots", name, kind=str)
            lost = f", {failed:,} not decodable" if failed else ""
            described.setdefault(f"{listed:,}{lost}{f' in {root}' if root else ''}", []).append(name)
    for text, names in described.items():
        yield "Data", f"videos of {_named(names)}", text


def _texts(texts: Mapping[str, Any]) -> Iterator[Fact]:
    described: dict[str, list[str]] = {}
    hashes: dict[str, list[str]] = {}
    for name, text in texts.items():
        n_classes, prompts = (part(text, key, kind=int) for key in ("n_classes", "prompts_per_class"))
        templates = [str(template) for template in part(text, "templates", kind=list) or []][:3]
        words = [part(text, "source", kind=str) or ""]
        words += [f"template {', '.join(repr(template) for template in templates)}"] * bool(templates)
        words += [f"{n_classes:,} classes"] if n_classes else []
        words += [f"{prompts:,} prompt{'s' * (prompts > 1)} a class"] if prompts else []
        described.setdefault(", ".join(filter(None, words)), []).append(name)
        hashes.setdefault(part(text, "hash", kind=str) or NOT_RECORDED, []).append(name)
    for text, names in described.items():
        yield "Class text", f"of {_named(names)}", text
    for text, names in hashes.items():
        yield "Class text", f"hash of {_named(names)}", text


def _named(names: Sequence[object]) -> str:
    """Names of sets; of more than three the first and the last."""
    texts = [str(name) for name in names]
    return ", ".join(texts) if len(texts) <= 3 else f"{texts[0]} to {texts[-1]} ({len(texts)})"


def _circumstances(result: Mapping[str, Any]) -> Iterator[Fact]:
    yield from _leaves(
        "Code and machine", result, {"seed": "seed", "precision": "precision", "n_processes": "processes"}
    )
    environment: Mapping[str, Any] = part(result, "environment", kind=dict) or {}
    named = {name: name for name in ("code", "python", "platform", "device")}
    yield from _leaves("Code and machine", environment, named)
    packages = part(environment, "packages", kind=dict) or {}
    yield from _leaves("Code and machine", packages, {str(name): str(name) for name in packages})


def _leaves(group: str, content: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Fact]:
    for key, name in names.items():
        value = content.get(key)
        if isinstance(value, _PLAIN) and value != "":
            text = f"{value:,}" if isinstance(value, int) and key == "trained_parameters" else str(value)
            yield group, name, text
