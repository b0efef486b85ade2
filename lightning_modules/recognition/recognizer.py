"""ActionRecognizer: the base of every model here. Class text -> class embeddings -> logits -> loss, metrics, schedule.

A method is a subclass that says how frames and text are embedded (`embed_frames`, `embed_text`), which parameters are
trained and what the loss is. All else (multi-view testing, counts, harmonic mean, checkpoints, seeding) is here, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar, Protocol, cast

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities import rank_zero_warn
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import Parameter
from tqdm import tqdm

from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.residual_block import TextBlockForward
from zsar.lightning_modules.recognition.accuracy import RecognitionMetrics
from zsar.lightning_modules.recognition.class_embeddings import ClassEmbeddings
from zsar.lightning_modules.recognition.harmonic_mean import harmonic_mean
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch, Scoring
from zsar.lightning_modules.training.checkpoints import pack_checkpoint, unpack_checkpoint
from zsar.lightning_modules.training.finite_numbers import check_logits, check_loss
from zsar.lightning_modules.training.optimization import Optimization, n_optimizer_steps
from zsar.lightning_modules.training.resumption import go_on_at_last_update
from zsar.lightning_modules.training.whole_batch import mean_over_processes
from zsar.runtime.run_seed import run_seed
from zsar.runtime.seeds import derive_seed

_CHUNKS_WORTH_A_BAR = 4
_SETTINGS = {"validate": "val", "test": "test"}


def _progress(chunks: Sequence[Tensor]) -> Iterable[Tensor]:
    """A bar where class text takes a while (400 classes x 36 prompts, say); none where nobody looks."""
    few = len(chunks) < _CHUNKS_WORTH_A_BAR
    bar: Iterable[Tensor] = tqdm(chunks, desc="embedding class text", leave=False, disable=True if few else None)
    return bar


class ClassTextSource(Protocol):
    """What a model asks of a data module: the classes of each data loader of a stage, as text."""

    def class_text(self, stage: str) -> Sequence[ClassText]:
        """Class texts for "fit", "validate", "test" or "predict", one for each data loader."""
        ...


class ActionRecognizer(LightningModule):
    """Recognizes actions by comparing the embedding of a video with the embeddings of class text.

    Attributes:
        is_trained: Whether it is tested with a checkpoint; one that has nothing to train says no.
    """

    is_trained: ClassVar[bool] = True

    def __init__(
        self,
        *,
        backbone: ClipSettings,
        scoring: Scoring,
        optimization: Optimization,
    ) -> None:
        """Builds the backbone, frozen; subclasses add what is trained.

        Args:
            backbone: The CLIP model.
            scoring: How frames are compared with prompts.
            optimization: Optimizer and schedule.
        """
        super().__init__()
        self.backbone = backbone.build()
        self.backbone.requires_grad_(False)
        self.scoring = scoring
        self.optimization = optimization
        self.class_embeddings = ClassEmbeddings(
            self.backbone.tokenize, lambda tokens: self.embed_text(tokens), progress=_progress
        )
        self.class_texts: dict[str, Sequence[ClassText]] = {}
        self.adapted: EmbeddedBatch | None = None  # what a test-time adaptation made of the next batch
        self.trained_on: dict[str, Any] | None = None
        self.training_record: dict[str, Any] | None = None  # `run_record` of the training that the weights are from
        self.started_from: dict[str, Any] | None = None  # the checkpoint that training starts from
        self.checkpoint_weights_hash: str | None = None  # of the checkpoint that the weights are from
        self.per_class_percent: dict[str, list[float]] = {}
        self._metrics = nn.ModuleDict()
        self._substituted: set[str] = set()
        self._told_of_damage = False

    # --- what a method defines ------------------------------------------------------------------------------------

    def embed_frames(self, frames: Tensor) -> Tensor:
        """Embeds the frames of single views: normalized [B, T, 3, H, W] -> [B, T, D], not L2-normalized."""
        return self.backbone.encode_frames(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])

    def embed_text(self, tokens: Tensor) -> Tensor:
        """Embeds prompts: int64 [N, L] -> [N, D], not L2-normalized."""
        return self.backbone.encode_text(tokens, self.text_block_forward)

    @property
    def text_block_forward(self) -> TextBlockForward | None:
        """How the blocks of the text tower are run; None for CLIP's own way."""
        return None

    @property
    def text_is_trained(self) -> bool:
        """Whether training changes what `embed_text` returns, so that embeddings must be computed anew."""
        return False

    def losses(self, logits: Tensor, frame_embeddings: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The weighted terms of the training loss, by name.

        Args:
            logits: [B, C], of the classes that `training_classes` chose.
            frame_embeddings: [B, V, T, D].
            labels: int64 [B], or what `mix` made of them, float [B, C].

        Returns:
            Scalars, of which the sum is minimized.
        """
        raise NotImplementedError

    def mix(self, frames: Tensor, labels: Tensor, n_classes: int) -> tuple[Tensor, Tensor]:
        """Mixes the videos of a training batch with each other; as it is, where a method does not say otherwise.

        Args:
            frames: Normalized, [B, V, T, 3, H, W].
            labels: int64 [B].
            n_classes: C.

        Returns:
            Frames, and labels: int64 [B], or float [B, C] where videos have several.
        """
        return frames, labels

    def training_classes(self, labels: Tensor, n_classes: int) -> Tensor | None:
        """The classes that a training batch is scored against: sorted indices int64 [C'], or None for all.

        Args:
            labels: int64 [B], which must be among them.
            n_classes: C.
        """
        return None

    def parameter_groups(self) -> list[tuple[list[Parameter], float | None]]:
        """The trained parameters, each group with its own learning rate or None for the common one."""
        return [([p for p in self.parameters() if p.requires_grad], None)]

    # --- video and text to logits ---------------------------------------------------------------------------------

    def forward(self, frames: Tensor, class_embeddings: Tensor) -> Tensor:
        """Scores videos against classes.

        Args:
            frames: uint8 [B, V, T, 3, H, W].
            class_embeddings: L2-normalized [C, P, D].

        Returns:
            Logits [B, C] in fp32; log-probabilities where scores of several views or prompts are averaged.
        """
        return self.score(self.embed_views(frames), class_embeddings)

    def embed_views(self, frames: Tensor) -> Tensor:
        """Frame embeddings of all views: uint8 [B, V, T, 3, H, W] -> [B, V, T, D]."""
        return self._embed_normalized(self.backbone.normalize_frames(frames))

    def _embed_normalized(self, frames: Tensor) -> Tensor:
        return self.embed_frames(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])

    def score(self, frame_embeddings: Tensor, class_embeddings: Tensor) -> Tensor:
        """Frame embeddings [B, V, T, D] and class embeddings [C, P, D] or [B, C, P, D] -> logits [B, C]."""
        return self.scoring.score(frame_embeddings, class_embeddings, self.backbone.logit_scale)

    def score_views(self, frame_embeddings: Tensor, class_embeddings: Tensor) -> Tensor:
        """Scores each view by itself: [B, V, T, D] and [C, P, D] or [B, C, P, D] -> logits [B, V, C]."""
        return self.scoring.score_views(frame_embeddings, class_embeddings, self.backbone.logit_scale)

    def embed(self, batch: VideoBatch, text: ClassText) -> EmbeddedBatch:
        """A batch and its class text, embedded."""
        classes = self.class_embeddings.cached(text.prompts, self.device)
        return EmbeddedBatch(self.embed_views(batch.frames), (classes,))

    def score_embedded(self, embedded: EmbeddedBatch) -> Tensor:
        """Scores embedded videos: logits [B, C] in fp32."""
        return self.scoring.score_embedded(embedded, self.backbone.logit_scale)

    def train(self, mode: bool = True) -> ActionRecognizer:
        """Training mode for what is trained; a frozen backbone stays in evaluation mode."""
        super().train(mode)
        if not any(p.requires_grad for p in self.backbone.parameters()):
            self.backbone.eval()
        return self

    # --- stages ---------------------------------------------------------------------------------------------------

    def setup(self, stage: str) -> None:
        """Fetches the class text of each data loader from the data module.

        Raises:
            TypeError: The data module has no class text.
            ValueError: A prompt has more tokens than the text tower reads: said before any video is decoded.
        """
        source = getattr(self.trainer, "datamodule", None)
        if source is None or not hasattr(source, "class_text"):
            raise TypeError(
                f"{type(self).__name__} needs a data module with class_text(stage), which tells it the class names; "
                f"the trainer has {type(source).__name__}"
            )
        stages = ("fit", "validate") if stage == "fit" else (stage,)
        for each in stages:
            texts = cast(ClassTextSource, source).class_text(each)
            self.class_texts[each] = texts
            for text in texts:
                self.class_embeddings.check_fit(text.prompts)
            if each in _SETTINGS:
                # The choice of a checkpoint must not depend on which clips happen to be broken.
                metrics = partial(RecognitionMetrics, failed_are_wrong=each == "test")
                self._metrics[each] = nn.ModuleList(metrics(len(text.names)) for text in texts)

    def on_train_start(self) -> None:
        """From here on the weights are no checkpoint's."""
        self.checkpoint_weights_hash = None

    def on_train_batch_start(self, batch: VideoBatch, batch_idx: int) -> None:
        """Seeds all that is drawn in a step: each batch has its own draws, in a resumed run those that it had before.

        Not by `global_step`, which is the same for all batches whose gradients are accumulated.
        """
        loop: Any = self.trainer.fit_loop
        epoch = loop.epoch_progress.current.processed  # which the sampler goes by
        torch.manual_seed(derive_seed(run_seed(), "batch", epoch, batch_idx, self.global_rank))

    def training_step(self, batch: VideoBatch, batch_idx: int) -> Tensor:
        """The sum of the losses of a batch."""
        self._report_substitutes(batch)
        text = self.class_texts["fit"][0]
        frames, targets = self.mix(self.backbone.normalize_frames(batch.frames), batch.labels, len(text.names))
        labels, classes = batch.labels, self.training_classes(batch.labels, len(text.names))
        if classes is not None:
            labels = torch.searchsorted(classes, labels)
            targets = labels if targets.ndim == 1 else targets[:, classes]
        frame_embeddings = self._embed_normalized(frames)
        logits = self.score(frame_embeddings, self._training_class_embeddings(text, classes))
        losses = self.losses(logits, frame_embeddings, targets)
        total = torch.stack(list(losses.values())).sum()
        accuracy = 100 * (logits.argmax(dim=1) == labels).float().mean()
        self._log_training({**losses, "loss": total, "top1": accuracy}, len(batch))
        return total

    def _log_training(self, values: dict[str, Tensor], n_videos: int) -> None:
        """Logs `train/NAME`, the mean of each epoch however short it is, and `train/NAME_step` every so many steps.

        Values are of the whole batch, in one exchange between processes.

        Raises:
            NotFiniteError: The loss is not finite in one of the processes, and so its mean is not, in all of them.
        """
        means = dict(zip(values, mean_over_processes(torch.stack(list(values.values()))), strict=True))
        at = {"step": self.global_step, "epoch": self.current_epoch}
        check_loss(bool(means["loss"].isfinite()), **at, precision=str(self.trainer.precision))
        for name, mean in means.items():
            self.log(f"train/{name}", mean, on_step=False, on_epoch=True, sync_dist=True, batch_size=n_videos)
            self.log(f"train/{name}_step", mean, prog_bar=name in ("loss", "top1"), batch_size=n_videos)

    def _training_class_embeddings(self, text: ClassText, classes: Tensor | None) -> Tensor:
        """[C', P, D] with all prompts where they interact, else [C', 1, D]: one of each class, drawn in each step."""
        rows = torch.arange(len(text.names)) if classes is None else classes.cpu()
        if self.scoring.scorer == "late_interaction":
            prompts = torch.arange(text.prompts_per_class).expand(len(rows), -1)
        else:
            prompts = torch.randint(text.prompts_per_class, (len(text.names), 1))[rows]
        if self.text_is_trained:
            return self.class_embeddings.with_gradient(text.prompts, rows, prompts, self.device)
        return self.class_embeddings.cached(text.prompts, self.device)[rows[:, None], prompts]

    def _report_substitutes(self, batch: VideoBatch) -> None:
        self.log(
            "train/substituted_videos",
            float(len(batch.undecodable)),
            on_step=False,
            on_epoch=True,
            reduce_fx="sum",
            sync_dist=True,
            batch_size=len(batch),
        )
        self.log(
            "train/damaged_frames",
            float(batch.n_damaged),
            on_step=False,
            on_epoch=True,
            reduce_fx="sum",
            sync_dist=True,
            batch_size=len(batch),
        )
        if batch.n_damaged and not self._told_of_damage:
            rank_zero_warn(
                "damaged frames are accepted in training, as on_damage says; train/damaged_frames counts them"
            )
            self._told_of_damage = True
        for message in set(batch.undecodable) - self._substituted:
            rank_zero_warn(f"replaced by another clip in training: {message}")
            self._substituted.add(message)

    def prepare_inference(self) -> None:
        """Whatever a method does to its trained weights before they are tested or used; `end_inference` undoes it."""

    def end_inference(self) -> None:
        """Undoes `prepare_inference`."""

    def on_validation_start(self) -> None:
        """Drops class embeddings that training, or a loaded checkpoint, has made stale."""
        if self.text_is_trained:
            self.class_embeddings.forget()

    def on_test_start(self) -> None:
        """Prepares the weights, and drops stale class embeddings."""
        self.prepare_inference()
        self.on_validation_start()

    def on_test_end(self) -> None:
        """Puts the weights back."""
        self.end_inference()

    on_predict_start = on_test_start
    on_predict_end = on_test_end

    def validation_step(self, batch: VideoBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Logits and probabilities of a batch, entered into the set's metrics."""
        return self._evaluation_step("validate", batch, dataloader_idx)

    def test_step(self, batch: VideoBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Logits and probabilities of a batch, entered into the set's metrics."""
        return self._evaluation_step("test", batch, dataloader_idx)

    def predict_step(self, batch: VideoBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Logits and probabilities of a batch, [B, C] each."""
        return self._predictions("predict", batch, dataloader_idx)

    def _evaluation_step(self, stage: str, batch: VideoBatch, dataloader_idx: int) -> dict[str, Tensor]:
        predictions = self._predictions(stage, batch, dataloader_idx)
        self.set_metrics(stage)[dataloader_idx].update(predictions["logits"], batch.labels, batch.failed)
        return predictions

    def _predictions(self, stage: str, batch: VideoBatch, dataloader_idx: int) -> dict[str, Tensor]:
        embedded = self.adapted or self.embed(batch, self.class_texts[stage][dataloader_idx])
        logits = self.score_embedded(embedded)
        rows = [f"row {row} of the set" for row in batch.indices.tolist()]
        check_logits(logits, rows, precision=str(self.trainer.precision))
        return {"logits": logits, "probabilities": logits.softmax(dim=1)}

    def set_metrics(self, stage: str) -> list[RecognitionMetrics]:
        """The metrics of each data loader of a stage ("validate" or "test")."""
        return cast(list[RecognitionMetrics], list(cast(nn.ModuleList, self._metrics[stage])))

    def metric_prefix(self, stage: str, text: ClassText) -> str:
        """What the names of a set's metrics begin with: "test/novel", or just "val" where there is one set."""
        short = _SETTINGS[stage]
        return short if text.set_name == short else f"{short}/{text.set_name}"

    def on_validation_epoch_end(self) -> None:
        """Logs `val/top1`, ... of the held-out clips."""
        self._log_evaluation("validate")

    def on_test_epoch_end(self) -> None:
        """Logs `test/SET/top1`, ... of each set, and `test/harmonic_mean` of base and novel."""
        self._log_evaluation("test")

    def _log_evaluation(self, stage: str) -> None:
        top1: dict[str, float] = {}
        texts = self.class_texts[stage]
        for text, metrics in zip(texts, self.set_metrics(stage), strict=True):
            prefix = self.metric_prefix(stage, text)
            results = metrics.compute()
            self.per_class_percent[text.set_name] = metrics.per_class_percent().tolist()
            metrics.reset()
            if "top1" in results:
                top1[text.set_name] = results["top1"]
            elif not self.trainer.sanity_checking:  # which looks at few clips
                raise ValueError(
                    f"none of the {results['n_failed']:.0f} clips of the set {text.set_name!r} could be decoded, so "
                    "that there is no accuracy to choose a checkpoint by; look at them with `zsar doctor --decode all`"
                )
            for name, value in results.items():
                self.log(f"{prefix}/{name}", value, prog_bar=name == "top1", sync_dist=True)
        if {"base", "novel"} <= set(top1):
            self.log(f"{_SETTINGS[stage]}/harmonic_mean", harmonic_mean(top1["base"], top1["novel"]), sync_dist=True)

    # --- training and checkpoints ---------------------------------------------------------------------------------

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW over the trained parameters, warm-up and cosine per step.

        Raises:
            ValueError: The model is frozen.
        """
        if not any(p.requires_grad for p in self.parameters()):
            raise ValueError(f"{type(self).__name__} has nothing to train; use `zsar test`")
        return self.optimization.configure(self.parameter_groups(), n_optimizer_steps(self.trainer))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leaves the frozen weights out and names them instead, and the batches after the last update uncounted."""
        pack_checkpoint(self, checkpoint)
        go_on_at_last_update(
            checkpoint,
            accumulated_batches=self.trainer.accumulate_grad_batches,
            n_batches=self.trainer.num_training_batches,
        )

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Puts the frozen weights back, after checking that they are the ones the checkpoint was trained on."""
        unpack_checkpoint(self, checkpoint, path=getattr(self._trainer, "ckpt_path", None))
