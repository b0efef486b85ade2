"""Every reader of a user's text file, each with a good file: what holds for all of them is tested on this list."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zsar.api.class_names import read_class_names
from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.datamodules.class_text.text_files import read_class_text_file
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.lists.annotations import (
    read_activitynet,
    read_hmdb51,
    read_kinetics,
    read_ssv2,
    read_thumos14,
    read_ucf101,
)
from zsar.datamodules.lists.checked_lists import read_excluded
from zsar.datamodules.lists.list_files import read_labels, read_list
from zsar.datamodules.lists.localization_splits import (
    read_activitynet_annotations,
    read_class_list,
    read_thumos14_annotations,
)
from zsar.lightning_modules.command_line import picture
from zsar.lightning_modules.command_line.batch.command_lists import read_commands
from zsar.lightning_modules.command_line.doctor.doctor_report import write_bad_videos
from zsar.runtime.text.text_tables import read_json, read_lines, read_table


@dataclass(frozen=True)
class Reader:
    """A reader of text files.

    Attributes:
        name: Name of its file.
        good: What a good file holds.
        read: Reads the file of this name in a folder.
    """

    name: str
    good: str
    read: Callable[[Path], object]

    def read_bytes(self, folder: Path, data: bytes) -> object:
        """What is read of a file that holds these bytes."""
        (folder / self.name).write_bytes(data)
        return self.read(folder)


_INSTANCES = [{"segment": [0.5, 2], "label": "Archery"}, {"segment": ["3.0", "4.5"], "label": "Bowling"}]
_ACTIVITYNET = {
    "database": {
        "a": {"subset": "training", "duration": 9.5, "annotations": _INSTANCES},
        "b": {"subset": "testing", "duration": 5, "annotations": []},
    }
}
_PROMPTS = {"run": {attribute.name: ["one", "two"] for attribute in ATTRIBUTES}}


def _keep_bad_videos(folder: Path) -> str:
    (folder / "kept.csv").write_bytes((folder / "bad_videos.csv").read_bytes())
    try:
        write_bad_videos(folder / "kept.csv", [], keep=True)
    except ValueError as error:  # the copy is what is written over
        raise type(error)(str(error).replace("kept.csv", "bad_videos.csv")) from error
    return (folder / "kept.csv").read_text(encoding="utf-8")


READERS = [
    Reader("table.csv", 'path,label\na 1.mp4,"run, fast"\n', lambda f: cells(f / "table.csv")),
    Reader("names.txt", "# names\nbrush hair\nrun\n", lambda f: [n.name for n in read_lines(f / "names.txt", "list")]),
    Reader("any.json", '{"a": [1, 2.5, null], "b": {"c": "d"}}', lambda f: read_json(f / "any.json", "list")),
    Reader("labels.csv", 'id,name\n0,run\n1,"sit, down"\n', lambda f: read_labels(f / "labels.csv")),
    Reader("vifi.txt", "a/b 1.mp4 0\nc.avi 12\n", lambda f: read_list(f / "vifi.txt", 20)),
    Reader("t2l.txt", "/data/v_a 70 0\n/data/v b 53 12\n", lambda f: read_list(f / "t2l.txt", 20)),
    Reader("trainlist01.txt", "Run/v_a.avi 1\nSit/v_b.avi 2\n", lambda f: read_ucf101(f, "train", 1)),
    Reader("testlist01.txt", "Run/v_a.avi\nSit/v_b.avi\n", lambda f: read_ucf101(f, "test", 1)),
    Reader("run_test_split1.txt", "#4_a run.avi 1\nb.avi 2\n", lambda f: read_hmdb51(f, ["run"], [1, 2], 1)),
    Reader(
        "train.csv",
        "label,youtube_id,time_start,time_end,split\nrun,-abc,3,13,train\nsit,d,20.0,30.5,train\n",
        lambda f: read_kinetics(f / "train.csv", "train"),
    ),
    Reader(
        "ssv2.json",
        json.dumps([{"id": "7", "template": "Moving [something]", "placeholders": ["cup"]}]),
        lambda f: read_ssv2(f / "ssv2.json"),
    ),
    Reader("net1.json", json.dumps(_ACTIVITYNET), lambda f: read_activitynet(f / "net1.json", "training", "videos")),
    Reader("net2.json", json.dumps(_ACTIVITYNET), lambda f: read_activitynet(f / "net2.json", "training", "instances")),
    Reader(
        "net3.json", json.dumps(_ACTIVITYNET), lambda f: read_activitynet_annotations(f / "net3.json", ["training"])
    ),
    Reader("Run_val.txt", "video_1  1.0 2.5\nvideo_2 3 4\n", lambda f: read_thumos14(f, ["Run"], "val")),
    Reader(
        "t3al.json",
        json.dumps({"v": {"duration_second": 9.0, "annotations": _INSTANCES}}),
        lambda f: read_thumos14_annotations(f / "t3al.json"),
    ),
    Reader("split_0.list", "Run\nSit\n", lambda f: read_class_list(f / "split_0.list", ["Run", "Sit"])),
    Reader("bad.csv", "video,set,path,problem\na b,train,a b.mp4,gone\n", lambda f: read_excluded(f / "bad.csv")),
    Reader("bad_videos.csv", "video,set,path,problem\na b,train,a b.mp4,gone\n", _keep_bad_videos),
    Reader(
        "gpt.csv",
        'SNo,Class Name,GPT3 discription\n0,run a,"One runs, fast."\n1,sit,One sits.\n',
        lambda f: read_class_text_file(f / "gpt.csv"),
    ),
    Reader("text.json", '{"run": ["one", "two"]}', lambda f: read_class_text_file(f / "text.json")),
    Reader(
        "prompts.json",
        json.dumps({"kind": "action_prompts", "data_set": "d", "source": "s", "classes": _PROMPTS}),
        lambda f: read_class_text_file(f / "prompts.json"),
    ),
    Reader(
        "videos.csv",
        'path,label\na 1.mp4,"run, fast"\nb.mp4,sit\n',
        lambda f: VideoFolder(train="videos.csv", data_root=f).class_names,
    ),
    Reader(
        "predict.csv",
        "path,note\na 1.mp4,x\nb.mp4,\n",
        lambda f: (
            VideoFolder(train="none", predict="predict.csv", data_root=f, classes=["run", "sit"])
            .list_videos("predict")
            .all_keys()
        ),
    ),
    Reader("classes.txt", "# classes\nrun fast\nsit\n", lambda f: read_class_names(None, f / "classes.txt")),
    Reader("sweep.txt", "# a sweep\nzsar test --run_dir 'a b'\n", lambda f: read_commands(str(f / "sweep.txt"))),
    Reader(
        "predictions_novel.csv",
        "video,path,label,prediction,probability,decoded,problem\na,a.mp4,run,,0.5,True,\n",
        lambda f: picture._read(f, "novel"),
    ),
]


def cells(path: Path) -> list[tuple[str, str]]:
    """The rows of a list of videos."""
    return [(row["path"], row.name("label")) for row in read_table(path, "list", columns=("path", "label"))]
