import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.makers.miniatures import make_all_conditions, make_hmdb51, make_perturbed, make_ucf101
from zsar.datamodules.choices.frame_pixels import FramePixels
from zsar.datamodules.data_sets.hmdb51 import HMDB51
from zsar.datamodules.data_sets.shifted.hmdb51_p import HMDB51P
from zsar.datamodules.data_sets.shifted.perturbed_videos import PerturbedVideos
from zsar.datamodules.data_sets.shifted.ucf101_p import UCF101P
from zsar.datamodules.lists import annotations
from zsar.datamodules.settings import Loading, Split

BOTH = pytest.mark.parametrize("data_set", [UCF101P, HMDB51P])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_all_conditions(tmp_path, make_hmdb51(tmp_path))
    return tmp_path


# --- one condition ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("data_set", "folder"), [(UCF101P, "ucf101_p"), (HMDB51P, "hmdb51_p")])
def test_perturbation_and_severity_are_folders_of_the_data_set(data_set: type[PerturbedVideos], folder: str) -> None:
    assert data_set(perturbation="fog", severity=4).videos_folder == f"{folder}/videos/fog/4"


@pytest.mark.parametrize("severity", [0, 6])
@BOTH
def test_severities_are_one_to_five(data_set: type[PerturbedVideos], severity: int) -> None:
    with pytest.raises(ValueError, match=f"severity must be 1 to 5, or all; got {severity}"):
        data_set(perturbation="fog", severity=severity)


def test_one_condition_is_the_set_test_and_needs_no_clean_videos(tmp_path: Path) -> None:
    clean = make_ucf101(tmp_path)
    make_perturbed(tmp_path, clean)
    shutil.rmtree(clean.folder / "UCF-101")
    module = UCF101P(perturbation="gaussian_noise", severity=3, data_root=tmp_path)
    module.setup("test")
    assert list(module.sets) == ["test"]
    assert "conditions" not in module.describe()


# --- several ----------------------------------------------------------------------------------------------------------


def test_all_90_conditions_and_the_clean_videos_are_test_sets_of_one_listing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    own = annotations.read_hmdb51

    def counted(*arguments: Any) -> annotations.Listing:
        read.append(arguments)
        return own(*arguments)

    monkeypatch.setattr("zsar.datamodules.data_sets.hmdb51.read_hmdb51", counted)
    module = HMDB51P(data_root=root, loading=Loading(n_workers=0))
    module.setup("test")
    assert len(read) == 1
    assert len(module.sets) == 91
    assert list(module.sets)[:2] == ["clean", "gaussian_noise_1"]
    clean = HMDB51(data_root=root).list_videos("test")
    for name, table in module.sets.items():
        assert table.all_keys() == clean.all_keys()
        assert table.labels.tolist() == clean.labels.tolist()
        place = "hmdb51/videos" if name == "clean" else f"hmdb51_p/videos/{name[:-2]}/{name[-1]}"
        assert table.root == root / place
        assert all(Path(file).is_file() for file in table.all_files())
    assert [text.set_name for text in module.class_text("test")] == list(module.sets)
    module.take_pixels(FramePixels(32, "crop", "bicubic"))
    assert len(module.test_dataloader()) == 91


def test_results_name_the_shift_and_what_each_set_is(root: Path) -> None:
    described = HMDB51P(data_root=root).describe()
    assert (described["data_set"], described["shift"]) == ("hmdb51_p", "all perturbations")
    assert len(described["conditions"]) == 90
    assert described["conditions"]["mpeg2_4"] == {"perturbation": "mpeg2", "severity": 4, "group": "digital"}
    assert HMDB51P(perturbation="mpeg2", data_root=root).describe()["shift"] == "mpeg2"


def test_all_severities_of_one_perturbation_can_be_tested(root: Path) -> None:
    module = HMDB51P(perturbation="freezing", data_root=root)
    assert list(module.list_sets("test")) == ["clean", *(f"freezing_{severity}" for severity in range(1, 6))]


def test_all_missing_folders_are_named_at_once(root: Path) -> None:
    shutil.rmtree(root / "hmdb51_p/videos/jpeg")
    shutil.rmtree(root / "hmdb51_p/videos/sampling/2")
    module = HMDB51P(data_root=root)
    expected = r"6 of 90 conditions have no folder .*/hmdb51_p/videos/PERTURBATION/SEVERITY: jpeg \(all severities\), "
    with pytest.raises(FileNotFoundError, match=rf"{expected}sampling \(2\); get or compute them, or test one by"):
        module.setup("test")
    HMDB51P(perturbation="sampling", severity=3, data_root=root).setup("test")


def test_a_video_that_one_condition_lacks_is_missing_there(root: Path) -> None:
    gone = next((root / "hmdb51_p/videos/jpeg/2").rglob("*.mp4"))
    gone.unlink()
    with pytest.raises(FileNotFoundError, match=f"1 of .* videos of the set 'jpeg_2' are not under .*: {gone.stem}"):
        HMDB51P(data_root=root).setup("test")


def test_an_excluded_video_is_left_out_of_all_conditions(root: Path) -> None:
    whole = HMDB51P(data_root=root).list_sets("test")
    key = whole["clean"].key(0)
    (root / "bad.csv").write_text(f"video\n{key}\n")
    listed = HMDB51P(data_root=root, split=Split(exclude=root / "bad.csv")).list_sets("test")
    assert {len(table) for table in listed.values()} == {len(whole["clean"]) - 1}
    assert not any(key in table.all_keys() for table in listed.values())


@pytest.mark.parametrize("split", [Split(protocol="base_to_novel"), Split(classes="halves")])
def test_several_conditions_are_tested_on_all_classes(split: Split) -> None:
    with pytest.raises(ValueError, match="90 conditions are tested on all classes; set them to all_classes and all"):
        HMDB51P(split=split)
    HMDB51P(perturbation="jpeg", severity=1, split=split)


def test_one_condition_alone_can_be_predicted_on(root: Path) -> None:
    with pytest.raises(ValueError, match="`zsar predict` writes one table, but HMDB51P has 90 conditions"):
        HMDB51P(data_root=root).setup("predict")
    module = HMDB51P(perturbation="jpeg", severity=1, data_root=root)
    module.setup("predict")
    assert set(module.sets["predict"].labels.tolist()) == {-1}


@BOTH
def test_there_is_nothing_to_train_on(data_set: type[PerturbedVideos], tmp_path: Path) -> None:
    make = make_hmdb51 if data_set is HMDB51P else make_ucf101
    make(tmp_path)
    with pytest.raises(ValueError, match="tests models that were trained elsewhere; it has no videos to train on"):
        data_set(data_root=tmp_path).setup("fit")
