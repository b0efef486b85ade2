import json
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.makers.miniatures.localization_files import published_lists, write_class_list, write_thumos14_annotations
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.lists.localization_splits import (
    AnnotatedVideo,
    ClassSplit,
    Instance,
    classes_of_split,
    read_activitynet_annotations,
    read_class_list,
    read_thumos14_annotations,
)

NAMES = ("Archery", "Billiards", "HighJump", "LongJump", "Shotput", "Surfing", "Typing", "YoYo")


def drawn(name: Literal["50_50", "75_25"], number: int = 0, *, seed: int = 0) -> tuple[str, ...]:
    split = ClassSplit(name=name, number=number, seed=seed)
    return classes_of_split(split, NAMES, data_set="", data_root=Path())[number]


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["50_50", "75_25"])
def test_the_test_classes_are_those_of_the_list_in_its_order(name: Any, tmp_path: Path) -> None:
    write_class_list(tmp_path / "lists", name, "THUMOS14", 3, ["LongJump", "Archery"])
    write_class_list(tmp_path / "lists", name, "THUMOS14", 4, ["Typing"])
    write_class_list(tmp_path / "lists", name, "ActivityNet", 3, ["YoYo"])
    split = ClassSplit(name=name, number=3, lists="lists")
    assert classes_of_split(split, NAMES, data_set="THUMOS14", data_root=tmp_path) == {3: ("LongJump", "Archery")}


def test_all_ten_lists_can_be_tested_on_at_once(tmp_path: Path) -> None:
    for number in range(10):
        write_class_list(tmp_path / "lists", "50_50", "THUMOS14", number, [NAMES[number % 8], NAMES[(number + 1) % 8]])
    split = ClassSplit(number="all", lists="lists")
    drawn_classes = classes_of_split(split, NAMES, data_set="THUMOS14", data_root=tmp_path)
    assert drawn_classes == {number: (NAMES[number % 8], NAMES[(number + 1) % 8]) for number in range(10)}
    assert list(drawn_classes) == list(range(10))


def test_a_missing_list_names_its_path_and_its_source(tmp_path: Path) -> None:
    split = ClassSplit(lists="lists")
    message = r"lists/train_50_test_50/THUMOS14/test/split_0\.list; .*T3AL.*--data.split.lists"
    with pytest.raises(FileNotFoundError, match=message):
        classes_of_split(split, NAMES, data_set="THUMOS14", data_root=tmp_path)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["Archery", "Juggling"], r"split_0\.list:2: 'Juggling' is not one of the 8 classes"),
        (["Archery", "Typing", "Archery"], r"split_0\.list:3: 'Archery' is already listed on line 1"),
        ([], "lists no class"),
    ],
)
def test_a_list_that_cannot_be_tested_on_is_refused(lines: list[str], message: str, tmp_path: Path) -> None:
    path = write_class_list(tmp_path, "50_50", "THUMOS14", 0, lines)
    with pytest.raises(ValueError, match=message):
        read_class_list(path, NAMES)


