from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from tests.makers.models.every_recognizer import recognizer
from zsar.callbacks.pictures.attention.observed_video import observe_video
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.recognition.scorers.concept_spotting import spotted_frames
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.t2l.t2l import T2L

PROMPTS = (("a red dance", "red"), ("someone swims", "swim"), ("a dog", "dog"))


@pytest.fixture
def model() -> ZeroShotCLIP:
    torch.manual_seed(0)
    scoring = Scoring("late_interaction", "embedding")
    return ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"), scoring=scoring).eval()


def test_probabilities_are_those_of_the_model_for_all_views(model: ZeroShotCLIP) -> None:
    frames = torch.randint(256, (2, 4, 3, 32, 32), dtype=torch.uint8)
    classes = model.class_embeddings.cached(PROMPTS, model.device)
    video = observe_video(model, frames, classes, maps=["last"], labels=[])
    with torch.no_grad():
        assert_close(video.probabilities, model(frames[None], classes)[0].softmax(dim=0))
    assert [(one.name, one.label, len(one.views)) for one in video.maps] == [("last", None, 2)]
    assert video.frames == {}


def test_it_works_within_inference_mode_and_leaves_no_gradients(model: ZeroShotCLIP) -> None:
    with torch.inference_mode():
        frames = torch.randint(256, (1, 2, 3, 32, 32), dtype=torch.uint8)
        classes = model.class_embeddings.cached(PROMPTS, model.device)
        video = observe_video(model, frames, classes, maps=["gradient", "rollout"], labels=[2, 0])
        assert torch.is_inference_mode_enabled()
    assert [(one.name, one.label) for one in video.maps] == [("gradient", 2), ("gradient", 0), ("rollout", None)]
    assert not any(parameter.requires_grad or parameter.grad is not None for parameter in model.parameters())


def test_maps_of_a_view_do_not_depend_on_the_other_views(model: ZeroShotCLIP) -> None:
    frames = torch.randint(256, (2, 3, 3, 32, 32), dtype=torch.uint8)
    classes = model.class_embeddings.cached(PROMPTS, model.device)
    both = observe_video(model, frames, classes, maps=["gradient"], labels=[1])
    second = observe_video(model, frames[1:], classes, maps=["gradient"], labels=[1])
    assert_close(both.maps[0].views[1].patches, second.maps[0].views[0].patches)


def test_numbers_name_classes_and_layers() -> None:
    torch.manual_seed(0)
    t2l = T2L(backbone=TrainedClipSettings("tiny-clip", "random"), n_frames=2, temporal_tokens=[0, 2]).eval()
    frames = torch.randint(256, (1, 2, 3, 32, 32), dtype=torch.uint8)
    classes = t2l.class_embeddings.cached(PROMPTS, t2l.device)
    numbers = observe_video(t2l, frames, classes, maps=["gradient"], labels=[1]).to_dict(("dance", "swim", "dog"))
    assert numbers["predicted"] in ("dance", "swim", "dog")
    assert numbers["maps"][0]["class"] == "swim"
    assert [entry["layer"] for entry in numbers["frame_attention"]] == [0, 2]
    rows = torch.tensor(numbers["frame_attention"][1]["views"])
    assert rows.shape == (1, 2, 2)
    assert_close(rows.sum(dim=2), torch.ones(1, 2))
    assert numbers["tokens"] == {"class": 1, "registers": 0, "grid": [4, 4], "pooling": "token"}


def test_a_model_that_weighs_frames_says_by_how_much(tiny_weights: Path) -> None:
    model = recognizer("BIKE", tiny_weights)
    frames = torch.randint(256, (2, 4, 3, 32, 32), dtype=torch.uint8)
    classes = model.class_embeddings.cached((("run",), ("jump",), ("swim",)), model.device)
    seen = observe_video(model, frames, classes, maps=("last",), labels=(2, 0))
    assert list(seen.spotted) == [2, 0]
    with torch.no_grad():
        expected = spotted_frames(model.embed_views(frames[None]), classes)[0, :, 0]  # [V, C, T]
    torch.testing.assert_close(seen.spotted[2], expected[:, 2])
    torch.testing.assert_close(seen.spotted[0].sum(dim=1), torch.ones(2))
    named = seen.to_dict(("run", "jump", "swim"))["spotted_frames"]
    assert [one["class"] for one in named] == ["swim", "run"]
    clip = recognizer("OpenVCLIP", tiny_weights)
    texts = clip.class_embeddings.cached((("run",), ("jump",)), clip.device)
    assert "spotted_frames" not in observe_video(clip, frames, texts, maps=("last",), labels=(0,)).to_dict(("a", "b"))
