"""VideoTextModel: CLIP that compares video frames with class text. Frames and text -> embeddings -> logits.

A recognizer without training, testing and files; its subclass `ActionRecognizer` adds these.
"""

from __future__ import annotations

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor
from torch.nn import functional

from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.datamodules.choices.frame_pixels import FramePixels
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TextBlockForward
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import FROM_FLOATS
from zsar.lightning_modules.open_clip_towers.tower_hash import TowerCheck
from zsar.lightning_modules.recognition.class_embeddings import ClassEmbeddings
from zsar.lightning_modules.recognition.class_probabilities import ClassProbabilities
from zsar.lightning_modules.recognition.scorers.token_rows import end_embeddings, token_rows
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch, Scoring
from zsar.runtime.terminal import say_on_terminal

_TO_RANK_6 = {  # how the axes of videos and views are added, by the number of axes
    3: "take frames[None, None, None] of a single frame",
    4: "take frames[None, None] of one view of one video",
    5: "take frames[:, None] of one view of each video",
}


class VideoTextModel(LightningModule):
    """Embeds frames and class text, and compares them.

    Attributes:
        backbone: The CLIP model, frozen.
        scoring: How frames are compared with prompts.
        class_embeddings: Embeddings of class text, cached.
    """

    def __init__(self, *, backbone: ClipSettings, scoring: Scoring) -> None:
        """Builds the backbone, frozen.

        Args:
            backbone: The CLIP model.
            scoring: How frames are compared with prompts.

        Raises:
            BackboneError: The model cannot be built, or the scorer reads tokens that its text tower does not give.
        """
        super().__init__()
        self.backbone = backbone.build()
        if scoring.reads_tokens:
            self.backbone.text.tower.check_states()  # before any video is decoded
        self.backbone.requires_grad_(False)
        self.scoring = scoring
        self._tower_check = TowerCheck()
        self.class_embeddings = ClassEmbeddings(
            self.backbone.tokenize,
            lambda tokens: self.text_rows(tokens),
            recomputes=self.backbone.gradient_checkpointing,
            on_many=_say_embedding,
        )

    @property
    def frame_pixels(self) -> FramePixels:
        """How frames are to be made for this model; a data module asks for it."""
        return self.backbone.frame_pixels

    def embed_frames(self, frames: Tensor) -> Tensor:
        """Embeds the frames of single views: normalized [B, T, 3, H, W] -> [B, T, D], not L2-normalized."""
        return self.backbone.encode_frames(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])

    def embed_text(self, tokens: Tensor) -> Tensor:
        """Embeds prompts: int64 [N, L] -> [N, D], not L2-normalized."""
        return self.backbone.encode_text(tokens, self.text_block_forward)

    def text_rows(self, tokens: Tensor) -> Tensor:
        """What the scorer reads of prompts, int64 [N, L]: normalized embeddings [N, D], or `token_rows` [N, D']."""
        if self.scoring.reads_tokens:
            return token_rows(self.backbone.encode_text_tokens(tokens, self.text_block_forward))
        embedded = self.embed_text(tokens).float()
        return embedded if self.scoring.sums_embeddings else functional.normalize(embedded, dim=-1)

    def prompt_embeddings(self, prompts: tuple[tuple[str, ...], ...]) -> Tensor:
        """Embeds P prompts for each of C classes, whatever the scorer reads besides: L2-normalized [C, P, D].

        Raises:
            ValueError: A prompt has more tokens than the text tower reads.
        """
        rows = end_embeddings(self.class_embeddings.cached(prompts, self.device), self.backbone.embedding_width)
        return functional.normalize(rows, dim=-1) if self.scoring.sums_embeddings else rows

    @property
    def text_block_forward(self) -> TextBlockForward | None:
        """How to run the blocks of the text tower; None for CLIP's default."""
        return None

    @property
    def frame_variant(self) -> str:
        """A word on how this model embeds frames, where others of its class do so otherwise with the same weights."""
        return ""

    def forward(self, frames: Tensor, class_embeddings: Tensor) -> Tensor:
        """Scores videos against classes.

        Args:
            frames: uint8 RGB [B, V, T, 3, H, W], H and W as in `backbone.image_size`.
            class_embeddings: L2-normalized [C, P, D].

        Returns:
            Logits [B, C] in fp32; log-probabilities if several views or prompts are averaged.

        Raises:
            TypeError: Frames are not a tensor of uint8.
            ValueError: Frames have another shape.
        """
        return self.score(self.embed_views(frames), class_embeddings)

    def embed_views(self, frames: Tensor) -> Tensor:
        """Frame embeddings of all views: uint8 RGB [B, V, T, 3, H, W] -> [B, V, T, D].

        Raises:
            TypeError: Frames are not a tensor of uint8.
            ValueError: Frames have another shape.
        """
        check_frames(frames, self.backbone.image_size)
        return self._embed_normalized(self.backbone.normalize_frames(frames))

    def _embed_normalized(self, frames: Tensor) -> Tensor:
        return self.embed_frames(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])

    @property
    def score_scale(self) -> Tensor:
        """The factor of the scores in `score` and `score_embedded`, a scalar."""
        return self.backbone.logit_scale

    def score(self, frame_embeddings: Tensor, class_embeddings: Tensor) -> Tensor:
        """Frame embeddings [B, V, T, D] and class embeddings [C, P, D] or [B, C, P, D] -> logits [B, C]."""
        return self.scoring.score(frame_embeddings, class_embeddings, self.score_scale)

    def score_views(self, frame_embeddings: Tensor, class_embeddings: Tensor) -> Tensor:
        """Scores each view separately: [B, V, T, D] and [C, P, D] or [B, C, P, D] -> logits [B, V, C]."""
        return self.scoring.score_views(frame_embeddings, class_embeddings, self.backbone.logit_scale)

    def embed(self, batch: VideoBatch, text: ClassText) -> EmbeddedBatch:
        """Embeds a batch and its class text."""
        classes = self.class_embeddings.cached(text.prompts, self.device)
        return EmbeddedBatch(self.frame_embeddings(batch), (classes,))

    def frame_embeddings(self, batch: VideoBatch) -> Tensor:
        """Frame embeddings of a batch, [B, V, T, D]: its stored ones, or computed from its frames.

        Raises:
            ValueError: Its stored embeddings are of another visual tower.
        """
        if batch.embeddings is None or batch.embedded_by is None:
            return self.embed_views(batch.frames)
        self._tower_check.check(self, batch.embedded_by)
        return batch.embeddings

    def score_embedded(self, embedded: EmbeddedBatch) -> Tensor:
        """Scores embedded videos: logits [B, C] in fp32."""
        return self.scoring.score_embedded(embedded, self.score_scale)

    def own_probabilities(self, embedded: EmbeddedBatch) -> Tensor | None:
        """The probability of each class by itself, [B, C] in fp32 (`Scoring.own_probabilities`).

        Returns:
            None where the model has no logit bias: it was not trained to tell these; or where frames vote.
        """
        bias = self.backbone.logit_bias
        if bias is None or self.scoring.scorer == "frame_voting":
            return None
        return self.scoring.own_probabilities(embedded, self.backbone.logit_scale, bias)

    def probabilities(self, embedded: EmbeddedBatch) -> ClassProbabilities:
        """The probabilities of embedded videos: softmax, and with a logit bias those of each class by itself."""
        logits = self.score_embedded(embedded).float()
        return ClassProbabilities(logits.softmax(dim=1), self.own_probabilities(embedded))

    def predict_embedded(self, embedded: EmbeddedBatch) -> dict[str, Tensor]:
        """What a step of a test or prediction returns of embedded videos, [B, C] each.

        Returns:
            "logits" and "probabilities", and with a logit bias "own_probabilities".
        """
        logits, own = self.score_embedded(embedded), self.own_probabilities(embedded)
        outputs = {"logits": logits, "probabilities": logits.softmax(dim=1)}
        return outputs if own is None else {**outputs, "own_probabilities": own}

    def train(self, mode: bool = True) -> VideoTextModel:
        """Sets training mode for the trained parts; a frozen backbone stays in evaluation mode."""
        super().train(mode)
        if not any(p.requires_grad for p in self.backbone.parameters()):
            self.backbone.eval()
        return self


