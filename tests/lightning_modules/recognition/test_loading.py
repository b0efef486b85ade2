from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from tests.makers.models.saved_models import saved, small_t2l
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.run_folders.settings_of_before import GROUP_OF
from zsar.lightning_modules.t2l import T2L
from zsar.lightning_modules.training.checkpoints import CheckpointError


@pytest.fixture
def model(tiny_weights: Path) -> T2L:
    return small_t2l(tiny_weights)


def test_a_model_comes_back_from_its_checkpoint_alone(tmp_path: Path, model: T2L) -> None:
    loaded = load_recognizer(saved(model, tmp_path))
    assert isinstance(loaded, T2L)
    assert loaded.optimization == model.optimization
    video = torch.randint(256, (1, 1, 4, 3, 32, 32), dtype=torch.uint8)
    assert_close(loaded.embed_views(video), model.embed_views(video))


def test_a_checkpoint_of_before_loads_and_says_in_one_line_how_its_settings_are_read(
    tmp_path: Path, model: T2L, tiny_weights: Path
) -> None:
    path = saved(model, tmp_path)
    content = torch.load(path, weights_only=True)
    own = content["zsar"]["init_args"]
    grouped = {**own.pop("backbone"), **own.pop("scoring")}
    own |= {name: value for name, value in grouped.items() if name in GROUP_OF["model"]}  # others are newer
    own["temporal_tokens"] = True
    torch.save(content, path)
    with pytest.warns(UserWarning, match="is of an older zsar: its settings architecture, .* are read as") as warned:
        loaded = load_recognizer(path)
    (line,) = {str(warning.message) for warning in warned}
    assert "weights are read as backbone.architecture, backbone.gradient_checkpointing, scoring.prompt_ensemble" in line
    assert loaded.checkpoint_weights_hash == content["zsar"]["weights_hash"]
    assert loaded.scoring == model.scoring
    assert loaded.hparams["temporal_tokens"] == "all"
    moved = tmp_path / "moved.pt"
    moved.write_bytes(tiny_weights.read_bytes())
    with pytest.warns(UserWarning, match="is of an older zsar"):
        assert load_recognizer(path, weights=str(moved)).hparams["backbone"].weights == str(moved)


@pytest.mark.parametrize("content", [{"state_dict": {}}, [1, 2]])
def test_other_files_are_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match="other.ckpt is not a zsar checkpoint.*zsar convert"):
        load_recognizer(tmp_path / "other.ckpt")


def test_half_a_file_is_refused(tmp_path: Path, model: T2L) -> None:
    path = saved(model, tmp_path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="model.ckpt cannot be read"):
        load_recognizer(path)


@pytest.mark.parametrize(
    "setting", ["optimization", "backbone", "scoring", "n_frames", "start_from", "contrastive_loss"]
)
def test_a_setting_that_names_a_class_builds_none(setting: str, tmp_path: Path, model: T2L) -> None:
    path, mark = saved(model, tmp_path), tmp_path / "mark"
    content = torch.load(path, weights_only=True)
    named = {"class_path": "subprocess.Popen", "init_args": {"args": ["touch", str(mark)]}}
    content["zsar"]["init_args"][setting] = named
    torch.save(content, path)
    with pytest.raises(CheckpointError) as raised:
        load_recognizer(path)
    assert not mark.exists()
    assert str(raised.value).startswith(str(path))
    assert "import_path" not in str(raised.value)  # jsonargparse's advice to its programmers


def test_class_that_is_gone_is_named(tmp_path: Path, model: T2L) -> None:
    path = saved(model, tmp_path)
    content = torch.load(path, weights_only=True)
    content["zsar"]["class_path"] = "zsar.lightning_modules.gone.Gone"
    torch.save(content, path)
    with pytest.raises(CheckpointError, match="zsar.lightning_modules.gone.Gone cannot be imported"):
        load_recognizer(path)


def test_a_class_path_of_before_is_loaded_with_a_line_that_says_so(tmp_path: Path, model: T2L) -> None:
    path = saved(model, tmp_path)
    content = torch.load(path, weights_only=True)
    content["zsar"]["class_path"] = "lightning_modules.t2l.T2L"
    content["zsar"]["trained_on"] = {"class_path": "datamodules.ucf101.UCF101"}
    torch.save(content, path)
    with pytest.warns(UserWarning, match=r"before 0\.2: .* lightning_modules\.t2l\.T2L is zsar\.lightning") as warned:
        loaded = load_recognizer(path)
    (said,) = [str(each.message) for each in warned if "before 0.2" in str(each.message)]
    assert said.startswith(f"{path}: ")
    assert isinstance(loaded, T2L)
    assert loaded.trained_on == {"class_path": "zsar.datamodules.data_sets.UCF101"}


def test_a_module_of_the_user_s_may_be_called_as_a_package_of_before(
    tmp_path: Path, model: T2L, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(model, tmp_path)
    content = torch.load(path, weights_only=True)
    content["zsar"]["class_path"] = "lightning_modules.own.T2L"
    torch.save(content, path)
    monkeypatch.setenv("ZSAR_TRUSTED_MODULES", "lightning_modules")
    with pytest.raises(CheckpointError, match="lightning_modules.own.T2L cannot be imported"):
        load_recognizer(path)
