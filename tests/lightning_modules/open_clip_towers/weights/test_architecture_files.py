import copy
import json
from pathlib import Path
from typing import Any

import open_clip
import pytest

from zsar.lightning_modules.open_clip_towers.weights.architecture_files import (
    MOST_OF,
    MOST_PARAMETERS,
    read_architecture,
)
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import build_clip
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import open_clip_names
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

CONFIG: dict[str, Any] = {
    "embed_dim": 8,
    "vision_cfg": {"image_size": 16, "layers": 1, "width": 8, "head_width": 4, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 16, "width": 8, "heads": 2, "layers": 1},
}
SIZES = [
    ("embed_dim",),
    *(("vision_cfg", name) for name in CONFIG["vision_cfg"]),
    *(("text_cfg", name) for name in CONFIG["text_cfg"]),
]


def changed(folder: Path, place: tuple[str, ...], value: object) -> Path:
    config = copy.deepcopy(CONFIG)
    section = config
    for name in place[:-1]:
        section = section[name]
    section[place[-1]] = value
    path = folder / "changed.json"
    path.write_text(json.dumps(config))
    return path


@pytest.mark.parametrize("place", SIZES, ids=".".join)
@pytest.mark.parametrize("value", [-1, 0, 1.5, True, 10**9, 2**70, [1, -1]], ids=str)
def test_a_size_out_of_range_is_refused_with_its_place_before_anything_is_built(
    tmp_path: Path, place: tuple[str, ...], value: object
) -> None:
    path = changed(tmp_path, place, value)
    with pytest.raises(BackboneError) as caught:
        build_clip(str(path), "random")
    said = str(caught.value)
    assert str(path) in said
    assert f"'{'.'.join(place)}' is" in said
    assert f"from 1 to {MOST_OF[place[-1]]:,}" in said


@pytest.mark.parametrize("place", SIZES, ids=".".join)
@pytest.mark.parametrize("value", [None, "1", [], {}], ids=str)
def test_whatever_else_stands_for_a_size_the_file_is_named(
    tmp_path: Path, place: tuple[str, ...], value: object
) -> None:
    path = changed(tmp_path, place, value)
    try:
        build_clip(str(path), "random")
    except BackboneError as error:
        said = str(error)
    else:  # open_clip has a meaning for it
        return
    assert str(path) in said
    assert "\n" not in said


def test_sizes_that_are_each_in_range_may_make_too_large_a_model(tmp_path: Path) -> None:
    path = changed(tmp_path, ("text_cfg",), {"layers": 256, "width": 16_384, "heads": 2})
    with pytest.raises(ValueError, match=rf"changed\.json: its sizes make a model of .* at most {MOST_PARAMETERS:,}"):
        read_architecture(path)


def test_another_number_is_bounded_too(tmp_path: Path) -> None:
    path = changed(tmp_path, ("vision_cfg", "attn_pooler_queries"), 10**9)
    with pytest.raises(ValueError, match=r"'vision_cfg.attn_pooler_queries' is 1000000000, but at most 65,536"):
        read_architecture(path)


def test_every_architecture_of_open_clip_is_within_the_limits(tmp_path: Path) -> None:
    names = open_clip_names()
    assert len(names) > 100
    for name in names:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(open_clip.get_model_config(name)))
        read_architecture(path)


def test_the_config_of_a_local_folder_is_checked(tmp_path: Path) -> None:
    config = {**CONFIG, "embed_dim": 10**9}
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": {}}))
    with pytest.raises(BackboneError, match=r"open_clip_config\.json: 'model_cfg.embed_dim' is 1000000000"):
        build_clip(f"local-dir:{tmp_path}", None)
