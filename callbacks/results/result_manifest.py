"""ResultManifest: results.json: the metrics of a run and all that is needed to reproduce them."""

from __future__ import annotations

import importlib.metadata
import math
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from zsar.callbacks.adaptation_callback import adaptation_entries
from zsar.callbacks.cost.cost_meter import CostMeter
from zsar.callbacks.results.set_summary import print_sets, set_summary
from zsar.callbacks.results.written_line import say_accepted_damage, say_written
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.accuracy import metric_prefix
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.run_folders.checkpoint_names import UNTRAINED
from zsar.lightning_modules.run_folders.dry_runs import LIMITS, batch_limits
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES
from zsar.lightning_modules.run_folders.run_record import run_record, text_note, text_record
from zsar.lightning_modules.training.checkpoints import hash_of_tested_weights
from zsar.runtime.class_paths import class_path
from zsar.runtime.code_version import code_version
from zsar.runtime.files.whole_files import write_json_whole
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.run_seed import stated_seed
from zsar.runtime.terminal import say, say_of

_PACKAGES = ("zsar", "torchvision", "lightning", "open_clip_torch", "torchmetrics", "av", "numpy")
_SHOWN = 20  # maximum number of videos to print


class ResultManifest(Callback):
    """Writes `results.json` into the run folder after `zsar test`.

    `zsar validate` writes `results_validate.json`, `zsar predict` `results_predict.json`, with counts only.
    It also checks that every listed video was evaluated, so that no published number misses videos.
    """

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        """Starts without counts.

        Args:
            config: The configuration of the run, to record.
        """
        self.config = config
        self._problems: list[str] = []
        self._counts = [0, 0]
        self._meter = CostMeter()
        self._weights_hash: str | None = None

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock and notes which weights are tested.

        Raises:
            TypeError: The model is not an `ActionRecognizer`.
        """
        if not isinstance(pl_module, ActionRecognizer):
            raise TypeError(f"ResultManifest describes an ActionRecognizer, not a {type(pl_module).__name__}")
        self._problems, self._counts = [], [0, 0]  # of decoded and failed videos
        self._n_damaged, self._embeds = 0, True
        if trainer.state.fn != "fit":  # whose own peak of memory is measured
            self._meter.start(pl_module.device)
        self._weights_hash = hash_of_tested_weights(pl_module)  # before weights are prepared for the test

    on_validation_start = on_test_start
    on_predict_start = on_test_start

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Collects the videos that could not be decoded."""
        self._problems += batch.undecodable
        self._n_damaged += batch.n_damaged
        n_failed = int(batch.failed.sum())
        self._counts = [self._counts[0] + len(batch) - n_failed, self._counts[1] + n_failed]
        self._embeds = batch.embeddings is None

    on_validation_batch_end = on_test_batch_end
    on_predict_batch_end = on_test_batch_end

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the file."""
        self._write(trainer, pl_module, "test")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the file after `zsar validate`; validation during training is in the logs."""
        if trainer.state.fn == "validate":
            self._write(trainer, pl_module, "validate")

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the file."""
        self._write(trainer, pl_module, "predict")

    def _write(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        assert isinstance(pl_module, ActionRecognizer)
        problems = sorted(problem for of_process in gather_from_all(self._problems, trainer) for problem in of_process)
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        counts = gather_from_all(self._counts, trainer)
        if stage == "predict":
            sets = _predicted_sets(pl_module, trainer, counts)
        else:
            sets = _sets(pl_module, trainer, stage, metrics)
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        described = data.describe()
        record = run_record(pl_module, trainer, stage=stage, data=described)
        limited = is_limited(trainer, stage)
        n_frames = int(described["n_frames"]) if self._embeds else None
        cost = self._meter.cost(trainer, pl_module, n_videos=sum(map(sum, counts)), frames_per_view=n_frames)
        manifest = {
            "stage": stage,
            "sets": sets,
            "harmonic_mean": metrics.get("test/harmonic_mean"),
            **(set_summary(sets, described) if stage == "test" else {}),
            "complete": not limited,
            "undecodable": problems,
            "n_damaged_frames": sum(gather_from_all(self._n_damaged, trainer)),
            "seconds": cost["seconds"],
            "cost": cost,
            "model": {
                "class_path": class_path(type(pl_module)),
                "architecture": pl_module.backbone.architecture,
                "backbone_hash": pl_module.backbone.weights_hash,
                "trained_parameters": sum(p.numel() for p in pl_module.parameters() if p.requires_grad),
                "checkpoint_weights_hash": self._weights_hash,
                "checkpoint": _checkpoint(trainer, pl_module),
                "tuned_share": getattr(pl_module, "tuned_share", None),
                "trained_on": pl_module.trained_on,
            },
            "data": described,
            **adaptation_entries(_callbacks(trainer)),
            "training": pl_module.training_record,
            "test": record,
            **circumstances(trainer, pl_module.class_texts[stage]),
            "config": self.config,
        }
        if trainer.is_global_zero:
            path = write_json_whole(Path(trainer.default_root_dir) / RESULT_FILES[stage], manifest)
            print_sets(sets, described, manifest, weights=_weights(manifest))
            if stage != "predict":  # UndecodableVideos reports those
                _print_problems(problems, "counted as wrong" if stage == "test" else "left out")
            say_accepted_damage(manifest["n_damaged_frames"])
            if note := text_note(pl_module, record, manifest["adaptation"]):
                say(note)
            say_written(path)
        if not limited:
            _check_complete(sets)


def _checkpoint(trainer: Trainer, model: ActionRecognizer) -> str | None:
    """The checkpoint of the weights; None for a model that is not trained, or with weights from a script."""
    if trainer.ckpt_path:
        return str(trainer.ckpt_path)
    is_as_built = model.checkpoint_weights_hash is None and trainer.global_step == 0
    return UNTRAINED if is_as_built and any(p.requires_grad for p in model.parameters()) else None


def _predicted_sets(model: ActionRecognizer, trainer: Trainer, counts: Sequence[Sequence[int]]) -> dict[str, Any]:
    """The one set of videos without labels: with the numbers of decoded and failed videos over all processes."""
    loaders: Any = trainer.predict_dataloaders
    loader = loaders[0] if isinstance(loaders, list) else loaders
    (text,) = model.class_texts["predict"]
    n_evaluated, n_failed = (sum(of_process) for of_process in zip(*counts, strict=True))
    return {text.set_name: {"n_listed": len(loader.dataset), "n_evaluated": n_evaluated, "n_failed": n_failed}}


def _sets(model: ActionRecognizer, trainer: Trainer, stage: str, metrics: dict[str, float]) -> dict[str, Any]:
    """Metrics and counts of each set; accuracies in percent."""
    loaders: Any = trainer.test_dataloaders if stage == "test" else trainer.val_dataloaders
    texts = model.class_texts[stage]
    sets = {}
    for text, loader in zip(texts, loaders if isinstance(loaders, list) else [loaders], strict=True):
        prefix = f"{metric_prefix(stage, text)}/"
        figures = {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix)}
        counts = {name: int(figures.pop(name)) for name in ("n_evaluated", "n_failed")}
        of_classes = zip(text.names, model.per_class_percent[text.set_name], strict=True)
        per_class = {class_name: percent for class_name, percent in of_classes if not math.isnan(percent)}
        sets[text.set_name] = {**figures, "n_listed": len(loader.dataset), **counts, "per_class": per_class}
    return sets


def _weights(manifest: dict[str, Any]) -> str | None:
    """The table's line about the weights."""
    model, mean = manifest["model"], (manifest["training"] or {}).get("mean_of_epochs")
    ends = "" if mean is None else f"{mean['first_epoch']} to {mean['last_epoch']}"
    share, of_mean = model["tuned_share"], "" if mean is None else f", the {mean['weighting']} mean of epochs {ends}"
    mixed = "" if share in (None, 1) else f", a share of {share:g}; the rest is the original's"
    return None if model["checkpoint"] is None else f"weights: {model['checkpoint']}{of_mean}{mixed}"


