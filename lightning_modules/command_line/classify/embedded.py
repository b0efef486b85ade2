"""`zsar classify --embeddings`: answers for stored embeddings instead of videos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zsar.api.devices import device_names
from zsar.api.embeddings.archive import open_archive
from zsar.api.embeddings.stored_answers import StoredAnswer, stored_answers
from zsar.api.embeddings.tower_model import model_of_tower
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.command_line.classify.classify_options import ClassifyOptions
from zsar.runtime.terminal import message_console, waiting


def embedded_answers(options: ClassifyOptions, folder: Path, text: ClassText) -> Iterator[StoredAnswer]:
    """Scores the stored embeddings of a folder with the model that made them.

    Args:
        options: The parsed command line; `--weights` and `--checkpoint` say where the model is if it has moved.
        folder: Its `--embeddings`.
        text: The classes.

    Yields:
        The answer for each video.

    Raises:
        EmbeddingFileError: The folder has no embeddings, or of several models; or a file is damaged.
        ValueError: The model is not the one that embedded the videos.
    """
    archive = open_archive(folder)
    (device,) = device_names(options.device.device, 1)
    asked = options.model
    with waiting(message_console(), "loading the model that embedded the videos"):
        model = model_of_tower(
            archive.tower,
            weights=asked.weights,
            tokenizer=None if asked.tokenizer is None else str(asked.tokenizer),
            checkpoint=asked.checkpoint,
            device=device,
        )
    yield from stored_answers(archive, text, model)
