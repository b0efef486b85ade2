import sys
from pathlib import Path

import pytest

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.hub_files import hub_folder, local_text_config
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

CONFIG = {"text_cfg": {"hf_model_name": "org/name", "hf_pooler_type": "mean_pooler"}}


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache of a machine without a connection."""
    for where in ("huggingface_hub.constants", "huggingface_hub._snapshot_download.constants"):
        monkeypatch.setattr(f"{where}.HF_HUB_OFFLINE", True)
        monkeypatch.setattr(f"{where}.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def cached(cache: Path, name: str, content: str) -> Path:
    """Puts a file of org/name into a cache."""
    repository = cache / "models--org--name"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    folder = repository / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / name).write_text(content)
    return folder


def test_what_is_cached_is_found_without_a_connection(cache: Path) -> None:
    folder = cached(cache, "config.json", "{}")
    assert hub_folder("org/name", ("config.json",), needed=("config.json",)) == folder
    with pytest.raises(BackboneError, match=r"from: https://huggingface.co/org/name, into: .*, cause: OfflineModeIs"):
        hub_folder("org/name", ("tokenizer.json",), needed=("tokenizer.json",))


def test_the_config_of_a_text_tower_is_local(cache: Path, tmp_path: Path) -> None:
    folder = cached(cache, "config.json", "{}")
    found = local_text_config(CONFIG, "own", None, None)["text_cfg"]
    assert found == {**CONFIG["text_cfg"], "hf_model_name": str(folder), "hf_model_pretrained": False}
    given = tmp_path / "given"
    given.mkdir()
    assert local_text_config(CONFIG, "own", str(given), None) == {"text_cfg": found}  # it has no config
    (given / "config.json").write_text("{}")
    assert local_text_config(CONFIG, "own", str(given), None)["text_cfg"]["hf_model_name"] == str(given)
    beside = tmp_path / "org" / "name"
    beside.mkdir(parents=True)
    assert local_text_config(CONFIG, "own", None, tmp_path / "own.json")["text_cfg"]["hf_model_name"] == str(beside)
    assert local_text_config({"text_cfg": {}}, "own", None, None) == local_text_config(None, "own", None, None) == {}


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("name", ["roberta-ViT-B-32", "mt5-base-ViT-B-32", "nllb-clip-base", "coca_roberta-ViT-B-32"])
def test_a_text_tower_without_its_config_is_one_line(name: str) -> None:
    with pytest.raises(BackboneError) as raised:
        OpenClipBackbone(name, "random")
    line = str(raised.value)
    assert "\n" not in line
    assert line.startswith("the config of the text tower ")
    for part in (f" of {name} could not be loaded (from: https://huggingface.co/", "config.json", "--tokenizer FOLDER"):
        assert part in line


def test_a_missing_package_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(
        BackboneError, match=r"the text tower org/name of own is one of .*pip install 'zsar\[captions\]'"
    ):
        local_text_config(CONFIG, "own", None, None)
