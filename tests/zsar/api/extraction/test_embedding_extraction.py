"""Frame embeddings of recognizers: each frame alone, or in consecutive clips where frames interact."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.makers.command_line.extraction_jobs import three_videos
from tests.makers.models.every_recognizer import RECOGNIZERS, recognizer
from zsar.api.extraction.embedding_extraction import EmbeddingExtraction
from zsar.api.extraction.extraction import VideoDone, extract_videos
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.localization.stored.feature_files import SUFFIX, FeatureFileError, read_features
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


def extraction(model: ActionRecognizer, batch_size: int = 6) -> EmbeddingExtraction:
    return EmbeddingExtraction(
        architecture="tiny-clip",
        weights="model.ckpt",
        stride=FrameStride(),
        geometry="squash",
        batch_size=batch_size,
        n_workers=0,
        dtype="fp32",
        model=model,
    )


def embedded(model: ActionRecognizer, frames: Tensor, batch_size: int = 6) -> Tensor:
    settings = extraction(model, batch_size)
    collected = settings.collected(model.backbone, len(frames))
    for part in frames.split(settings.frames_at_once):
        collected.add(part)
    return collected.finished()


@torch.inference_mode()
def of_clip(model: ActionRecognizer, frames: Tensor) -> Tensor:
    return model.embed_frames(model.backbone.normalize_frames(frames)[None])[0]


@pytest.fixture
def frames() -> Tensor:
    return torch.randint(0, 256, (11, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", [name for name in RECOGNIZERS if name not in ("T2L", "BIKE", "OpenVCLIP")])
def test_a_model_without_temporal_parts_embeds_each_frame_alone(name: str, frames: Tensor, tiny_weights: Path) -> None:
    model = recognizer(name, tiny_weights)
    expected = torch.cat([of_clip(model, frame[None]) for frame in frames])
    torch.testing.assert_close(embedded(model, frames), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["BIKE", "OpenVCLIP"])
def test_frames_that_see_each_other_are_embedded_in_clips_of_eight(
    name: str, frames: Tensor, tiny_weights: Path
) -> None:
    model = recognizer(name, tiny_weights)
    expected = torch.cat([of_clip(model, frames[:8]), of_clip(model, frames[3:])[5:]])
    torch.testing.assert_close(embedded(model, frames), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 6, 100])
def test_frames_that_interact_are_embedded_in_consecutive_clips_and_the_last_overlaps(
    batch_size: int, frames: Tensor, tiny_weights: Path
) -> None:
    model = recognizer("T2L", tiny_weights)  # trained with 4 frames
    expected = torch.cat([of_clip(model, frames[:4]), of_clip(model, frames[4:8]), of_clip(model, frames[7:])[1:]])
    torch.testing.assert_close(embedded(model, frames, batch_size), expected, rtol=1e-4, atol=1e-5)


def test_a_video_shorter_than_a_clip_repeats_its_last_frame(frames: Tensor, tiny_weights: Path) -> None:
    model = recognizer("T2L", tiny_weights)
    clip = torch.cat([frames[:3], frames[2:3]])
    torch.testing.assert_close(embedded(model, frames[:3]), of_clip(model, clip)[:3], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["T2L", "FineTunedCLIP"])
def test_files_are_of_the_tower_that_made_them(name: str, tmp_path: Path, tiny_weights: Path) -> None:
    jobs, model = three_videos(tmp_path, SUFFIX), recognizer(name, tiny_weights)
    settings = extraction(model)
    reports = [r for r in extract_videos(model.backbone, jobs, settings) if isinstance(r, VideoDone)]
    assert [r.problem for r in reports] == [None, None, None]
    for job in jobs:
        settings.check_finished(job, model.backbone)
        stored = read_features(job.destination)
        assert stored.features.shape == (len(stored.times_seconds), model.backbone.embedding_width)
    other = extraction(recognizer("ZeroShotCLIP", tiny_weights))
    with pytest.raises(FeatureFileError, match="backbone_hash is"):
        other.check_finished(jobs[0], model.backbone)
