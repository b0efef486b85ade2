"""Contrastive pretraining of a small CLIP model on captioned images (CLIP, Radford et al. 2021, section 2.3).

A SigLIP is trained with this softmax loss too, and its bias fitted to the last batch: within some hundred steps its own
sigmoid loss (Zhai et al. 2023, section 3.2) learns half as much, since it begins with every pair called wrong.

Departures: captions repeat, so the positives of an image are all images of the batch with the same caption; text is
encoded once per distinct caption; position and word embeddings start larger, since a small model trained for a minute
otherwise learns what is in an image but not where; and a tower of timm starts with the weights of open_clip's scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import functional

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

_TIMM_DEVIATION = 0.02  # of weights and positions that timm begins with
_MAX_LOGIT_SCALE = math.log(100)  # CLIP's own limit


class ImageTextPretraining(LightningModule):
    """Trains both towers of a CLIP model from scratch.

    A training batch is (frames uint8 [B, 3, H, W], B captions). A test batch is a set of multiple-choice questions:
    (name, frames uint8 [N, 3, H, W], N tuples of K texts, int64 [N]), and the share of right answers is logged by name.
    """

    def __init__(
        self,
        architecture: str,
        *,
        learning_rate: float = 2.5e-3,
        weight_decay: float = 0.01,
        squared_gradient_decay: float = 0.95,
        position_embedding_scale: float = 4.0,
        token_embedding_scale: float = 5.0,
    ) -> None:
        """Builds the model with random weights.

        Args:
            architecture: As for `OpenClipBackbone`; its visual tower must be a ViT.
            learning_rate: Peak of the one-cycle schedule.
            weight_decay: Decoupled weight decay on all parameters.
            squared_gradient_decay: AdamW's second beta. A short memory suits a few hundred steps, in which the size of
                gradients changes a lot.
            position_embedding_scale: Factor of the visual position embedding at initialization.
            token_embedding_scale: Factor of the text tower's token embedding at initialization.
        """
        super().__init__()
        self.save_hyperparameters()
        self.backbone = OpenClipBackbone(architecture, "random")
        self.backbone.train()  # it is built in evaluation mode, like pretrained models
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.squared_gradient_decay = squared_gradient_decay
        if hasattr(self._clip.visual, "trunk"):
            begin_as_open_clip(self._clip.visual.trunk)
        with torch.no_grad():
            self._position_embedding.mul_(position_embedding_scale)
            self._text_tower.token_embedding.weight.mul_(token_embedding_scale)
        self._tokens_of: dict[str, Tensor] = {}
        self._last_logits, self._last_labels = torch.empty(0, 0), torch.empty(0, dtype=torch.int64)

    @property
    def _clip(self) -> Any:  # noqa: ANN401 - open_clip is not typed
        return self.backbone.clip

    @property
    def _position_embedding(self) -> Tensor:
        """Of the visual tower, of open_clip or timm."""
        visual = self._clip.visual
        embedding: Tensor = visual.trunk.pos_embed if hasattr(visual, "trunk") else visual.positional_embedding
        return embedding

    @property
    def _text_tower(self) -> Any:  # noqa: ANN401 - CLIP's text tower is the model itself, CoCa's is .text
        return getattr(self._clip, "text", self._clip)

    def training_step(self, batch: tuple[Tensor, Sequence[str]], batch_index: int) -> Tensor:
        """Returns the loss of a batch."""
        frames, captions = batch
        texts, labels = different_captions(captions, frames.device)
        logits = self.backbone.logit_scale * self._embed_frames(frames) @ self._embed_texts(texts).T
        loss = multi_positive_contrastive(logits, labels)
        self._last_logits, self._last_labels = logits.detach(), labels
        self.log("train/loss", loss, prog_bar=True, batch_size=len(captions))
        return loss

    def on_train_batch_end(self, *_: object) -> None:
        """Clamps the logit scale to CLIP's limit."""
        with torch.no_grad():
            self._clip.logit_scale.clamp_(max=_MAX_LOGIT_SCALE)

    def on_train_end(self) -> None:
        """Fits the bias of a SigLIP, of which its softmax loss knows nothing."""
        bias = self.backbone.logit_bias
        if bias is not None:
            with torch.no_grad():
                bias.fill_(fitted_bias(self._last_logits, self._last_labels))

    def test_step(self, batch: tuple[str, Tensor, Sequence[tuple[str, ...]], Tensor], batch_index: int) -> None:
        """Logs the share of correct answers."""
        name, frames, choices, labels = batch
        texts = list(dict.fromkeys(text for question in choices for text in question))
        columns = torch.tensor([[texts.index(text) for text in question] for question in choices], device=frames.device)
        cosines = self._embed_frames(frames) @ self._embed_texts(texts).T  # [N, distinct texts]
        is_right = cosines.gather(1, columns).argmax(dim=1) == labels
        self.log(name, is_right.float().mean(), batch_size=len(labels))

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with a one-cycle schedule."""
        # Fused: the token embedding is most of the model, and the unfused default takes a third of a step on CPU.
        optimizer = torch.optim.AdamW(
            self.backbone.parameters(),
            lr=self.learning_rate,
            betas=(0.9, self.squared_gradient_decay),
            weight_decay=self.weight_decay,
            fused=True,
        )
        n_steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=self.learning_rate, total_steps=n_steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _embed_frames(self, frames: Tensor) -> Tensor:
        """Unit embeddings [N, D] of frames uint8 [N, 3, H, W]."""
        embeddings = self.backbone.encode_frames(self.backbone.normalize_frames(frames))
        return functional.normalize(embeddings, dim=-1)

    def _embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Unit embeddings [N, D] of texts."""
        return functional.normalize(self.backbone.encode_text(self._tokens(texts)), dim=-1)

    def _tokens(self, texts: Sequence[str]) -> Tensor:
        """int64 [N, context length]; each text is tokenized once per run."""
        new = [text for text in texts if text not in self._tokens_of]
        if new:
            self._tokens_of.update(zip(new, self.backbone.tokenize(new), strict=True))
        return torch.stack([self._tokens_of[text] for text in texts]).to(self.device)


