"""Every architecture of open_clip x zero-shot, text adapters, prompts: it works, or is refused by name.

Towers are built in full width, two blocks deep, without memory (on the device "meta"), with tiny tokenizers of their
kind; those of transformers, which look at values, on the CPU with few words.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

import open_clip
import pytest
import torch
from torch import nn

from tests.makers.models.tiny_tokenizers import tokenizer_folder
from zsar.callbacks.prompt_tuning.prompt_learner import PromptLearner, phrase_tokens
from zsar.lightning_modules.open_clip_towers.text.open_clip_text import OpenClipText
from zsar.lightning_modules.open_clip_towers.text.tokenizer_files import text_config
from zsar.lightning_modules.open_clip_towers.weights.hub_files import local_text_config
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.t2l.adapted_blocks import AdaptedTextBlocks

META = torch.device("meta")
VISION = {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
TEXTS = [["playing guitar"], ["a dog runs"]]
OF_TRANSFORMERS = {name for name in open_clip.list_models() if text_config(name).get("hf_model_name")}


def kind_of_tokenizer(stated: str) -> str:
    """The tiny tokenizer that stands for one of the hub."""
    kinds = {"SigLIP2": "siglip2", "SigLIP": "siglip", "xlm": "xlm_v", "mt5": "mt5", "bert-base-uncased": "clipa"}
    others = {"nllb": "nllb", "roberta": "roberta"}
    return next(kind for part, kind in {**kinds, **others}.items() if part in stated)


def config_of_transformers(name: str) -> Any:
    """Text towers like those that open_clip names, whose configs are not its own."""
    from transformers import M2M100Config, MT5Config, RobertaConfig, XLMRobertaConfig

    if "mt5" in name:
        sizes = {"d_model": 2048, "num_heads": 32, "d_ff": 256} if "xl" in name else {"d_model": 768, "num_heads": 12}
        return MT5Config(vocab_size=600, num_layers=2, **sizes)
    if "nllb" in name:
        return M2M100Config(vocab_size=600, encoder_layers=2, decoder_layers=2)
    large = {"hidden_size": 1024, "num_attention_heads": 16} if "large" in name else {}
    of_kind = XLMRobertaConfig if name.startswith("xlm") else RobertaConfig
    return of_kind(vocab_size=600, max_position_embeddings=514, num_hidden_layers=2, **large)


@pytest.fixture(scope="module")
def text_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], OpenClipText]:
    """Builds the text part of a model by its name."""
    folder = tmp_path_factory.mktemp("tokenizers")

    def built(name: str) -> OpenClipText:
        config = open_clip.get_model_config(name)
        stated, tokenizer = config["text_cfg"], None
        if (of_hub := stated.get("hf_tokenizer_name")) is not None:
            tokenizer = tokenizer_folder(folder / name, kind_of_tokenizer(of_hub))
        if stated.get("hf_model_name"):
            config_of_transformers(stated["hf_model_name"]).save_pretrained(tokenizer)
            config.update(local_text_config(config, name, str(tokenizer), None))
        else:
            stated["layers"] = 2
        is_own = not config.pop("custom_text", False) and name not in OF_TRANSFORMERS
        kind: Any = open_clip.CoCa if "multimodal_cfg" in config else open_clip.CustomTextCLIP
        with torch.device("cpu") if name in OF_TRANSFORMERS else META:
            clip = (open_clip.CLIP if is_own else kind)(**{**config, "vision_cfg": VISION})
        return OpenClipText(clip.eval(), name, name, tokenizer=None if tokenizer is None else str(tokenizer))

    return built


def device_of(text: OpenClipText) -> torch.device:
    return text.projection[0].device


def zero_shot(text: OpenClipText) -> None:
    tokens = text.tokenize([one for (one,) in TEXTS])
    assert tokens.shape == (2, text.context_length)
    assert text.tower.project(text.tower.encode(tokens.to(device_of(text)))).shape[0] == 2
    assert 1 <= text.n_needed_tokens(tokens) <= text.context_length


def adapters(text: OpenClipText) -> None:
    tokens = text.tokenize([one for (one,) in TEXTS]).to(META)
    with META:
        adapted = AdaptedTextBlocks(len(text.blocks), text.blocks[0].width, drop_rate=0.1)
    assert text.tower.encode(tokens, adapted, checkpointing=True).shape == (2, text.width)


def prompts(text: OpenClipText) -> None:
    phrase = "a photo of a" if text.context_length > 16 else "a"  # the tiny tokenizers cut words into pieces
    tokens, device = phrase_tokens(text, phrase), device_of(text)
    learner = PromptLearner(text, TEXTS, phrase=phrase, n_context=len(tokens), class_position="end", device=device)
    context = torch.zeros(3, len(tokens), text.width, device=device, requires_grad=True)
    with patch("torch.autocast", lambda *_, **__: nullcontext()):  # there is none on this device
        found = learner.assemble([learner.encode(context, part) for part in learner.parts()])
    assert found.shape[:3] == (3, 2, 1)
    assert found.requires_grad


@pytest.mark.parametrize("name", open_clip.list_models())
@pytest.mark.slow
def test_every_architecture_works_or_is_refused_by_name(name: str, text_of: Callable[[str], OpenClipText]) -> None:
    text = text_of(name)
    zero_shot(text)
    prompts(text)
    if name in OF_TRANSFORMERS:
        with pytest.raises(BackboneError, match=f"the text tower of {name} is a .* whose blocks cannot be run one by"):
            adapters(text)
    else:
        adapters(text)


@pytest.mark.parametrize(
    "name", ["RN50", "EVA02-B-16", "MobileCLIP2-S0", "ViT-B-16-SigLIP2", "ViT-L-14-CLIPA", "coca_ViT-B-32"]
)
def test_one_of_each_kind_works(name: str, text_of: Callable[[str], OpenClipText]) -> None:
    text = text_of(name)
    zero_shot(text)
    adapters(text)
    prompts(text)


def test_a_model_without_a_text_tower_is_refused() -> None:
    with pytest.raises(BackboneError, match="the text tower of own is a NoneType"):
        OpenClipText(nn.Module(), "ViT-B-32", "own")
