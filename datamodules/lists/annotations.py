"""Readers of official annotation files, in their published form: the videos of a subset and their classes.

Every reader returns a `Listing`; errors name the file and the line. The files have no comments: some HMDB51 videos are
called "#437_How_To_Ride_A_Bike...".
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from zsar.datamodules.lists.listing import Listing
from zsar.runtime.text.json_files import json_value
from zsar.runtime.text.json_values import JsonValue
from zsar.runtime.text.text_files import decimal_number, fault_in, shown, stripped, whole_number
from zsar.runtime.text.text_tables import LARGEST_NUMBER, Line, iterate_table, read_lines

UCF101_SPLITS_URL = "https://www.crcv.ucf.edu/data/UCF101.php"

_ENDS_IN_NUMBER = re.compile(r"(.*\S)\s+([0-9]+)")


def read_ucf101(folder: Path, subset: Literal["train", "test"], fold: int) -> Listing:
    """UCF-101: trainlist0x.txt ("Class/video.avi 1") or testlist0x.txt ("Class/video.avi").

    Args:
        folder: `ucfTrainTestlist`, as UCF101TrainTestSplits-RecognitionTask.zip unpacks it.
        subset: The training or the test list.
        fold: Official split, 1 to 3.

    Raises:
        FileNotFoundError: The list is missing.
        ListFileError: A line has no class folder.
    """
    listing = Listing()
    for line in _lines(folder / f"{subset}list{fold:02d}.txt", UCF101_SPLITS_URL):
        # Only the training lists have labels, from 1, in the order of classInd.txt; the folder gives the same class.
        labelled = _ENDS_IN_NUMBER.fullmatch(line.text) if subset == "train" else None
        video = line.text if labelled is None else labelled[1]
        class_name, slash, name = video.partition("/")
        if not (slash and class_name and name):
            raise line.fault(f"{shown(line.text)} has no class folder; it must be Class/video.avi")
        if stripped(class_name) != class_name:
            raise line.fault(f"the class folder {shown(class_name)} has white space around its name; remove it")
        listing.add(video, sys.intern(line._replace(text=class_name).name))
    return listing


def read_hmdb51(folder: Path, class_names: Sequence[str], flags: Sequence[int], fold: int) -> Listing:
    """HMDB-51: CLASS_test_splitX.txt for each class, lines "video.avi FLAG".

    Args:
        folder: `testTrainMulti_7030_splits`, as test_train_splits.rar unpacks it.
        class_names: The 51 exact names, with which the file names begin.
        flags: Which videos: 1 for training, 2 for testing, 0 for those not used by the split.
        fold: Official split, 1 to 3.

    Raises:
        FileNotFoundError: The file of a class is missing.
        ListFileError: A flag is not 0, 1 or 2.
    """
    listing = Listing()
    for class_name in class_names:
        path = folder / f"{class_name}_test_split{fold}.txt"
        for line in _lines(path, "https://serre-lab.clps.brown.edu (HMDB-51, splits)"):
            flagged = _ENDS_IN_NUMBER.fullmatch(line.text)
            if flagged is None or flagged[2] not in ("0", "1", "2"):
                raise line.fault(f"{shown(line.text)} does not end in a flag 0, 1 or 2, as `video.avi 1` does; add it")
            if int(flagged[2]) in flags:
                listing.add(f"{class_name}/{flagged[1]}", class_name)
    return listing


def read_kinetics(path: Path, folder: str) -> Listing:
    """Kinetics: CSV with the columns label, youtube_id, time_start and time_end, among others, in any order.

    Args:
        path: The file, e.g. annotations/train.csv.
        folder: Expected folder of the subset's videos ("train"); a name that occurs only once may be in any folder.

    Raises:
        FileNotFoundError: The file is missing.
        ListFileError: A column is missing, a label or id is empty, or a time is not a number of seconds.
    """
    listing = Listing()
    columns = ("label", "youtube_id", "time_start", "time_end")
    rows = iterate_table(
        path, "annotation file", columns=columns, if_missing=_from("https://github.com/cvdfoundation/kinetics-dataset")
    )
    label_of: dict[str, str] = {}
    for number, (label, video, start_seconds, end_seconds) in rows:
        start, end = _kinetics_second(start_seconds), _kinetics_second(end_seconds)
        if start is None or end is None or end < start:
            problem = f"{shown(start_seconds)} to {shown(end_seconds)} is not an interval in seconds; correct it"
            raise fault_in(path, problem, line=number)
        class_name = label_of.get(label)
        if class_name is None:
            class_name = label_of[label] = Line(path, number, label).name
        listing.add(f"{folder}/{video}_{start:06d}_{end:06d}", class_name)
    return listing


def read_ssv2(path: Path) -> Listing:
    """Something-Something v2: JSON list of {"id", "template", ...}; the template, without brackets, is the class.

    Raises:
        FileNotFoundError: The file is missing.
        ListFileError: An entry has no id or template, as in test.json, whose classes are not published.
    """
    listing = Listing()
    label_of: dict[str, str] = {}
    for entry in _json(path, "https://www.qualcomm.com/developer/software/something-something-v-2-dataset").elements():
        content = entry.value
        if isinstance(content, dict) and not ("id" in content and "template" in content):
            raise entry.fault("has no id or no template; the files of training and validation have both: give those")
        template = entry["template"]
        class_name = label_of.get(template.text())
        if class_name is None:
            class_name = label_of[template.value] = template.name().replace("[", "").replace("]", "")
        listing.add(_video_id(entry["id"]), class_name)
    return listing


def read_activitynet(path: Path, subset: str, units: Literal["videos", "instances"]) -> Listing:
    """ActivityNet: {"database": {ID: {"subset", "annotations": [{"segment": [s, e], "label"}]}}}.

    Args:
        path: activity_net.v1-3.min.json.
        subset: "training" or "validation"; the classes of "testing" are not published.
        units: Whole videos, each with the class that lasts longest in it, or every annotated instance.

    Raises:
        FileNotFoundError: The file is missing.
        ListFileError: It has another format, or a segment is not an interval.
    """
    listing = Listing()
    for name, entry in sorted(_json(path, "http://activity-net.org/download.html")["database"].items()):
        if entry["subset"].text() != subset:
            continue
        instances = [(a["label"].name(), *segment_seconds(a["segment"])) for a in entry["annotations"].elements()]
        if units == "instances":
            for class_name, start, end in instances:
                listing.add(f"v_{name}", class_name)
                listing.segments_seconds.append((start, end))
        elif instances:
            seconds: dict[str, float] = defaultdict(float)
            for class_name, start, end in instances:
                seconds[class_name] += end - start
            listing.add(f"v_{name}", max(sorted(seconds), key=lambda class_name: seconds[class_name]))
    return listing


def read_thumos14(folder: Path, class_names: Sequence[str], suffix: Literal["val", "test"]) -> Listing:
    """THUMOS14: CLASS_val.txt or CLASS_test.txt with lines "video  start  end", in seconds.

    Every cliff dive is also annotated as a dive; as a single label it is a cliff dive.

    Args:
        folder: Folder with the files at any depth, as the two archives unpack.
        class_names: The 20 exact names, with which the file names begin.
        suffix: Validation or test annotations.

    Raises:
        FileNotFoundError: The file of a class is missing.
        ListFileError: A line is not a video with an interval.
    """
    instances: dict[tuple[str, float, float], str] = {}
    files = {path.name: path for path in sorted(folder.rglob(f"*_{suffix}.txt"))}
    for class_name in sorted(class_names, key=lambda name: name == "CliffDiving"):
        name = f"{class_name}_{suffix}.txt"
        path = files.get(name, folder / name)
        for line in _lines(path, "https://www.crcv.ucf.edu/THUMOS14/download.html"):
            fields = line.text.split()
            times = [decimal_number(field, LARGEST_NUMBER) for field in fields[1:]]
            if len(times) != 2 or times[0] is None or times[1] is None or times[1] < times[0]:
                raise line.fault(f"{shown(line.text)} is not `video start end`, in seconds; correct it")
            instances[fields[0], times[0], times[1]] = class_name
    listing = Listing()
    for (video, start, end), class_name in sorted(instances.items()):
        listing.add(video, class_name)
        listing.segments_seconds.append((start, end))
    return listing


def segment_seconds(segment: JsonValue) -> tuple[float, float]:
    """An interval in an annotation file: [start, end] in seconds, as numbers or, in THUMOS14, as strings.

    Raises:
        ListFileError: It is not a start and an end, or ends before it starts.
    """
    times = [time.seconds() for time in segment.elements()]
    if len(times) != 2:
        raise segment.fault(f"is {shown(segment.value)}, not a start and an end; correct it")
    if times[1] < times[0]:
        raise segment.fault(f"is {shown(segment.value)}, which ends before it starts; correct it")
    return times[0], times[1]


@lru_cache(maxsize=4096)
def _kinetics_second(text: str) -> int | None:
    """A time of Kinetics in whole seconds. Some copies have fractions, which file names lack; they are cut off."""
    number = whole_number(text, LARGEST_NUMBER)
    if number is not None:
        return number
    fraction = decimal_number(text, LARGEST_NUMBER)
    return None if fraction is None else int(fraction)


def _video_id(value: JsonValue) -> str:
    """An id; some copies write it as a number."""
    if isinstance(value.value, int) and not isinstance(value.value, bool) and 0 <= value.value <= LARGEST_NUMBER:
        return str(value.value)
    return value.name()


def _from(source: str) -> str:
    return f"it comes from {source}. The data root is set by $ZSAR_DATA or --data.data_root"


def _lines(path: Path, source: str) -> list[Line]:
    return read_lines(path, "annotation file", comments=False, if_missing=_from(source))


def _json(path: Path, source: str) -> JsonValue:
    return json_value(path, "annotation file", if_missing=_from(source))
