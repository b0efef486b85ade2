from pathlib import Path

import numpy as np
import pytest

from tests.makers.miniatures import (
    make_activitynet,
    make_hmdb51,
    make_kinetics400,
    make_ucf101,
    make_ucf101_ds,
    write_label_csv,
    write_vifi_list,
)
from zsar.datamodules.data_sets.activitynet import ActivityNet
from zsar.datamodules.data_sets.hmdb51 import HMDB51
from zsar.datamodules.data_sets.kinetics400 import Kinetics400
from zsar.datamodules.data_sets.shifted.ucf101_ds import UCF101DS
from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.diagnosis import diagnosis
from zsar.datamodules.diagnosis.decode_check import Clip, Verdict
from zsar.datamodules.diagnosis.findings import Finding
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Lists, Split, Text


def tolerant(module: UCF101) -> UCF101:
    module.tolerate()
    return module


def table(*keys: str, found: list[bool] | None = None) -> VideoTable:
    return VideoTable(Path("/data"), keys, [0] * len(keys), found=None if found is None else np.array(found))


def summary(findings: list[Finding]) -> list[tuple[str, str, str, int, int]]:
    return [(f.check, f.set_name, f.severity, f.count, f.total) for f in findings]


def contradictory_lists(root: Path, on_contradiction: str = "refuse") -> Lists:
    """A test list of three clips, two of whose labels are swapped."""
    write_label_csv(root / "labels.csv", ["brush_hair", "cartwheel", "kick"])
    names = [f"{word}_f_cm_np1_fr_med_1.avi" for word in ("a_brush_hair", "a_cartwheel", "a_kick")]
    write_vifi_list(root / "test.txt", list(zip(names, (1, 0, 2), strict=True)))
    return Lists(test="test.txt", classes="labels.csv", on_contradiction=on_contradiction)  # type: ignore[arg-type]


# --- lists ------------------------------------------------------------------------------------------------------------


def test_all_sets_of_a_sound_data_set_are_listed(tmp_path: Path) -> None:
    make_ucf101(tmp_path)
    sets, findings = diagnosis.list_sets(tolerant(UCF101(data_root=tmp_path)), ("fit", "test"))
    assert {name: len(of_set) for name, of_set in sets.items()} == {"train": 12, "val": 6, "test": 6}
    assert summary(findings) == [("lists", name, "ok", 0, n) for name, n in (("train", 12), ("val", 6), ("test", 6))]


def test_missing_annotations_are_a_finding_and_the_other_sets_are_listed(tmp_path: Path) -> None:
    make_ucf101(tmp_path)
    (tmp_path / "ucf101/ucfTrainTestlist/trainlist01.txt").unlink()
    sets, findings = diagnosis.list_sets(tolerant(UCF101(data_root=tmp_path)), ("fit", "test"))
    assert list(sets) == ["test"]
    assert summary(findings)[0] == ("lists", "train, val", "error", 1, 1)
    assert "there is no annotation file" in findings[0].examples[0]


def test_a_missing_videos_folder_is_a_finding_and_lists_are_read(tmp_path: Path) -> None:
    make_ucf101(tmp_path)
    (tmp_path / "ucf101/UCF-101").rename(tmp_path / "elsewhere")
    module = tolerant(UCF101(data_root=tmp_path))
    (finding,) = diagnosis.check_videos_folder(module)
    assert (finding.severity, finding.examples) == ("error", (f"there is no folder {tmp_path}/ucf101/UCF-101",))
    sets, _ = diagnosis.list_sets(module, ("test",))
    assert not diagnosis.are_there(sets["test"]).any()
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        UCF101(data_root=tmp_path).setup("test")  # as clear as before


