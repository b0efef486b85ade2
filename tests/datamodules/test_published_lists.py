from pathlib import Path

import pytest

from tests.makers.miniatures import (
    write_label_csv,
    write_vifi_list,
)
from zsar.datamodules.data_sets.hmdb51 import HMDB51
from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.datamodules.settings import Lists, Split


@pytest.mark.parametrize(
    ("lists", "protocol", "message"),
    [
        (Lists(test="a.txt"), "all_classes", r"lists\.test needs its label file: set lists\.classes"),
        (Lists(train="a.txt"), "base_to_novel", r"lists\.train needs its label file: set lists\.base_classes"),
        (Lists(base_classes="a.csv", novel_classes="b.csv"), "all_classes", r"lists\.base_classes does not belong"),
        (Lists(classes="a.csv"), "base_to_novel", r"lists\.classes does not belong to the protocol base_to_novel"),
        (Lists(base_classes="a.csv"), "base_to_novel", "base_classes and lists.novel_classes go together"),
        (Lists(held_out="a.txt", classes="a.csv"), "all_classes", r"lists\.held_out goes with lists\.train"),
    ],
)
def test_lists_that_do_not_fit_are_refused(lists: Lists, protocol: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UCF101(lists=lists, split=Split(protocol=protocol))  # type: ignore[arg-type]


def test_shots_of_a_list_that_is_used_whole_are_refused() -> None:
    with pytest.raises(ValueError, match=r"split\.shots is 4, but lists\.train is used completely"):
        UCF101(lists=Lists(train="a.txt", classes="a.csv"), split=Split(shots=4))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["brush_hair", "cartwheel", "Brush Hair"], "'brush_hair' and 'Brush Hair' are one class"),
        (["brush_hair", "cartwheel", "cartwheel"], "cartwheel"),
        (["brush_hair", "3", "cartwheel"], "'3' is only a number"),
    ],
)
def test_a_label_file_names_each_class_once_and_in_words(names: list[str], message: str, tmp_path: Path) -> None:
    write_label_csv(tmp_path / "labels.csv", names)
    write_vifi_list(tmp_path / "test.txt", [("a_brush_hair_f_cm_np1_fr_med_1.avi", 0)])
    module = HMDB51(data_root=tmp_path, lists=Lists(test="test.txt", classes="labels.csv"))
    with pytest.raises(ValueError, match=f"labels\\.csv.*{message}"):
        module.setup("test")
