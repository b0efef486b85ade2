"""Official annotation files, read as their sites give them: which videos a subset has, and of which class.

Every reader returns a `Listing` and refuses what it cannot understand, naming the file and the line.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

UCF101_SPLITS_URL = "https://www.crcv.ucf.edu/data/UCF101.php"


@dataclass
class Listing:
    """The videos of a subset as annotated.

    Attributes:
        videos: N paths or names, with forward slashes.
        classes: N class names, exactly as the data set's makers write them.
        segments_seconds: Start and end of each annotated stretch; empty where whole files are meant.
    """

    videos: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    segments_seconds: list[tuple[float, float]] = field(default_factory=list)

    def add(self, video: str, class_name: str) -> None:
        """Appends a whole video."""
        self.videos.append(video)
        self.classes.append(class_name)


def read_ucf101(folder: Path, subset: Literal["train", "test"], fold: int) -> Listing:
    """UCF-101: trainlist0x.txt ("Class/video.avi 1") or testlist0x.txt ("Class/video.avi").

    Args:
        folder: `ucfTrainTestlist`, as UCF101TrainTestSplits-RecognitionTask.zip unpacks it.
        subset: The training or the test list.
        fold: Official split, 1 to 3.

    Raises:
        FileNotFoundError: The list is not there.
        ValueError: A line has no class folder.
    """
    path = folder / f"{subset}list{fold:02d}.txt"
    listing = Listing()
    for number, line in enumerate(_lines(path, UCF101_SPLITS_URL), start=1):
        video = line.split()[0] if line.split() else ""
        class_name, slash, _ = video.partition("/")
        if video and not slash:
            raise ValueError(f"{path}, line {number}: {line!r} has no class folder; expected Class/video.avi")
        if video:
            listing.add(video, class_name)
    return listing


def read_ucf101_classes(folder: Path) -> tuple[str, ...]:
    """UCF-101: classInd.txt ("1 ApplyEyeMakeup"), in its order.

    Raises:
        FileNotFoundError: The file is not there.
    """
    lines = _lines(folder / "classInd.txt", UCF101_SPLITS_URL)
    return tuple(line.split()[1] for line in lines if line.strip())


def read_hmdb51(folder: Path, class_names: Sequence[str], flags: Sequence[int], fold: int) -> Listing:
    """HMDB-51: CLASS_test_splitX.txt for each class, lines "video.avi FLAG".

    Args:
        folder: `testTrainMulti_7030_splits`, as test_train_splits.rar unpacks it.
        class_names: The 51 exact names, which begin the files' names.
        flags: Which videos: 1 for training, 2 for testing, 0 for those that the split does not use.
        fold: Official split, 1 to 3.

    Raises:
        FileNotFoundError: A class's file is not there.
        ValueError: A flag is not 0, 1 or 2.
    """
    listing = Listing()
    for class_name in class_names:
        path = folder / f"{class_name}_test_split{fold}.txt"
        for number, line in enumerate(_lines(path, "https://serre-lab.clps.brown.edu (HMDB-51, splits)"), start=1):
            if not line.strip():
                continue
            video, _, flag = line.strip().rpartition(" ")
            if flag not in ("0", "1", "2") or not video:
                raise ValueError(f"{path}, line {number}: {line!r} does not end in a flag 0, 1 or 2")
            if int(flag) in flags:
                listing.add(f"{class_name}/{video.strip()}", class_name)
    return listing


def read_kinetics(path: Path, folder: str) -> Listing:
    """Kinetics: CSV with the columns label, youtube_id, time_start and time_end, among others, in any order.

    Args:
        path: The file, e.g. annotations/train.csv.
        folder: Where the subset's videos are expected ("train"); a name found once lies wherever it lies.

    Raises:
        FileNotFoundError: The file is not there.
        ValueError: A column is missing, or a time is no number.
    """
    columns = ("label", "youtube_id", "time_start", "time_end")
    listing = Listing()
    source = "https://github.com/cvdfoundation/kinetics-dataset"
    with _existing(path, source).open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in columns if name not in header]
        if missing:
            raise ValueError(f"{path} has no column {', '.join(missing)}; its columns are {', '.join(header)}")
        label_at, id_at, start_at, end_at = (header.index(name) for name in columns)
        for number, row in enumerate(reader, start=2):
            if not row:
                continue
            try:
                start, end = int(float(row[start_at])), int(float(row[end_at]))
                listing.add(f"{folder}/{row[id_at]}_{start:06d}_{end:06d}", sys.intern(row[label_at]))
            except (IndexError, ValueError) as error:
                raise ValueError(f"{path}, line {number}: {','.join(row)!r} has no label, id and times") from error
    return listing


def read_ssv2(path: Path) -> Listing:
    """Something-Something v2: JSON list of {"id", "template", ...}; the template, without brackets, is the class.

    Raises:
        FileNotFoundError: The file is not there.
        ValueError: An entry has no id or template, as in test.json, whose classes are secret.
    """
    listing = Listing()
    for entry in _json(path, "https://www.qualcomm.com/developer/software/something-something-v-2-dataset"):
        if "id" not in entry or "template" not in entry:
            raise ValueError(f"{path}: the entry {entry} has no id or no template; training and validation files do")
        listing.add(str(entry["id"]), sys.intern(entry["template"].replace("[", "").replace("]", "")))
    return listing


def read_activitynet(path: Path, subset: str, units: Literal["videos", "instances"]) -> Listing:
    """ActivityNet: {"database": {ID: {"subset", "annotations": [{"segment": [s, e], "label"}]}}}.

    Args:
        path: activity_net.v1-3.min.json.
        subset: "training" or "validation"; the classes of "testing" are secret.
        units: Whole videos, each with the class that takes most of its time, or every annotated instance.

    Raises:
        FileNotFoundError: The file is not there.
        ValueError: It is no such file.
    """
    database = _json(path, "http://activity-net.org/download.html")
    if not isinstance(database, dict) or "database" not in database:
        raise ValueError(f"{path} is no ActivityNet file: it has no entry 'database'")
    listing = Listing()
    for video, entry in sorted(database["database"].items()):
        annotations = entry["annotations"] if entry["subset"] == subset else []
        if units == "instances":
            for annotation in annotations:
                listing.add(f"v_{video}", annotation["label"])
                listing.segments_seconds.append((float(annotation["segment"][0]), float(annotation["segment"][1])))
        elif annotations:
            seconds: dict[str, float] = defaultdict(float)
            for annotation in annotations:
                seconds[annotation["label"]] += float(annotation["segment"][1]) - float(annotation["segment"][0])
            listing.add(f"v_{video}", max(sorted(seconds), key=lambda name: seconds[name]))
    return listing


def read_thumos14(folder: Path, class_names: Sequence[str], suffix: Literal["val", "test"]) -> Listing:
    """THUMOS14: CLASS_val.txt or CLASS_test.txt with lines "video  start  end", in seconds.

    Every cliff dive is annotated as a dive too; as a single label it is a cliff dive.

    Args:
        folder: The folder under which the files lie at any depth, as the two archives unpack.
        class_names: The 20 exact names, which begin the files' names.
        suffix: Validation or test annotations.

    Raises:
        FileNotFoundError: A class's file is not there.
        ValueError: A line has no times.
    """
    instances: dict[tuple[str, float, float], str] = {}
    files = {path.name: path for path in sorted(folder.rglob(f"*_{suffix}.txt"))}
    for class_name in sorted(class_names, key=lambda name: name == "CliffDiving"):
        name = f"{class_name}_{suffix}.txt"
        path = files.get(name, folder / name)
        for number, line in enumerate(_lines(path, "https://www.crcv.ucf.edu/THUMOS14/download.html"), start=1):
            fields = line.split()
            if not fields:
                continue
            try:
                video, start, end = fields[0], float(fields[1]), float(fields[2])
            except (IndexError, ValueError) as error:
                raise ValueError(f"{path}, line {number}: {line!r} is not `video start end`") from error
            instances[video, start, end] = class_name
    listing = Listing()
    for (video, start, end), class_name in sorted(instances.items()):
        listing.add(video, class_name)
        listing.segments_seconds.append((start, end))
    return listing


def _existing(path: Path, source: str) -> Path:
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no annotation file {path}; it comes from {source}. The data root is set by $ZSAR_DATA or "
            "--data.data_root"
        )
    return path


def _lines(path: Path, source: str) -> list[str]:
    return _existing(path, source).read_text(encoding="utf-8-sig").splitlines()


def _json(path: Path, source: str) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return json.loads(_existing(path, source).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no JSON file: {error}") from error