def test_an_empty_set_is_an_error_unless_nothing_is_held_out(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("path,label\n")
    make_ucf101(tmp_path)
    folder = VideoFolder(train="ucf101/UCF-101", test="test.csv", data_root=tmp_path, split=Split(held_out_fraction=0))
    _, findings = diagnosis.list_sets(folder, ("fit", "test"))
    assert summary(findings) == [
        ("lists", "train", "ok", 0, 24),
        ("lists", "val", "ok", 0, 0),
        ("lists", "test", "error", 1, 0),
    ]


def test_a_data_set_for_testing_has_no_training_stage_and_says_so(tmp_path: Path) -> None:
    make_ucf101_ds(tmp_path)
    module = UCF101DS(data_root=tmp_path)
    assert diagnosis.stages_of(module) == ("test",)
    assert [f.remark for f in diagnosis.left_out(module, ("test",))] == ["for testing only"]
    assert [f.remark for f in diagnosis.left_out(UCF101(data_root=tmp_path), ("test",))] == ["not asked for"]


@pytest.mark.parametrize(("policy", "severity"), [("refuse", "error"), ("follow_file_names", "warning")])
def test_labels_that_contradict_file_names_are_counted(tmp_path: Path, policy: str, severity: str) -> None:
    module = HMDB51(data_root=tmp_path, lists=contradictory_lists(tmp_path, policy))
    module.tolerate()
    (finding,) = diagnosis.check_file_names(module, ("fit", "test"))
    assert summary([finding]) == [("file names", "test", severity, 2, 3)]
    assert finding.examples[0] == (
        "a_brush_hair_f_cm_np1_fr_med_1.avi: 'cartwheel' by its label, 'brush hair' by its name"
    )
    sets, _ = diagnosis.list_sets(module, ("test",))
    assert sets["test"].labels.tolist() == [0, 1, 2]  # as the names say, so that other checks can go on


def test_file_names_without_classes_are_not_said_to_agree(tmp_path: Path) -> None:
    write_label_csv(tmp_path / "labels.csv", ["abseiling"])
    write_vifi_list(tmp_path / "test.txt", [("abcdefghijk_000001_000011.mp4", 0)])
    module = Kinetics400(data_root=tmp_path, lists=Lists(test="test.txt", classes="labels.csv"))
    assert summary(diagnosis.check_file_names(module, ("test",))) == [("file names", "test", "skipped", 0, 0)]


def test_other_counts_than_published_are_a_warning(tmp_path: Path) -> None:
    make_ucf101(tmp_path)
    module = UCF101(data_root=tmp_path, split=Split(fold=2))
    train, test = diagnosis.check_counts(module, ("fit", "test"))
    assert summary([train, test]) == [
        ("counts", "train", "warning", 9586 - 18, 9586),
        ("counts", "test", "warning", 3734 - 6, 3734),
    ]
    assert train.examples == ("18 listed, 9,586 published",)


def test_the_published_counts_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_ucf101(tmp_path)
    monkeypatch.setattr(UCF101, "published_counts", {"train": 18, "test": 6})
    module = UCF101(data_root=tmp_path)
    assert [f.severity for f in diagnosis.check_counts(module, ("fit", "test"))] == ["ok", "ok"]


def test_published_lists_are_not_compared_with_official_counts(tmp_path: Path) -> None:
    module = HMDB51(data_root=tmp_path, lists=contradictory_lists(tmp_path))
    module.tolerate()
    assert diagnosis.check_counts(module, ("fit", "test")) == []


def test_a_class_without_text_is_named(tmp_path: Path) -> None:
    make_hmdb51(tmp_path)
    module = HMDB51(data_root=tmp_path, text=Text(descriptions="ucf101_descriptions"))
    findings = diagnosis.check_class_text(module, ("fit", "test"))
    assert summary(findings) == [("class text", name, "error", 1, 1) for name in ("train", "val", "test")]
    assert "cartwheel" in findings[0].examples[0]
    unknown = HMDB51(data_root=tmp_path / "nowhere", split=Split(protocol="base_to_novel"))
    unknown.tolerate()
    assert diagnosis.check_class_text(unknown, ("fit", "test")) == []  # of missing annotations `list_sets` tells
    sound = diagnosis.check_class_text(HMDB51(data_root=tmp_path), ("fit", "test"))
    assert summary(sound) == [("class text", name, "ok", 0, 51) for name in ("train", "val", "test")]


# --- files and frames -------------------------------------------------------------------------------------------------


def test_missing_files_are_found_by_the_table_or_on_the_disk(tmp_path: Path) -> None:
    make_kinetics400(tmp_path)
    module = Kinetics400(data_root=tmp_path)
    gone = sorted((tmp_path / "kinetics400/val").rglob("*.mp4"))[0]
    gone.unlink()
    by_table = module.list_videos("test")
    by_disk = VideoTable(tmp_path, [str(gone.relative_to(tmp_path)), "kinetics400/annotations/val.csv"], [0, 0])
    for of_set, n in ((by_table, 6), (by_disk, 2)):
        finding, bad = diagnosis.check_files("test", of_set, diagnosis.are_there(of_set))
        assert summary([finding]) == [("files", "test", "error", 1, n)]
        assert [(video.set_name, video.problem) for video in bad] == [("test", "missing")]
        assert bad[0].key == finding.examples[0]
        assert gone.stem in bad[0].key


def test_a_sample_is_always_the_same_and_part_of_a_larger_one() -> None:
    there = np.array([False] * 5 + [True] * 30)
    small, large = diagnosis.draw_rows(there, 0.1), diagnosis.draw_rows(there, 0.5)
    assert (len(small), len(large)) == (3, 15)
    assert set(small) < set(large) <= set(range(5, 35))
    assert (np.diff(large) > 0).all()
    np.testing.assert_array_equal(small, diagnosis.draw_rows(there, 0.1))
    np.testing.assert_array_equal(diagnosis.draw_rows(there, 1.0), np.arange(5, 35))
    assert len(diagnosis.draw_rows(there, 0.001)) == 1


def test_what_is_decoded_names_file_stretch_and_frames(tmp_path: Path) -> None:
    stretches = VideoTable(tmp_path, ["a.mp4", "a.mp4"], [0, 0], segments_seconds=np.array([[0.0, 1.0], [2.0, 3.5]]))
    clips = diagnosis.clips_of(stretches, np.array([1]), n_frames=8, n_clips=2)
    assert clips == [Clip(f"{tmp_path}/a.mp4", (2.0, 3.5), 8, 2)]


def test_undecodable_and_short_videos_are_told_apart() -> None:
    of_set = table("good", "broken", "short", "unseen")
    rows = np.array([0, 1, 2])
    clips = diagnosis.clips_of(of_set, rows, n_frames=8, n_clips=1)
    outcomes = [(8, None), (0, "the file is empty"), (7, None)]
    verdicts = [Verdict(c, n, problem, True) for c, (n, problem) in zip(clips, outcomes, strict=True)]
    findings, bad = diagnosis.check_frames("test", of_set, rows, verdicts)
    assert summary(findings) == [("frames", "test", "error", 1, 3), ("short videos", "test", "warning", 1, 2)]
    assert [f.examples for f in findings] == [("broken: the file is empty",), ("short has 7",)]
    assert [(b.key, b.set_name, b.path, b.problem) for b in bad] == [
        ("broken", "test", "/data/broken", "the file is empty")
    ]


def test_a_set_of_which_nothing_is_there_is_not_said_to_decode() -> None:
    findings, bad = diagnosis.check_frames("test", table("a", found=[False]), np.arange(0), [])
    assert (summary(findings), bad) == ([("frames", "test", "skipped", 0, 0)], [])


def test_halves_of_the_classes_are_checked_as_the_one_list_that_they_are(tmp_path: Path) -> None:
    make_activitynet(tmp_path)
    module = ActivityNet(data_root=tmp_path, split=Split(classes="halves"))
    module.tolerate()
    sets, findings = diagnosis.list_sets(module, ("test",))
    whole, _ = diagnosis.list_sets(ActivityNet(data_root=tmp_path), ("test",))
    assert {name: len(of_set) for name, of_set in sets.items()} == {"test": len(whole["test"])}
    assert {finding.set_name for finding in findings} >= {"half_0", "half_9"}
