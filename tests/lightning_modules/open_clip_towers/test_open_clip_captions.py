import importlib.metadata
import json
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from torch import Tensor

from tests.makers.models.tiny_captioner import CONTEXT_LENGTH, tiny_captioner
from zsar.lightning_modules.open_clip_towers import open_clip_captions
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.open_clip_captions import (
    CaptionSettings,
    can_caption,
    check_can_caption,
    check_can_generate,
    generate_captions,
)
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

START, END = 49406, 49407


@pytest.fixture(scope="module")
def captioner(tmp_path_factory: pytest.TempPathFactory) -> OpenClipBackbone:
    return tiny_captioner(tmp_path_factory.mktemp("captioner"))[2]


def pictures(n: int, seed: int = 1) -> Tensor:
    """uint8 [n, 3, 32, 32]: coloured squares."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.randint(0, 256, (n, 3, 4, 4), dtype=torch.uint8, generator=generator)
    return small.repeat_interleave(8, 2).repeat_interleave(8, 3)


def saying(
    captioner: OpenClipBackbone, tokens: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """Lets the model write given tokens; returns the settings that it will be asked with."""
    asked: list[dict[str, Any]] = []

    def generate(images: Tensor, **settings: Any) -> Tensor:
        asked.append({"images": images, **settings})
        return torch.tensor(tokens)

    monkeypatch.setattr(captioner.clip, "generate", generate)
    return asked


# --- text -------------------------------------------------------------------------------------------------------------


def test_only_the_words_are_left_of_what_was_generated(
    captioner: OpenClipBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    man, rides, horse, dot, exclamation = captioner.tokenize(["man rides horse . !"])[0, 1:6].tolist()
    rows = [
        [START, man, rides, END, 0, 0],
        [START, man, rides, horse, dot, END],
        [START, man, horse, man, horse, man],  # cut off at the greatest length
        [START, man, rides, 0, 0, 0],  # padding that comes instead of an end
        [START, END, man, rides, horse, 0],
        [START, rides, exclamation, horse, END, man],
    ]
    saying(captioner, rows, monkeypatch)
    assert generate_captions(captioner, pictures(6), CaptionSettings()) == [
        "man rides",
        "man rides horse .",
        "man horse man horse man",
        "man rides",
        "",
        "rides ! horse",
    ]


def test_frames_are_normalized_by_the_models_statistics_and_searched_as_open_clip_does(
    captioner: OpenClipBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = saying(captioner, [[START, END]] * 2, monkeypatch)
    frames = pictures(2)
    generate_captions(captioner, frames, CaptionSettings())
    generate_captions(captioner, frames, CaptionSettings("greedy", n_tokens=7))
    torch.testing.assert_close(asked[0].pop("images"), captioner.normalize_frames(frames))
    assert asked[0] == {
        "seq_len": CONTEXT_LENGTH,
        "min_seq_len": 5,
        "generation_type": "beam_search",
        "num_beams": 6,
        "num_beam_groups": 3,
    }
    del asked[1]["images"]
    assert asked[1] == {"seq_len": 7, "min_seq_len": 5, "generation_type": "top_k", "top_k": 1}


@torch.no_grad()
def likeliest_words(captioner: OpenClipBackbone, frame: Tensor, n_tokens: int) -> list[int]:
    """Greedy search by itself: the likeliest token after the other, no end before five tokens, an end as the last."""
    tokens = [START]
    while len(tokens) < n_tokens - 1:
        logits = captioner.clip(captioner.normalize_frames(frame[None]), torch.tensor([tokens]), output_labels=False)
        scores = logits["logits"][0, -1]
        if len(tokens) < 5:
            scores[END] = -torch.inf
        tokens.append(int(scores.argmax()))
        if tokens[-1] == END:
            break
    return tokens[1:]


def test_greedy_captions_are_the_likeliest_words(captioner: OpenClipBackbone) -> None:
    frames = pictures(4)
    captions = generate_captions(captioner, frames, CaptionSettings("greedy", n_tokens=8))
    expected = [likeliest_words(captioner, frame, 8) for frame in frames]
    assert len({len(tokens) for tokens in expected}) > 1  # some end early
    decoded = [open_clip.decode(torch.tensor([t for t in tokens if t != END])) for tokens in expected]
    assert captions == [" ".join(text.split()) for text in decoded]
    assert len(set(captions)) == 4


@pytest.mark.parametrize("generation", ["greedy", "beam_search"])
def test_a_caption_does_not_depend_on_the_other_frames(captioner: OpenClipBackbone, generation: Any) -> None:
    frames, settings = pictures(3), CaptionSettings(generation, n_tokens=7)
    together = generate_captions(captioner, frames, settings)
    assert len(set(together)) == 3
    assert generate_captions(captioner, frames[[1]], settings) == together[1:2]
    assert generate_captions(captioner, frames[[2, 0]], settings) == [together[2], together[0]]


@pytest.mark.parametrize("generation", ["greedy", "beam_search"])
def test_random_numbers_neither_matter_nor_change(tmp_path: Path, generation: Any) -> None:
    captioner = tiny_captioner(tmp_path)[2]
    torch.nn.init.zeros_(captioner.clip.text_decoder.text_projection)  # every word is as likely as any other
    frames, settings = pictures(2), CaptionSettings(generation, n_tokens=6)
    captions = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        captions.append(generate_captions(captioner, frames, settings))
        assert torch.equal(torch.get_rng_state(), before)
    assert captions[0] == captions[1]


def test_no_frames_have_no_captions(captioner: OpenClipBackbone) -> None:
    assert generate_captions(captioner, pictures(3)[:0], CaptionSettings()) == []


# --- settings ---------------------------------------------------------------------------------------------------------


def test_captions_are_as_long_as_asked_and_no_longer_than_the_model_can(captioner: OpenClipBackbone) -> None:
    assert CaptionSettings().n_tokens_of(captioner) == CONTEXT_LENGTH
    assert CaptionSettings(n_tokens=7).n_tokens_of(captioner) == 7
    with pytest.raises(BackboneError, match=r"captions of 13 tokens are requested, but .* writes at most 12"):
        CaptionSettings(n_tokens=13).n_tokens_of(captioner)


def test_a_model_that_could_write_more_stops_at_open_clips_length(
    captioner: OpenClipBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captioner.clip, "context_length", 76)
    monkeypatch.setattr(captioner.clip.text, "context_length", 76)
    assert CaptionSettings().n_tokens_of(captioner) == 30


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="generation is one of beam_search, greedy; got 'top_p'"):
        CaptionSettings("top_p")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="n_tokens must be at least 6; got 5"):
        CaptionSettings(n_tokens=5)
    assert (CaptionSettings().n_beams, CaptionSettings("greedy").n_beams) == (6, 1)


# --- what cannot ------------------------------------------------------------------------------------------------------


def test_only_a_coca_with_clips_tokenizer_writes_captions(captioner: OpenClipBackbone, tmp_path: Path) -> None:
    assert can_caption(captioner)
    check_can_caption(captioner)
    config = json.loads(Path(captioner.architecture).read_text())
    config["text_cfg"]["vocab_size"] = config["multimodal_cfg"]["vocab_size"] = 1000
    (path := tmp_path / "captioner-of-few-words.json").write_text(json.dumps(config))
    for other in (OpenClipBackbone("tiny-clip", "random"), OpenClipBackbone(str(path), "random")):
        assert not can_caption(other)
        with pytest.raises(
            BackboneError, match=r"writes no captions.* coca_ViT-L-14 .* mscoco_finetuned_laion2B-s13B-b"
        ):
            generate_captions(other, pictures(1), CaptionSettings())


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("4.57.6", "but transformers 4.57.6 is not supported: pip install"),
        (None, "but it is not installed: pip install"),
    ],
)
def test_missing_or_wrong_transformers_are_named_with_the_remedy(
    captioner: OpenClipBackbone, monkeypatch: pytest.MonkeyPatch, version: str | None, message: str
) -> None:
    def installed(_: str) -> str:
        if version is None:
            raise importlib.metadata.PackageNotFoundError
        return version

    check_can_generate()
    monkeypatch.setitem(open_clip_captions.coca_model.GENERATION_TYPES, "top_k", None)
    monkeypatch.setattr(importlib.metadata, "version", installed)
    for refused in (check_can_generate, lambda: generate_captions(captioner, pictures(1), CaptionSettings())):
        with pytest.raises(BackboneError, match=rf"4\.41 to 4\.56, .*{message} 'zsar\[captions\]'"):
            refused()
