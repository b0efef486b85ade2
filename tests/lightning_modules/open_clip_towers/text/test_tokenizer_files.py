import shutil
import sys
import time
from pathlib import Path

import open_clip
import pytest
import torch

from tests.makers.models.text_towers import text_backbone
from tests.makers.models.tiny_tokenizers import ARCHITECTURE_OF, KINDS, model_config, tokenizer_folder
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.text.open_clip_tokens import OpenClipTokens
from zsar.lightning_modules.open_clip_towers.text.tokenizer_files import load_tokenizer, text_config
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

FETCHED = {name: text_config(name).get("hf_tokenizer_name") for name in open_clip.list_models()}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine without a connection and with an empty cache."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    monkeypatch.setattr("huggingface_hub._snapshot_download.constants.HF_HUB_CACHE", str(cache))
    return cache


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_tokenizer_is_one_line_that_says_from_where_into_what_and_what_to_do(
    kind: str, offline: Path
) -> None:
    name = ARCHITECTURE_OF[kind]
    started = time.perf_counter()
    with pytest.raises(BackboneError) as raised:
        OpenClipTokens(name, name, context_length=32).tokenize(["a dog"])
    line = str(raised.value)
    assert "\n" not in line
    assert line.startswith(
        f"the tokenizer {FETCHED[name]} of {name} could not be loaded (from: https://huggingface.co/"
    )
    for part in (f"https://huggingface.co/{FETCHED[name]}, into: {offline}, cause: ", "--tokenizer FOLDER"):
        assert part in line
    assert time.perf_counter() - started < 5  # and no minute of further attempts


def test_of_an_interrupted_download_the_rest_is_asked_for(offline: Path) -> None:
    name = ARCHITECTURE_OF["siglip"]
    repository = offline / f"models--{FETCHED[name].replace('/', '--')}"
    folder = repository / "snapshots" / "abc"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    folder.mkdir(parents=True)
    (folder / "tokenizer_config.json").write_text("{}")
    with pytest.raises(BackboneError, match=r"could not be loaded \(from: https://huggingface.co/"):
        OpenClipTokens(name, name, context_length=32).tokenize(["a dog"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_stands_in_for_the_hub(kind: str, tmp_path: Path) -> None:
    name, folder = ARCHITECTURE_OF[kind], tokenizer_folder(tmp_path, kind)
    tokens = OpenClipTokens(name, name, context_length=64, tokenizer=str(folder))
    assert tokens.tokenize(["a photo of a dog"]).shape == (1, 64)
    assert tokens.frame.keeps_marks == (kind not in ("siglip", "siglip2", "mt5"))  # cleaned as the model states


def test_a_config_may_name_a_folder_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer_folder(tmp_path / "there", "xlm_v")
    config = model_config(tmp_path / "there" / "named_beside.json", tokenizer="xlm_v")
    monkeypatch.chdir(tmp_path)
    assert OpenClipBackbone(str(config), "random").text.frame.before == (0,)


def test_a_local_model_has_its_tokenizer_in_its_folder(tmp_path: Path) -> None:
    folder = tokenizer_folder(tmp_path, "clipa")
    (folder / "open_clip_config.json").write_text(
        '{"model_cfg": {"embed_dim": 8, "vision_cfg": {}, "text_cfg": {"hf_tokenizer_name": "nobody/nothing"}}}'
    )
    name = f"local-dir:{folder}"
    assert OpenClipTokens(name, name, context_length=8).tokenize(["a dog"])[0, 0] == 2


@pytest.mark.parametrize("settings", [ClipSettings, TrainedClipSettings])
def test_the_setting_reaches_the_tokenizer(settings: type[ClipSettings], tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, "xlm_v")
    other = tokenizer_folder(tmp_path, "clipa")
    built = settings(backbone.architecture, "random", tokenizer=str(other)).build()
    assert built.text.frame.before == (2,)
    assert built.text.tokenizer_folder == str(other)
    assert backbone.text.frame.before == (0,)


def test_a_folder_for_a_model_with_clips_own_tokenizer_is_refused(tmp_path: Path) -> None:
    text = OpenClipBackbone("tiny-siglip", "random", tokenizer=str(tmp_path)).text
    with pytest.raises(
        BackboneError, match="tiny-siglip reads text with CLIP's own tokenizer, which open_clip has; le"
    ):
        text.tokenize(["a dog"])


def test_a_folder_that_is_not_there_or_holds_something_else_is_named(tmp_path: Path) -> None:
    name = "ViT-B-16-SigLIP"
    with pytest.raises(
        BackboneError, match=r"there is no folder .*gone with the tokenizer of ViT-B-16-SigLIP; give one"
    ):
        load_tokenizer(name, name, context_length=8, folder=str(tmp_path / "gone"))
    for content in (None, "{", "{}"):
        if content is not None:
            (tmp_path / "tokenizer.json").write_text(content)
        with pytest.raises(BackboneError) as raised:
            load_tokenizer(name, name, context_length=8, folder=str(tmp_path))
        assert "\n" not in str(raised.value)
        assert str(raised.value).startswith(f"the tokenizer of {name} in {tmp_path} cannot be read: ")


def test_arguments_of_a_config_that_may_run_code_are_refused(tmp_path: Path) -> None:
    folder = tokenizer_folder(tmp_path, "clipa")
    config = model_config(
        tmp_path / "runs_code.json", tokenizer=folder, tokenizer_kwargs={"trust_remote_code": True, "clean": "lower"}
    )
    text = OpenClipBackbone(str(config), "random").text
    with pytest.raises(
        BackboneError, match=r"gives its tokenizer 'trust_remote_code'; zsar passes on only clean, language"
    ):
        text.tokenize(["a dog"])


def test_a_missing_package_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(BackboneError, match=r"is one of the package transformers, which is not .*'zsar\[captions\]'"):
        load_tokenizer("ViT-B-16-SigLIP", "ViT-B-16-SigLIP", context_length=8, folder=None)


@pytest.mark.parametrize("kind", ["siglip2", "roberta"])
@torch.no_grad()
def test_saved_files_are_read_again(kind: str, tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, kind)
    files = backbone.text.tokenizer_files()
    assert {"tokenizer.json", "tokenizer_config.json"} <= files.keys()
    assert ("config.json" in files) == (kind == "roberta")
    folder = tmp_path / "saved"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    texts = ["a photo of a dog", "one two three!"]
    expected = backbone.tokenize(texts)
    shutil.rmtree(tmp_path / kind)
    again = OpenClipBackbone(backbone.architecture, "random", tokenizer=str(folder)).text
    assert torch.equal(again.tokenize(texts), expected)
    assert OpenClipBackbone("tiny-clip", "random").text.tokenizer_files() == {}
