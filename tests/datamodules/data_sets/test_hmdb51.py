from pathlib import Path

import pytest

from tests.makers.miniatures import make_hmdb51, write_label_csv, write_vifi_list
from tests.makers.miniatures.listed_rows import cleaned, listed
from tests.makers.source_tree import SHARED
from zsar.datamodules.data_sets.hmdb51 import HMDB51
from zsar.datamodules.settings import Lists, Split


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_unused_clips_are_neither_trained_nor_tested_on(tmp_path: Path, fold: int) -> None:
    truth = make_hmdb51(tmp_path)
    module = HMDB51(data_root=tmp_path, split=Split(fold=fold))
    for subset in ("train", "test"):
        assert listed(module, subset) == cleaned(truth.clips[subset, fold])
    unused = {stem for stem, _ in truth.clips["unused", fold]}
    assert unused
    assert not unused & {key for subset in ("train", "test") for key, _ in listed(module, subset)}


def test_models_trained_elsewhere_are_tested_on_all_clips_of_a_split_or_on_all_clips(tmp_path: Path) -> None:
    truth = make_hmdb51(tmp_path)
    of_split = truth.clips["train", 1] | truth.clips["test", 1]
    tested = {
        choice: listed(HMDB51(data_root=tmp_path, split=Split(test_videos=choice)), "test")
        for choice in ("train_and_test", "all")
    }
    assert tested == {"train_and_test": cleaned(of_split), "all": cleaned(of_split | truth.clips["unused", 1])}
    counts = [HMDB51(split=Split(test_videos=choice)).published_counts["test"] for choice in ("train_and_test", "all")]
    assert counts == [5100, 6766]


@pytest.mark.parametrize(
    ("name", "class_name"),
    [
        ("Conan_gets_an_upgrade!_sword_exercise_u_cm_np1_ri_med_0", "sword exercise"),
        ("AHF_longsword_against_Rapier_and_Dagger_Fight_sword_f_cm_np2_ri_bad_0", "sword"),
        ("FOOT_2009_(REMI_GAILLARD)_kick_f_cm_np1_ba_med_5", "kick"),
        ("Britney_Spears_-_Comercial_Pepsi_soccer_kick_ball_f_nm_np1_ba_med_0", "kick ball"),
        ("TheBoondockSaints_sit_u_nm_np10_ba_med_0", "sit"),
        ("#437_How_To_Ride_A_Bike_ride_bike_f_cm_np1_ba_med_0", "ride bike"),
        ("holiday", None),
    ],
)
def test_the_class_is_the_longest_one_that_ends_the_films_name(name: str, class_name: str | None) -> None:
    assert HMDB51().class_in_file_name(name) == class_name


def swapped(root: Path) -> Lists:
    """ViFi-CLIP's mistake: the labels of kick and kick_ball are swapped against the label file."""
    truth = make_hmdb51(root)
    names = [name.replace("_", " ") for name in truth.class_names]
    label_of = {name: label for label, name in enumerate(truth.class_names)}
    label_of["kick"], label_of["kick_ball"] = label_of["kick_ball"], label_of["kick"]
    write_label_csv(root / "labels.csv", names)
    write_vifi_list(root / "val1.txt", [(f"{stem}.avi", label_of[name]) for stem, name in truth.clips["test", 1]])
    return Lists(test="val1.txt", classes="labels.csv")


def test_swapped_labels_are_refused(tmp_path: Path) -> None:
    module = HMDB51(data_root=tmp_path, lists=swapped(tmp_path))
    with pytest.raises(ValueError, match=r"val1\.txt: 4 of \d+ labels contradict the class in the file name: .*kick"):
        module.setup("test")


def test_swapped_labels_are_put_right_when_asked(tmp_path: Path) -> None:
    lists = swapped(tmp_path)
    follow = Lists(test=lists.test, classes=lists.classes, on_contradiction="follow_file_names")
    module = HMDB51(data_root=tmp_path, lists=follow)
    with pytest.warns(UserWarning, match="labels contradict .* the file names are followed"):
        rows = listed(module, "test")
    assert {name for key, name in rows if "_kick_f_" in key} == {"kick"}
    assert {name for key, name in rows if "_kick_ball_f_" in key} == {"kick ball"}


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_120_of_1530_published_labels_are_found_to_be_swapped(tmp_path: Path, fold: int) -> None:
    if not (SHARED / "splits").is_dir():
        pytest.skip(f"{SHARED / 'splits'} is not here")
    (tmp_path / "hmdb51" / "videos").mkdir(parents=True)
    lists = Lists(
        test=SHARED / f"splits/vifi_clip/hmdb_splits/val{fold}.txt", classes=SHARED / "labels/hmdb_51_labels.csv"
    )
    with pytest.raises(ValueError, match=r"120 of 1530 labels contradict"):
        HMDB51(data_root=tmp_path, lists=lists).list_videos("test")


def test_the_published_base_to_novel_lists_are_swapped_too(tmp_path: Path) -> None:
    if not (SHARED / "splits").is_dir():
        pytest.skip(f"{SHARED / 'splits'} is not here")
    (tmp_path / "hmdb51" / "videos").mkdir(parents=True)
    lists, labels = SHARED / "splits/vifi_clip/base2novel_splits/hmdb_splits", SHARED / "labels"
    module = HMDB51(
        data_root=tmp_path,
        split=Split(protocol="base_to_novel"),
        lists=Lists(
            base=lists / "base_val.txt",
            novel=lists / "novel_val.txt",
            base_classes=labels / "hmdb_51_base_labels.csv",
            novel_classes=labels / "hmdb_51_novel_labels.csv",
        ),
    )
    swapped = {name: (n, len(rows)) for name in ("base", "novel") for n, rows in [module.contradictions(name)]}
    assert swapped == {"base": (780, 60), "novel": (750, 60)}
