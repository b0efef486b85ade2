"""Where the videos of a folder lie: found by file name, whatever the folders and the container around them.

Lists name `v_Typing_g12_c03.avi`, archives unpack to `Typing/v_Typing_g12_c03.avi`, a re-encoded copy holds
`Typing/v_Typing_g12_c03.mp4`: all three are the video `v_Typing_g12_c03`.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

VIDEO_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("mp4", "avi", "mkv", "webm", "mov", "m4v", "mpg", "mpeg", "wmv", "flv", "ts", "mts", "m2ts", "3gp", "ogv"),
        *("gif", "y4m", "h264", "hevc"),
    )
)


def find_videos(folder: Path) -> Iterator[Path]:
    """Video files under a folder, told by their suffix, in sorted order; hidden files are left out.

    What has the name of a video and is none, as a broken link, a pipe or an empty folder, is among them, so that
    reading it says what it is.
    """
    for path in sorted(folder.rglob("*")):
        if _is_called_a_video(path) and not holds_files(path):
            yield path


def named_videos(source: Path) -> list[tuple[Path, Path]]:
    """The videos that somebody names by a folder, or by a file whatever its suffix.

    Args:
        source: The folder or file.

    Returns:
        Each video, and what it is called: its path in the folder, or the name of the file. None where nothing is there;
        an empty folder with the name of a video counts as one, which cannot be read.
    """
    if source.is_dir():
        found = [(path, path.relative_to(source)) for path in find_videos(source)]
        if found or not _is_called_a_video(source) or holds_files(source):
            return found
    return [(source, Path(source.name))] if os.path.lexists(source) else []


def _is_called_a_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")


def holds_files(path: Path) -> bool:
    """Whether it is a folder with anything in it, at any depth."""
    return path.is_dir() and any(files for _, _, files in os.walk(path))


def video_name(path: str) -> str:
    """The name of a video, without folders and without a video's suffix: "Typing/v_1.avi" -> "v_1"."""
    name = path.rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and stem and f".{suffix.lower()}" in VIDEO_SUFFIXES else name


class VideoIndex:
    """The video files of one folder, by name."""

    def __init__(self, folder: Path, *, may_be_missing: bool = False) -> None:
        """Walks the folder, once, through links too.

        Args:
            folder: The folder that holds the videos at any depth.
            may_be_missing: Whether a missing folder counts as an empty one.

        Raises:
            FileNotFoundError: There is no such folder.
        """
        if not folder.is_dir() and not may_be_missing:
            raise FileNotFoundError(
                f"there is no folder {folder}, which should hold the videos; the data root is set by $ZSAR_DATA or "
                "--data.data_root"
            )
        self.folder = folder
        self._paths_of: dict[str, str] = {}
        self._further: dict[str, list[str]] = {}  # of the few names that occur more than once
        for path in _walk(folder):
            name = _composed(video_name(path))
            if name in self._paths_of:
                self._further.setdefault(name, []).append(path)
            else:
                self._paths_of[name] = path

    def locate(self, listed: Sequence[str]) -> tuple[list[str], NDArray[np.bool_]]:
        """Finds listed videos.

        Args:
            listed: N names or paths as a list gives them. Where a name occurs twice in the folder, the first folder of
                the listed path ("train/...") says which is meant.

        Returns:
            N paths relative to the folder, as listed where a video is missing, and bool [N]: is it there? A name is
            found in another Unicode form, too, as macOS writes it, where no file has the very name.

        Raises:
            ValueError: Two files could be meant.
        """
        paths, found = [], np.zeros(len(listed), dtype=bool)
        for i, path in enumerate(listed):
            located = self._locate(path)
            found[i] = located is not None
            paths.append(located or path)
        return paths, found

    def _locate(self, listed: str) -> str | None:
        name = _composed(video_name(listed))
        first = self._paths_of.get(name)
        if name not in self._further:
            return first
        assert first is not None
        candidates = [first, *self._further[name]]
        if as_written := [path for path in candidates if video_name(path) == video_name(listed)]:
            candidates = as_written  # names that differ in their Unicode form only are two names
        parent = PurePosixPath(listed).parent.as_posix()
        top = listed.partition("/")[0]
        for chosen in (
            [path for path in candidates if path == listed],
            [path for path in candidates if PurePosixPath(path).parent.as_posix() == parent],
            [path for path in candidates if path.startswith(f"{top}/")],
            candidates,
        ):
            if len(chosen) == 1:
                return chosen[0]
            if chosen:
                break
        raise ValueError(
            f"{name!r} could be any of {', '.join(sorted(candidates))} in {self.folder}; keep one of them there"
        )


def _composed(name: str) -> str:
    """The name in Unicode NFC: in whatever form a list and a file system have it, it is the same."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _walk(folder: Path) -> Iterator[str]:
    """Paths of video files relative to a folder, in sorted order, with forward slashes."""
    root = os.fspath(folder)
    for parent, folders, files in os.walk(root, followlinks=True):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        relative = os.path.relpath(parent, root).replace(os.sep, "/")
        prefix = "" if relative == "." else f"{relative}/"
        for file in sorted(files):
            if not file.startswith(".") and os.path.splitext(file)[1].lower() in VIDEO_SUFFIXES:
                yield f"{prefix}{file}"
