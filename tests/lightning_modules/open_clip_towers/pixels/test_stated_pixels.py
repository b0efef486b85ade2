import json
from pathlib import Path

import pytest

from tests.makers.models.changed_architectures import changed_config
from zsar.lightning_modules.open_clip_towers.pixels.frame_statistics import NAMED
from zsar.lightning_modules.open_clip_towers.pixels.preprocess_configs import PreprocessConfig
from zsar.lightning_modules.open_clip_towers.pixels.stated_pixels import stated_pixels
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import registered_name
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

HALF = {"mean": 0.5, "std": 0.5, "resize_mode": "squash"}


def stated(architecture: str, weights: str | None) -> dict[str, PreprocessConfig]:
    name = architecture if ":" in architecture else registered_name(architecture)
    return stated_pixels(architecture, name, weights)


def test_a_tag_states_its_own() -> None:
    assert stated("ViT-L-14", "openai") == {"openai": PreprocessConfig(NAMED["openai"], "shortest", "bicubic")}
    assert stated("ViT-L-14", "laion2b_s32b_b82k") == {
        "laion2b_s32b_b82k": PreprocessConfig(NAMED["half"], "shortest", "bicubic")
    }


def test_a_file_may_hold_the_weights_of_any_tag() -> None:
    assert stated("ViT-B-16-SigLIP2", "weights.pt") == {"webli": PreprocessConfig(NAMED["half"], "squash", "bicubic")}
    assert len({config.statistics for config in stated("ViT-L-14", "weights.pt").values()}) == 2
    assert stated("ViT-S-16", "weights.pt") == {}


@pytest.mark.parametrize("name", ["tiny-clip", "tiny-coca", "tiny-siglip", "tiny-pe", "tiny-eva"])
def test_the_included_models_state_their_frames(name: str) -> None:
    (config,) = stated(name, "weights.pt").values()
    half = name in ("tiny-siglip", "tiny-pe")
    assert config == PreprocessConfig(
        NAMED["half" if half else "openai"],
        "squash" if half else "shortest",
        "bilinear" if name == "tiny-pe" else "bicubic",
    )
    assert list(stated(name, "random").values()) == [config]


def test_a_config_of_the_users_states_its_own_or_nothing(tmp_path: Path) -> None:
    silent = _config(tmp_path / "states-nothing.json", None)
    assert stated(str(silent), "weights.pt") == {}
    own = _config(tmp_path / "states-half.json", HALF)
    assert stated(str(own), "weights.pt") == {str(own): PreprocessConfig(NAMED["half"], "squash", "bicubic")}
    wrong = _config(tmp_path / "states-wrong.json", {**HALF, "size_px": 3})
    with pytest.raises(BackboneError, match=f"the model config {wrong} has the unknown entry 'size_px'"):
        stated(str(wrong), "weights.pt")


def test_a_folder_states_its_own_or_nothing(tmp_path: Path) -> None:
    file = tmp_path / "open_clip_config.json"
    file.write_text(json.dumps({"model_cfg": {}, "preprocess_cfg": HALF}))
    (config,) = stated(f"local-dir:{tmp_path}", None).values()
    assert config == PreprocessConfig(NAMED["half"], "squash", "bicubic")
    for content in ({"model_cfg": {}}, {"model_cfg": {}, "preprocess_cfg": {}}):
        file.write_text(json.dumps(content))
        assert stated(f"local-dir:{tmp_path}", None) == {}
    file.write_text("{")
    with pytest.raises(BackboneError, match="open_clip_config.json of local-dir:.* cannot be read"):
        stated(f"local-dir:{tmp_path}", None)


def _config(path: Path, preprocessing: dict[str, object] | None) -> Path:
    content = json.loads(changed_config(path).read_text())
    del content["preprocess_cfg"]
    path.write_text(json.dumps(content | ({} if preprocessing is None else {"preprocess_cfg": preprocessing})))
    return path
