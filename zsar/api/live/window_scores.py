"""WindowScores: the probabilities of the classes for one window after another."""

from __future__ import annotations

import torch
from torch import Tensor

from zsar.api.loading import Precision, inference_precision
from zsar.datamodules.batch import ClassText
from zsar.datamodules.video_files.live import LiveWindow
from zsar.lightning_modules.recognition.class_probabilities import ClassProbabilities
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel


class WindowScores:
    """Scores windows; a frame of two windows is embedded once where the model embeds frames one by one."""

    def __init__(self, model: VideoTextModel, text: ClassText, *, precision: Precision = "fp32") -> None:
        """Embeds the classes.

        Args:
            model: The model, in evaluation mode.
            text: C classes.
            precision: "fp32", "bf16" or "fp16".

        Raises:
            ValueError: A prompt has more tokens than the text tower reads, or the device lacks the precision.
        """
        self._model, self._precision = model, precision
        with torch.inference_mode(), inference_precision(precision, model.device):
            self._classes = model.class_embeddings.cached(text.prompts, model.device)
        self._is_by_frame = type(model).embed_frames is VideoTextModel.embed_frames
        self._known: dict[int, Tensor] = {}

    def probabilities(self, window: LiveWindow) -> ClassProbabilities:
        """The probabilities of the C classes for a window, on the CPU; NaN where scores are not finite."""
        with torch.inference_mode(), inference_precision(self._precision, self._model.device):
            embedded = self._by_frame(window) if self._is_by_frame else self._embedded(window.frames)
            (of_window,) = self._model.probabilities(EmbeddedBatch(embedded[None, None], (self._classes,))).cpu()
            return of_window

    def _by_frame(self, window: LiveWindow) -> Tensor:
        """[T, D]; embeds the frames that were not in the window before."""
        rows = {number: row for row, number in enumerate(window.numbers) if number not in self._known}
        if rows:
            made = self._embedded(window.frames[list(rows.values())])
            self._known.update(zip(rows, made, strict=True))
        self._known = {number: self._known[number] for number in window.numbers}
        return torch.stack([self._known[number] for number in window.numbers])

    def _embedded(self, frames: Tensor) -> Tensor:
        """uint8 [T, 3, S, S] -> [T, D]."""
        return self._model.embed_views(frames.to(self._model.device)[None, None])[0, 0]
