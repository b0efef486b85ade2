"""Finds the videos of a folder by file name, in any subfolder and container, and in shards (`shard_folders`).

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

from zsar.runtime.shards.stored_videos import is_stored, is_stored_folder, stored_below

VIDEO_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("mp4", "avi", "mkv", "webm", "mov", "m4v", "mpg", "mpeg", "wmv", "flv", "ts", "mts", "m2ts", "3gp", "ogv"),
        *("gif", "y4m", "h264", "hevc"),
    )
)


def find_videos(folder: Path) -> Iterator[Path]:
    """Video files under a folder, recognised by suffix, in sorted order; hidden files are left out.

    Broken links, pipes and empty folders that are named like videos are included, so that reading them reports the
    problem. Videos in shards are as if unpacked.
    """
    stored = [folder / name for name in stored_videos(folder)]
    for path in sorted({*folder.rglob("*"), *stored} if stored else folder.rglob("*")):
        if _is_called_a_video(path) and not holds_files(path):
            yield path


def named_videos(source: Path) -> list[tuple[Path, Path]]:
    """The videos given by a folder, or by a file with any suffix.

    Args:
        source: The folder or file.

    Returns:
        Each video and its name: its path within the folder, or the file name. Empty if nothing exists there. An empty
        folder named like a video counts as an unreadable video.
    """
    if is_stored_folder(source):
        videos = [(path, path.relative_to(source)) for path in find_videos(source)]
        if videos or not _is_called_a_video(source) or holds_files(source):
            return videos
    return [(source, Path(source.name))] if os.path.lexists(source) or is_stored(source) else []


def _is_called_a_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")


def holds_files(path: Path) -> bool:
    """Whether the path is a folder with a file in it, at any depth."""
    return path.is_dir() and any(files for _, _, files in os.walk(path))


def video_name(path: str) -> str:
    """The name of a video without folders and video suffix: "Typing/v_1.avi" -> "v_1"."""
    name = path.rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and stem and f".{suffix.lower()}" in VIDEO_SUFFIXES else name


class VideoIndex:
    """The video files of one folder, by name."""

    def __init__(self, folder: Path, *, may_be_missing: bool = False) -> None:
        """Walks the folder once, following links, and lists the shards in and above it.

        Args:
            folder: The folder with the videos at any depth.
            may_be_missing: Whether a missing folder counts as an empty one.

        Raises:
            FileNotFoundError: There is no such folder.
        """
        stored = stored_videos(folder)
        if not folder.is_dir() and not stored and not may_be_missing:
            raise FileNotFoundError(
                f"there is no folder {folder}, which should contain the videos; the data root is set by $ZSAR_DATA or "
                "--data.data_root"
            )
        self.folder = folder
        self._paths_of: dict[str, str] = {}
        self._further: dict[str, list[str]] = {}  # for the few names that occur more than once
        for path in sorted({*_walk(folder), *stored}) if stored else _walk(folder):
            name = _composed(video_name(path))
            if name in self._paths_of:
                self._further.setdefault(name, []).append(path)
            else:
                self._paths_of[name] = path

    def locate(self, listed: Sequence[str]) -> tuple[list[str], NDArray[np.bool_]]:
        """Finds listed videos.

        Args:
            listed: N names or paths as listed. If a name occurs twice in the folder, the first folder of the listed
                path ("train/...") decides.

        Returns:
            N paths relative to the folder, or the listed ones for missing videos; and bool [N], whether each exists. If
            no file has exactly this name, another Unicode form of it, as macOS writes it, matches too.

        Raises:
            ValueError: Two files match one name.
        """
        paths, exists = [], np.zeros(len(listed), dtype=bool)
        for i, path in enumerate(listed):
            located = self._locate(path)
            exists[i] = located is not None
            paths.append(located or path)
        return paths, exists

    def _locate(self, listed: str) -> str | None:
        name = _composed(video_name(listed))
        first = self._paths_of.get(name)
        if name not in self._further:
            return first
        assert first is not None
        candidates = [first, *self._further[name]]
        if as_written := [path for path in candidates if video_name(path) == video_name(listed)]:
            candidates = as_written  # names that differ only in Unicode form are two names
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
    """The name in Unicode NFC, which makes the forms of lists and file systems equal."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def stored_videos(folder: Path) -> list[str]:
    """Videos of shards in a folder: sorted paths within it, with forward slashes, without hidden files and folders."""
    parted = ((name, name.split("/")) for name in stored_below(folder))
    return [
        name
        for name, parts in parted
        if os.path.splitext(parts[-1])[1].lower() in VIDEO_SUFFIXES and not any(part.startswith(".") for part in parts)
    ]


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
