import shlex
from pathlib import Path

import pytest

from zsar.datamodules.data_sets import HMDB51, THUMOS14Untrimmed
from zsar.lightning_modules.command_line.reproduce.stated_data import stated_data, stated_settings


def words(text: str) -> list[str]:
    return shlex.split(text)


def test_options_override_what_files_state() -> None:
    stated = stated_settings(
        words("zsar test --config experiment/t2l_zero_shot_hmdb51 --model.backbone.weights mine.pt --data.split.fold 2")
    )
    assert stated.text("model.backbone.weights") == "mine.pt"
    assert stated.text("data.text.descriptions") == "hmdb51_descriptions"
    assert stated.text("model.start_from") is None
    module = stated_data(stated)
    assert isinstance(module, HMDB51)
    assert (module.split.fold, module.clips.n_frames) == (2, 8)


def test_a_text_that_looks_like_a_number_stays_a_text() -> None:
    module = stated_data(
        stated_settings(words("zsar test --config experiment/t3al_thumos14_50_50 --data.split.name 75_25"))
    )
    assert isinstance(module, THUMOS14Untrimmed)
    assert module.split.name == "75_25"


def test_a_later_file_overrides_an_earlier_one(tmp_path: Path) -> None:
    later = tmp_path / "later.yaml"
    later.write_text("data.text.descriptions: null\ndata.clips.n_frames: 16\n")
    stated = stated_settings(words(f"zsar test --config experiment/t2l_zero_shot_hmdb51 --config {later}"))
    assert stated.text("data.text.descriptions") is None
    module = stated_data(stated)
    assert isinstance(module, HMDB51)
    assert (module.text.descriptions, module.clips.n_frames) == (None, 16)


def test_an_invalid_setting_is_an_error() -> None:
    with pytest.raises((ValueError, SystemExit)):
        stated_data(stated_settings(words("zsar test --config experiment/t2l_zero_shot_hmdb51 --data.split.folds 2")))
    with pytest.raises(FileNotFoundError, match="nothing_here"):
        stated_settings(words("zsar test --config nothing_here.yaml"))
