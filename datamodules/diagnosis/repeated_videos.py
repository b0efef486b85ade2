"""Videos that occur more than once: in one set, in training and test sets, or as copies under several names."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.class_identity import class_identity
from zsar.datamodules.diagnosis.findings import Finding, finding
from zsar.datamodules.lists.checked_lists import Repeat, find_repeats
from zsar.datamodules.lists.video_table import VideoTable
from zsar.runtime.shards.stored_videos import open_stored, stored_stamp

_TRAINING = ("train", "val")
_CHUNK_BYTES = 1 << 20


def check_duplicates(set_name: str, table: VideoTable) -> Finding:
    """Videos that a set lists twice, in any spelling or through links; segments of one file are not repeats."""
    faults = [str(repeat) for repeat in find_repeats({set_name: table})]
    return finding("duplicates", set_name, faults, len(table), "take them out of the list: each counts twice")


def check_overlap(sets: Mapping[str, VideoTable]) -> list[Finding]:
    """Test videos that are also used for training or for choosing the checkpoint; for segments, their files.

    Keys are compared if they share a root; files are always compared, by any path.
    """
    training = {name: sets[name] for name in _TRAINING if name in sets}
    findings = []
    for name, test in sets.items():
        if name in _TRAINING or not training:
            continue
        keys = {key for table in training.values() if table.root == test.root for key in table.all_keys()}
        faults = {row: key for row, key in enumerate(test.all_keys()) if key in keys}
        for repeat in find_repeats({**training, name: test}, by_stretch=False):
            test_rows = [row for set_name, row in repeat.rows if set_name == name]
            if len(test_rows) < len(repeat.rows):
                faults.update({row: _overlap(repeat, test, row) for row in test_rows})
        remark = "nothing that is tested on may be trained on: take them out of one of the lists"
        in_order = [fault for _, fault in sorted(faults.items())]
        findings.append(finding("overlap", f"training / {name}", in_order, len(test), remark))
    return [*findings, *_within(training), *_within({name: sets[name] for name in sets if name not in _TRAINING})]


def _within(sets: Mapping[str, VideoTable]) -> Iterator[Finding]:
    """Videos shared by two training sets, or by two test sets; no finding if there are none."""
    if len(sets) > 1:
        both = [str(repeat) for repeat in find_repeats(sets) if len(repeat.set_names) > 1]
        if both:
            remark = "a video may be in one set only: take them out of one of the lists"
            yield finding("overlap", " / ".join(sets), both, sum(map(len, sets.values())), remark)


def _overlap(repeat: Repeat, test: VideoTable, row: int) -> str:
    """The key of a test video if it is a segment or has one spelling, else all its spellings."""
    return test.key(row) if test.segments_seconds is not None or len(repeat.places) == 1 else str(repeat)


def check_classes_apart(classes: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Classes that are both base and novel, in {set name: class names}; no finding without both sets."""
    if not {"base", "novel"} <= set(classes):
        return []
    spelled = {class_identity(name): name for name in classes["novel"]}
    both = [(name, spelled[class_identity(name)]) for name in classes["base"] if class_identity(name) in spelled]
    faults = [f"class {name!r}" if name == novel else f"class {name!r}, {novel!r}" for name, novel in both]
    return [finding("overlap", "base / novel", faults, len(spelled), "a class must not be base and novel")]


def check_contents(sets: Mapping[str, VideoTable], exists: Mapping[str, NDArray[np.bool_]]) -> list[Finding]:
    """Files with identical content, by SHA-256; only files of equal size are read.

    Args:
        sets: {set name: its videos}.
        exists: bool [N] for each set: whether each file exists.

    Returns:
        A warning for copies within training or within test sets, an error for copies in both.
    """
    sets_of: dict[str, set[str]] = defaultdict(set)
    for name, table in sets.items():
        for i, path in enumerate(_paths(table)):
            if exists[name][i]:
                sets_of[path].add(name)
    within: list[str] = []
    between: list[str] = []
    for group in _copies(sorted(sets_of)):
        names = {name for path in group for name in sets_of[path]}
        text = " and ".join([*group[:2], *([f"{len(group) - 2:,} more"] if len(group) > 2 else [])])
        (between if names & set(_TRAINING) and names - set(_TRAINING) else within).append(text)
    return [
        finding("copies", "one set", within, len(sets_of), "each counts more than once", severity="warning"),
        finding("copies", "training / test", between, len(sets_of), "nothing that is tested on may be trained on"),
    ]


def _copies(paths: Sequence[str]) -> Iterator[list[str]]:
    """Groups of files with equal content."""
    by_size: dict[int, list[str]] = defaultdict(list)
    for path in paths:
        by_size[(stored_stamp(path) or (0, 0))[0]].append(path)
    for candidates in by_size.values():
        if len(candidates) > 1:
            by_content: dict[bytes, list[str]] = defaultdict(list)
            for path in candidates:
                by_content[_sha256(Path(path))].append(path)
            yield from (group for group in by_content.values() if len(group) > 1)


def _sha256(path: Path) -> bytes:
    digest = hashlib.sha256()
    with open_stored(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.digest()


def _paths(table: VideoTable) -> list[str]:
    return [os.path.normpath(table[i].path) for i in range(len(table))]
