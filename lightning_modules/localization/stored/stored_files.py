"""Finds the stored file of a video: `zsar extract` keeps the folders of videos, ids do not contain them."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from pathlib import Path


def file_of_video(folder: Path, video: str, suffix: str) -> Path:
    """Returns FOLDER/VIDEO.SUFFIX or, if that does not exist, the file of that name in a subfolder.

    Args:
        folder: Folder of the files, searched at any depth; it is listed once per process.
        video: Id of the video.
        suffix: What follows the id: ".safetensors".

    Returns:
        The path; FOLDER/VIDEO.SUFFIX even if no file has that name, so that its reader reports it.

    Raises:
        ValueError: Several files have the name.
    """
    direct = folder / f"{video}{suffix}"
    if direct.is_file():
        return direct
    paths = _by_name(folder, suffix).get(direct.name, ())
    if len(paths) > 1:
        raise ValueError(
            f"{len(paths)} files under {folder} are of a video {video!r}: {paths[0]} and {paths[1]}; use one of these "
            "folders, or remove the wrong one"
        )
    return paths[0] if paths else direct


@lru_cache(maxsize=8)
def _by_name(folder: Path, suffix: str) -> dict[str, tuple[Path, ...]]:
    paths: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob(f"*{suffix}")):
        paths[path.name].append(path)
    return {name: tuple(of_name) for name, of_name in paths.items()}
