"""MovingShapes: a rendered benchmark of motion that needs no downloads.

Real mp4 files of coloured shapes that move in one of four directions, 64 classes in all. Base and novel classes are
complementary combinations of the same colours, shapes and directions (`moving_shapes_rendering`). A model that ignores
the order of frames gets at most half of the videos right. In the scene "in_clutter" they move without
blur among static clutter (`cluttered_shapes_rendering`). Rendered once, in seconds:

    DATA_ROOT/moving_shapes/FINGERPRINT/
        train/red circle to the left/00.mp4    (24 frames of 32 x 32 px at 8 fps, H.264)
        test/red circle to the left/00.mp4

Source: rendered by this file, MIT licence. Counts: `n_train` and `n_test` clips of each of 64 classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.rendering import cluttered_shapes_rendering, moving_shapes_rendering, shape_painting
from zsar.datamodules.rendering.cluttered_shapes_rendering import render_cluttered_clip
from zsar.datamodules.rendering.moving_shapes_rendering import (
    COLOURS,
    Colours,
    MovingShape,
    all_classes,
    clip_generator,
    render_clip,
)
from zsar.datamodules.rendering.render_cache import fingerprint, render_once
from zsar.datamodules.settings import Clips, Loading, Split, Text
from zsar.datamodules.trimmed_sets import Subset
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.datamodules.video_files.writing import encoding
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.runtime.choices import check_choice
from zsar.runtime.number_limits import MOST_RENDERED_VIDEOS, check_most

_FRAMES_PER_SECOND = 8
# The centres of 8 equal segments are symmetric in time for 24 frames, but not for 16, where the mean position of the
# sampled frames would reveal the direction.
_N_FRAMES = 24

Scene = Literal["plain", "in_clutter"]


class MovingShapes(TrimmedVideoDataModule):
    """The rendered benchmark.

    Attributes:
        n_clips: {"train" or "test": clips of each class}.
        render_seed: Seed of the clips.
        scene: What the clips look like.
    """

    def __init__(
        self,
        *,
        n_train: int = 13,
        n_test: int = 8,
        render_seed: int = 0,
        scene: Scene = "plain",
        data_root: Path | str | None = None,
        clips: Clips = Clips(),
        split: Split = Split(protocol="base_to_novel"),
        text: Text = Text(templates="name"),
        loading: Loading = Loading(),
        embeddings: Path | str | None = None,
    ) -> None:
        """Describes the benchmark; `prepare_data` renders it.

        Args:
            n_train: Training clips of each class.
            n_test: Test clips of each class.
            render_seed: Seed of the clips.
            scene: What the clips look like: "plain", shapes that move by about half of the frame; or "in_clutter",
                the same without blur, among static grey blocks.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which classes and videos are used for training and for testing.
            text: How classes are described to models; class names are already sentences.
            loading: How videos become batches.
            embeddings: Folder that `zsar embed` wrote: its embeddings, of the same visual tower, are tested instead of
                decoded frames; null to decode. Training always decodes. Relative to the working directory.

        Raises:
            ValueError: A number is out of range.
        """
        super().__init__(
            data_root=data_root, clips=clips, split=split, text=text, loading=loading, embeddings=embeddings
        )
        if n_train < 1 or n_test < 1:
            raise ValueError(f"n_train and n_test must be at least 1; got {n_train} and {n_test}")
        check_choice(Scene, scene=scene)
        check_most(MOST_RENDERED_VIDEOS, n_train=n_train, n_test=n_test)
        self.n_clips: Mapping[str, int] = {"train": n_train, "test": n_test}
        self.render_seed = render_seed
        self.scene = scene

    @property
    def class_names(self) -> Sequence[str]:
        """The 64 sentences."""
        return [moving_shape.name for moving_shape in all_classes()]

    def base_and_novel(self) -> tuple[Sequence[str], Sequence[str]]:
        """The complementary combinations, which are fixed, not drawn."""
        base, novel = moving_shapes_rendering.base_and_novel_classes()
        return [moving_shape.name for moving_shape in base], [moving_shape.name for moving_shape in novel]

    @property
    def folder(self) -> Path:
        """Folder of the clips; its name changes with everything that affects them."""
        return self.data_root / self.data_set / fingerprint(self.rendering_sources(), self.rendering_settings())

    def rendering_sources(self) -> tuple[Path, ...]:
        """The source files that determine the look of a clip."""
        modules = [moving_shapes_rendering, shape_painting, encoding]
        modules += [cluttered_shapes_rendering] if self.scene == "in_clutter" else []
        return Path(__file__), *(Path(str(module.__file__)) for module in modules)

    def rendering_settings(self) -> str:
        """The settings that determine the number and look of clips."""
        return f"{self.n_clips} {self.render_seed} {self.scene}"

    def describe(self) -> dict[str, Any]:
        """Adds the scene, unless it is the plain one."""
        return {**super().describe(), **({} if self.scene == "plain" else {"scene": self.scene})}

    def prepare_data(self) -> None:
        """Renders the clips if they are missing; a killed rendering leaves no incomplete folder under this name."""
        render_once(self.folder, self.render)

    @property
    def class_folders(self) -> Sequence[str]:
        """The folder of each class in that of a set."""
        return [moving_shape.folder_name for moving_shape in all_classes()]

    def clip_frames(self, label: int, subset: str, index: int) -> NDArray[np.uint8]:
        """The frames of a clip of a class before they are encoded, uint8 [T, H, W, 3]."""
        return self.frames_of(all_classes()[label], subset, index)

    def render(self, root: Path) -> None:
        """Writes all clips under a folder."""
        for subset in self.n_clips:
            for key, label, index in self.listed_clips(subset):
                write_clip(root / key, self.clip_frames(label, subset, index))

    def listed_clips(self, subset: str) -> list[tuple[str, int, int]]:
        """Path, label and number of each clip of a rendered subset."""
        return [
            (clip_key(folder, subset, index), label, index)
            for label, folder in enumerate(self.class_folders)
            for index in range(self.n_clips[subset])
        ]

    def frames_of(
        self, moving_shape: MovingShape, subset: str, index: int, *, colours: Colours = COLOURS
    ) -> NDArray[np.uint8]:
        """The frames of a clip before they are encoded, uint8 [T, H, W, 3]."""
        generator = clip_generator(moving_shape, purpose=subset, index=index, seed=self.render_seed)
        render = render_cluttered_clip if self.scene == "in_clutter" else render_clip
        return render(moving_shape, generator, n_frames=_N_FRAMES, colours=colours).frames

    def list_videos(self, subset: Subset) -> VideoTable:
        """All clips of a subset; for `predict`, the test clips without labels."""
        listed = self.listed_clips("test" if subset == "predict" else subset)
        labels = [-1 if subset == "predict" else label for _, label, _ in listed]
        return VideoTable(self.folder, [key for key, _, _ in listed], labels)


def clip_key(class_folder: str, set_name: str, index: int) -> str:
    """The path of a clip within the rendered folder, also its name in splits and tables."""
    return f"{set_name}/{class_folder}/{index:02d}.mp4"


def write_clip(path: Path, frames: NDArray[np.uint8]) -> None:
    """Writes the frames of a clip, uint8 [T, H, W, 3]; creates its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, frames, frames_per_second=_FRAMES_PER_SECOND)
