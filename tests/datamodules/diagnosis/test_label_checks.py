from pathlib import Path

from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.diagnosis.diagnosis import list_sets, stages_of
from zsar.datamodules.diagnosis.label_checks import check_label_sets
from zsar.datamodules.settings import Split


def module_of(folder: Path, rows: str, *, several: bool = True) -> VideoFolder:
    (folder / "videos.csv").write_text(f"path,label\n{rows}\n")
    return VideoFolder(
        data_root=folder,
        train="videos.csv",
        test="videos.csv",
        classes=["wave", "sit down", "jump"],
        split=Split(protocol="multi_label" if several else "all_classes"),
    )


def test_labels_are_counted_and_what_lacks_a_counterpart_is_named(tmp_path: Path) -> None:
    module = module_of(tmp_path, "a.mp4,wave|sit down\nb.mp4,\nc.mp4,wave")
    assert stages_of(module) == ("test",)
    sets, _ = list_sets(module, ("test",))
    labels, videos, classes = check_label_sets(module, sets)
    assert (labels.severity, labels.total) == ("ok", 3)
    assert labels.remark == "1.00 classes a video: 1 with 0, 1 with 1, 1 with 2"
    assert (videos.severity, videos.count, videos.examples) == ("warning", 1, (f"{tmp_path}/videos.csv:3: b.mp4",))
    assert (classes.severity, classes.examples, classes.total) == ("warning", ("jump",), 3)


def test_duplicates_and_unknown_classes_are_errors_of_the_list(tmp_path: Path) -> None:
    for rows, problem in (("a.mp4,wave|wave", "already by line 2"), ("a.mp4,wave|dance", "does not list: dance")):
        sets, findings = list_sets(module_of(tmp_path, rows), ("test",))
        assert sets == {}
        assert findings[0].severity == "error"
        assert problem in findings[0].examples[0]


def test_videos_of_one_class_are_not_checked(tmp_path: Path) -> None:
    module = module_of(tmp_path, "a.mp4,wave\nb.mp4,sit down", several=False)
    assert check_label_sets(module, list_sets(module, ("test",))[0]) == []
