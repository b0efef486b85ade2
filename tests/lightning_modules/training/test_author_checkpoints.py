import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch.testing import assert_close

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.training.author_checkpoints import (
    T2L_TOKENS,
    AuthorCheckpointError,
    author_of,
    check_tensors,
    openai_architecture,
    read_author_state,
)

T2L_STATE = {T2L_TOKENS: torch.zeros(1), "logit_scale": torch.zeros(())}
VIFI_STATE = {"image_encoder.proj": torch.zeros(2, 2), "logit_scale": torch.zeros(())}
OPEN_VCLIP_STATE = {"model.visual.conv1.weight": torch.zeros(1), "model.logit_scale": torch.zeros(())}


def saved(path: Path, content: object) -> Path:
    torch.save(content, path / "author.pt")
    return path / "author.pt"


@pytest.mark.parametrize("prefix", ["", "module."])
def test_the_author_is_told_by_the_contents(tmp_path: Path, prefix: str) -> None:
    for entry, state, author in (
        ("model_state_dict", T2L_STATE, "T2L"),
        ("model", VIFI_STATE, "ViFi-CLIP"),
        ("model_state", OPEN_VCLIP_STATE, "Open-VCLIP"),
    ):
        content = {"epoch": 1, entry: {prefix + name: tensor for name, tensor in state.items()}}
        assert author_of(saved(tmp_path, content)) == author


@pytest.mark.parametrize(
    ("content", "held"),
    [
        ({"config": 1, "epoch": 2}, "config, epoch"),
        ({"model_state_dict": {"visual.proj": torch.zeros(2)}}, "model_state_dict .visual.proj."),
        ({"model": VIFI_STATE["logit_scale"]}, "model"),
        ({"model": {f"layer{i}": torch.zeros(1) for i in range(5)}}, "model .layer0, layer1, layer2, .*."),
        ({}, "nothing"),
    ],
)
def test_other_files_are_refused_with_all_kinds_and_their_own_keys(tmp_path: Path, content: object, held: str) -> None:
    path = saved(tmp_path, content)
    kinds = "T2L's authors save .*ViFi-CLIP's save .*BIKE's save .*Open-VCLIP's save "
    with pytest.raises(AuthorCheckpointError, match=f"{kinds}.*The file has {held}$"):
        author_of(path)


def test_a_file_of_the_other_author_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, {"model": VIFI_STATE})
    with pytest.raises(AuthorCheckpointError, match="is a checkpoint of ViFi-CLIP's authors, not of T2L's"):
        read_author_state(path, "T2L")


