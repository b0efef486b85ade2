from collections.abc import Mapping

import pytest

from zsar.lightning_modules.open_clip_towers.pixels.frame_statistics import NAMED, Statistics
from zsar.lightning_modules.open_clip_towers.pixels.preprocess_configs import (
    PreprocessConfig,
    check_keys,
    read_preprocess_config,
)
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

HALF = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({**HALF, "resize_mode": "squash", "interpolation": "bilinear"}, (NAMED["half"], "squash", "bilinear")),
        (HALF, (NAMED["half"], "shortest", "bicubic")),
        (
            {"mean": 0, "std": 1, "size": 224, "mode": "RGB", "fill_color": 0},
            (NAMED["zero_one"], "shortest", "bicubic"),
        ),
        ({"resize_mode": "longest"}, (None, "longest", "bicubic")),
        ({"mean": None, "std": None, "interpolation": None}, (None, "shortest", "bicubic")),
        (
            {"mean": (0.1, -0.2, 0.3), "std": (1, 2, 3)},
            (Statistics((0.1, -0.2, 0.3), (1, 2, 3)), "shortest", "bicubic"),
        ),
    ],
)
def test_what_a_config_states_and_leaves_out(config: Mapping[str, object], expected: tuple[object, ...]) -> None:
    assert read_preprocess_config(config, "x") == PreprocessConfig(*expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([], "states preprocess_cfg \\[\\], which must be an object with mean"),
        ({**HALF, "resize_mode": "fit"}, "resize_mode 'fit', which must be one of shortest, squash, longest"),
        ({**HALF, "interpolation": "random"}, "interpolation 'random', which must be one of bilinear, bicubic"),
        ({**HALF, "mode": "BGR"}, "mode 'BGR', which must be RGB"),
        ({"mean": [0.5] * 3}, "states mean but no std"),
        ({"std": 1}, "states std but no mean"),
        ({"mean": [0.5, 0.5], "std": 1}, "mean \\[0.5, 0.5\\], which must be a number, or three"),
        ({"mean": "half", "std": 1}, "mean 'half', which must be a number, or three"),
        ({"mean": True, "std": 1}, "mean True"),
        ({"mean": float("nan"), "std": 1}, "mean nan"),
        ({"mean": 0, "std": [1, 0, 1]}, "std \\[1, 0, 1\\], which must be a number of at least 1e-06, or three"),
        ({"mean": 0, "std": [1, -1, 1]}, "std \\[1, -1, 1\\]"),
        ({**HALF, "resize_mode": ["squash"]}, "resize_mode \\['squash'\\]"),
    ],
)
def test_what_frames_cannot_be_made_with_is_refused_with_the_place(config: object, message: str) -> None:
    with pytest.raises(BackboneError, match=f"^the config a.json .*{message}"):
        read_preprocess_config(config, "the config a.json")


def test_an_entry_that_nothing_reads_is_refused() -> None:
    check_keys({**HALF, "size": [224, 224]}, "the config a.json")
    with pytest.raises(BackboneError, match="the config a.json has the unknown entry 'resize' in preprocess_cfg"):
        check_keys({**HALF, "resize": "squash"}, "the config a.json")