def _print_problems(problems: list[str], became: str) -> None:
    for problem in problems[:_SHOWN]:
        say_of("red", f"{became}:", problem, error=False)
    if len(problems) > _SHOWN:
        say(f"and {len(problems) - _SHOWN} more, listed in the file of results")


def _check_complete(sets: dict[str, Any]) -> None:
    for name, of_set in sets.items():
        seen = of_set["n_evaluated"] + of_set["n_failed"]
        if seen != of_set["n_listed"]:
            raise RuntimeError(
                f"{of_set['n_listed']} videos are listed in the set {name!r}, but {seen} were evaluated or counted as "
                "failed; the result does not cover the whole set"
            )


def _callbacks(trainer: Trainer) -> list[Callback]:
    return list(trainer.callbacks)  # type: ignore[attr-defined]


def is_limited(trainer: Trainer, stage: str) -> bool:
    """Whether a run of the stage "test", "validate" or "predict" was limited to a part of the data."""
    limits = {name: getattr(trainer, name) for name in ("fast_dev_run", "overfit_batches", *LIMITS[stage])}
    return bool(batch_limits(limits, stage))


def circumstances(trainer: Trainer, texts: Sequence[ClassText]) -> dict[str, Any]:
    """The entries about the run in results of any task: class text by set, seed, precision, processes, environment."""
    return {
        "class_text": {text.set_name: text_record(text) for text in texts},
        "seed": stated_seed(),
        "precision": str(trainer.precision),
        "n_processes": trainer.world_size,
        "environment": environment(),
    }


def environment() -> dict[str, Any]:
    """Versions of code, packages, decoder and device that produced a number."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
    return {
        "code": code_version(),
        "python": sys.version.split()[0],
        "packages": {**{name: importlib.metadata.version(name) for name in _PACKAGES}, "torch": torch.__version__},
        "platform": platform.platform(),
        "device": device,
    }
