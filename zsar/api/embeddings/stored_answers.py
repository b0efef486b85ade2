"""Classifies the videos of an archive by their stored embeddings, as the model would classify the decoded videos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from zsar.api.embeddings.archive import Archive
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.recognition.class_probabilities import ClassProbabilities
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch


@dataclass(frozen=True)
class StoredAnswer:
    """The answer for one stored video.

    Attributes:
        video: Its name in the archive.
        file: Its path when it was embedded.
        probabilities: Of the C classes in the order of their names, on the CPU; NaN where the model's scores are.
        n_damaged: Number of accepted damaged frames among those embedded.
    """

    video: str
    file: str
    probabilities: ClassProbabilities
    n_damaged: int


def stored_answers(archive: Archive, text: ClassText, model: ActionRecognizer) -> Iterator[StoredAnswer]:
    """Scores each video of an archive. Of videos embedded frame by frame, all frames count as one view.

    Args:
        archive: The stored embeddings.
        text: The classes.
        model: The model that embedded the videos (`tower_model.model_of_tower`).

    Yields:
        The answers, in the order of the archive.

    Raises:
        ValueError: A prompt has more tokens than the text tower reads.
        EmbeddingFileError: A file is damaged, or of another visual tower.
    """
    with torch.inference_mode():
        classes = model.class_embeddings.cached(text.prompts, model.device)
    for content in archive.videos():
        with torch.inference_mode():
            embedded = EmbeddedBatch(content.embeddings[None].to(model.device), (classes,))
            (probabilities,) = model.probabilities(embedded).cpu()
        video = content.record.video
        yield StoredAnswer(video.name, video.file, probabilities, video.n_damaged)
