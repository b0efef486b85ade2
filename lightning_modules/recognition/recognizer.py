"""ActionRecognizer: base class of all recognizers. Trains, tests and saves a `VideoTextModel`.

A method is a subclass that defines how frames and text are embedded (`embed_frames`, `embed_text`), which parameters
are trained, and the loss. All else (multi-view testing, counts, harmonic mean, checkpoints, seeding) is here, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.nn import Parameter

from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.recognition.accuracy import SetMetrics
from zsar.lightning_modules.recognition.adaptation import BatchAdaptation
from zsar.lightning_modules.recognition.class_embeddings import ChosenPrompts, choose_prompts
from zsar.lightning_modules.recognition.class_text_source import class_text_source
from zsar.lightning_modules.recognition.multi_label.own_scores import check_labels, own_scores
from zsar.lightning_modules.recognition.saved.shared_model import SharedModel
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch, Scoring
from zsar.lightning_modules.recognition.training_log import TrainingLog
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel
from zsar.lightning_modules.training.checkpoints import pack_checkpoint, unpack_checkpoint
from zsar.lightning_modules.training.finite_numbers import check_logits
from zsar.lightning_modules.training.mean_of_epochs import MeanOfEpochs
from zsar.lightning_modules.training.optimization import Optimization, n_optimizer_steps
from zsar.lightning_modules.training.resumption import check_mean_goes_on, go_on_at_last_update
from zsar.runtime.run_seed import run_seed
from zsar.runtime.seeds import derive_seed


class ActionRecognizer(SharedModel, VideoTextModel):
    """Recognizes actions by comparing the embedding of a video with the embeddings of class text.

    Attributes:
        is_trained: Whether it is tested with a checkpoint; False for a model with nothing to train.
    """

    is_trained: ClassVar[bool] = True

    def __init__(self, *, backbone: ClipSettings, scoring: Scoring, optimization: Optimization) -> None:
        """Builds the backbone, frozen; subclasses add the trained parameters.

        Args:
            backbone: The CLIP model.
            scoring: How frames are compared with prompts.
            optimization: Optimizer and schedule.
        """
        super().__init__(backbone=backbone, scoring=scoring)
        self.optimization = optimization
        self.class_texts: dict[str, Sequence[ClassText]] = {}
        self.adaptation: BatchAdaptation | None = None  # attached by a callback while it adapts predictions
        self.trained_on: dict[str, Any] | None = None
        self.training_record: dict[str, Any] | None = None  # `run_record` of the training that produced the weights
        self.started_from: dict[str, Any] | None = None  # the checkpoint from which training starts
        self.mean_of_epochs: MeanOfEpochs | None = None  # set while it is saved in place of the weights
        self.checkpoint_weights_hash: str | None = None  # of the checkpoint that the weights were loaded from
        self.per_class_percent: dict[str, list[float]] = {}
        self._set_metrics, self._training_log = SetMetrics(), TrainingLog()

    @property
    def text_is_trained(self) -> bool:
        """Whether training changes what `embed_text` returns, so that embeddings must be recomputed."""
        return False

    def losses(self, logits: Tensor, frame_embeddings: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The weighted terms of the training loss, by name.

        Args:
            logits: [B, C], for the classes of `training_classes`.
            frame_embeddings: [B, V, T, D].
            labels: int64 [B], or float [B, C] after `mix`.

        Returns:
            Scalars; their sum is minimized.
        """
        raise NotImplementedError

    def further_losses(self, frames: Tensor, embedded: EmbeddedBatch, chosen: ChosenPrompts) -> dict[str, Tensor]:
        """Terms of the loss that need more: normalized frames [B, V, T, 3, H, W], and what text the classes are of."""
        return {}

    def mix(self, frames: Tensor, labels: Tensor, n_classes: int) -> tuple[Tensor, Tensor]:
        """Mixes the videos of a training batch with each other; unchanged by default.

        Args:
            frames: Normalized, [B, V, T, 3, H, W].
            labels: int64 [B].
            n_classes: C.

        Returns:
            Frames, and labels: int64 [B], or float [B, C] if videos have several.
        """
        return frames, labels

    def training_classes(self, labels: Tensor, n_classes: int) -> Tensor | None:
        """The classes that a training batch is scored against: sorted indices int64 [C'], or None for all.

        Args:
            labels: int64 [B], all of which must be included.
            n_classes: C.
        """
        return None

    def parameter_groups(self) -> list[tuple[list[Parameter], float | None]]:
        """The trained parameters, each group with its own learning rate or None for the default."""
        return [([p for p in self.parameters() if p.requires_grad], None)]

    # --- stages ---------------------------------------------------------------------------------------------------

    def setup(self, stage: str) -> None:
        """Fetches the class text of each data loader from the data module.

        Raises:
            TypeError: The data module has no class text.
            ValueError: A prompt is too long, or videos to train on have several labels: before any video is decoded.
        """
        source = class_text_source(self)
        for loader_stage in ("fit", "validate") if stage == "fit" else (stage,):
            self.class_texts[loader_stage] = texts = source.class_text(loader_stage)
            check_labels(self, texts, trains=stage == "fit")
            for text in texts:
                self.class_embeddings.check_fit(text.prompts)
            if loader_stage in ("validate", "test"):
                self._set_metrics.start(loader_stage, texts)

    def on_train_start(self) -> None:
        """Training changes the weights: they are no longer those of a checkpoint."""
        self.checkpoint_weights_hash = None

    def on_train_batch_start(self, batch: VideoBatch, batch_idx: int) -> None:
        """Seeds the random draws of a step, which a resumed run repeats; accumulated batches share a `global_step`."""
        loop: Any = self.trainer.fit_loop
        epoch = loop.epoch_progress.current.processed  # the epoch that the sampler uses
        torch.manual_seed(derive_seed(run_seed(), "batch", epoch, batch_idx, self.global_rank))

    def training_step(self, batch: VideoBatch, batch_idx: int) -> Tensor:
        """Returns the summed losses of a batch."""
        self._training_log.log_substitutes(self, batch)
        losses, accuracy = self.training_losses(batch)
        losses["loss"] = torch.stack(list(losses.values())).sum()
        self._training_log.log_losses(self, {**losses, "top1": accuracy}, len(batch))
        return losses["loss"]

    def training_losses(self, batch: VideoBatch) -> tuple[dict[str, Tensor], Tensor]:
        """The terms of the loss of a batch, by name, and the percentage of its videos that are recognized."""
        text = self.class_texts["fit"][0]
        frames, targets = self.mix(self.backbone.normalize_frames(batch.frames), batch.labels, len(text.names))
        labels, classes = batch.labels, self.training_classes(batch.labels, len(text.names))
        if classes is not None:
            labels = torch.searchsorted(classes, labels)
            targets = labels if targets.ndim == 1 else targets[:, classes]
        frame_embeddings = self._embed_normalized(frames)
        chosen = choose_prompts(text, classes, draws=not self.scoring.trains_with_all)
        of_classes = self.class_embeddings.chosen(chosen, self.device, cached=not self.text_is_trained)
        logits = self.score(frame_embeddings, of_classes)
        accuracy = 100 * (logits.argmax(dim=1) == labels).float().mean()
        further = self.further_losses(frames, EmbeddedBatch(frame_embeddings, (of_classes,)), chosen)
        return {**self.losses(logits, frame_embeddings, targets), **further}, accuracy

    def prepare_inference(self) -> None:
        """Prepares trained weights for testing or use, as a method needs; `end_inference` undoes it."""

    def end_inference(self) -> None:
        """Undoes `prepare_inference`."""

    def on_validation_start(self) -> None:
        """Prepares the weights, but not in a training, and drops class embeddings that are stale."""
        if self.trainer.state.fn != "fit":
            self.prepare_inference()
        if self.text_is_trained:
            self.class_embeddings.forget()

    def on_validation_end(self) -> None:
        """Restores the weights."""
        self.end_inference()

    on_test_start = on_predict_start = on_validation_start
    on_test_end = on_predict_end = on_validation_end

    def validation_step(self, batch: VideoBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Logits and probabilities of a batch, added to the set's metrics."""
        return self._evaluation_step("validate", batch, dataloader_idx)

    def test_step(self, batch: VideoBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Logits and probabilities of a batch, added to the set's metrics."""
        return self._evaluation_step("test", batch, dataloader_idx)

    def predict_step(self, batch: VideoBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Logits and probabilities of a batch, [B, C] each; with a logit bias, also "own_probabilities"."""
        return self._predictions("predict", batch, dataloader_idx)

    def _evaluation_step(self, stage: str, batch: VideoBatch, dataloader_idx: int) -> dict[str, Tensor]:
        predictions = self._predictions(stage, batch, dataloader_idx)
        truth = batch.labels if batch.label_sets is None else batch.label_sets
        self._set_metrics.of(stage)[dataloader_idx].update(predictions["logits"], truth, batch.failed)
        return predictions

    def embed_or_adapt(self, batch: VideoBatch, text: ClassText) -> EmbeddedBatch:
        """Embeds a batch for prediction: by the attached adaptation, if any, else by the model.

        The only place where predictions may be adapted, for example by `PromptTuning`; see `adaptation.py`.
        """
        return self.embed(batch, text) if self.adaptation is None else self.adaptation.adapt(batch, text)

    def _predictions(self, stage: str, batch: VideoBatch, dataloader_idx: int) -> dict[str, Tensor]:
        embedded = self.embed_or_adapt(batch, text := self.class_texts[stage][dataloader_idx])
        outputs = own_scores(self, embedded) if text.multi_label else self.predict_embedded(embedded)
        rows = [f"row {row} of the set" for row in batch.indices.tolist()]
        check_logits(outputs["logits"], rows, precision=str(self.trainer.precision))
        return outputs

    def on_validation_epoch_end(self) -> None:
        """Logs `val/top1`, ... of the held-out clips."""
        self._log_evaluation("validate")

    def on_test_epoch_end(self) -> None:
        """Logs `test/SET/top1`, ... of each set, and `test/harmonic_mean` of base and novel."""
        self._log_evaluation("test")

    def _log_evaluation(self, stage: str) -> None:
        results = self._set_metrics.results(stage, self.class_texts[stage], may_be_empty=self.trainer.sanity_checking)
        self.per_class_percent.update(results.per_class_percent)
        for name, value in results.figures.items():
            self.log(name, value, prog_bar=name.endswith(("/top1", "/mean_average_precision")), sync_dist=True)

    # --- training and checkpoints ---------------------------------------------------------------------------------

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW over the trained parameters, with warm-up and cosine decay per step.

        Raises:
            ValueError: The model is frozen.
        """
        if not any(p.requires_grad for p in self.parameters()):
            raise ValueError(f"{type(self).__name__} has nothing to train; use `zsar test`")
        return self.optimization.configure(self.parameter_groups(), n_optimizer_steps(self.trainer))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leaves out the frozen weights, records their hash, and uncounts the batches after the last update."""
        pack_checkpoint(self, checkpoint)
        n_accumulated, n_batches = self.trainer.accumulate_grad_batches, self.trainer.num_training_batches
        go_on_at_last_update(checkpoint, accumulated_batches=n_accumulated, n_batches=n_batches)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds the frozen weights, after checking that the checkpoint was trained on them."""
        check_mean_goes_on(self._trainer, checkpoint)
        unpack_checkpoint(self, checkpoint, path=getattr(self._trainer, "ckpt_path", None))
