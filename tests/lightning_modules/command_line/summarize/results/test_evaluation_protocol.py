from typing import Any

import pytest

from tests.makers.results.recognition_results import described
from zsar.lightning_modules.command_line.summarize.results.evaluation_protocol import (
    main_figures,
    protocol_of,
    training_draw,
    training_shots,
    uses_lists,
)


@pytest.mark.parametrize(
    ("data", "trained_on", "shots", "expected"),
    [
        (described("ucf101", protocol="base_to_novel"), None, None, "base_to_novel"),
        (described("ucf101", protocol="base_to_novel"), described("ucf101"), None, "base_to_novel"),
        (described("ucf101"), None, None, "zero_shot"),
        (described("ucf101"), described("kinetics400"), None, "zero_shot"),
        (described("kinetics600"), described("kinetics400"), None, "zero_shot"),
        (described("ucf101"), described("ucf101"), 4, "few_shot"),
        (described("ucf101"), described("kinetics400"), 4, "zero_shot"),
        (described("ucf101"), described("ucf101"), None, "fully_supervised"),
        (described("ucf101_ds"), described("kinetics400"), None, "distribution_shift"),
        (described("ucf101_o"), described("ucf101"), None, "distribution_shift"),
        (described("hmdb51_p"), None, None, "distribution_shift"),
        (described("video_folder", protocol="multi_label"), described("kinetics400"), None, "multi_label"),
        (described("video_folder"), described("video_folder"), None, "fully_supervised"),
    ],
)
def test_the_protocol_follows_from_what_was_trained_and_tested_on(
    data: dict[str, Any], trained_on: dict[str, Any] | None, shots: int | None, expected: str
) -> None:
    assert protocol_of(data, trained_on, shots) == expected


def test_a_test_is_known_by_top_1_of_each_set_or_by_mean_average_precision() -> None:
    assert main_figures({"base": {"top1": 50}, "novel": {"top1": 40}}, "base_to_novel") == {"base": 50, "novel": 40}
    several = {"test": {"mean_average_precision": 30}}
    assert main_figures(several, "multi_label") == {"mean_average_precision": 30}


def test_shots_are_those_of_the_draw_or_of_the_list_in_its_place() -> None:
    text = {"test": {"n_classes": 51}}
    assert training_shots(described("hmdb51", shots=4), text) == 4
    listed = described("hmdb51", lists={"train": "few.txt"}, n_listed={"train": 16 * 51})
    assert training_shots(listed, text) == 16
    assert training_shots({**listed, "n_listed": {"train": 16 * 51 + 1}}, text) is None


def test_lists_count_where_a_protocol_draws() -> None:
    tested, trained = described("ucf101", lists={"test": "test.txt"}), described("ucf101", lists={"train": "few.txt"})
    assert uses_lists("zero_shot", tested, None)
    assert not uses_lists("few_shot", tested, described("ucf101"))
    assert uses_lists("few_shot", described("ucf101"), trained)
    both = described("ucf101", lists={"base": "base.txt", "novel": "novel.txt"})
    assert uses_lists("base_to_novel", both, None)
    assert not uses_lists("base_to_novel", both, described("ucf101"))
    assert uses_lists("base_to_novel", both, trained)


def test_a_draw_of_training_videos_is_told_by_data_set_fold_seed_and_list() -> None:
    trained = described("ucf101", fold=2, lists={"train": "few.txt"})
    assert training_draw(trained) == ("ucf101", "2", "0", "few.txt")
    assert training_draw(described("ucf101", split_seed=1)) == ("ucf101", "1", "1", "None")
    assert training_draw(None) == ("None",) * 4