@pytest.mark.parametrize("zipped", [True, False])
def test_half_precision_becomes_fp32_and_the_prefix_of_ddp_goes(tmp_path: Path, zipped: bool) -> None:
    half = {f"module.{k}": v.half() for k, v in VIFI_STATE.items()}
    path = tmp_path / "author.pt"
    torch.save({"model": half, "epoch": 3}, path, _use_new_zipfile_serialization=zipped)
    state, epoch = read_author_state(path, "ViFi-CLIP")
    assert epoch == 3
    assert set(state) == set(VIFI_STATE)
    assert {v.dtype for v in state.values()} == {torch.float32}


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    path = saved(tmp_path, {"model": {**VIFI_STATE, "image_encoder.proj": torch.full((2, 2), value)}})
    with pytest.raises(
        AuthorCheckpointError, match=r"author\.pt is broken: 1 of 2 tensors has NaN .*image_encoder\.proj"
    ):
        read_author_state(path, "ViFi-CLIP")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuthorCheckpointError, match="no file .*nowhere.pt"):
        author_of(tmp_path / "nowhere.pt")


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_half_a_file_is_refused(tmp_path: Path, share: float, zipped: bool) -> None:
    path = tmp_path / "author.pt"
    torch.save({"model": {"image_encoder.proj": torch.zeros(50, 50)}}, path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(AuthorCheckpointError, match=r"author\.pt cannot be read .*may be cut short"):
        author_of(path)


def test_a_list_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(AuthorCheckpointError, match="holds a list, not a checkpoint"):
        author_of(saved(tmp_path, [1, 2]))


def save_with_yacs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with a config as the authors save it; `yacs` is there only while the monkeypatch lasts."""
    package, module = ModuleType("yacs"), ModuleType("yacs.config")
    node = type("CfgNode", (dict,), {"__module__": "yacs.config"})
    module.CfgNode = node  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "yacs", package)
    monkeypatch.setitem(sys.modules, "yacs.config", module)
    torch.save({"model": VIFI_STATE, "optimizer": {}, "config": node(A=node(B=1))}, path)


def test_a_config_object_is_never_loaded_and_the_remedy_leaves_it_out(tmp_path: Path) -> None:
    path = tmp_path / "my vifi.pth"
    with pytest.MonkeyPatch.context() as monkeypatch:
        save_with_yacs(path, monkeypatch)
    with pytest.raises(AuthorCheckpointError, match=r"\(yacs\.config\.CfgNode\).*give --skip_objects$"):
        author_of(path)
    assert author_of(path, skips_objects=True) == "ViFi-CLIP"
    state, _ = read_author_state(path, "ViFi-CLIP", skips_objects=True)
    assert_close(state, VIFI_STATE)


@pytest.mark.parametrize(
    ("conv1", "architecture"),
    [
        ((768, 3, 16, 16), "ViT-B-16-quickgelu"),
        ((768, 3, 32, 32), "ViT-B-32-quickgelu"),
        ((1024, 3, 14, 14), "ViT-L-14-quickgelu"),
    ],
)
def test_openai_architectures_are_told_by_their_shapes(conv1: tuple[int, ...], architecture: str) -> None:
    assert openai_architecture({"visual.conv1.weight": torch.zeros(conv1)}, Path("x")) == architecture


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"visual.conv1.weight": torch.zeros(96, 3, 8, 8)}, "x.pt has a .*width 96 with 8 px patches.*--architecture"),
        ({}, "x.pt lacks CLIP's patch embedding, visual.conv1.weight"),
    ],
)
def test_an_architecture_that_cannot_be_told_is_asked_for(state: dict[str, torch.Tensor], message: str) -> None:
    with pytest.raises(AuthorCheckpointError, match=message):
        openai_architecture(state, Path("x.pt"))


def test_tensors_that_differ_are_counted_and_some_of_them_named() -> None:
    patches = {"visual.conv1.weight": torch.zeros(1)}  # by which CLIP's own towers are told
    expected = patches | {name: torch.zeros(2, 3) for name in "abcdef"}
    check_tensors(expected, expected, "tiny", Path("x.pt"))
    found = patches | {"e": torch.zeros(3, 2), "f": torch.zeros(2, 3), "extra": torch.zeros(1)}
    message = re.escape(
        "x.pt does not hold the tensors of tiny: 4 missing (a, b, c, ...); 1 unknown (extra); 1 of another shape "
        "(e is [3, 2], not [2, 3])"
    )
    with pytest.raises(AuthorCheckpointError, match=message):
        check_tensors(found, expected, "tiny", Path("x.pt"))


@pytest.mark.parametrize("architecture", ["tiny-siglip", "tiny-pe", "tiny-eva"])
def test_an_architecture_that_is_not_clip_s_is_refused_by_name(architecture: str) -> None:
    expected = OpenClipBackbone(architecture, "random").clip.state_dict()
    message = (
        f"x.pt cannot be read as {architecture}, whose visual tower is not of CLIP's own kind: .*ViT-B-16-quickgelu.*; "
        "leave out --architecture"
    )
    with pytest.raises(AuthorCheckpointError, match=message):
        check_tensors({}, expected, architecture, Path("x.pt"))
