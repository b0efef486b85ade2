import os

import pytest

from zsar.api.extraction.caption_extraction import CaptionExtraction
from zsar.api.extraction.extraction import Extraction
from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.command_line.extract.extract_options import COMMAND, CaptionOptions
from zsar.lightning_modules.command_line.extract.requested_extractions import requested_extractions
from zsar.lightning_modules.open_clip_towers import open_clip_captions
from zsar.lightning_modules.open_clip_towers.open_clip_captions import CaptionSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


def requested(*arguments: str) -> list[Extraction]:
    return requested_extractions(COMMAND.parse(["videos", "--output", "features", *arguments]))


def test_features_alone_are_made_unless_captions_are_asked_for() -> None:
    (features,) = requested("--n-workers", "3", "--stride", "4", "--dtype", "fp32", "--batch-size", "8")
    assert features == FeatureExtraction(
        architecture="ViT-B-16-quickgelu",
        weights="openai",
        stride=FrameStride(frames=4),
        geometry="squash",
        batch_size=8,
        n_workers=3,
        dtype="fp32",
    )


def test_captions_are_of_the_same_model_with_a_stride_of_their_own() -> None:
    model = ("--architecture", "coca_ViT-L-14", "--weights", "w.pt", "--n-workers", "1")
    features, captions = requested(*model, "--stride-seconds", "0.5", "--captions", "--geometry", "crop")
    assert isinstance(features, FeatureExtraction)
    assert features.stride == FrameStride(frames=None, seconds=0.5)
    assert captions == CaptionExtraction(
        architecture="coca_ViT-L-14",
        weights="w.pt",
        stride=FrameStride(frames=None, seconds=1.0),
        geometry="crop",
        batch_size=64,
        n_workers=1,
        captions=CaptionSettings("beam_search"),
    )
    captions = requested(*model, "--captions", "--caption-seconds", "2", "--caption-generation", "greedy")[1]
    assert isinstance(captions, CaptionExtraction)
    assert (captions.stride, captions.captions.generation) == (FrameStride(frames=None, seconds=2.0), "greedy")
    captions = requested(*model, "--captions", "--caption-stride", "1")[1]
    assert isinstance(captions, CaptionExtraction)
    assert captions.stride == FrameStride(frames=1)  # all frames


def test_captions_have_one_distance() -> None:
    with pytest.raises(ValueError, match="by --caption_seconds 2.0 or by --caption_stride 1; leave one of them out"):
        CaptionOptions(captions=True, caption_seconds=2.0, caption_stride=1)
    with pytest.raises(ValueError, match="--caption_stride 1 has no effect without --captions"):
        CaptionOptions(caption_stride=1)


def test_an_architecture_that_brings_its_weights_gets_no_others() -> None:
    assert [e.weights for e in requested("--captions", "--architecture", "hf-hub:laion/coca")] == [None, None]


def test_processors_are_shared_by_the_devices_and_one_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    assert requested()[0].n_workers == 15
    assert requested("--devices", "4")[0].n_workers == 3
    assert requested("--devices", "16")[0].n_workers == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--caption-seconds", "0", "--captions"), r"--caption_seconds must be more than 0; got 0\.0"),
        (("--caption-seconds", "nan", "--captions"), "--caption_seconds must be more than 0; got nan"),
        (("--caption-seconds", "2"), r"--caption_seconds 2\.0 has no effect without --captions; add it"),
        (("--caption-generation", "greedy"), "--caption_generation greedy has no effect without --captions"),
    ],
)
def test_wrong_options_of_captions_are_explained(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        requested(*arguments)


def test_captions_without_transformers_are_refused_before_a_model_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(open_clip_captions.coca_model.GENERATION_TYPES, "top_k", None)
    with pytest.raises(BackboneError, match=r"pip install 'zsar\[captions\]'"):
        requested("--captions")
    assert len(requested()) == 1  # features need it not
