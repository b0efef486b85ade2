"""Videos that a user names: files, folders of videos, or glob patterns."""

from __future__ import annotations

import glob
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import TypeVar

from zsar.datamodules.lists.video_index import named_videos
from zsar.runtime.files.same_files import each_file_once

Output = TypeVar("Output", bound=Hashable)


def given_videos(source: Path) -> list[tuple[Path, Path]]:
    """Lists the videos that one argument names, with their names.

    Args:
        source: A file, a folder of videos or a glob pattern; a file or folder with this name is taken literally. `~` is
            the home folder.

    Returns:
        Paths and names, sorted. A file is named after itself, a video of a folder by its path in it, and a match of a
        pattern by its path in the last folder before the first wildcard.

    Raises:
        ValueError: There is no such file, no video in the folder, and no file that matches.
    """
    path = source.expanduser()
    videos = named_videos(path) or _matching(path)
    if not videos:
        raise ValueError(f"{source}: no such file, no folder with videos, and no pattern that matches a file")
    return videos


def videos_by_output(
    videos: Iterable[tuple[Path, Path]], output_of: Callable[[Path], Output], *, remedy: str
) -> dict[Output, tuple[Path, Path]]:
    """Videos by what is written for each; one that is given twice is listed once.

    Args:
        videos: Paths and names (`given_videos`).
        output_of: What is written for a video of this name.
        remedy: What to do about two videos with one output, such as "rename one of them".

    Returns:
        The path and the name for each output, in order.

    Raises:
        ValueError: Two different files have the same output.
    """
    first: dict[Output, tuple[Path, Path]] = {}
    for path, name in videos:
        output = output_of(name)
        before, _ = first.setdefault(output, (path, name))
        if len(each_file_once([str(before), str(path)])) > 1:
            raise ValueError(f"{before} and {path} would both become {output}; {remedy}")
    return first


def _matching(pattern: Path) -> list[tuple[Path, Path]]:
    """Files that match a pattern, sorted; the existing folder at its start is taken literally, brackets included."""
    begin = next((folder for folder in pattern.parents if folder.is_dir()), Path())
    rest = str(pattern.relative_to(begin))
    names = sorted(glob.glob(rest, root_dir=begin, recursive=True))
    return [(begin / name, Path(name)) for name in names if not (begin / name).is_dir()]
