"""PhasedActivities: a rendered benchmark of activities that consist of phases, and needs no downloads.

Real mp4 files of 104 activities with invented names, each two or three phases that show a coloured shape at a place
(`phased_activities_rendering`). Text says in known words what is seen, as twelve action prompts or one description of
an activity (`text.descriptions`: phased_activities_action_prompts, phased_activities_descriptions). Base and novel
activities, 52 each, use the same colours, shapes and places, but no two objects meet in both. Rendered once, in
seconds:

    DATA_ROOT/phased_activities/FINGERPRINT/
        train/glorv/00.mp4    (24 frames of 32 x 32 px at 8 fps, H.264)
        test/glorv/00.mp4

Source: rendered by this file, MIT licence. Counts: `n_train` and `n_test` clips of each of 104 classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.data_sets.moving_shapes import MovingShapes
from zsar.datamodules.rendering import phased_activities_rendering
from zsar.datamodules.rendering.phased_activities_rendering import all_activities, render_activity
from zsar.datamodules.settings import Clips, Loading, Split, Text


class PhasedActivities(MovingShapes):
    """Activities of several phases, rendered as the moving shapes are."""

    def __init__(
        self,
        *,
        n_train: int = 9,
        n_test: int = 8,
        render_seed: int = 0,
        data_root: Path | str | None = None,
        clips: Clips = Clips(),
        split: Split = Split(protocol="base_to_novel"),
        text: Text = Text(templates="a photo of {}"),
        loading: Loading = Loading(),
        embeddings: Path | str | None = None,
    ) -> None:
        """Describes the benchmark; `prepare_data` renders it.

        Args:
            n_train: Training clips of each class.
            n_test: Test clips of each class.
            render_seed: Seed of the clips; activities and their texts are the same for every seed.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which classes and videos are used for training and for testing.
            text: How classes are described to models; no model knows their names.
            loading: How videos become batches.
            embeddings: Folder that `zsar embed` wrote: its embeddings, of the same visual tower, are tested instead of
                decoded frames; null to decode. Training always decodes. Relative to the working directory.

        Raises:
            ValueError: A number is out of range.
        """
        super().__init__(
            n_train=n_train,
            n_test=n_test,
            render_seed=render_seed,
            data_root=data_root,
            clips=clips,
            split=split,
            text=text,
            loading=loading,
            embeddings=embeddings,
        )

    @property
    def class_names(self) -> Sequence[str]:
        """The 104 invented words."""
        return [activity.name for activity in all_activities()]

    def base_and_novel(self) -> tuple[Sequence[str], Sequence[str]]:
        """52 activities each, which are fixed, not drawn."""
        activities = all_activities()
        return [a.name for a in activities if a.is_base], [a.name for a in activities if not a.is_base]

    # --- rendering ------------------------------------------------------------------------------------------------

    def rendering_sources(self) -> tuple[Path, ...]:
        """Adds this file and the activities."""
        return (*super().rendering_sources(), Path(__file__), Path(phased_activities_rendering.__file__))

    @property
    def class_folders(self) -> Sequence[str]:
        """The folder of each class in that of a set: its name."""
        return self.class_names

    def clip_frames(self, label: int, subset: str, index: int) -> NDArray[np.uint8]:
        """The frames of a clip of a class before they are encoded, uint8 [T, H, W, 3]."""
        return render_activity(all_activities()[label], purpose=subset, index=index, seed=self.render_seed)[0]
