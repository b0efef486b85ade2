"""StructureDistillation: a term of the loss that ties relative structure to a teacher's (TACO, Zhu et al. 2026).

A video is the normalized mean of its frames, over all views; a class is the normalized mean of its prompts in the step.
This holds for every scorer, also for late interaction, which compares single frames and prompts. The teacher embeds the
same frames and prompts. A frozen text tower is shared: the teacher's classes are the model's. The term is computed in
at least float32, whatever the precision of the training (the authors' code: float16).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from zsar.lightning_modules.recognition.class_embeddings import ChosenPrompts
from zsar.lightning_modules.recognition.scorers.token_rows import end_embeddings
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch
from zsar.lightning_modules.recognition.structure.mean_teacher import MeanTeacher, at_least_single
from zsar.lightning_modules.recognition.structure.relative_structure import (
    draw_anchors,
    structure_loss,
    structure_similarities,
)
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.runtime.number_limits import check_least

_ENTRY = "structure_teacher"  # of a checkpoint


@dataclass(frozen=True)
class StructureDistillation:
    """Distillation of relative structure from a moving average of the weights: one more forward pass in each step.

    Attributes:
        weight: Factor of the term; 0 leaves it out, and the teacher with it.
        n_anchors: K, random directions that are drawn in each step and process. K over the width D of the embeddings
            sets the temperature: 200 is 0.39 for D = 512 (B/16) and 0.26 for D = 768 (L/14); keep K / D for others.
        teacher_momentum: Share of the teacher that stays in each update of the weights: half of it after 3,466 updates
            at 0.9998. 1 is a teacher that stays as training began; 0 is the model itself, before the update.
    """

    weight: float = 0.4
    n_anchors: int = 200
    teacher_momentum: float = 0.9998

    def __post_init__(self) -> None:
        """Checks ranges."""
        if not 0 <= self.weight < math.inf:
            raise ValueError(f"structure.weight must be at least 0, and finite; got {self.weight}")
        check_least(1, n_anchors=self.n_anchors)
        if not 0 <= self.teacher_momentum <= 1:
            raise ValueError(f"structure.teacher_momentum is a share from 0 to 1; got {self.teacher_momentum}")


class StructureTerm:
    """The term and the teacher of one training; without settings, or with weight 0, it does nothing.

    Attributes:
        settings: How it is computed; None where it is left out.
        teacher: None before the first step.
    """

    def __init__(self, settings: StructureDistillation | None, *, left_out: str | None = None) -> None:
        """Starts without a teacher.

        Args:
            settings: How it is computed; None for no term.
            left_out: Name of a part of the model that is used in training mode only; the teacher does not average it.
        """
        self._left_out = left_out
        self.settings = settings if settings is not None and settings.weight > 0 else None
        self.teacher: MeanTeacher | None = None

    def losses(
        self, model: VideoTextModel, frames: Tensor, embedded: EmbeddedBatch, prompts: ChosenPrompts | None
    ) -> dict[str, Tensor]:
        """The term of a step.

        Args:
            model: The model in training.
            frames: Its input, normalized, [B, V, T, 3, H, W].
            embedded: Its output: frames [B, V, T, D] as they are scored, and class text [C', P', D].
            prompts: The prompts of the class text; None if the text tower is frozen.

        Returns:
            "structure", the weighted scalar; empty without settings.
        """
        if self.settings is None:
            return {}
        videos, classes = pooled(embedded, model.backbone.embedding_width)
        of_teacher = self._teacher_embeddings(model, frames, embedded, prompts)
        anchors = draw_anchors(self.settings.n_anchors, videos.shape[1], seed=torch.initial_seed()).to(videos)
        with torch.autocast(videos.device.type, enabled=False):
            student = structure_similarities(videos, classes, anchors)
            teacher = structure_similarities(*of_teacher, anchors)
            loss = structure_loss(student, teacher, model.backbone.logit_scale.to(videos.dtype))
        return {"structure": self.settings.weight * loss}

    def start(self) -> None:
        """Forgets the teacher of an earlier training."""
        self.teacher = None

    def save(self, checkpoint: dict[str, Any]) -> None:
        """Adds the teacher to a checkpoint that can be resumed; checkpoints of weights alone do not get it."""
        if self.teacher is not None and "optimizer_states" in checkpoint:
            checkpoint[_ENTRY] = self.teacher.state_dict()

    def load(self, model: VideoTextModel, checkpoint: Mapping[str, Any], *, path: object) -> None:
        """Restores the teacher of a training that is resumed.

        Args:
            model: The model.
            checkpoint: What `save` was given.
            path: Where it lies, for messages.

        Raises:
            CheckpointError: Only one of the two, this training and the checkpoint, has a teacher; or they do not match.
        """
        state = checkpoint.get(_ENTRY)
        if (state is None) != (self.settings is None):
            has, remedy = ("no teacher", "null") if state is None else ("a teacher", "{weight: 0.4}")
            raise CheckpointError(
                f"{path} has {has} of the structure term, and this run {'needs' if state is None else 'has no use for'}"
                f" one: resume with the setting with which the training began (such as --model.structure '{remedy}')"
            )
        if state is not None:
            self.teacher = MeanTeacher(model, left_out=self._left_out)
            self.teacher.load_state_dict(state, path=path)

    def _teacher_embeddings(
        self, model: VideoTextModel, frames: Tensor, embedded: EmbeddedBatch, prompts: ChosenPrompts | None
    ) -> tuple[Tensor, Tensor]:
        """The teacher's videos [B, D] and classes [C', D]; the teacher is updated first."""
        assert self.settings is not None
        if self.teacher is None:
            self.teacher = MeanTeacher(model, left_out=self._left_out)
        self.teacher.follow(model, momentum=self.settings.teacher_momentum, step=model.global_step)

        def embed() -> EmbeddedBatch:
            frame_embeddings = model.embed_frames(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
            (classes,) = embedded.class_texts
            if prompts is not None:
                classes = model.class_embeddings.chosen(prompts, model.device)
            return EmbeddedBatch(frame_embeddings, (classes.detach(),))

        return pooled(self.teacher.run(model, embed), model.backbone.embedding_width)


def pooled(embedded: EmbeddedBatch, width: int) -> tuple[Tensor, Tensor]:
    """One embedding for each video and for each class.

    Args:
        embedded: Frames [B, V, T, D] and a class text [C, P, D'].
        width: D.

    Returns:
        L2-normalized, at least float32: [B, D], and [C, D].
    """
    (classes,) = embedded.class_texts
    frames, prompts = at_least_single(embedded.frames), at_least_single(end_embeddings(classes, width))
    return functional.normalize(frames.flatten(1, 2).mean(dim=1), dim=-1), functional.normalize(
        prompts.mean(dim=1), dim=-1
    )
