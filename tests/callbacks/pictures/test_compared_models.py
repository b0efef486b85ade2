from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from tests.makers.models.every_recognizer import recognizer
from tests.makers.models.saved_models import saved
from zsar.callbacks.pictures.compared_models import compared_models, frozen_clip
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

FRAMES = torch.randint(256, (1, 1, 4, 3, 32, 32), dtype=torch.uint8)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pt"
    torch.save(OpenClipBackbone("tiny-clip", "random").clip.state_dict(), path)
    return path


@pytest.mark.parametrize("name", ["T2L", "FineTunedCLIP", "APCLIP", "ZeroShotCLIP"])
def test_frozen_clip_is_zero_shot_clip_with_the_original_weights(name: str, weights: Path) -> None:
    model = recognizer(name, weights)
    frozen, expected = frozen_clip(model), ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(weights))).eval()
    prompts = (("a red dance", "red"), ("a blue dance", "blue"))
    with torch.no_grad():
        answers = [one(FRAMES, one.class_embeddings.cached(prompts, one.device)) for one in (frozen, expected)]
    assert_close(*answers)
    assert not frozen.training


def test_a_clip_that_is_not_trained_is_shared(weights: Path) -> None:
    model = recognizer("T2L", weights)
    assert frozen_clip(model).backbone is model.backbone
    tuned = recognizer("FineTunedCLIP", weights)
    trained = {name for name, parameter in tuned.named_parameters() if parameter.requires_grad}
    assert frozen_clip(tuned).backbone is not tuned.backbone
    assert {name for name, parameter in tuned.named_parameters() if parameter.requires_grad} == trained


def test_checkpoints_are_loaded_as_they_are_tested(weights: Path, tmp_path: Path) -> None:
    model = recognizer("WiSE-FT", weights)
    path = saved(model, tmp_path)
    with torch.inference_mode():
        (loaded,) = compared_models(recognizer("T2L", weights), {"halfway": str(path)}, tested="T2L").values()
    model.prepare_inference()
    with torch.no_grad():
        assert_close(loaded.embed_views(FRAMES), model.embed_views(FRAMES))
    assert not any(parameter.is_inference() for parameter in loaded.parameters())


@pytest.mark.parametrize("name", ["", " ", "T2L (tested)"])
def test_a_name_that_would_not_tell_the_models_apart_is_an_error(name: str, weights: Path) -> None:
    with pytest.raises(ValueError, match=r"compare has the name '.*'; give each model a name of its own"):
        compared_models(recognizer("T2L", weights), {name: "frozen"}, tested="T2L (tested)")


def test_a_model_whose_frames_are_made_in_another_way_is_refused(weights: Path, tmp_path: Path) -> None:
    model = recognizer("T2L", weights)
    path = saved(model, tmp_path)
    tested = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(weights), frame_geometry="squash"))
    with pytest.raises(ValueError, match="^compare, cropped: tiny-clip takes frames with the geometry crop, but those"):
        compared_models(tested, {"cropped": str(path)}, tested="tested")
    tested = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(weights), frame_geometry="crop"))
    assert list(compared_models(tested, {"cropped": str(path)}, tested="tested")) == ["cropped"]
