import json
import warnings
from pathlib import Path

import open_clip
import pytest
import torch
from torch.testing import assert_close

from lightning_modules.networks import open_clip_weights
from lightning_modules.networks.open_clip_backbone import OpenClipBackbone

TEXTS = ["a photo of a red circle moving to the left", "x"]


@pytest.fixture
def tiny() -> OpenClipBackbone:
    return OpenClipBackbone("tiny-clip", "random").eval()


def changed_config(path: Path, **changes: dict[str, object]) -> Path:
    """The tiny CLIP with some settings of its towers changed, as a JSON config of its own."""
    source = Path(open_clip_weights.__file__).parent / "architectures" / "tiny-clip.json"
    config = json.loads(source.read_text())
    for tower, settings in changes.items():
        config[tower].update(settings)
    path.write_text(json.dumps(config))
    return path


def test_text_cut_at_the_last_end_gives_the_same_embeddings(tiny: OpenClipBackbone) -> None:
    tokens = tiny.tokenize(TEXTS)
    assert tokens.shape == (2, 16)
    assert tiny.text.n_needed_tokens(tokens) == 12
    assert_close(tiny.encode_text(tokens), tiny.clip.encode_text(tokens))


def test_text_of_a_tower_that_sees_both_ways_is_not_cut(tmp_path: Path) -> None:
    backbone = OpenClipBackbone(
        str(changed_config(tmp_path / "both-ways.json", text_cfg={"no_causal_mask": True})), "random"
    )
    tokens = backbone.tokenize(TEXTS)
    assert backbone.text.n_needed_tokens(tokens) == 16
    assert_close(backbone.encode_text(tokens), backbone.clip.encode_text(tokens))


@pytest.mark.parametrize("pool_type", ["last", "first", "eos"])
def test_text_of_other_poolings_is_embedded_as_open_clip_does(tmp_path: Path, pool_type: str) -> None:
    config = changed_config(tmp_path / f"pool-{pool_type}.json", text_cfg={"pool_type": pool_type, "eos_id": 49407})
    backbone = OpenClipBackbone(str(config), "random")
    tokens = backbone.tokenize(TEXTS)
    assert backbone.text.n_needed_tokens(tokens) == (12 if pool_type == "eos" else 16)
    assert_close(backbone.encode_text(tokens), backbone.clip.encode_text(tokens))


def test_running_block_by_block_changes_nothing(tiny: OpenClipBackbone) -> None:
    frames = torch.randn(5, 3, 32, 32)
    by_block = tiny.encode_frames(frames, lambda layer, block, x, mask: block(x, attn_mask=mask))
    assert by_block.shape == (5, 64)
    assert_close(by_block, tiny.clip.encode_image(frames))


def test_frames_are_normalized_by_the_model_s_own_statistics(tiny: OpenClipBackbone) -> None:
    grey = torch.full((1, 3, 32, 32), 127, dtype=torch.uint8)
    mean, std = torch.tensor(open_clip.OPENAI_DATASET_MEAN), torch.tensor(open_clip.OPENAI_DATASET_STD)
    assert_close(tiny.normalize_frames(grey)[0, :, 0, 0], (127 / 255 - mean) / std)


def test_frames_of_another_size_are_refused(tiny: OpenClipBackbone) -> None:
    with pytest.raises(ValueError, match=r"48 x 64 px, but tiny-clip takes 32 x 32 px; set .*image_size to 32"):
        tiny.normalize_frames(torch.zeros(1, 3, 48, 64, dtype=torch.uint8))


def test_a_long_text_is_cut_at_the_end_of_a_sentence_and_named(tiny: OpenClipBackbone) -> None:
    first = "A man throws a red ball."
    long = f"{first} Then he runs across the wide green field and catches it again."
    with pytest.warns(UserWarning, match="1 of 3 texts were cut .* tiny-clip reads 16 tokens; .* is 'A man throws"):
        tokens = tiny.tokenize(["x", long, first])
    assert tokens.shape == (3, 16)
    assert tokens[1].tolist() == tokens[2].tolist()
    assert tokens[1].max() == 49407  # the end-of-text token


def test_a_text_that_just_fits_is_whole_and_nothing_is_said(tiny: OpenClipBackbone) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tokens = tiny.tokenize(["word " * 14, "A. " + "b " * 11 + "c"])
    assert tokens[:, -1].tolist() == [49407, 49407]


def test_a_sentence_that_is_too_long_is_refused_by_name(tiny: OpenClipBackbone) -> None:
    text = "word " * 15
    with pytest.raises(
        ValueError, match="'word word .* has 17 tokens .* but the model reads 16; shorten the class name"
    ):
        tiny.tokenize([text])


def test_weights_hash_tells_models_apart(tiny: OpenClipBackbone) -> None:
    again = OpenClipBackbone("tiny-clip", "random")
    assert again.weights_hash != tiny.weights_hash
    again = OpenClipBackbone("tiny-clip", "random")
    again.clip.load_state_dict(tiny.clip.state_dict())
    assert again.weights_hash == tiny.weights_hash
