"""ClassTextSource: what a recognizer needs from a data module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from lightning.pytorch import LightningModule

from zsar.datamodules.batch import ClassText


class ClassTextSource(Protocol):
    """Provides the class text of each data loader of a stage."""

    def class_text(self, stage: str) -> Sequence[ClassText]:
        """Class texts for "fit", "validate", "test" or "predict", one for each data loader."""
        ...


def class_text_source(model: LightningModule) -> ClassTextSource:
    """Returns the data module of a model's run.

    Raises:
        TypeError: The data module has no class text.
    """
    source = getattr(model.trainer, "datamodule", None)
    if source is None or not hasattr(source, "class_text"):
        raise TypeError(
            f"{type(model).__name__} needs a data module with class_text(stage), which provides the class names; "
            f"the trainer has {type(source).__name__}"
        )
    return cast(ClassTextSource, source)
