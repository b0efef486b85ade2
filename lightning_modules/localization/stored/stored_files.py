"""Where the file that was made of a video lies: `zsar extract` keeps the folders of videos, their ids do not."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from pathlib import Path


def file_of_video(folder: Path, video: str, suffix: str) -> Path:
    """FOLDER/VIDEO.SUFFIX, or where there is no such file the one of that name in a folder below.

    Args:
        folder: Where files of videos lie, at any depth; it is listed once in a process.
        video: Id of the video.
        suffix: What comes after the id: ".safetensors".

    Returns:
        The path; FOLDER/VIDEO.SUFFIX also where no file has that name, so that its reader says what is missing.

    Raises:
        ValueError: Several files have the name.
    """
    direct = folder / f"{video}{suffix}"
    if direct.is_file():
        return direct
    found = _by_name(folder, suffix).get(direct.name, ())
    if len(found) > 1:
        raise ValueError(
            f"{len(found)} files under {folder} are of a video {video!r}: {found[0]} and {found[1]}; name one of these "
            "folders, or remove the one that is not meant"
        )
    return found[0] if found else direct


@lru_cache(maxsize=8)
def _by_name(folder: Path, suffix: str) -> dict[str, tuple[Path, ...]]:
    paths: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob(f"*{suffix}")):
        paths[path.name].append(path)
    return {name: tuple(of_name) for name, of_name in paths.items()}