def begin_as_open_clip(trunk: Any) -> None:  # noqa: ANN401 - timm's ViTs share no base class
    """Scales the initial weights of a ViT of timm.

    timm begins with a standard deviation of 0.02 at any width and a head near zero, open_clip with width^-0.5: five
    times as much in a tower of width 96, which otherwise learns little within some hundred steps.

    Args:
        trunk: The ViT, with its initial weights; positions and linear layers are changed.
    """
    factor = trunk.embed_dim**-0.5 / _TIMM_DEVIATION
    with torch.no_grad():
        trunk.pos_embed.mul_(factor)
        for module in trunk.modules():
            if isinstance(module, nn.Linear):
                module.weight.mul_(factor)
        if isinstance(trunk.head, nn.Linear):
            trunk.head.weight.normal_(std=trunk.embed_dim**-0.5)


def different_captions(captions: Sequence[str], device: torch.device) -> tuple[list[str], Tensor]:
    """The distinct captions of a batch.

    Args:
        captions: B captions.
        device: Where the labels are wanted.

    Returns:
        M distinct captions, and the index of each caption among them, int64 [B].
    """
    texts = list(dict.fromkeys(captions))
    return texts, torch.tensor([texts.index(c) for c in captions], device=device)


def multi_positive_contrastive(logits: Tensor, labels: Tensor) -> Tensor:
    """Symmetric contrastive loss for images that share texts.

    Args:
        logits: Scaled cosines of images and distinct texts, [B, M].
        labels: int64 [B], the text of each image; every text has at least one.

    Returns:
        Scalar, the mean of two cross-entropies: each image's text among all texts, averaged over images; and each
        text's images among all images, with a uniform target over its images, averaged over texts.
    """
    image_to_text = functional.cross_entropy(logits, labels)
    is_own = functional.one_hot(labels, logits.shape[1]).to(logits.dtype).T  # [M, B]
    text_to_image = functional.cross_entropy(logits.T, is_own / is_own.sum(dim=1, keepdim=True))
    return (image_to_text + text_to_image) / 2


def fitted_bias(logits: Tensor, labels: Tensor) -> float:
    """The bias with which SigLIP's sigmoid loss is least: as many pairs are expected to match as do.

    Args:
        logits: Scaled cosines of images and distinct texts, without a bias, [B, M] with M > 1.
        labels: int64 [B], the text of each image.

    Returns:
        The b of sum sigmoid(logit + b) = B, from -1000 to 1000, found by halving.
    """
    low, high = -1000.0, 1000.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = float(torch.sigmoid(logits.double() + middle).sum())
        low, high = (low, middle) if expected > len(labels) else (middle, high)
    return (low + high) / 2
