from pathlib import Path

import pytest
import torch

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


@pytest.fixture
def tiny() -> OpenClipBackbone:
    return OpenClipBackbone("tiny-clip", "random").eval()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_weights_file_is_loaded_exactly(tmp_path: Path, tiny: OpenClipBackbone, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    state = {k: v.contiguous() for k, v in tiny.clip.state_dict().items()}
    if suffix == ".pt":
        torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, path)
    else:
        from safetensors.torch import save_file

        save_file(state, path)
    assert OpenClipBackbone("tiny-clip", str(path)).weights_hash == tiny.weights_hash


@pytest.mark.parametrize(
    ("change", "message"),
    [("drop", "1 missing .visual.proj"), ("add", "1 unknown .extra"), ("shape", "1 of another shape .visual.proj")],
)
def test_unmatched_weights_are_refused_by_name(
    tmp_path: Path, tiny: OpenClipBackbone, change: str, message: str
) -> None:
    state = dict(tiny.clip.state_dict())
    changes = {"drop": {}, "add": {"extra": torch.zeros(1)}, "shape": {"visual.proj": torch.zeros(2, 2)}}
    if change == "drop":
        del state["visual.proj"]
    torch.save({**state, **changes[change]}, tmp_path / "weights.pt")
    with pytest.raises(BackboneError, match=message):
        OpenClipBackbone("tiny-clip", str(tmp_path / "weights.pt"))


def test_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"no weights")
    with pytest.raises(BackboneError, match="weights.pt cannot be read as weights"):
        OpenClipBackbone("tiny-clip", str(tmp_path / "weights.pt"))
