"""Files as BIKE's authors write them become a `BIKE`, whole or not at all."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from tests.makers.models.author_checkpoints import as_bike_content
from zsar.lightning_modules.bike import BIKE
from zsar.lightning_modules.bike.author_checkpoints_bike import read_bike_checkpoint
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import RANDOM_WEIGHTS, build_clip
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.training.author_checkpoints import AuthorCheckpointError, author_of

Content = dict[str, Any]
HEAD = "fusion_model_state_dict"


def tiny(n_head_layers: int = 6) -> BIKE:
    return BIKE(backbone=TrainedClipSettings("tiny-clip", "random"), n_head_layers=n_head_layers).eval()


def saved(folder: Path, content: Content) -> Path:
    torch.save(content, folder / "k400.pt")
    return folder / "k400.pt"


def load(folder: Path, content: Content) -> BIKE:
    return BIKE.load_author_checkpoint(saved(folder, content), architecture="tiny-clip")


@pytest.mark.parametrize(("prefix", "n_head_layers"), [("", 6), ("module.", 6), ("", 0)])
def test_a_file_gives_the_model_that_it_was_written_of(tmp_path: Path, prefix: str, n_head_layers: int) -> None:
    model = tiny(n_head_layers)
    content = as_bike_content(model)
    for entry in ("model_state_dict", HEAD):
        content[entry] = {prefix + name: tensor for name, tensor in content[entry].items()}
    assert author_of(saved(tmp_path, content)) == "BIKE"
    loaded = load(tmp_path, content)
    assert_close(loaded.state_dict(), model.state_dict(), rtol=0, atol=0)
    frames = torch.randn(2, 4, 3, 32, 32)
    with torch.no_grad():
        assert_close(loaded.embed_frames(frames), model.embed_frames(frames), rtol=0, atol=0)
    assert (loaded.video_head is None) == (n_head_layers == 0)


def page_head(width: int) -> dict[str, torch.Tensor]:
    """The head's tensors as `shared/methods/bike.md` lists them, without memory."""
    shapes = {"attn.in_proj_weight": (3 * width, width), "attn.in_proj_bias": (3 * width,)}
    shapes |= {"attn.out_proj.weight": (width, width), "attn.out_proj.bias": (width,)}
    shapes |= {f"{norm}.{kind}": (width,) for norm in ("ln_1", "ln_2") for kind in ("weight", "bias")}
    shapes |= {"mlp.c_fc.weight": (4 * width, width), "mlp.c_fc.bias": (4 * width,)}
    shapes |= {"mlp.c_proj.weight": (width, 4 * width), "mlp.c_proj.bias": (width,)}
    head = {f"transformer.resblocks.{i}.{name}": shape for i in range(6) for name, shape in shapes.items()}
    head["frame_position_embeddings.weight"] = (77, width)
    return {name: torch.empty(shape, device="meta") for name, shape in head.items()}


@pytest.mark.parametrize(
    ("architecture", "n_tensors", "width"),
    [("ViT-B-16-quickgelu", 302, 512), ("ViT-L-14-quickgelu", 446, 768)],
)
def test_the_published_names_and_shapes_are_those_of_the_model(
    architecture: str, n_tensors: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sizes of the page, on the meta device: the reading of the file alone is replaced."""
    with torch.device("meta"):
        clip, _ = build_clip(architecture, RANDOM_WEIGHTS)
    head = page_head(width)
    assert (len(clip.state_dict()), len(head)) == (n_tensors, 73)
    state = {**clip.state_dict(), **{f"{HEAD}.{name}": tensor for name, tensor in head.items()}}
    monkeypatch.setattr(
        "zsar.lightning_modules.bike.author_checkpoints_bike.read_author_state", lambda *_, **__: (state, 28)
    )
    content = read_bike_checkpoint(Path("k400.pt"))
    assert (content.architecture, content.n_head_layers, content.epoch) == (architecture, 6, 28)
    with torch.device("meta"):
        model = BIKE(backbone=TrainedClipSettings(architecture, "random"))
    assert model.video_head is not None
    assert {k: v.shape for k, v in content.head.items()} == {
        k: v.shape for k, v in model.video_head.state_dict().items()
    }
    layers: list[Any] = list(model.video_head.layers)
    assert [layer.self_attn.num_heads for layer in layers] == [width // 64] * 6


@pytest.mark.parametrize(
    ("entry", "name", "message"),
    [
        (
            HEAD,
            "transformer.resblocks.3.mlp.c_fc.bias",
            "1 missing .*fusion_model_state_dict.*resblocks.3.mlp.c_fc.bias",
        ),
        (HEAD, "frame_position_embeddings.weight", "1 missing .*frame_position_embeddings"),
        ("model_state_dict", "ln_final.bias", "1 missing .ln_final.bias"),
        ("model_state_dict", "text_projection", "1 missing .text_projection"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, entry: str, name: str, message: str) -> None:
    content = as_bike_content(tiny())
    del content[entry][name]
    with pytest.raises(AuthorCheckpointError, match=message):
        load(tmp_path, content)


def test_what_is_unknown_is_named(tmp_path: Path) -> None:
    content = as_bike_content(tiny())
    content[HEAD]["lstm.weight"] = torch.zeros(1)
    with pytest.raises(AuthorCheckpointError, match="1 unknown .*lstm.weight"):
        load(tmp_path, content)


def test_the_attribute_branch_is_refused_by_name(tmp_path: Path) -> None:
    content = as_bike_content(tiny())
    content[HEAD] = {"query_fc.0.weight": torch.zeros(1), "sentence_fc.0.weight": torch.zeros(1)}
    with pytest.raises(AuthorCheckpointError, match="BIKE's attribute branch .query_fc.*video branch"):
        load(tmp_path, content)


def test_as_weights_of_clip_it_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = saved(tmp_path, as_bike_content(tiny()))
    with pytest.raises(BackboneError, match="BIKE's authors .*zsar convert"):
        OpenClipBackbone("tiny-clip", str(path))


def test_a_head_that_lacks_a_whole_layer_is_incomplete(tmp_path: Path) -> None:
    """The authors' heads have six layers; one of five is a file that lost some."""
    content = as_bike_content(tiny())
    content[HEAD] = {name: tensor for name, tensor in content[HEAD].items() if "resblocks.5" not in name}
    with pytest.raises(AuthorCheckpointError, match=r"resblocks\.5"):
        load(tmp_path, content)
