"""What can be said of a run in a few words: its method, data, counts, main figure and state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part
from zsar.lightning_modules.command_line.summarize.published.method_names import method_of
from zsar.lightning_modules.command_line.summarize.published.published_figures import FROM_CLIP
from zsar.lightning_modules.command_line.summarize.results.evaluation_protocol import LABEL_MAP
from zsar.lightning_modules.command_line.summarize.results.recognition_results import RunSettings
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES

_STAGES = {"fit": "trained", "validate": "validated", "test": "tested", "predict": "predicted"}
_PROTOCOLS = {
    "zero_shot": "zero-shot",
    "base_to_novel": "base-to-novel",
    "few_shot": "few-shot",
    "fully_supervised": "fully supervised",
    "distribution_shift": "shifted videos",
    "multi_label": "several labels a video",
}
HARMONIC_MEAN = "harmonic mean"
MAP_OVER_CLASSES = "mAP over classes"
UNKNOWN_DATA = "unknown data"


@dataclass(frozen=True)
class MainFigure:
    """The one figure that a run is known by.

    Attributes:
        name: What it is: "top-1", "harmonic mean", "mAP", "mAP over classes".
        value: In percent.
        std: Its deviation over draws of classes within the run; None for none.
    """

    name: str
    value: float
    std: float | None = None

    def __str__(self) -> str:
        """The number as papers print it, with its unit and name."""
        deviation = "" if self.std is None else f" ± {self.std:.1f}"
        return f"{self.value:.1f}{deviation} % {self.name}"


@dataclass(frozen=True)
class Counts:
    """Videos of a run.

    Attributes:
        listed: Listed in the tested sets.
        evaluated: Evaluated of them.
        failed: Listed, but not decodable.
        classes: Classes of each set.
        distinct_classes: Classes of all sets, those of sets with the same class text once.
    """

    listed: int
    evaluated: int
    failed: int
    classes: dict[str, int]
    distinct_classes: int


def method_name(run: ReportedRun) -> str:
    """The method and its variant, as published figures call it; else the class of the model."""
    if run.test_settings is not None:
        method, variant = method_of(run.test_settings)
        method = "frozen CLIP" if method == FROM_CLIP else method
        return method if variant is None else f"{method} ({variant})"
    path = part(run.main_result, "model", "class_path", kind=str) or part(run.config, "model", "class_path", kind=str)
    return path.split(".")[-1] if path else "unknown model"


def architecture(run: ReportedRun) -> str:
    """The CLIP model; empty where it is not recorded."""
    of_config = part(run.config, "model", "init_args", "backbone", "architecture", kind=str)
    return part(run.main_result, "model", "architecture", kind=str) or of_config or ""


def data_set(run: ReportedRun) -> str:
    """Id of the data set; else the class of the data module."""
    stated = part(run.main_result, "data", "data_set", kind=str)
    path = part(run.main_result, "data", "class_path", kind=str) or part(run.config, "data", "class_path", kind=str)
    return stated or (path.split(".")[-1] if path else UNKNOWN_DATA)


def protocol_name(run: ReportedRun) -> str:
    """The protocol of a recognizer's test in words; empty where it is not recorded."""
    settings = run.test_settings
    return _PROTOCOLS[settings.protocol] if isinstance(settings, RunSettings) else ""


def tested_videos(run: ReportedRun) -> tuple[str, ...]:
    """What tells whether two figures are of the same videos: data set, protocol, hash of the split, and any limit."""
    data = part(run.main_result, "data", kind=dict) or {}
    recorded = [str(data.get(key, "")) for key in ("protocol", "split_hash")]
    return (data_set(run), *recorded, f"{counts(run).evaluated:,} videos" if run.is_partial else "")


def stages(run: ReportedRun) -> str:
    """What was done: "trained, tested"."""
    is_trained = bool(run.checkpoints) or any(name.startswith("fit") for name in run.logs)
    done = ["fit"] * is_trained + [stage for stage in ("validate", "test", "predict") if stage in run.results]
    return ", ".join(_STAGES[stage] for stage in done) or "nothing that can be read"


def seed(run: ReportedRun) -> int | None:
    """The seed of the run; None where it is not recorded."""
    recorded = part(run.main_result, "seed", kind=int)
    return part(run.config, "seed_everything", kind=int) if recorded is None else recorded


