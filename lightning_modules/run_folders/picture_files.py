"""The pictures of a run folder: what the callbacks of `callbacks/pictures` wrote, and the index that lists it.

    RUN_DIR/pictures/index.json                          {"pictures": [{"kind": "confusion", "stage": "test", ...}]}
            pictures/KIND/SET/STEM.png, STEM.json, ...   a picture, the numbers it shows, and what else belongs to it

The index says what belongs to zsar (`--overwrite` removes nothing else) and what each picture shows, in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from zsar.runtime.files.given_files import read_given_json
from zsar.runtime.files.whole_files import write_json_whole

PICTURES = "pictures"
"""The folder of all pictures in a run folder."""

_INDEX = "index.json"
_TEXTS = ("kind", "stage", "set_name", "title", "alt")
_REMEDY = "remove the folder and run the test again"


@dataclass(frozen=True)
class Picture:
    """A picture and the files that belong to it.

    Attributes:
        kind: What it is: "attention", "embedding_map", "confusion", "mistakes", "calibration", "detection_errors",
            "timelines", "frame_prompt_scores", ...
        stage: The command that wrote it: "test", "validate" or "predict".
        set_name: The set of videos that it is of.
        title: One line that tells it from the others of its kind.
        alt: What there is to see, for readers who do not see it.
        files: Path of each file by its role, relative to `RUN_DIR/pictures`, with "/": "picture" (PNG), "numbers"
            (JSON), "table" (CSV), "video" (MP4), "clip" (WebP), "embeddings" (safetensors; "embeddings_SET" of each set
            where a picture shows several).
    """

    kind: str
    stage: str
    set_name: str
    title: str
    alt: str
    files: dict[str, str] = field(default_factory=dict)

    def path(self, folder: Path, role: str) -> Path | None:
        """The file of a role, or None if there is none.

        Args:
            folder: The run folder.
            role: As in `files`.
        """
        return folder / PICTURES / self.files[role] if role in self.files else None


def read_pictures(folder: Path) -> list[Picture]:
    """The pictures of a run folder; empty if there are none. Those whose files were removed are left out.

    Args:
        folder: The run folder.

    Returns:
        In the order in which they were written.

    Raises:
        ValueError: The index is not JSON, has another layout, or lists files outside the folder of pictures.
    """
    path = folder / PICTURES / _INDEX
    if not path.is_file():
        return []
    content = read_given_json(path, what="index of pictures", remedy=_REMEDY, bytes_of_names=True)
    entries = content.get("pictures") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise ValueError(f"{path}: it has no list of pictures; {_REMEDY}")
    pictures = [_picture(path, number, entry) for number, entry in enumerate(entries, 1)]
    return [picture for picture in pictures if any((path.parent / name).is_file() for name in picture.files.values())]


def replace_pictures(folder: Path, pictures: Sequence[Picture], *, kind: str, stage: str, first_word: str = "") -> None:
    """Lists new pictures of a kind and a stage in place of the earlier ones, whose files are removed.

    Args:
        folder: The run folder.
        pictures: The new ones; their files are written already.
        kind: Their kind.
        stage: Their stage.
        first_word: How the names of their files begin, where several callbacks write one kind: only pictures that
            begin in this way are replaced.

    Raises:
        ValueError: As `read_pictures`.
    """
    before = read_pictures(folder)
    outdated = [
        picture
        for picture in before
        if (picture.kind, picture.stage) == (kind, stage)
        and PurePosixPath(picture.files.get("numbers", "")).name.startswith(first_word)
    ]
    kept = [picture for picture in before if picture not in outdated]
    if not outdated and not pictures:
        return
    _write(folder, [*kept, *pictures])
    still = {name for picture in (*kept, *pictures) for name in picture.files.values()}
    for name in {name for picture in outdated for name in picture.files.values()} - still:
        (folder / PICTURES / name).unlink(missing_ok=True)


def written_pictures(folder: Path, *stages: str) -> list[Path]:
    """The files of the pictures of some stages, and the index if no others are listed in it.

    Args:
        folder: The run folder.
        stages: "test", "validate", "predict".

    Returns:
        Paths of files that exist.

    Raises:
        ValueError: As `read_pictures`.
    """
    pictures = read_pictures(folder)
    names = {name for picture in pictures if picture.stage in stages for name in picture.files.values()}
    if all(picture.stage in stages for picture in pictures):
        names.add(_INDEX)
    return [path for name in sorted(names) if (path := folder / PICTURES / name).is_file()]


def _write(folder: Path, pictures: Sequence[Picture]) -> None:
    write_json_whole(folder / PICTURES / _INDEX, {"pictures": [asdict(picture) for picture in pictures]})


def _picture(path: Path, number: int, entry: Any) -> Picture:  # noqa: ANN401 - what a JSON file holds
    place = f"{path}: entry {number}"
    if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in _TEXTS):
        raise ValueError(f"{place} is not a picture with {', '.join(_TEXTS)}; {_REMEDY}")
    files = entry.get("files")
    if not isinstance(files, dict) or not all(isinstance(name, str) for name in files.values()):
        raise ValueError(f"{place} has no files by role; {_REMEDY}")
    for name in files.values():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\\" in name or "\0" in name or not pure.name:
            raise ValueError(f"{place} lists {name!r}, which is not in {path.parent}; {_REMEDY}")
    return Picture(**{name: entry[name] for name in _TEXTS}, files=dict(files))
