from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from tests.makers.files.hostile_files import Calls, hostile_files, zipped
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import build_clip
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.tensor_files.tensor_files import TensorFileError
from zsar.lightning_modules.tensor_files.torchscript_tensors import read_beside_objects, read_torchscript_tensors


class _Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mask = torch.zeros(3)  # an attribute, neither a parameter nor a buffer
        self.linear = nn.Linear(3, 3)
        self.tied = self.linear.weight
        self.register_buffer("resolution", torch.tensor(224))
        self.small = nn.Parameter(torch.ones(2).half())

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear(x) + self.mask
        return y


class _Outer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(_Inner(), nn.LayerNorm(3), _Inner())
        self.scale = nn.Parameter(torch.ones([]))
        self.projection = nn.Parameter(torch.randn(3, 4).t())  # not contiguous

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.blocks(x) * self.scale
        return y


@pytest.mark.parametrize("traced", [True, False])
def test_the_tensors_are_those_of_the_state_dict(tmp_path: Path, traced: bool) -> None:
    model = _Outer()
    script = torch.jit.trace(model, torch.ones(1, 3)) if traced else torch.jit.script(model)
    script.save(tmp_path / "s.pt")
    assert_close(read_torchscript_tensors(tmp_path / "s.pt"), dict(model.state_dict()))


def test_the_code_of_an_archive_is_not_run(
    tmp_path: Path, tiny_weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=4)
    path = hostile_files(tmp_path, tmp_path / "mark", model)["script"]
    torch.jit.load(path)
    assert "the archive's code was run" in capfd.readouterr().out  # it would be
    assert read_torchscript_tensors(path) == {}
    with pytest.raises(BackboneError, match=r"script\.pt holds no state dict"):
        build_clip("tiny-clip", str(path))
    assert capfd.readouterr().out == ""


def test_openai_s_kind_of_file_gives_the_weights(tmp_path: Path) -> None:
    tiny = OpenClipBackbone("tiny-clip", "random")

    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, tensor in tiny.clip.state_dict().items():
                owner: nn.Module = self
                *parts, last = name.split(".")
                for part in parts:
                    if part not in dict(owner.named_children()):
                        owner.add_module(part, nn.Module())
                    owner = owner.get_submodule(part)
                owner.register_parameter(last, nn.Parameter(tensor.clone().half()))

        def forward(self, x: Tensor) -> Tensor:
            return x

    torch.jit.script(Holder()).save(tmp_path / "clip.pt")
    clip, _ = build_clip("tiny-clip", str(tmp_path / "clip.pt"))
    assert_close(dict(clip.state_dict()), {k: v.half().float() for k, v in tiny.clip.state_dict().items()})


@pytest.mark.parametrize("file", ["script_that_calls", "bomb", "zip", "half", "pickle_in_zip"])
def test_a_hostile_or_broken_archive_is_refused_by_name(tmp_path: Path, tiny_weights: Path, file: str) -> None:
    mark = tmp_path / "mark"
    model = T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=4)
    path = hostile_files(tmp_path, mark, model)[file]
    with pytest.raises(TensorFileError, match=f"{file}.ckpt"):
        read_torchscript_tensors(path)
    assert not mark.exists()


def test_python_objects_are_left_out_and_tensors_stay(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    tensors = {"a": torch.arange(6.0).view(2, 3).t(), "b": torch.ones(2, dtype=torch.bfloat16)}
    torch.save({"model": tensors, "config": Calls(Path.touch, mark), "epoch": 3}, tmp_path / "x.pt")
    content = read_beside_objects(tmp_path / "x.pt")
    assert isinstance(content, dict)
    assert_close(content["model"], tensors)
    assert content["epoch"] == 3
    assert not mark.exists()
    torch.save({"a": 1}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(TensorFileError, match=r"old\.pt is not a zip archive"):
        read_beside_objects(tmp_path / "old.pt")


def test_an_archive_without_tensors_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"x/a.txt": b""}))
    with pytest.raises(TensorFileError, match="holds no tensors"):
        read_torchscript_tensors(tmp_path / "a.zip")