def check_frames(frames: Tensor, image_size: tuple[int, int]) -> None:
    """Checks that frames are what a model takes; the message says what that is, and how to get it.

    Args:
        frames: uint8 RGB [B, V, T, 3, H, W].
        image_size: H and W of the model, in px.

    Raises:
        TypeError: They are not a tensor of uint8.
        ValueError: They have another shape.
    """
    is_uint8 = isinstance(frames, Tensor) and frames.dtype == torch.uint8
    if is_uint8 and frames.ndim == 6 and frames.shape[3:] == (3, *image_size):
        return
    height, width = image_size
    got, steps = type(frames).__name__, ["convert them by torch.as_tensor(frames)"]
    if isinstance(frames, Tensor):
        got, steps = f"{str(frames.dtype).removeprefix('torch.')} {list(frames.shape)}", _steps(frames, image_size)
    error = ValueError if is_uint8 else TypeError
    raise error(
        f"frames must be uint8 RGB [B, V, T, 3, {height}, {width}] (videos, views, frames, channels, height, width), "
        f"but are {got}: {', '.join(steps)}; or use zsar.classify, which takes videos and frames of any size"
    )


def _steps(frames: Tensor, image_size: tuple[int, int]) -> list[str]:
    """What to do with frames to get those that a model takes."""
    steps, shape = [], frames.shape
    if frames.is_floating_point():
        steps.append(f"take {FROM_FLOATS} of values from 0 to 1")
    elif frames.dtype != torch.uint8:
        steps.append("take frames.byte() of values from 0 to 255")
    if frames.ndim >= 3 and shape[-1] == 3 and shape[-3] != 3:
        steps.append("move the channels by frames.movedim(-1, -3)")
        shape = torch.Size((*shape[:-3], 3, *shape[-3:-1]))
    if frames.ndim in _TO_RANK_6:
        steps.append(_TO_RANK_6[frames.ndim])
    elif frames.ndim != 6:
        steps.append(f"give six axes, not {frames.ndim}")
    if frames.ndim >= 3 and shape[-3] != 3:
        steps.append(f"give 3 channels, not {shape[-3]}")
    if frames.ndim >= 3 and shape[-2:] != image_size:
        height, width = image_size
        steps.append(f"resize and crop to {height} x {width} px (set the data module's image_size to {height})")
    return steps


@rank_zero_only
def _say_embedding(n_prompts: int) -> None:
    say_on_terminal(f"embedding class text: {n_prompts:,} prompts")
