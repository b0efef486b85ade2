"""UntrimmedFiles: a user's own untrimmed videos and class names, for localizing actions or for testing.

    my_videos/                          a folder, files, or several of both
        kitchen/monday.mp4              the video "kitchen/monday"
        garden.mkv                      the video "garden"
    my_annotations.json                 for testing: T3AL's THUMOS14 format, with these names
        {"kitchen/monday": {"duration_second": 95.0, "annotations": [{"segment": [3.5, 9], "label": "pouring coffee"}]},
         "garden": {"duration_second": 60.0, "annotations": []}}

A video is named by its path in the given folder, or by the name of a given file, without the suffix, as in
`zsar extract`. Class names stay as typed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from zsar.datamodules.choices.action_template import ACTION_TEMPLATE
from zsar.datamodules.class_text.checked_names import checked_names
from zsar.datamodules.lists.localization_splits import AnnotatedVideo, ClassSplit, read_thumos14_annotations
from zsar.datamodules.lists.video_index import named_videos
from zsar.datamodules.settings import Text, UntrimmedLoading
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.runtime.files.same_files import each_file_once
from zsar.runtime.shards.stored_videos import is_stored_folder

_SHOWN = 5


class UntrimmedFiles(UntrimmedVideoDataModule):
    """A user's own untrimmed videos.

    Attributes:
        sources: The given files and folders.
        annotations: The annotation file; None if there is none, so that no instances are known.
    """

    def __init__(
        self,
        *,
        videos: Sequence[Path | str] | Path | str,
        classes: list[str],
        annotations: Path | str | None = None,
        data_root: Path | str | None = None,
        text: Text = Text(templates=ACTION_TEMPLATE),
        loading: UntrimmedLoading = UntrimmedLoading(),
    ) -> None:
        """Describes the data; files are touched in `setup` only.

        Args:
            videos: A folder of videos at any depth, a video, or a list of both, relative to the data root.
            classes: The names of the actions, in label order, at least one.
            annotations: JSON file with the instances in each video, relative to the data root; null for none.
            data_root: The folder that paths are relative to; null for $ZSAR_DATA, or ./data.
            text: How classes are described to models.
            loading: Which frames are used, what is read from files instead, and the batch size.

        Raises:
            ValueError: There is no video or no class, or a class name is not in words or given twice.
        """
        super().__init__(data_root=data_root, split=ClassSplit(name="all_classes"), text=text, loading=loading)
        given = [videos] if isinstance(videos, (str, Path)) else list(videos)
        if not given:
            raise ValueError("videos is empty; give a folder of videos, a video, or several of both")
        self.sources = tuple(self.data_root / Path(source).expanduser() for source in given)
        self.annotations = None if annotations is None else self.data_root / Path(annotations).expanduser()
        self._classes = checked_names(classes, "--data.classes")

    def all_exact_names(self) -> tuple[str, ...]:
        """The given names, in Unicode NFC and without superfluous white space."""
        return self._classes

    def in_plain_words(self, exact_names: Sequence[str]) -> tuple[str, ...]:
        """The names as typed: a user who types "Tai Chi" means it."""
        return tuple(exact_names)

    def read_videos(self) -> Sequence[AnnotatedVideo]:
        """The videos with their annotated instances.

        Raises:
            FileNotFoundError: A video or the annotation file is missing.
            ValueError: Two videos have one name, the annotation file is malformed, or lacks a video.
        """
        if self.annotations is None:
            return [AnnotatedVideo(video, None, ()) for video in self._files]
        if not self.annotations.is_file():
            raise FileNotFoundError(
                f"there is no annotation file {self.annotations}; --data.annotations is relative to the data root, and "
                "null where there are no annotations"
            )
        annotated = read_thumos14_annotations(self.annotations)
        ids = {video.id for video in annotated}
        if without_file := sorted(ids - self._files.keys()):
            raise FileNotFoundError(
                f"{self.annotations} annotates {_some(without_file)}, which {_are(without_file)} not among the given "
                "videos; give them too, or take them out of a copy of it"
            )
        if without_entry := sorted(self._files.keys() - ids):
            raise ValueError(
                f"{self.annotations} has no entry for {_some(without_entry)}; add one, with an empty list of "
                "annotations where nothing happens, or leave these videos out"
            )
        return annotated

    @property
    def videos_folder(self) -> Path:
        """The common parent folder of all given videos and folders."""
        folders = [source if is_stored_folder(source) else source.parent for source in self.sources]
        return Path(os.path.commonpath([folder.absolute() for folder in folders]))

    def find_files(self, ids: Sequence[str]) -> list[Path | None]:
        """The files, which are already known."""
        return [self._files[video] for video in ids]

    def describe(self) -> dict[str, Any]:
        """Adds the annotation file."""
        return {**super().describe(), "annotations": None if self.annotations is None else str(self.annotations)}

    @cached_property
    def _files(self) -> dict[str, Path]:
        return videos_by_name(self.sources)


def videos_by_name(sources: Sequence[Path]) -> dict[str, Path]:
    """Videos, each once, by the names that `zsar extract` gives to their feature files.

    Args:
        sources: Video files and folders of videos.

    Returns:
        The path in its folder, or the name of a given file, without suffix -> the file.

    Raises:
        FileNotFoundError: A file is missing, or a folder has no videos.
        ValueError: Two videos have one name.
    """
    files: dict[str, Path] = {}
    for source in sources:
        named = named_videos(source)
        if not named:
            raise FileNotFoundError(
                f"{source}: no such file, and no folder with videos; --data.videos is relative to the data root, which "
                "$ZSAR_DATA or --data.data_root sets"
            )
        for path, shown in named:
            name = shown.with_suffix("").as_posix()
            before = files.setdefault(name, path)
            if len(each_file_once([str(before), str(path)])) > 1:
                raise ValueError(f"{before} and {path} would both be the video {name!r}; rename one of them")
    return files


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(map(repr, names[:_SHOWN])) + (f" and {rest} more" if rest > 0 else "")


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
