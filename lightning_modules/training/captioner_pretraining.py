"""Pretraining of a small CoCa, which also learns to write captions (CoCa, Yu et al. 2022, equation 4).

Departure: the captioning loss uses only a part of each batch, over all 49,408 words: for one image it costs several
times as much as the rest of a tiny model.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from zsar.lightning_modules.training.image_text_pretraining import (
    ImageTextPretraining,
    different_captions,
    multi_positive_contrastive,
)

_DECODED_AT_ONCE = 32  # frames; their logits over all words take about 60 MB


class CaptionerPretraining(ImageTextPretraining):
    """Trains a CoCa model from scratch: both towers, and the decoder that writes captions.

    A test question with a single text asks whether the frame's caption begins with that text: each word must be the
    likeliest one after those before it.
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
        captioning_weight: float = 2.0,
        captions_per_batch: int = 8,
    ) -> None:
        """Builds the model with random weights.

        Args:
            architecture: A CoCa, whose text tower appends a class token.
            learning_rate: Peak of the schedule; this and the next four as in `ImageTextPretraining`.
            weight_decay: On all parameters.
            squared_gradient_decay: AdamW's second beta.
            position_embedding_scale: At initialization.
            token_embedding_scale: At initialization.
            captioning_weight: Factor of the captioning loss; that of the contrastive loss is 1, as in the paper.
            captions_per_batch: Number of captions per batch, the first ones, in the captioning loss.

        Raises:
            ValueError: The architecture has no decoder.
        """
        super().__init__(
            architecture,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            squared_gradient_decay=squared_gradient_decay,
            position_embedding_scale=position_embedding_scale,
            token_embedding_scale=token_embedding_scale,
        )
        if not hasattr(self._clip, "text_decoder"):
            raise ValueError(f"{architecture} has no decoder to write captions; take a CoCa such as tiny-coca")
        self.captioning_weight = captioning_weight
        self.captions_per_batch = captions_per_batch

    def training_step(self, batch: tuple[Tensor, Sequence[str]], batch_index: int) -> Tensor:
        """Returns the loss of a batch."""
        frames, captions = batch
        texts, labels = different_captions(captions, frames.device)
        tokens = self._tokens(texts)
        of_frames, frame_tokens = self._clip.visual(self.backbone.normalize_frames(frames))
        of_texts, text_tokens = self._clip.text(tokens)
        cosines = functional.normalize(of_frames, dim=-1) @ functional.normalize(of_texts, dim=-1).T
        contrastive = multi_positive_contrastive(self.backbone.logit_scale * cosines, labels)
        some = labels[: self.captions_per_batch]
        logits, words = self._written(frame_tokens[: len(some)], text_tokens[some], tokens[some])
        captioning = functional.cross_entropy(logits.flatten(0, 1), words.flatten(), ignore_index=self._clip.pad_id)
        loss: Tensor = contrastive + self.captioning_weight * captioning
        self.log("train/loss", loss, prog_bar=True, batch_size=len(captions))
        self.log("train/captioning", captioning, prog_bar=True, batch_size=len(captions))
        return loss

    def test_step(self, batch: tuple[str, Tensor, Sequence[tuple[str, ...]], Tensor], batch_index: int) -> None:
        """Logs the share of correct answers, or of captions with the expected beginning."""
        name, frames, choices, _ = batch
        if any(len(texts) > 1 for texts in choices):
            super().test_step(batch, batch_index)
            return
        begins = self._captions_begin_with(frames, [texts[0] for texts in choices])
        self.log(name, begins.float().mean(), batch_size=len(frames))

    def _captions_begin_with(self, frames: Tensor, texts: Sequence[str]) -> Tensor:
        """Whether the greedy caption of each frame begins with a text, bool [N].

        This holds if each word of the text is the likeliest after those before it, so no caption is generated.
        """
        end = self.backbone.text.start_and_end_token[1]
        parts = zip(frames.split(_DECODED_AT_ONCE), self._tokens(texts).split(_DECODED_AT_ONCE), strict=True)
        begins = []
        for some_frames, tokens in parts:
            _, frame_tokens = self._clip.visual(self.backbone.normalize_frames(some_frames))
            _, text_tokens = self._clip.text(tokens)
            logits, words = self._written(frame_tokens, text_tokens, tokens)
            is_of_text = (words != end) & (words != self._clip.pad_id)
            begins.append(((logits.argmax(dim=-1) == words) | ~is_of_text).all(dim=1))
        return torch.cat(begins)

    def _written(self, frame_tokens: Tensor, text_tokens: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The decoder's prediction after each prefix of a text, and the actual next word.

        Args:
            frame_tokens: Of the visual tower, [N, queries, W].
            text_tokens: Of the text tower, [N, context length, W].
            tokens: The texts, int64 [N, context length].

        Returns:
            Logits of all words, [N, L, words], and words int64 [N, L]; L is the length of the longest text.
        """
        length = int((tokens[:, 1:] != self._clip.pad_id).any(dim=0).sum())
        logits: Tensor = self._clip.text_decoder(frame_tokens, text_tokens[:, :length])
        return logits, tokens[:, 1 : 1 + length]
