from pathlib import Path

import pytest
import torch

from tests.makers.models.author_checkpoints import as_t2l_state
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.t2l.author_checkpoints_t2l import T2LCheckpoint, read_t2l_checkpoint
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.training.author_checkpoints import AuthorCheckpointError


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    return as_t2l_state(T2L(backbone=TrainedClipSettings("tiny-clip", "random"), n_frames=4))


def read(path: Path, state: dict[str, torch.Tensor]) -> T2LCheckpoint:
    torch.save({"epoch": 3, "model_state_dict": state}, path / "author.pt")
    return read_t2l_checkpoint(path / "author.pt", architecture="tiny-clip")


def test_clip_and_what_was_trained_are_told_apart(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    content = read(tmp_path, {f"module.{k}": v.half() for k, v in state.items()})
    assert (content.architecture, content.n_frames, content.epoch) == ("tiny-clip", 4, 3)
    model = T2L(backbone=TrainedClipSettings("tiny-clip", "random"), n_frames=4)
    assert set(content.clip) == set(model.backbone.clip.state_dict())
    assert set(content.trained) == {name for name, p in model.named_parameters() if p.requires_grad}
    assert {v.dtype for v in (*content.clip.values(), *content.trained.values())} == {torch.float32}


@pytest.mark.parametrize(("n_layers", "found"), [(3, "all"), (1, "first")])
def test_layers_with_temporal_tokens_are_found(
    tmp_path: Path, state: dict[str, torch.Tensor], n_layers: int, found: str
) -> None:
    state["visual.transformer.T_prompt_embeddings"] = state["visual.transformer.T_prompt_embeddings"][:n_layers]
    assert read(tmp_path, state).temporal_tokens == found


def test_temporal_tokens_of_some_layers_are_an_error(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    state["visual.transformer.T_prompt_embeddings"] = state["visual.transformer.T_prompt_embeddings"][:2]
    with pytest.raises(AuthorCheckpointError, match="temporal tokens for 2 of 3 layers"):
        read(tmp_path, state)


def test_missing_adapter_is_named(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    del state["transformer.resblocks.1.Adapter.D_fc2.bias"]
    with pytest.raises(AuthorCheckpointError, match="lacks 1 adapter tensors, such as text_blocks.adapters.1.up.bias"):
        read(tmp_path, state)


def test_unknown_adapter_is_named(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    state["transformer.resblocks.1.Adapter.D_fc3.bias"] = torch.zeros(1)
    with pytest.raises(AuthorCheckpointError, match="adapter of an unknown kind, .*D_fc3.bias"):
        read(tmp_path, state)


def test_missing_tensor_of_clip_is_named(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    del state["ln_final.bias"]
    with pytest.raises(AuthorCheckpointError, match=r"the tensors of tiny-clip: 1 missing \(ln_final.bias\)"):
        read(tmp_path, state)


def test_temporal_embedding_that_is_not_zero_is_refused(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    state["visual.temporal_embedding"] = torch.ones(1, 4, 96)
    with pytest.raises(AuthorCheckpointError, match="visual.temporal_embedding is not zero"):
        read(tmp_path, state)
