"""MultiLabelShapes: a rendered set whose videos have several labels each, and that needs no downloads.

Real mp4 files in which one to three coloured shapes move one after another, each as in `moving_shapes`; the 16 classes
are the objects, such as "red circle". A CSV file has the labels as `VideoFolder` reads them. Rendered once, in seconds:

    DATA_ROOT/multi_label_shapes/FINGERPRINT/
        test.csv                  (path,label: test/red circle/00.mp4,red circle|blue cross)
        test/red circle/00.mp4    (24 frames of 32 x 32 px at 8 fps, H.264)

Source: rendered by this file, MIT licence. Counts: `n_test` clips with each of the 16 objects as one of theirs, and as
many more of it as are drawn to stand beside another.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.data_sets.moving_shapes import MovingShapes
from zsar.datamodules.lists.labelled_sources import SEPARATOR
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.rendering.moving_shapes_rendering import (
    COLOURS,
    DIRECTIONS,
    SHAPES,
    MovingShape,
    clip_generator,
    render_clip,
)
from zsar.datamodules.settings import Clips, Loading, Split, Text
from zsar.datamodules.trimmed_sets import Subset

_N_FRAMES = 24  # so that parts of a half and of a third have equally many, and each of 8 segments lies in one part
_MOST_OBJECTS = 3


class MultiLabelShapes(MovingShapes):
    """Objects that move one after another: a test of several labels a video."""

    for_testing_only: ClassVar[bool] = True
    protocol_choices: ClassVar[tuple[str, ...]] = ("multi_label",)
    class_choices: ClassVar[tuple[str, ...]] = ("all",)

    def __init__(
        self,
        *,
        n_test: int = 8,
        render_seed: int = 0,
        data_root: Path | str | None = None,
        clips: Clips = Clips(),
        split: Split = Split(protocol="multi_label"),
        text: Text = Text(templates="a photo of a {}"),
        loading: Loading = Loading(),
        embeddings: Path | str | None = None,
    ) -> None:
        """Describes the set; `prepare_data` renders it.

        Args:
            n_test: Test clips that are made for each of the 16 objects; it also appears in others.
            render_seed: Seed of the clips.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Its protocol is multi_label.
            text: How classes are described to models; the classes are objects, such as "red circle".
            loading: How videos become batches.
            embeddings: Folder that `zsar embed` wrote: its embeddings, of the same visual tower, are tested instead of
                decoded frames; null to decode. Relative to the working directory.

        Raises:
            ValueError: A number is out of range, or another protocol is asked for.
        """
        super().__init__(
            n_train=1,
            n_test=n_test,
            render_seed=render_seed,
            data_root=data_root,
            clips=clips,
            split=split,
            text=text,
            loading=loading,
            embeddings=embeddings,
        )
        self.n_clips = {"test": n_test}

    @property
    def class_names(self) -> Sequence[str]:
        """The 16 objects."""
        return [f"{colour} {shape}" for colour in COLOURS for shape in SHAPES]

    @property
    def class_folders(self) -> Sequence[str]:
        """The folder of the clips that are made for each object."""
        return self.class_names

    def rendering_sources(self) -> tuple[Path, ...]:
        """Adds this file."""
        return (*super().rendering_sources(), Path(__file__))

    def objects_of(self, label: int, subset: str, index: int) -> list[MovingShape]:
        """What moves in a clip, one after another, each with the direction in which it does.

        Args:
            label: The object that the clip is made for.
            subset: "test".
            index: Which clip of it, 0-based.
        """
        colour, shape = self.class_names[label].split()
        key = MovingShape(colour, shape, DIRECTIONS[0])
        generator = clip_generator(key, purpose=f"several {subset}", index=index, seed=self.render_seed)
        n_others = int(generator.integers(0, _MOST_OBJECTS))
        others = [int(other) for other in generator.permutation(len(self.class_names)) if other != label][:n_others]
        order = [[label, *others][place] for place in generator.permutation(n_others + 1)]
        directions = generator.integers(0, len(DIRECTIONS), len(order)).tolist()
        moving = []
        for object_label, number in zip(order, directions, strict=True):
            colour, shape = self.class_names[object_label].split()
            moving.append(MovingShape(colour, shape, DIRECTIONS[number]))
        return moving

    def clip_frames(self, label: int, subset: str, index: int) -> NDArray[np.uint8]:
        """The frames of a clip before they are encoded, uint8 [T, H, W, 3]: equally many of each of its objects."""
        objects = self.objects_of(label, subset, index)
        parts = []
        for number, moving_shape in enumerate(objects):
            purpose = f"several {subset} of {label} at {number}"
            generator = clip_generator(moving_shape, purpose=purpose, index=index, seed=self.render_seed)
            parts.append(render_clip(moving_shape, generator, n_frames=_N_FRAMES // len(objects)).frames)
        return np.concatenate(parts)

    def render(self, root: Path) -> None:
        """Writes all clips under a folder, and the list of their labels."""
        super().render(root)
        lines = ["path,label"]
        for key, label, index in self.listed_clips("test"):
            names = [moving_shape.object_name for moving_shape in self.objects_of(label, "test", index)]
            lines.append(f"{key},{SEPARATOR.join(names)}")
        # not whole: `root` is an unfinished folder, which is renamed as a whole
        (root / "test.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def list_videos(self, subset: Subset) -> VideoTable:
        """All clips; for `predict`, without labels.

        Raises:
            ValueError: Training videos are asked for.
        """
        if subset == "train":
            raise ValueError("MultiLabelShapes tests models that were trained elsewhere; it has no videos to train on")
        listed = self.listed_clips("test")
        label_of = {name: label for label, name in enumerate(self.class_names)}
        label_sets = np.zeros((len(listed), len(label_of)), dtype=np.bool_)
        for row, (_, label, index) in enumerate(listed):
            label_sets[row, [label_of[shape.object_name] for shape in self.objects_of(label, "test", index)]] = True
        keys = [key for key, _, _ in listed]
        return VideoTable(self.folder, keys, [-1] * len(keys), label_sets=None if subset == "predict" else label_sets)
