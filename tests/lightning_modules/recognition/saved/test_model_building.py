from pathlib import Path

import pytest

from zsar.lightning_modules.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.saved.model_building import built_model, stated_arguments, stated_class
from zsar.lightning_modules.t2l import T2L
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError


def test_a_class_is_found_by_its_path_of_now_and_of_before() -> None:
    assert stated_class("zsar.lightning_modules.t2l.T2L", ActionRecognizer, "a.ckpt") is T2L
    assert stated_class("lightning_modules.t2l.T2L", ActionRecognizer, "a.ckpt") is T2L


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        ("subprocess.Popen", ActionRecognizer),
        ("zsar.lightning_modules.gone.Gone", ActionRecognizer),
        ("zsar.lightning_modules.clip.ZeroShotCLIP", FineTunedCLIP),
        ("zsar.lightning_modules.recognition.scoring.Scoring", ActionRecognizer),
    ],
)
def test_another_class_is_rejected_with_the_file(named: str, kind: type) -> None:
    with pytest.raises(CheckpointError, match=r"^a\.ckpt"):
        stated_class(named, kind, "a.ckpt")


def test_settings_build_the_model(tiny_weights: Path) -> None:
    stated = {"backbone": {"architecture": "tiny-clip", "weights": str(tiny_weights)}}
    model = built_model(ZeroShotCLIP, stated_arguments(ZeroShotCLIP, stated, "a.ckpt"), "a.ckpt")
    assert isinstance(model, ZeroShotCLIP)
    assert model.backbone.architecture == "tiny-clip"


def test_settings_of_another_class_are_named_with_the_file(tiny_weights: Path) -> None:
    stated = {"backbone": {"architecture": "tiny-clip", "weights": str(tiny_weights)}, "n_frames": 4}
    with pytest.raises(CheckpointError, match=r"^a\.ckpt: its settings build no .*ZeroShotCLIP"):
        built_model(ZeroShotCLIP, stated, "a.ckpt")
