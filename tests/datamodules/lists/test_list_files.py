from pathlib import Path

import pytest

from tests.makers.source_tree import SHARED
from zsar.datamodules.lists.list_files import read_labels, read_list


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_of_vifi_clip_has_paths_and_labels(tmp_path: Path) -> None:
    path = written(tmp_path / "val.txt", "train/-a_1.mp4 0\nname with spaces.avi 12\n\n")
    assert read_list(path, 13) == (["train/-a_1.mp4", "name with spaces.avi"], [0, 12])


def test_a_list_of_t2l_has_frame_folders_numbers_of_frames_and_labels(tmp_path: Path) -> None:
    path = written(
        tmp_path / "val.txt", "/media/sdb/UCF/v_Typing_g01_c01 70 5\n/media/b/x_clap_u_nm_np1_ri_med_0.avi 53 4"
    )
    assert read_list(path, 6) == (["v_Typing_g01_c01", "x_clap_u_nm_np1_ri_med_0.avi"], [5, 4])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("video.avi", r"val\.txt:2: 'video\.avi' is neither"),
        ("video.avi label", r"val\.txt:2: 'video\.avi label' is neither"),
        ("video.avi 3", r"val\.txt:2: label 3, but the label file has 3 classes \(0 to 2\)"),
    ],
)
def test_a_line_that_cannot_be_right_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_list(written(tmp_path / "val.txt", f"good.avi 2\n{line}\n"), 3)


def test_an_empty_list_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lists no videos"):
        read_list(written(tmp_path / "val.txt", "\n"), 3)
    with pytest.raises(FileNotFoundError, match=r"no split file .*nowhere\.txt"):
        read_list(tmp_path / "nowhere.txt", 3)


def test_labels_are_in_the_order_of_their_ids(tmp_path: Path) -> None:
    path = written(tmp_path / "labels.csv", 'id,name\n0,brush hair\n1,"putting something, something"\n')
    assert read_labels(path) == ("brush hair", "putting something, something")


def test_label_files_with_gaps_or_other_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"labels\.csv:3: the class 'clap' has the id 2; 1 was expected"):
        read_labels(written(tmp_path / "labels.csv", "id,name\n0,archery\n2,clap\n"))
    with pytest.raises(ValueError, match="must name id,name"):
        read_labels(written(tmp_path / "labels.csv", "number,class\n0,archery\n"))


VIFI = {  # counts of ../shared/methods/vifi_ap_clip.md
    **{f"ucf_splits/val{i}.txt": ("ucf_101_labels", n) for i, n in ((1, 3783), (2, 3734), (3, 3696))},
    **{f"ucf_splits/train1_few_shot_{k}.txt": ("ucf_101_labels", 101 * k) for k in (2, 4, 8, 16)},
    **{f"hmdb_splits/val{i}.txt": ("hmdb_51_labels", 1530) for i in (1, 2, 3)},
    **{f"hmdb_splits/train1_few_shot_{k}.txt": ("hmdb_51_labels", 51 * k) for k in (2, 4, 8, 16)},
    **{f"ssv2_splits/train1_few_shot_{k}.txt": ("ssv2_labels", 174 * k) for k in (2, 4, 8, 16)},
    "ssv2_splits/validation.txt": ("ssv2_labels", 24777),
    "k400_splits/val.txt": ("kinetics_400_labels", 19877),
    **{
        f"k600_splits/ZS_split{i}_K600_eval.txt": (f"ZS_split{i}_K600", n)
        for i, n in ((1, 14084), (2, 13978), (3, 14136))
    },
    **{
        f"base2novel_splits/{short}_splits/{name}.txt": (f"{labels}_{'novel' if 'novel' in name else 'base'}_labels", n)
        for short, labels, counts in (
            ("ucf", "ucf_101", {"base_train": 5385, "base_val": 2088, "novel_val": 1695, "fs_base_s1_train": 51 * 16}),
            ("hmdb", "hmdb_51", {"base_train": 1820, "base_val": 780, "novel_val": 750, "fs_base_s2_train": 26 * 16}),
            ("k400", "kinetics_400", {"base_val": 9944, "novel_val": 9933, "fs_base_s3_train": 200 * 16}),
            ("ssv2", "ssv2_174", {"base_val": 17562, "novel_val": 7215, "fs_base_s1_train": 87 * 16}),
        )
        for name, n in counts.items()
    },
}
T2L = {
    "UCF/Zero_shot/test.txt": ("ucf_101_labels", 3783),
    "UCF/Zero_shot/test_DS.txt": ("ucf_101_labels", 3841),
    "UCF/Few_shot/my_ucf_few_shot_2.txt": ("ucf_101_labels", 202),
    "UCF/base_to_novel/ucf_novel_val.txt": ("ucf_101_novel_labels", 1695),
    "HMDB/Zero_shot/test.txt": ("hmdb_51_labels", 1530),
    "HMDB/base_to_novel/hmdb_novel_val.txt": ("hmdb_51_novel_labels", 750),
}


@pytest.mark.parametrize(
    ("path", "labels", "n"),
    [(f"vifi_clip/{p}", labels, n) for p, (labels, n) in VIFI.items()]
    + [(f"t2l/{p}", labels, n) for p, (labels, n) in T2L.items()],
)
def test_the_published_lists_have_their_published_counts(path: str, labels: str, n: int) -> None:
    if not (SHARED / "splits").is_dir():
        pytest.skip(f"{SHARED / 'splits'} is not here")
    names = read_labels(SHARED / "labels" / f"{labels}.csv")
    videos, numbers = read_list(SHARED / "splits" / path, len(names))
    assert len(videos) == len(set(videos)) == n
    assert set(numbers) <= set(range(len(names)))
