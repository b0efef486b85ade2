"""What a data module lists, in the form in which the miniatures say what they hold."""

from collections.abc import Iterable

from zsar.datamodules.class_identity import clean_name
from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.video import Subset


def listed(module: ListedVideoDataModule, subset: Subset) -> set[tuple[str, str]]:
    """(key, clean class name) of the videos of a subset, all of which must be there."""
    table = module.list_videos(subset)
    assert table.found is not None
    assert table.found.all()
    assert all(table[i].path.is_file() for i in range(len(table)))
    return {(table.key(i), module.class_names[table.labels[i]]) for i in range(len(table))}


def cleaned(clips: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """(file stem, class name) with clean class names."""
    return {(stem, clean_name(name)) for stem, name in clips}
