"""ShiftedMovingShapes: the novel test clips of the rendered benchmark, clean and under distribution shifts.

For testing. Each shift is a separate set, so that one test run shows the accuracy on clean clips and its drop under
each shift. The clean clips are those of `MovingShapes` with the same seed; a shift changes their frames before
encoding. Rendered once, in seconds:

    DATA_ROOT/shifted_moving_shapes/FINGERPRINT/
        clean/red circle to the top/00.mp4     (24 frames of 32 x 32 px at 8 fps, H.264)
        noise/red circle to the top/00.mp4     (the same clip with noise; likewise each shift of `shape_shifts`)

Clips of opposite directions stay each other's reversal under all shifts but lost frames, so that a model that ignores
the order of frames gets half of the directions right. Under lost frames the shape lags: the mean of its positions shows
where it came from, which a model of single frames mistakes for where it is going. The clips of the set "synonyms" are
the clean ones, and its classes have other names.

Source: rendered by this file, MIT licence. Counts: `n_test` clips of each of 32 novel classes in every set.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.batch import ClassText
from zsar.datamodules.data_sets.moving_shapes import MovingShapes, clip_key, write_clip
from zsar.datamodules.data_sets.shifted import shape_shifts
from zsar.datamodules.data_sets.shifted.shape_shifts import (
    LossShift,
    Shift,
    Strengths,
    in_other_words,
    shifted_colours,
    shifted_frames,
)
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.rendering import frame_shifts
from zsar.datamodules.rendering.moving_shapes_rendering import (
    MovingShape,
    all_classes,
    base_and_novel_classes,
    clip_generator,
)
from zsar.datamodules.settings import Clips, Loading, Split, Text
from zsar.datamodules.trimmed_sets import Subset


class ShiftedMovingShapes(MovingShapes):
    """The novel classes of the rendered benchmark, one test set per shift.

    Attributes:
        shifts: The test sets, in the order of the results.
        strengths: How strong the shifts are.
    """

    for_testing_only = True

    def __init__(
        self,
        *,
        shifts: tuple[Shift, ...] = get_args(LossShift),
        strengths: Strengths = Strengths(),
        n_test: int = 8,
        render_seed: int = 0,
        data_root: Path | str | None = None,
        clips: Clips = Clips(),
        split: Split = Split(protocol="base_to_novel"),
        text: Text = Text(templates="name"),
        loading: Loading = Loading(),
        embeddings: Path | str | None = None,
    ) -> None:
        """Describes the test sets; `prepare_data` renders them.

        Args:
            shifts: The test sets, in the order of the results: of "clean", "noise", "contrast", "blur", "dropped", and
                of "cast", "fog", "palette" and "synonyms", which `configs/data/consistent_shifts.yaml` has.
            strengths: How strong the shifts are.
            n_test: Clips of each class in each set.
            render_seed: Seed of the clips and of the shifts.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: The protocol must be base_to_novel; novel classes are tested.
            text: How classes are described to models; class names are already sentences.
            loading: How videos become batches.
            embeddings: Folder that `zsar embed` wrote: its embeddings, of the same visual tower, are tested instead of
                decoded frames; null to decode. Training always decodes. Relative to the working directory.

        Raises:
            ValueError: A number is out of range, a shift is unknown or named twice, there is none, or the protocol is
                not base_to_novel.
        """
        super().__init__(
            n_train=1,  # neither listed nor rendered
            n_test=n_test,
            render_seed=render_seed,
            data_root=data_root,
            clips=clips,
            split=split,
            text=text,
            loading=loading,
            embeddings=embeddings,
        )
        _check_shifts(shifts)
        if split.protocol != "base_to_novel":
            raise ValueError(
                f"split.protocol is {split.protocol!r}, but {type(self).__name__} tests the novel classes; leave it at "
                "'base_to_novel'"
            )
        self.shifts = shifts
        self.strengths = strengths

    # --- sets -----------------------------------------------------------------------------------------------------

    def set_classes(self, stage: str) -> dict[str, Sequence[str]]:
        """For testing, the novel classes of each shift; for other stages as in `MovingShapes`."""
        if stage != "test":
            return super().set_classes(stage)
        _, novel = self.base_and_novel()
        return dict.fromkeys(self.shifts, novel)

    def list_sets(self, stage: str) -> dict[str, VideoTable]:
        """For testing, the clips of each shift; `predict` uses all of them in one set."""
        if stage != "test":
            return super().list_sets(stage)
        listed = {shift: self.without_excluded(self._table((shift,))) for shift in self.shifts}
        classes = self.set_classes("test")
        return {shift: table.of_classes(self.class_names, classes[shift]) for shift, table in listed.items()}

    def list_videos(self, subset: Subset) -> VideoTable:
        """The clips of all shifts, without labels for `predict`.

        Raises:
            ValueError: The subset is "train".
        """
        if subset == "train":
            raise ValueError(
                f"{type(self).__name__} tests models that were trained elsewhere; it has no videos to train on"
            )
        table = self._table(self.shifts)
        return table.unlabelled() if subset == "predict" else table

    def describe(self) -> dict[str, Any]:
        """Adds the shifts and their strengths."""
        return {**super().describe(), "shifts": self._strength_of()}

    def class_text(self, stage: str) -> list[ClassText]:
        """As of any data set; in the set "synonyms" in other words."""
        return [in_other_words(text) if text.set_name == "synonyms" else text for text in super().class_text(stage)]

    def _strength_of(self) -> dict[str, float | None]:
        return {shift: self.strengths.of(shift) for shift in self.shifts}

    def _table(self, shifts: Sequence[Shift]) -> VideoTable:
        _, novel = base_and_novel_classes()
        listed = [
            (clip_key(moving_shape.folder_name, shift, index), label)
            for shift in shifts
            for label, moving_shape in enumerate(all_classes())
            if moving_shape in novel
            for index in range(self.n_clips["test"])
        ]
        return VideoTable(self.folder, [key for key, _ in listed], [label for _, label in listed])

    # --- rendering ------------------------------------------------------------------------------------------------

    def rendering_sources(self) -> tuple[Path, ...]:
        """Adds this file, the shifts and their colours."""
        return (*super().rendering_sources(), *map(Path, (__file__, shape_shifts.__file__, frame_shifts.__file__)))

    def rendering_settings(self) -> str:
        """Adds the shifts in use."""
        return f"{super().rendering_settings()} {self._strength_of()}"

    def render(self, root: Path) -> None:
        """Writes every clip below a folder, clean and shifted."""
        _, novel = base_and_novel_classes()
        for moving_shape in novel:
            for index in range(self.n_clips["test"]):
                clean = self.frames_of(moving_shape, "test", index)
                for shift in self.shifts:
                    shifted = self._shifted(clean, moving_shape, shift, index)
                    write_clip(root / clip_key(moving_shape.folder_name, shift, index), shifted)

    def _shifted(
        self, clean: NDArray[np.uint8], moving_shape: MovingShape, shift: Shift, index: int
    ) -> NDArray[np.uint8]:
        if shift == "palette":
            return self.frames_of(moving_shape, "test", index, colours=shifted_colours(self.strengths.palette))
        generator = clip_generator(moving_shape, purpose=f"{shift} test", index=index, seed=self.render_seed)
        return shifted_frames(clean, shift, self.strengths, generator, backwards=moving_shape.plays_backwards)


def _check_shifts(shifts: Sequence[str]) -> None:
    known = get_args(Shift)
    unknown = [shift for shift in shifts if shift not in known]
    if unknown:
        raise ValueError(f"shifts names {', '.join(map(repr, unknown))}, but must be of {', '.join(known)}")
    if not shifts or len(set(shifts)) != len(shifts):
        raise ValueError(f"shifts must name at least one of {', '.join(known)}, and each once; got {list(shifts)}")
