from pathlib import Path

import pytest
import torch

from lightning_modules.networks.author_checkpoints import AuthorCheckpointError, read_t2l_checkpoint
from lightning_modules.t2l import T2L
from tests.lightning_modules.test_t2l import as_author_state

Content = dict[str, object]


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    return as_author_state(T2L(architecture="tiny-clip", weights="random", n_frames=4))


def saved(path: Path, content: object) -> Path:
    torch.save(content, path / "author.pt")
    return path / "author.pt"


def read(path: Path, state: dict[str, torch.Tensor]) -> object:
    return read_t2l_checkpoint(saved(path, {"epoch": 3, "model_state_dict": state}), architecture="tiny-clip")


def test_half_precision_becomes_fp32_and_the_prefix_of_ddp_goes(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    half = {f"module.{k}": v.half() if v.is_floating_point() else v for k, v in state.items()}
    content = read(tmp_path, half)
    assert (content.n_frames, content.epoch) == (4, 3)
    assert {v.dtype for v in (*content.clip.values(), *content.trained.values())} == {torch.float32}
    assert "visual.temporal_embedding" not in content.clip


@pytest.mark.parametrize(
    ("conv1", "architecture"),
    [
        ((768, 3, 16, 16), "ViT-B-16-quickgelu"),
        ((768, 3, 32, 32), "ViT-B-32-quickgelu"),
        ((1024, 3, 14, 14), "ViT-L-14-quickgelu"),
    ],
)
def test_openai_architectures_are_told_by_their_shapes(
    tmp_path: Path, state: dict[str, torch.Tensor], conv1: tuple[int, ...], architecture: str
) -> None:
    state["visual.conv1.weight"] = torch.zeros(conv1)
    assert read_t2l_checkpoint(saved(tmp_path, {"model_state_dict": state})).architecture == architecture


def test_unknown_architecture_asks_for_its_name(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    with pytest.raises(AuthorCheckpointError, match="width 96 with 8 px patches.*--architecture"):
        read_t2l_checkpoint(saved(tmp_path, {"model_state_dict": state}))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuthorCheckpointError, match="no file .*nowhere.pt"):
        read_t2l_checkpoint(tmp_path / "nowhere.pt")


def test_half_a_file_is_refused(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    path = saved(tmp_path, {"model_state_dict": state})
    path.write_bytes(path.read_bytes()[:10_000])
    with pytest.raises(AuthorCheckpointError, match="author.pt cannot be read.*cut short"):
        read_t2l_checkpoint(path)


def test_file_without_model_state_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuthorCheckpointError, match="no 'model_state_dict' .it has config"):
        read_t2l_checkpoint(saved(tmp_path, {"config": 1}))


def test_plain_clip_is_no_t2l_checkpoint(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    del state["visual.transformer.T_prompt_embeddings"]
    with pytest.raises(AuthorCheckpointError, match="no temporal tokens"):
        read(tmp_path, state)


def test_missing_adapter_is_named(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    del state["transformer.resblocks.1.Adapter.D_fc2.bias"]
    with pytest.raises(AuthorCheckpointError, match="lacks 1 adapter tensors, such as text_blocks.adapters.1.up.bias"):
        read(tmp_path, state)


def test_temporal_embedding_that_is_not_zero_is_refused(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    state["visual.temporal_embedding"] = torch.ones(1, 4, 96)
    with pytest.raises(AuthorCheckpointError, match="visual.temporal_embedding is not zero"):
        read(tmp_path, state)
