"""The class names of the known data sets, in their original spelling."""

from __future__ import annotations

from pathlib import Path

from zsar.runtime.text.text_tables import read_lines

FOLDER = Path(__file__).parent / "vocabularies"


def exact_names(data_set: str) -> tuple[str, ...]:
    """The class names of a data set in their original spelling and official label order.

    Sources: UCF-101 classInd.txt; HMDB-51 folder names; Kinetics-400 and -600 label lists (alphabetical);
    Something-Something v2 labels.json; ActivityNet v1.3; THUMOS14 detection classes (alphabetical).

    Args:
        data_set: ucf101, hmdb51, kinetics400, kinetics600, ssv2, activitynet or thumos14.

    Raises:
        ValueError: There is no such vocabulary.
    """
    path = FOLDER / f"{data_set}.txt"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.txt")))
        raise ValueError(f"there is no vocabulary {data_set!r}; it is one of {known}")
    return tuple(line.name for line in read_lines(path, "vocabulary", comments=False))
