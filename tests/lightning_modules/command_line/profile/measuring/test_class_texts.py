from pathlib import Path

import pytest

from zsar.datamodules.data_sets import UCF101, VideoFolder
from zsar.datamodules.settings import Text
from zsar.lightning_modules.command_line.profile.measuring.class_texts import N_MADE_UP, class_texts

STAGES = ("fit", "test")


def test_the_classes_of_a_data_set_need_no_videos(tmp_path: Path) -> None:
    texts = class_texts(UCF101(data_root=tmp_path), STAGES, n_classes=None, is_stated=True)
    assert [len(texts[stage].names) for stage in STAGES] == [101, 101]


def test_the_first_classes_are_taken(tmp_path: Path) -> None:
    module = UCF101(data_root=tmp_path, text=Text(templates=["{}", "a video of {}"]))
    whole = class_texts(module, STAGES, n_classes=None, is_stated=True)["test"]
    cut = class_texts(module, STAGES, n_classes=7, is_stated=True)["test"]
    assert (cut.names, cut.prompts, cut.prompts_per_class) == (whole.names[:7], whole.prompts[:7], 2)


def test_more_classes_than_there_are_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--n_classes 102: the set 'train' of UCF101 has 101 classes; give fewer"):
        class_texts(UCF101(data_root=tmp_path), STAGES, n_classes=102, is_stated=True)


def test_names_that_are_not_here_are_made_up_only_on_request(tmp_path: Path) -> None:
    module = VideoFolder(train=tmp_path / "none")
    with pytest.raises(ValueError, match="class names of VideoFolder are not on this machine .* give --n_classes C"):
        class_texts(module, STAGES, n_classes=None, is_stated=True)
    text = class_texts(module, STAGES, n_classes=5, is_stated=True)["fit"]
    assert len(set(text.names)) == 5
    assert text.source.startswith("made up: ")


def test_a_model_without_data_has_as_many_as_kinetics(tmp_path: Path) -> None:
    module = UCF101(data_root=tmp_path)
    assert len(class_texts(module, STAGES, n_classes=None, is_stated=False)["test"].names) == N_MADE_UP == 400
    assert len(class_texts(module, STAGES, n_classes=3, is_stated=False)["test"].names) == 3
