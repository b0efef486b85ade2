"""UntrimmedShapes: a rendered benchmark of temporal localization that needs no downloads.

Real mp4 files of 12 to 20 s in which a coloured shape moves one to three times, between drifting noise, drifting bars
and stills of the other shapes (`untrimmed_shapes_rendering`). The 16 classes are the objects that move. Rendered once,
in seconds:

    DATA_ROOT/untrimmed_shapes/FINGERPRINT/
        red_circle_00.mp4    (96 to 160 frames of 32 x 32 px at 8 fps, H.264)
        timeline.json        {"red_circle_00": {"duration_second", "annotations": [{"segment", "label"}],
                              "background": [{"segment", "kind"}]}}; segments in seconds

Source: rendered by this file, MIT licence. Counts: `n_videos` videos of each of 16 classes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zsar.datamodules.lists.localization_splits import AnnotatedVideo, ClassSplit, read_thumos14_annotations
from zsar.datamodules.rendering import moving_shapes_rendering, shape_painting, untrimmed_shapes_rendering
from zsar.datamodules.rendering.moving_shapes_rendering import COLOURS, SHAPES
from zsar.datamodules.rendering.render_cache import fingerprint, render_once
from zsar.datamodules.rendering.untrimmed_shapes_rendering import FRAMES_PER_SECOND, Stretch, render_untrimmed
from zsar.datamodules.settings import Text, UntrimmedLoading
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video_files.writing import encoding
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.runtime.number_limits import MOST_RENDERED_VIDEOS, check_most

TIMELINE = "timeline.json"


class UntrimmedShapes(UntrimmedVideoDataModule):
    """The rendered benchmark of localization.

    Attributes:
        n_videos: Videos of each class.
        render_seed: Seed of the videos.
    """

    def __init__(
        self,
        *,
        n_videos: int = 4,
        render_seed: int = 0,
        data_root: Path | str | None = None,
        split: ClassSplit = ClassSplit(),
        text: Text = Text(templates="a photo of a {}"),
        loading: UntrimmedLoading = UntrimmedLoading(),
    ) -> None:
        """Describes the benchmark; `prepare_data` renders it.

        Args:
            n_videos: Videos of each class.
            render_seed: Seed of the videos.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            split: Which classes are tested; they are drawn, since there are no published lists.
            text: How classes are described to models.
            loading: Which frames are used, what is read from files instead, and the batch size.

        Raises:
            ValueError: A number is out of range, or `split.lists` is set.
        """
        super().__init__(data_root=data_root, split=split, text=text, loading=loading)
        if n_videos < 1:
            raise ValueError(f"n_videos must be at least 1; got {n_videos}")
        check_most(MOST_RENDERED_VIDEOS, n_videos=n_videos)
        if split.lists is not None:
            raise ValueError(
                f"split.lists is {split.lists}, but {type(self).__name__} has no published lists; leave it at null"
            )
        self.n_videos = n_videos
        self.render_seed = render_seed

    def all_exact_names(self) -> tuple[str, ...]:
        """The 16 classes: "red circle moving", ..."""
        return tuple(_class_name(colour, shape) for colour in COLOURS for shape in SHAPES)

    def read_videos(self) -> Sequence[AnnotatedVideo]:
        """The videos, from the time line in their folder."""
        return read_thumos14_annotations(self.folder / TIMELINE)

    @property
    def videos_folder(self) -> Path:
        """The folder of this rendering."""
        return self.folder

    def describe(self) -> dict[str, Any]:
        """Adds the number of videos and the seed."""
        return {**super().describe(), "n_videos_of_each_class": self.n_videos, "render_seed": self.render_seed}

    # --- rendering ------------------------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """Folder of the videos; its name changes with everything that affects them."""
        name = fingerprint(self.rendering_sources(), f"{self.n_videos} {self.render_seed}")
        return self.data_root / self.data_set / name

    def rendering_sources(self) -> tuple[Path, ...]:
        """The source files that determine the look of a video."""
        modules = (untrimmed_shapes_rendering, moving_shapes_rendering, shape_painting, encoding)
        return Path(__file__), *(Path(str(module.__file__)) for module in modules)

    def prepare_data(self) -> None:
        """Renders the videos if they are missing; a killed rendering leaves no incomplete folder under this name."""
        render_once(self.folder, self.render)

    def render(self, root: Path) -> None:
        """Writes every video and the time line into a folder."""
        timeline: dict[str, Any] = {}
        for colour in COLOURS:
            for shape in SHAPES:
                for index in range(self.n_videos):
                    video = f"{colour}_{shape}_{index:02d}"
                    clip = render_untrimmed(colour, shape, index=index, seed=self.render_seed)
                    write_video(root / f"{video}.mp4", clip.frames, frames_per_second=FRAMES_PER_SECOND)
                    timeline[video] = _described(_class_name(colour, shape), clip.stretches)
        # not whole: the folder is (`render_once`)
        (root / TIMELINE).write_text(json.dumps(timeline, indent=1), encoding="utf-8")


def _class_name(colour: str, shape: str) -> str:
    return f"{colour} {shape} moving"


def _described(class_name: str, stretches: Sequence[Stretch]) -> dict[str, Any]:
    """The time line of one video, in the format of T3AL's THUMOS14 annotations, with its background."""
    return {
        "duration_second": stretches[-1].seconds[1],
        "annotations": [{"segment": list(s.seconds), "label": class_name} for s in stretches if s.kind == "action"],
        "background": [{"segment": list(s.seconds), "kind": s.kind} for s in stretches if s.kind != "action"],
    }
