from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from tests.makers.models.author_checkpoints import VIFI_PROMPTS, State, as_vifi_state, save_vifi, tuned_from
from zsar.lightning_modules.clip.author_checkpoints_vifi_clip import ViFiClipCheckpoint, read_vifi_clip_checkpoint
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.training.author_checkpoints import AuthorCheckpointError


@pytest.fixture
def tuned(tiny_weights: Path) -> OpenClipBackbone:
    return tuned_from(tiny_weights)


@pytest.fixture
def state(tuned: OpenClipBackbone) -> State:
    return as_vifi_state(tuned)


def read(path: Path, state: State, architecture: str | None = "tiny-clip") -> ViFiClipCheckpoint:
    return read_vifi_clip_checkpoint(save_vifi(path / "vifi.pth", state), architecture=architecture)


def load(path: Path, state: State, weights: Path | str) -> FineTunedCLIP:
    file = save_vifi(path / "vifi.pth", state)
    return FineTunedCLIP.load_author_checkpoint(file, architecture="tiny-clip", weights=str(weights))


def test_names_become_those_of_clip_without_the_token_embedding(tmp_path: Path, state: State) -> None:
    content = read(tmp_path, state)
    names = set(OpenClipBackbone("tiny-clip", "random").clip.state_dict())
    assert set(content.tuned) == names - {"token_embedding.weight"}
    assert (content.architecture, content.epoch) == ("tiny-clip", 9)
    assert torch.equal(content.tuned["visual.proj"], state["module.image_encoder.proj"])
    assert torch.equal(content.tuned["text_projection"], state["module.text_encoder.text_projection"])


def test_files_without_prefix_and_without_prompts_will_do(tmp_path: Path, state: State) -> None:
    del state[VIFI_PROMPTS]
    content = read(tmp_path, {name.removeprefix("module."): tensor for name, tensor in state.items()})
    assert set(content.tuned) == set(read(tmp_path, state).tuned)
    assert content.start_token is None


def test_imported_it_scores_as_the_tuned_clip_does(
    tmp_path: Path, tiny_weights: Path, tuned: OpenClipBackbone, state: State
) -> None:
    model = load(tmp_path, state, tiny_weights)
    theirs = ClipSettings("tiny-clip", str(tiny_weights), frame_statistics="imagenet")
    expected = ZeroShotCLIP(backbone=theirs).eval()
    original = expected.backbone.weights_hash
    expected.backbone.clip.load_state_dict(tuned.clip.state_dict())
    video = torch.randint(256, (2, 1, 4, 3, 32, 32), dtype=torch.uint8)
    tokens = tuned.tokenize(["a red circle", "a blue cross", "x"])
    logits = [m(video, torch.nn.functional.normalize(m.embed_text(tokens), dim=-1)[:, None]) for m in (model, expected)]
    assert logits[0].shape == (2, 3)
    assert_close(*logits, atol=1e-5, rtol=1e-5)
    for name, tensor in tuned.clip.state_dict().items():
        assert torch.equal(model.backbone.clip.state_dict()[name], tensor), name
    assert not model.training
    assert model.backbone.weights_hash == original


def test_half_precision_is_imported_as_fp32(tmp_path: Path, tiny_weights: Path, state: State) -> None:
    model = load(tmp_path, {name: tensor.half() for name, tensor in state.items()}, tiny_weights)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert torch.equal(model.backbone.clip.visual.proj, state["module.image_encoder.proj"].half().float())


@pytest.mark.parametrize(
    "name",
    [
        "prompt_learner.ctx",
        "image_encoder.VPT",
        "image_encoder.transformer.resblocks.1.VPT_shallow",
        "text_encoder.transformer.resblocks.1.VPT_shallow",
    ],
)
def test_learned_prompts_are_refused(tmp_path: Path, state: State, name: str) -> None:
    state[f"module.{name}"] = torch.zeros(2, 64)
    with pytest.raises(
        AuthorCheckpointError, match=rf"vifi.pth has 1 learned prompts \({name}\).*FineTunedCLIP does not"
    ):
        read(tmp_path, state)


def test_fixed_parts_of_prompts_are_ignored(tmp_path: Path, state: State) -> None:
    names = set(read(tmp_path, state).tuned)
    state["module.prompt_learner.token_prefix"] = torch.zeros(2, 1, 64)
    state["module.prompt_learner.token_suffix"] = torch.zeros(2, 11, 64)
    assert set(read(tmp_path, state).tuned) == names


def test_missing_misshapen_and_unknown_tensors_are_named(tmp_path: Path, state: State) -> None:
    for layer in range(2):
        del state[f"module.text_encoder.transformer.resblocks.{layer}.ln_1.weight"]
    state["module.image_encoder.proj"] = torch.zeros(96, 32)
    state["module.extra"] = torch.zeros(1)
    with pytest.raises(
        AuthorCheckpointError,
        match=r"2 missing \(transformer.resblocks.0.ln_1.weight, transformer.resblocks.1.ln_1.weight\); "
        r"1 unknown \(extra\); 1 of another shape \(visual.proj is \[96, 32\], not \[96, 64\]\)",
    ):
        read(tmp_path, state)


def test_another_architecture_is_refused_before_its_weights_are_fetched(tmp_path: Path, state: State) -> None:
    path = save_vifi(tmp_path / "vifi.pth", state)
    with pytest.raises(AuthorCheckpointError, match="does not hold the tensors of ViT-B-16-quickgelu: .* missing"):
        FineTunedCLIP.load_author_checkpoint(path, architecture="ViT-B-16-quickgelu")


def test_the_architecture_is_told_from_the_shapes(tmp_path: Path, state: State) -> None:
    with pytest.raises(AuthorCheckpointError, match="width 96 with 8 px patches.*--architecture"):
        read(tmp_path, state, architecture=None)
    state["module.image_encoder.conv1.weight"] = torch.zeros(768, 3, 16, 16)
    with pytest.raises(AuthorCheckpointError, match="the tensors of ViT-B-16-quickgelu"):
        read(tmp_path, state, architecture=None)


def test_the_weights_of_another_clip_are_told_by_their_token_embedding(
    tmp_path: Path, tiny_weights: Path, state: State
) -> None:
    other = tmp_path / "other.pt"
    torch.manual_seed(1)
    torch.save(OpenClipBackbone("tiny-clip", "random").clip.state_dict(), other)
    with pytest.raises(AuthorCheckpointError, match=r"vifi.pth was not tuned from the weights .*other.pt of tiny-clip"):
        load(tmp_path, state, other)


def test_class_prompts_of_another_width_are_refused(tmp_path: Path, state: State) -> None:
    state[VIFI_PROMPTS] = torch.zeros(2, 16, 32)
    with pytest.raises(AuthorCheckpointError, match=r"is \[2, 16, 32\], not \[classes, tokens, 64\]"):
        read(tmp_path, state)


def test_weights_that_have_no_token_embedding_to_take_are_refused(tmp_path: Path, state: State) -> None:
    with pytest.raises(ValueError, match="weights='random' has no token embedding"):
        load(tmp_path, state, "random")
    with pytest.raises(BackboneError, match="gone.pt' is neither a file nor an open_clip tag"):
        load(tmp_path, state, "gone.pt")
