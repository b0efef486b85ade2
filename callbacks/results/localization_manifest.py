"""LocalizationManifest: results.json of a localizer's test, with temporal mAP by set and all that reproduces it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from rich.table import Column, Table
from rich.text import Text
from torch import Tensor

from zsar.callbacks.cost.cost_meter import CostMeter
from zsar.callbacks.results.mean_of_sets import mean_and_deviation
from zsar.callbacks.results.result_manifest import circumstances, is_limited
from zsar.callbacks.results.written_line import say_accepted_damage, say_written
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES
from zsar.lightning_modules.run_folders.run_record import run_record
from zsar.runtime.class_paths import class_path
from zsar.runtime.files.whole_files import write_json_whole
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.terminal import print_whole, result_console, stacked

_SHORT: dict[str, str | Text] = {"map": "avg", "paper_mean": stacked(["paper", "mean"])}


class LocalizationManifest(Callback):
    """Writes `results.json` after `zsar test` with a localizer; `results_predict.json`, without metrics, after predict.

    It also checks that every listed video of every set was evaluated, so that no published number misses videos.
    """

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        """Starts without counts.

        Args:
            config: The configuration of the run, to record.
        """
        self.config = config
        self._counts = {"n_videos": 0, "n_detections": 0, "n_suppressed": 0, "n_damaged_frames": 0}
        self._problems: list[str] = []
        self._meter = CostMeter()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock.

        Raises:
            TypeError: The model is not a localizer.
            ValueError: There are no annotations, so there is nothing to measure.
        """
        if not isinstance(pl_module, ActionLocalizer):
            raise TypeError(f"LocalizationManifest describes an ActionLocalizer, not a {type(pl_module).__name__}")
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        if not any(tested.instances for tested in data.tested_sets):
            raise ValueError(
                f"the {len(data.videos)} videos of {type(data).__name__} have no annotated action of a tested class, "
                "so there is nothing to measure; give annotations (--data.annotations), or use `zsar predict`"
            )
        self.on_predict_start(trainer, pl_module)

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock."""
        self._counts, self._problems = dict.fromkeys(self._counts, 0), []
        self._meter.start(pl_module.device)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: Tensor,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Counts videos and their detections of each set."""
        localizations = [of_set for of_video in outputs["localizations"] for of_set in of_video.values()]
        self._problems += outputs["undecodable"]
        self._counts["n_damaged_frames"] += outputs["n_damaged"]
        self._counts["n_videos"] += len(outputs["rows"])
        self._counts["n_detections"] += sum(len(of_set.detections) for of_set in localizations)
        self._counts["n_suppressed"] += sum(len(of_set.suppressed) for of_set in localizations)

    on_predict_batch_end = on_test_batch_end

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the file.

        Raises:
            RuntimeError: A listed video was not evaluated.
        """
        self._write(trainer, pl_module, "test")

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the file."""
        self._write(trainer, pl_module, "predict")

    def _write(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        assert isinstance(pl_module, ActionLocalizer)
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        is_test = stage == "test"
        problems = sorted(problem for of_process in gather_from_all(self._problems, trainer) for problem in of_process)
        compared = pl_module.compared_scores() if is_test else {}
        sets = _sets(pl_module, data) if is_test else _predicted_sets(pl_module, data, n_failed=len(problems))
        counts = gather_from_all({"n_adaptations": pl_module.n_adaptations, **self._counts}, trainer)
        totals = {name: sum(of_process[name] for of_process in counts) for name in counts[0]}
        limited = is_limited(trainer, stage)
        described = data.describe()
        n_frames = 1 if data.features_folder is None else None
        n_videos = totals["n_videos"] + len(problems)
        cost = self._meter.cost(trainer, pl_module, n_videos=n_videos, frames_per_view=n_frames)
        manifest = {
            "task": "localization",
            "stage": stage,
            "sets": sets,
            **(mean_and_deviation(list(sets.values())) if is_test else {}),
            **({"segment_scores": compared} if compared else {}),
            **_memory(pl_module, stage),
            "complete": not limited,
            "undecodable": problems,
            "seconds": cost["seconds"],
            "cost": cost,
            **totals,
            "model": {
                "class_path": class_path(type(pl_module)),
                "architecture": pl_module.backbone.architecture,
                "backbone_hash": pl_module.backbone.weights_hash,
            },
            "data": described,
            "test": run_record(pl_module, trainer, stage=stage, data=described),
            **circumstances(trainer, pl_module.class_texts[stage]),
            "config": self.config,
        }
        if trainer.is_global_zero:
            path = write_json_whole(Path(trainer.default_root_dir) / RESULT_FILES[stage], manifest)
            if is_test:
                console = result_console()
                print_whole(console, _table(sets, manifest["mean"], manifest["std"]))
                if compared:
                    print_whole(console, score_table(compared))
            say_accepted_damage(manifest["n_damaged_frames"])
            say_written(path)
        if is_test and not limited:
            _check_complete(sets)


def _sets(model: ActionLocalizer, data: Any) -> dict[str, dict[str, float]]:  # noqa: ANN401 - a data module
    """Metrics of each set in percent, and counts."""
    return {
        text.set_name: {
            **of_set,
            "n_classes": int(of_set["n_classes"]),
            "n_videos": int(of_set["n_videos"]),
            "n_listed": len(tested.rows),
        }
        for text, of_set, tested in zip(model.class_texts["test"], model.set_results(), data.tested_sets, strict=True)
    }


def _predicted_sets(model: ActionLocalizer, data: Any, *, n_failed: int) -> dict[str, dict[str, int]]:  # noqa: ANN401
    """Counts of each set; all sets read the same videos."""
    return {
        text.set_name: {"n_classes": len(text.names), "n_listed": len(data.videos), "n_failed": n_failed}
        for text in model.class_texts["predict"]
    }


def _memory(model: ActionLocalizer, stage: str) -> dict[str, dict[str, dict[str, int]]]:
    """Of how many classes a memory of all videos has prototypes, and of how many videos these are made, by set."""
    texts = model.class_texts[stage]
    counts = {texts[index].set_name: of_set for index, of_set in model.memory_counts().items()}
    return {"memory": counts} if counts else {}


def score_table(compared: Mapping[str, Mapping[str, float]]) -> Table:
    """The table of what each score of the same segments is worth.

    Args:
        compared: As `ActionLocalizer.compared_scores` has it; at least one score.
    """
    names = next(iter(compared.values()))
    table = _figure_table("mAP in % by score", names)
    for score, figures in compared.items():
        table.add_row(score, *_percents(names, figures))
    return table


def _figure_table(title: str, names: Mapping[str, float], *others: str) -> Table:
    table = Table(title, *(Column(_SHORT.get(name, name.removeprefix("map_"))) for name in names), *others)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _table(
    sets: Mapping[str, Mapping[str, float]], mean: Mapping[str, float], std: Mapping[str, float] | None
) -> Table:
    table = _figure_table("mAP in % at IoU", mean, "classes", "videos")
    for set_name, of_set in sets.items():
        table.add_row(set_name, *_percents(mean, of_set), str(of_set["n_classes"]), _videos(of_set))
    if len(sets) > 1:
        table.add_section()
        table.add_row("mean", *_percents(mean, mean))
    if std is not None:  # in a separate row, as ten thresholds leave no room next to the mean
        table.add_row("± deviation", *_percents(mean, std))
    return table


def _percents(names: Mapping[str, float], figures: Mapping[str, float]) -> list[str]:
    return [f"{figures[name]:.1f}" if name in figures else "" for name in names]


def _videos(of_set: Mapping[str, float]) -> str:
    seen, listed = of_set["n_videos"], of_set["n_listed"]
    return str(seen) if seen == listed else f"{seen} of {listed}"


def _check_complete(sets: Mapping[str, Mapping[str, float]]) -> None:
    for name, of_set in sets.items():
        if of_set["n_videos"] != of_set["n_listed"]:
            raise RuntimeError(
                f"{of_set['n_listed']} videos are listed in the set {name!r}, but {of_set['n_videos']} were evaluated; "
                "the result does not cover the whole set"
            )
