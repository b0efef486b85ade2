import pytest

from zsar.lightning_modules.command_line.reproduce.paper_tables import Step
from zsar.lightning_modules.command_line.reproduce.run_places import folder_of, option_text, run_name

STEP = Step(
    verb="test", of="tpt_hmdb51", fragments=("ablation/tpt_steps_2",), settings={"data.text.lead": "a video of {}."}
)


def test_the_name_of_a_run_says_what_it_is_made_of() -> None:
    assert run_name(STEP) == "tpt_hmdb51-tpt_steps_2-lead_a_video_of_."
    assert run_name(STEP, beyond=STEP) == "tpt_hmdb51"
    other = Step(verb="fit", of="t2l_kinetics400", settings={"data.text.lead": "a {}."})
    assert run_name(STEP, beyond=other) == run_name(STEP)


@pytest.mark.parametrize(
    ("key", "value", "folder"),
    [
        ("data.split.fold", 2, "fold2"),
        ("data.split.seed", 0, "split0"),
        ("seed_everything", 1, "seed1"),
        ("data.render_seed", 1, ""),
        ("data.clips.n_frames", 16, "n_frames_16"),
        ("data.lists.train", "ViFi-CLIP/splits/fs_base_s3_train.txt", "split3"),
        ("with", "lists/vifi_clip_kinetics600_1", "split1"),
    ],
)
def test_the_folder_of_a_varied_setting_is_one_that_summarize_averages_over(
    key: str, value: object, folder: str
) -> None:
    assert folder_of(key, value) == folder


@pytest.mark.parametrize(
    ("value", "option"),
    [(True, "true"), (None, "null"), (0.5, "0.5"), ("50_50", "50_50"), ([1, 2], "[1, 2]"), ({"a": None}, "{a: null}")],
)
def test_a_value_is_written_as_the_command_line_reads_it(value: object, option: str) -> None:
    assert option_text(value) == option
