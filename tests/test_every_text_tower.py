"""Every architecture of open_clip x zero-shot, text adapters, prompts: it works, or is refused by name.

Towers are built in full size without memory (on the device "meta"), with tiny tokenizers of their kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    """The published sizes of the text towers that open_clip names, which are not in its configs."""
    from transformers import M2M100Config, MT5Config, RobertaConfig, XLMRobertaConfig

    if "mt5" in name:
        sizes = {"d_model": 2048, "num_layers": 24, "num_heads": 32, "d_ff": 5120} if "xl" in name else {"d_model": 768}
        return MT5Config(vocab_size=250112, **sizes)
    if "nllb" in name:
        return M2M100Config(vocab_size=256206)
    large = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16} if "large" in name else {}
    of_kind = XLMRobertaConfig if name.startswith("xlm") else RobertaConfig
    return of_kind(vocab_size=250002, max_position_embeddings=514, **large)


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
        is_own = not config.pop("custom_text", False) and name not in OF_TRANSFORMERS
        kind: Any = open_clip.CoCa if "multimodal_cfg" in config else open_clip.CustomTextCLIP
        with META:
            clip = (open_clip.CLIP if is_own else kind)(**{**config, "vision_cfg": VISION})
        return OpenClipText(clip.eval(), name, name, tokenizer=None if tokenizer is None else str(tokenizer))

    return built


def zero_shot(text: OpenClipText) -> None:
    tokens = text.tokenize([one for (one,) in TEXTS])
    assert tokens.shape == (2, text.context_length)
    assert text.tower.project(text.tower.encode(tokens.to(META))).shape[0] == 2
    assert 1 <= text.n_needed_tokens(tokens) <= text.context_length


def adapters(text: OpenClipText) -> None:
    tokens = text.tokenize([one for (one,) in TEXTS]).to(META)
    with META:
        adapted = AdaptedTextBlocks(len(text.blocks), text.blocks[0].width, drop_rate=0.1)
    assert text.tower.encode(tokens, adapted, checkpointing=True).shape == (2, text.width)


def prompts(text: OpenClipText) -> None:
    phrase = "a photo of a"
    tokens = phrase_tokens(text, phrase)
    learner = PromptLearner(text, TEXTS, phrase=phrase, n_context=len(tokens), class_position="end", device=META)
    context = torch.zeros(3, len(tokens), text.width, device=META, requires_grad=True)
    found = learner.assemble([learner.encode(context, part) for part in learner.parts()])
    assert found.shape[:3] == (3, 2, 1)
    assert found.requires_grad


@pytest.mark.parametrize("use", [zero_shot, adapters, prompts])
@pytest.mark.parametrize("name", open_clip.list_models())
@pytest.mark.slow
def test_every_architecture_works_or_is_refused_by_name(
    name: str, use: Callable[[OpenClipText], None], text_of: Callable[[str], OpenClipText]
) -> None:
    text = text_of(name)
    if use is adapters and name in OF_TRANSFORMERS:
        with pytest.raises(BackboneError, match=f"the text tower of {name} is a .* whose blocks cannot be run one by"):
            use(text)
    else:
        use(text)


@pytest.mark.parametrize("use", [zero_shot, adapters, prompts])
@pytest.mark.parametrize(
    "name", ["RN50", "EVA02-B-16", "MobileCLIP2-S0", "ViT-B-16-SigLIP2", "ViT-L-14-CLIPA", "coca_ViT-B-32"]
)
def test_one_of_each_kind_works(
    name: str, use: Callable[[OpenClipText], None], text_of: Callable[[str], OpenClipText]
) -> None:
    use(text_of(name))


def test_a_model_without_a_text_tower_is_refused() -> None:
    with pytest.raises(BackboneError, match="the text tower of own is a NoneType"):
        OpenClipText(nn.Module(), "ViT-B-32", "own")
