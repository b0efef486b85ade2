import json
from pathlib import Path

import pytest
import torch

import zsar
from tests.makers.models.changed_architectures import changed_config
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.lightning_modules.training.checkpoints import pack_checkpoint


def test_a_name_gives_frozen_clip(tiny_weights: Path) -> None:
    model = zsar.load("tiny-clip", weights=tiny_weights, device="cpu")
    assert type(model) is zsar.ZeroShotCLIP
    assert not model.training


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_that_describes_an_architecture_gives_frozen_clip(kind: type, tmp_path: Path) -> None:
    model = zsar.load(kind(changed_config(tmp_path / f"loaded_{kind.__name__}.json")), weights="random", device="cpu")
    assert type(model) is zsar.ZeroShotCLIP


def test_a_checkpoint_gives_the_model_that_was_trained(tiny_weights: Path, tmp_path: Path) -> None:
    trained = zsar.T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=4, temporal_token_std=1.0)
    checkpoint: dict[str, object] = {"state_dict": trained.state_dict()}
    pack_checkpoint(trained, checkpoint)
    torch.save(checkpoint, tmp_path / "model.ckpt")
    model = zsar.load(tmp_path / "model.ckpt", device="cpu")
    assert isinstance(model, zsar.T2L)
    assert model.n_frames == 4
    frames = torch.randint(0, 256, (1, 1, 4, 3, 32, 32), dtype=torch.uint8)
    torch.testing.assert_close(model.embed_views(frames), trained.eval().embed_views(frames))


def test_a_folder_of_save_pretrained_is_loaded(tiny_weights: Path, tmp_path: Path) -> None:
    zsar.load("tiny-clip", weights=tiny_weights, device="cpu").save_pretrained(tmp_path / "shared")
    assert type(zsar.load(tmp_path / "shared", device="cpu")) is zsar.ZeroShotCLIP


def test_what_cannot_be_loaded_is_explained(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"gone\.ckpt cannot be read as a checkpoint: there is no such file"):
        zsar.load("gone.ckpt")
    with pytest.raises(BackboneError, match="no architecture 'nonesuch'"):
        zsar.load("nonesuch")
    (tmp_path / "weights.pt").write_bytes(b"")
    with pytest.raises(CheckpointError):
        zsar.load(tmp_path / "weights.pt")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pt")
    message = "neither a checkpoint of zsar nor one of BIKE's, T2L's, ViFi-CLIP's or Open-VCLIP's authors"
    with pytest.raises(CheckpointError, match=message):
        zsar.load(tmp_path / "other.pt")


def test_what_nothing_states_of_frames_is_given_by_name(tmp_path: Path) -> None:
    config = changed_config(tmp_path / "silent.json")
    content = json.loads(config.read_text())
    del content["preprocess_cfg"]
    config.write_text(json.dumps(content))
    torch.save(zsar.load(config, weights="random", device="cpu").backbone.clip.state_dict(), tmp_path / "silent.pt")
    with pytest.raises(BackboneError, match="--frame_statistics openai .* and --frame_geometry squash or crop"):
        zsar.load(config, weights=tmp_path / "silent.pt", device="cpu")
    model = zsar.load(
        config, weights=tmp_path / "silent.pt", frame_statistics="half", frame_geometry="squash", device="cpu"
    )
    assert model.backbone.frame_mean.flatten().tolist() == [0.5] * 3
    assert model.frame_pixels.geometry == "squash"
    again = zsar.load(model.save_pretrained(tmp_path / "saved"), device="cpu")
    assert again.backbone.frame_mean.flatten().tolist() == [0.5] * 3
    assert again.frame_pixels == model.frame_pixels
    with pytest.raises(ValueError, match="states how its frames are made; leave 'half' out"):
        zsar.load(tmp_path / "saved", frame_statistics="half", device="cpu")