def experiment(run: ReportedRun) -> str:
    """The experiment among its configuration files, by name, else the first of them; empty where none is recorded."""
    files = [str(name) for name in part(run.config, "config", kind=list) or []]
    chosen = next((name for name in files if "experiment/" in name), files[0] if files else "")
    return chosen.rpartition("/")[2].removesuffix(".yaml")


def changed_at(run: ReportedRun) -> datetime | None:
    """When its newest result, else its newest log, was written; None for neither."""
    paths = [run.folder / RESULT_FILES[run.main_stage]] if run.main_stage else list(run.logs.values())
    times = [path.stat().st_mtime for path in paths if path.exists()]
    return datetime.fromtimestamp(max(times), timezone.utc) if times else None


def is_multi_label(run: ReportedRun) -> bool:
    """Whether the videos of the main stage show several classes or none."""
    return part(run.main_result, "data", "protocol", kind=str) == "multi_label"


def main_figure(run: ReportedRun) -> MainFigure | None:
    """Harmonic mean of base and novel classes, or mean top-1 over the sets, or mAP; None where nothing was scored."""
    result = run.main_result
    for of_set in (part(result, "sets", kind=dict) or {}).values() if is_multi_label(run) else ():
        value = part(of_set, LABEL_MAP, kind=float)
        return None if value is None else MainFigure(MAP_OVER_CLASSES, value)
    if run.is_localization:
        mean, std = (part(result, name, "map", kind=float) for name in ("mean", "std"))
        return None if mean is None else MainFigure("mAP", mean, std)
    harmonic = part(result, "harmonic_mean", kind=float)
    if harmonic is not None:
        return MainFigure(HARMONIC_MEAN, harmonic)
    mean, std = (part(result, name, "top1", kind=float) for name in ("mean", "std"))
    if mean is not None:
        return MainFigure("top-1", mean, std)
    of_sets = [part(of_set, "top1", kind=float) for of_set in (part(result, "sets", kind=dict) or {}).values()]
    known = [value for value in of_sets if value is not None]
    return MainFigure("top-1", sum(known) / len(known)) if known else None


def counts(run: ReportedRun) -> Counts:
    """Videos and classes of the main stage; zeros for a training alone."""
    sets: Mapping[str, Any] = part(run.main_result, "sets", kind=dict) or {}
    texts: Mapping[str, Any] = part(run.main_result, "class_text", kind=dict) or {}
    classes = {name: part(text, "n_classes", kind=int) or 0 for name, text in texts.items()}
    hashes = {part(text, "hash", kind=str) or name: classes[name] for name, text in texts.items()}
    distinct = sum(hashes.values())
    if run.is_localization:  # all sets are draws of classes of the same videos
        listed = max((part(of_set, "n_listed", kind=int) or 0 for of_set in sets.values()), default=0)
        seen = max((part(of_set, "n_videos", kind=int) or 0 for of_set in sets.values()), default=0)
        n_videos = part(run.main_result, "n_videos", kind=int)
        return Counts(n_videos or listed, n_videos or seen, listed - seen if seen else 0, classes, distinct)
    names = ("n_listed", "n_evaluated", "n_failed")
    listed, seen, failed = (sum(part(of_set, name, kind=int) or 0 for of_set in sets.values()) for name in names)
    return Counts(listed, seen, failed, classes, distinct)


def epochs(run: ReportedRun) -> tuple[float, int | None] | None:
    """Epochs of training that were done and that were to be done; None where nothing was trained.

    The number to be done is None if the training is limited otherwise, or not recorded.
    """
    recorded = part(run.results.get("test"), "training", "trainer", "epochs_done", kind=float)
    planned = part(run.training_config, "trainer", "max_epochs", kind=int)
    logged = _logged_epochs(run)
    if logged is None and recorded is None:
        return None
    return (logged if logged is not None else recorded or 0.0), planned if planned != -1 else None


def _logged_epochs(run: ReportedRun) -> float | None:
    """Epochs whose mean loss the logs of training have; None without such a log."""
    if not any(name.startswith("fit") for name in run.logs):
        return None
    loss = run.training_metrics.get("train/loss")
    return float(len(set(loss.epochs) - {None})) if loss is not None else 0.0
