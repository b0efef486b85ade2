from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

import zsar
from tests.makers.models.author_checkpoints import State, as_open_vclip_state
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_vclip.author_checkpoints_open_vclip import (
    OpenVclipCheckpoint,
    read_open_vclip_checkpoint,
)
from zsar.lightning_modules.open_vclip.open_vclip import OpenVCLIP
from zsar.lightning_modules.training.author_checkpoints import AuthorCheckpointError


@pytest.fixture
def state(tiny_weights: Path) -> State:
    return as_open_vclip_state(tiny_weights)


def saved(folder: Path, state: State, **others: object) -> Path:
    torch.save({"model_state": state, **others}, folder / "swa_2_22.pth")
    return folder / "swa_2_22.pth"


def read(folder: Path, state: State) -> OpenVclipCheckpoint:
    return read_open_vclip_checkpoint(saved(folder, state), architecture="tiny-clip")


def load(path: Path, weights: Path | str) -> OpenVCLIP:
    return OpenVCLIP.load_author_checkpoint(path, architecture="tiny-clip", weights=str(weights))


def test_all_of_the_file_is_read_under_the_names_of_clip(tmp_path: Path, state: State) -> None:
    content = read(tmp_path, state)
    names = set(OpenClipBackbone("tiny-clip", "random").clip.state_dict())
    assert set(content.tuned) | set(content.text) == names
    assert set(content.tuned) == {name for name in names if name.startswith("visual.")} | {"logit_scale"}
    assert torch.equal(content.tuned["visual.proj"], state["model.visual.proj"])
    assert content.epoch is None


def test_a_checkpoint_of_training_is_read_as_well(tmp_path: Path, tiny_weights: Path, state: State) -> None:
    others = {"epoch": 21, "optimizer_state": {"state": {}}, "cfg": "TRAIN: {}", "scaler_state": {"scale": 1.0}}
    path = saved(tmp_path, state, **others)
    assert read_open_vclip_checkpoint(path, architecture="tiny-clip").epoch == 21
    assert torch.equal(load(path, tiny_weights).backbone.clip.visual.proj, state["model.visual.proj"])


def test_imported_it_is_mixed_half_and_half_in_use(tmp_path: Path, tiny_weights: Path, state: State) -> None:
    model = load(saved(tmp_path, state), tiny_weights)
    assert model.tuned_share == 0.5
    assert not model.training
    original = OpenClipBackbone("tiny-clip", str(tiny_weights))
    assert model.backbone.weights_hash == original.weights_hash
    model.prepare_inference()
    for name, tensor in original.clip.state_dict().items():
        assert_close(model.backbone.clip.state_dict()[name], (tensor + state[f"model.{name}"]) / 2), name
    model.end_inference()
    assert torch.equal(model.backbone.clip.logit_scale, state["model.logit_scale"])


@pytest.mark.parametrize(("width", "share"), [(768, 0.5), (1024, 0.4)])
def test_the_share_of_the_tuned_weights_is_what_the_authors_share_of_clip_leaves_whatever_the_name(
    width: int, share: float
) -> None:
    tuned = {"visual.class_embedding": torch.zeros(width)}
    assert OpenVclipCheckpoint(Path("x"), "mine.json", None, tuned, {}).tuned_share == share


def test_another_clip_is_refused(tmp_path: Path, state: State) -> None:
    torch.save(OpenClipBackbone("tiny-clip", "random").clip.state_dict(), tmp_path / "other.pt")
    with pytest.raises(AuthorCheckpointError, match=r"not tuned from the weights .*other.pt of tiny-clip: their .*%"):
        load(saved(tmp_path, state), tmp_path / "other.pt")
    with pytest.raises(ValueError, match="'random' are not what was tuned"):
        load(saved(tmp_path, state), "random")


def test_half_precision_in_either_file_is_the_same_clip(tmp_path: Path, tiny_weights: Path, state: State) -> None:
    halves = torch.load(tiny_weights, weights_only=True)
    torch.save({name: tensor.half() for name, tensor in halves.items()}, tmp_path / "half.pt")
    assert load(saved(tmp_path, state), tmp_path / "half.pt").backbone.clip.visual.proj.dtype == torch.float32


def test_missing_unknown_and_misshapen_tensors_are_named(tmp_path: Path, state: State) -> None:
    del state["model.visual.ln_post.weight"]
    state["model.visual.proj"] = torch.zeros(96, 32)
    state["model.visual.temporal"] = torch.zeros(1)
    with pytest.raises(
        AuthorCheckpointError,
        match=r"1 missing \(visual.ln_post.weight\); 1 unknown \(visual.temporal\); 1 of another shape \(visual.proj",
    ):
        read(tmp_path, state)


def test_a_file_that_is_cut_short_is_named(tmp_path: Path, state: State) -> None:
    path = saved(tmp_path, state)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AuthorCheckpointError, match=r"swa_2_22.pth .*cut short"):
        read_open_vclip_checkpoint(path)


def test_zsar_load_finds_the_authors_itself(tmp_path: Path, state: State) -> None:
    with pytest.raises(AuthorCheckpointError, match=r"visual tower of width 96 .*--architecture"):
        zsar.load(saved(tmp_path, state), device="cpu")


@pytest.mark.parametrize("prefix", ["model_state", "flat"])
def test_as_plain_clip_it_is_refused_with_the_remedy(tmp_path: Path, state: State, prefix: str) -> None:
    path = tmp_path / "swa_2_22.pth"
    torch.save({"model_state": state} if prefix == "model_state" else state, path)
    with pytest.raises(Exception, match=r"is of Open-VCLIP's authors: .*`zsar convert .*swa_2_22.pth`"):
        ClipSettings("tiny-clip", str(path)).build()
