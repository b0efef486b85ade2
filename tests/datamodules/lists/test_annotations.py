import json
from pathlib import Path

import pytest

from zsar.datamodules.lists.annotations import (
    read_activitynet,
    read_hmdb51,
    read_kinetics,
    read_ssv2,
    read_thumos14,
    read_ucf101,
)


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_ucf101_lists_have_labels_in_training_and_none_in_testing(tmp_path: Path) -> None:
    written(tmp_path / "trainlist02.txt", "Archery/v_Archery_g08_c01.avi 3\r\n")
    written(tmp_path / "testlist02.txt", "Archery/v_Archery_g01_c01.avi\r\n\r\n")
    assert read_ucf101(tmp_path, "train", 2).videos == ["Archery/v_Archery_g08_c01.avi"]
    test = read_ucf101(tmp_path, "test", 2)
    assert (test.videos, test.classes) == (["Archery/v_Archery_g01_c01.avi"], ["Archery"])


@pytest.mark.parametrize("class_name", ["Archery ", "Archery\u3000", "Archery\u200b"])
def test_a_ucf101_class_with_white_space_behind_it_is_refused(tmp_path: Path, class_name: str) -> None:
    (tmp_path / "testlist01.txt").write_text(f"Ballet/a.avi\n{class_name}/b.avi\n")
    with pytest.raises(ValueError, match=r"testlist01\.txt:2: the class folder .* has white space"):
        read_ucf101(tmp_path, "test", 1)


def test_a_ucf101_class_is_a_name_and_its_path_stays_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "testlist01.txt").write_text("A\u0301rchery/a.avi\n", encoding="utf-8")
    listing = read_ucf101(tmp_path, "test", 1)
    assert (listing.classes, listing.videos) == (["\u00c1rchery"], ["A\u0301rchery/a.avi"])


def test_a_ucf101_line_without_class_folder_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "testlist01.txt", "v_Archery_g01_c01.avi\n")
    with pytest.raises(ValueError, match=r"testlist01\.txt:1: .* has no class folder"):
        read_ucf101(tmp_path, "test", 1)


def test_hmdb51_flags_choose_the_clips_whose_names_may_have_spaces(tmp_path: Path) -> None:
    written(tmp_path / "clap_test_split3.txt", "a_clap.avi 1 \nb & c_clap.avi 2 \nd_clap.avi 0 \n")
    assert read_hmdb51(tmp_path, ["clap"], [1], 3).videos == ["clap/a_clap.avi"]
    assert read_hmdb51(tmp_path, ["clap"], [0, 2], 3).videos == ["clap/b & c_clap.avi", "clap/d_clap.avi"]


def test_an_hmdb51_flag_that_is_none_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "clap_test_split1.txt", "a_clap.avi 3\n")
    with pytest.raises(ValueError, match="does not end in a flag 0, 1 or 2"):
        read_hmdb51(tmp_path, ["clap"], [1], 1)


def test_kinetics_columns_may_have_any_order(tmp_path: Path) -> None:
    path = written(
        tmp_path / "train.csv", 'youtube_id,label,split,time_end,time_start\n-a_b,"playing, well",train,20.0,10\n'
    )
    listing = read_kinetics(path, "train")
    assert (listing.videos, listing.classes) == (["train/-a_b_000010_000020"], ["playing, well"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label,youtube_id,time_start\n", r"train\.csv:1: no column time_end; the first line"),
        (
            "label,youtube_id,time_start,time_end\nx,abc,soon,10\n",
            r"train\.csv:2: 'soon' to '10' is not an interval in seconds",
        ),
        ("label,youtube_id,time_start,time_end\nx,abc\n", r"train\.csv:2: no time_start, time_end"),
    ],
)
def test_a_kinetics_file_that_cannot_be_right_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_kinetics(written(tmp_path / "train.csv", text), "train")


def test_ssv2_templates_are_classes_without_brackets(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    written(path, json.dumps([{"id": "7", "label": "holding a cup", "template": "Holding [something]"}]))
    assert (read_ssv2(path).videos, read_ssv2(path).classes) == (["7"], ["Holding something"])
    written(path, json.dumps([{"id": "7"}]))
    with pytest.raises(ValueError, match="has no id or no template"):
        read_ssv2(path)
    written(path, "[")
    with pytest.raises(ValueError, match=r"train\.json:1: is no JSON file"):
        read_ssv2(path)


def activitynet(path: Path) -> Path:
    annotations = [
        {"segment": [0.0, 2.0], "label": "Archery"},
        {"segment": [3.0, 4.0], "label": "Bowling"},
        {"segment": [5.0, 7.5], "label": "Bowling"},
    ]
    entries = {
        "b": {"subset": "training", "annotations": annotations},
        "a": {"subset": "validation", "annotations": annotations[:1]},
        "c": {"subset": "testing", "annotations": []},
    }
    return written(path, json.dumps({"database": entries}))


def test_an_activitynet_video_has_the_class_that_takes_most_of_its_time(tmp_path: Path) -> None:
    path = activitynet(tmp_path / "net.json")
    listing = read_activitynet(path, "training", "videos")
    assert (listing.videos, listing.classes, listing.segments_seconds) == (["v_b"], ["Bowling"], [])
    instances = read_activitynet(path, "training", "instances")
    assert instances.classes == ["Archery", "Bowling", "Bowling"]
    assert instances.segments_seconds == [(0.0, 2.0), (3.0, 4.0), (5.0, 7.5)]
    assert read_activitynet(path, "testing", "videos").videos == []


def test_another_json_file_is_no_activitynet_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"net\.json: it has no 'database' \(it has none\); is it the right file"):
        read_activitynet(written(tmp_path / "net.json", "{}"), "training", "videos")


def test_thumos14_instances_are_found_at_any_depth_and_sorted(tmp_path: Path) -> None:
    written(tmp_path / "deep/annotation/Shotput_val.txt", "video_validation_2  72.80 76.40\n")
    written(tmp_path / "deep/annotation/Diving_val.txt", "video_validation_1  1 2.5\nvideo_validation_3  1 2\n")
    written(tmp_path / "deep/annotation/CliffDiving_val.txt", "video_validation_3  1 2\n")
    listing = read_thumos14(tmp_path, ["CliffDiving", "Diving", "Shotput"], "val")
    assert listing.videos == ["video_validation_1", "video_validation_2", "video_validation_3"]
    assert listing.classes == ["Diving", "Shotput", "CliffDiving"]
    assert listing.segments_seconds == [(1.0, 2.5), (72.8, 76.4), (1.0, 2.0)]


def test_a_thumos14_line_without_times_and_a_missing_class_are_named(tmp_path: Path) -> None:
    written(tmp_path / "Shotput_val.txt", "video_validation_2 72.80\n")
    with pytest.raises(ValueError, match=r"Shotput_val\.txt:1: .* is not `video start end`"):
        read_thumos14(tmp_path, ["Shotput"], "val")
    with pytest.raises(FileNotFoundError, match=r"no annotation file .*Diving_val\.txt; it comes from https://"):
        read_thumos14(tmp_path, ["Diving"], "val")
