"""Run folders with results, predictions and logs as `zsar fit` and `zsar test` leave them, for reports."""

import csv
import json
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml

from tests.makers.results.recognition_results import described, write_result

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \" ' {{ 7 * 7 }} {% raw %} & \u202e"
"""A text that ends, begins or fills an element, an attribute or a template where it is not escaped."""

METRICS = {"train/loss": (2.0, 1.0), "val/top1": (30.0, 60.0)}


def write_tested_run(folder: Path, top1: float = 60.0, **changes: Any) -> Path:
    """A test of base and novel classes, with its predictions.

    Args:
        folder: The run folder, which is made.
        top1: Top-1 of base classes in percent; that of novel ones is 10 points lower.
        changes: Other entries of the result.

    Returns:
        The folder.
    """
    counts = {"n_listed": 4, "n_evaluated": 4, "n_failed": 0}
    sets = {name: {"top1": value, "top5": 100.0, **counts} for name, value in (("base", top1), ("novel", top1 - 10))}
    data = described("ucf101", protocol="base_to_novel", roots={"base": "videos", "novel": "videos"})
    environment = {"code": "0123456789ab", "python": "3.11.7", "platform": "Linux", "device": "x86_64"}
    own: dict[str, Any] = {"sets": sets, "environment": environment, "precision": "32-true", "seconds": 2.5}
    figures = {name: of_set["top1"] for name, of_set in sets.items()}
    write_result(folder, figures, model="ZeroShotCLIP", data=data, **{**own, **changes})
    for name in sets:
        write_predictions(folder, name, [("a.mp4", "run", "run"), ("b.mp4", "run", "swim"), ("c.mp4", "swim", "swim")])
    return folder


def write_predictions(folder: Path, set_name: str, rows: Sequence[tuple[str, str, str]]) -> None:
    """A file of predictions: path, label and answer of each video."""
    with (folder / f"predictions_{set_name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("video", "path", "label", "prediction", "probability", "decoded", "problem"))
        writer.writerows((path, path, label, answer, "0.5000", "yes", "") for path, label, answer in rows)


def write_log(
    folder: Path,
    metrics: Mapping[str, Sequence[float]] = METRICS,
    *,
    name: str = "fit",
    max_epochs: int = 2,
    **config: Any,
) -> Path:
    """The log and the configuration of a training of ten steps an epoch.

    Args:
        folder: The run folder, which is made if need be.
        metrics: Values of each metric, one an epoch.
        name: Of the log: "fit", "fit_2".
        max_epochs: As it was to be trained.
        config: Further sections of the configuration.

    Returns:
        The run folder.
    """
    log = folder / "csv" / name
    log.mkdir(parents=True)
    with (log / "metrics.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("epoch", "step", *metrics))
        writer.writeheader()
        for metric, values in metrics.items():
            for epoch, value in enumerate(values):
                writer.writerow({"epoch": epoch, "step": 10 * epoch + 9, metric: value})
    content = {
        "trainer": {"max_epochs": max_epochs},
        "model": {"class_path": "zsar.lightning_modules.t2l.T2L"},
        **config,
    }
    (log / "config.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


def changed_result(folder: Path, keys: Sequence[str | int], value: object) -> None:
    """Replaces one value of the results.json of a run."""
    path = folder / "results.json"
    content = json.loads(path.read_text())
    place = content
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    path.write_text(json.dumps(content))


def places_in(content: Any, keys: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where each value of a JSON content stands: its keys from the outside."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(content, dict):
        inner = list(content.items())
    elif isinstance(content, list):
        inner = list(enumerate(content))
    return [place for key, value in inner for place in ((*keys, key), *places_in(value, (*keys, key)))]


class PageElements(HTMLParser):
    """The elements of a page.

    Attributes:
        tags: Name of each element, in order.
        attributes: Name and value of each attribute.
        text: All text outside of styles and scripts.
        json: The texts of `<script type="application/json">`.
    """

    def __init__(self, page: str) -> None:
        """Reads the page."""
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.json: list[str] = []
        self._within = ""
        self.feed(str(page))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._within = tag
        if tag == "script" and ("type", "application/json") in attrs:
            self._within = "json"

    def handle_endtag(self, tag: str) -> None:
        """Notes the end of an element."""
        self._within = ""

    def handle_data(self, data: str) -> None:
        """Notes text."""
        if self._within == "json":
            self.json.append(data)
        elif self._within not in ("style", "script"):
            self.text += data