@pytest.mark.parametrize(("data_set", "vocabulary"), [("THUMOS14", "thumos14"), ("ActivityNet", "activitynet")])
def test_the_published_lists_name_half_and_a_quarter_of_the_classes(data_set: str, vocabulary: str) -> None:
    folder, names = published_lists(), exact_names(vocabulary)
    for share, part in (("train_50_test_50", 2), ("train_75_test_25", 4)):
        lists = [read_class_list(folder / share / data_set / f"test/split_{i}.list", names) for i in range(10)]
        assert {len(test) for test in lists} == {len(names) // part}
        assert len(set(lists)) == 10


# --- draws ------------------------------------------------------------------------------------------------------------


def test_where_no_list_is_given_half_or_a_quarter_is_drawn_and_is_the_same_on_every_machine() -> None:
    assert drawn("50_50") == ("Billiards", "HighJump", "Shotput", "YoYo")
    assert drawn("75_25") == ("LongJump", "YoYo")


@pytest.mark.parametrize("vocabulary", ["thumos14", "activitynet"])
def test_draws_are_as_large_as_the_published_lists(vocabulary: str) -> None:
    names = exact_names(vocabulary)
    halves = classes_of_split(ClassSplit(), names, data_set="", data_root=Path())[0]
    quarters = classes_of_split(ClassSplit(name="75_25"), names, data_set="", data_root=Path())[0]
    assert (len(halves), len(quarters)) == (len(names) // 2, len(names) // 4)


def test_ten_draws_and_two_seeds_differ_and_do_not_depend_on_the_order_of_names() -> None:
    assert len({drawn("50_50", number) for number in range(10)}) > 7
    assert [drawn("50_50", number, seed=1) for number in range(10)] != [drawn("50_50", n) for n in range(10)]
    reverse = classes_of_split(ClassSplit(), NAMES[::-1], data_set="", data_root=Path())
    assert reverse == {0: drawn("50_50")}


def test_a_draw_is_the_same_alone_and_among_all_ten() -> None:
    together = classes_of_split(ClassSplit(number="all", seed=3), NAMES, data_set="", data_root=Path())
    assert together == {number: drawn("50_50", number, seed=3) for number in range(10)}


def test_all_classes_are_tested_on_in_their_own_order() -> None:
    split = ClassSplit(name="all_classes")
    assert classes_of_split(split, NAMES[::-1], data_set="", data_root=Path()) == {0: NAMES[::-1]}


@pytest.mark.parametrize("number", [-1, 10, "some"])
def test_there_are_ten_draws(number: Any) -> None:
    with pytest.raises(ValueError, match=f"split.number is {number}, but there are 10 draws: 0 to 9, or 'all' of them"):
        ClassSplit(number=number)


def test_settings_without_effect_are_refused() -> None:
    with pytest.raises(ValueError, match="leave split.number at 0 and split.lists at null; got 1 and None"):
        ClassSplit(name="all_classes", number=1)
    with pytest.raises(ValueError, match="leave split.number at 0 and split.lists at null; got all and None"):
        ClassSplit(name="all_classes", number="all")
    with pytest.raises(ValueError, match="got 0 and lists"):
        ClassSplit(name="all_classes", lists="lists")
    with pytest.raises(ValueError, match=r"split.seed is 2, but nothing is drawn"):
        ClassSplit(lists="lists", seed=2)


# --- annotations ------------------------------------------------------------------------------------------------------


def test_thumos14_has_segments_as_strings_of_seconds_and_videos_without_instances(tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    write_thumos14_annotations(path, {"b": [("HighJump", 18.1, 24.3), ("Diving", 2.0, 3.0)], "a": []})
    assert read_thumos14_annotations(path) == [
        AnnotatedVideo("a", 5.0, ()),
        AnnotatedVideo("b", 5.0, (Instance("HighJump", 18.1, 24.3), Instance("Diving", 2.0, 3.0))),
    ]


def test_the_published_thumos14_annotations_are_read_whole() -> None:
    videos = read_thumos14_annotations(published_lists() / "thumos14_annotations.json")
    assert (len(videos), sum(len(video.instances) for video in videos)) == (413, 6335)
    assert [video.id for video in videos if not video.instances] == ["video_test_0001292"]
    assert {i.class_name for video in videos for i in video.instances} == set(exact_names("thumos14"))
    first = next(video for video in videos if video.id == "video_validation_0000365")
    assert (first.duration_seconds, first.instances[0]) == (269.0, Instance("HighJump", 18.1, 24.3))
    assert all(i.end_seconds <= (video.duration_seconds or 0) for video in videos for i in video.instances)


def test_activitynet_has_the_subsets_that_are_asked_for(tmp_path: Path) -> None:
    entries = {
        f"id_{subset}": {
            "subset": subset,
            "duration": 9.5,
            "annotations": [{"segment": [1, 2.5], "label": "Archery"}] if subset != "testing" else [],
        }
        for subset in ("training", "validation", "testing")
    }
    path = tmp_path / "activity_net.json"
    path.write_text(json.dumps({"database": entries}))
    expected = AnnotatedVideo("v_id_validation", 9.5, (Instance("Archery", 1.0, 2.5),))
    assert read_activitynet_annotations(path, ("validation",)) == [expected]
    both = read_activitynet_annotations(path, ("validation", "training"))
    assert [video.id for video in both] == ["v_id_training", "v_id_validation"]


@pytest.mark.parametrize(
    ("segment", "message"),
    [
        (["3.0", "2.0"], r"v\.annotations\[0\]\.segment is \['3.0', '2.0'\], which ends before it starts"),
        (["1.0", "soon"], r"v\.annotations\[0\]\.segment\[1\] is 'soon', no time in seconds"),
        (["-1.0", "2.0"], "'-1.0', no time in seconds"),
        (["nan", "2.0"], "'nan', no time in seconds"),
        (["1.0"], ", not a start and an end"),
    ],
)
def test_a_segment_that_is_no_stretch_of_time_is_refused(segment: list[str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    entry = {"duration_second": 5.0, "annotations": [{"segment": segment, "label": "HighJump"}]}
    path.write_text(json.dumps({"v": entry}))
    with pytest.raises(ValueError, match=message):
        read_thumos14_annotations(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "it is a list .*, but must be an object"),
        ("{", "is no JSON file"),
        ('{"v": {"duration_second": 5.0}}', "v has no 'annotations'"),
        (
            '{"v": {"duration_second": 5.0, "annotations": [{"label": "Diving"}]}}',
            r"v\.annotations\[0\] has no 'segment'",
        ),
    ],
)
def test_another_file_is_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_thumos14_annotations(path)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no annotation file .*t\.json; it comes from .*T3AL"):
        read_thumos14_annotations(tmp_path / "t.json")
    with pytest.raises(FileNotFoundError, match=r"no annotation file .*a\.json; it comes from .*activity-net"):
        read_activitynet_annotations(tmp_path / "a.json", ("validation",))
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(ValueError, match="it has no 'database'"):
        read_activitynet_annotations(tmp_path / "b.json", ("validation",))
