"""What localizers say instead of loading a checkpoint."""

from __future__ import annotations

from typing import NoReturn

from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError


class NoCheckpoints:
    """What `ActionLocalizer` inherits, as nothing of it is trained."""

    @classmethod
    def load_from_checkpoint(cls, *_: object, **__: object) -> NoReturn:
        """Always an error.

        Raises:
            CheckpointError: Always; the message says how a localizer is built.
        """
        raise CheckpointError(
            f"{cls.__name__} has no checkpoints, since nothing of it is trained; build it by its settings, "
            f"{cls.__name__}(backbone=ClipSettings(ARCHITECTURE, WEIGHTS)), or use `zsar localize`"
        )
