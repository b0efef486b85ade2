"""A video's features come from its frames or from its file, and know the sets that look for something in it."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.makers.files.stored_files import caption_source, feature_source
from zsar.datamodules.data_sets.untrimmed.untrimmed_shapes import UntrimmedShapes
from zsar.datamodules.settings import UntrimmedLoading
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.localization.stored.caption_files import CaptionFileError, write_captions
from zsar.lightning_modules.localization.stored.feature_files import FeatureFileError, write_features
from zsar.lightning_modules.localization.stored.frame_record import frames_for
from zsar.lightning_modules.localization.stored.video_captions import VideoCaptions
from zsar.lightning_modules.localization.untrimmed_reader import UntrimmedReader
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.runtime.files.file_identity import quick_hash

LOADING = UntrimmedLoading(stride=FrameStride(frames=8))
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def backbone() -> OpenClipBackbone:
    torch.manual_seed(0)
    return OpenClipBackbone("tiny-clip", "random").eval().requires_grad_(False)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    UntrimmedShapes(data_root=root, n_videos=1).prepare_data()
    return root


def shapes(root: Path, loading: UntrimmedLoading = LOADING) -> UntrimmedShapes:
    data = UntrimmedShapes(data_root=root, n_videos=1, loading=loading)
    data.setup("test")
    return data


def test_features_are_those_of_every_eighth_frame(root: Path, backbone: OpenClipBackbone) -> None:
    data = shapes(root)
    row = min(data.tested_sets[0].rows)
    video = UntrimmedReader(data, backbone, device=CPU).read(row)
    assert video.id == data.videos[row].id
    assert video.sets == (0,)
    assert len(video.features) == len(video.times_seconds)
    assert video.features.dtype == torch.float32
    truth = data.ground_truth([row])
    assert torch.equal(video.truths[0].seconds, truth.seconds)
    first = video.frames_at([0.0])
    assert first.shape == (1, 3, *backbone.image_size)


def test_stored_features_are_what_is_read(root: Path, backbone: OpenClipBackbone, tmp_path: Path) -> None:
    data = shapes(root)
    row = min(data.tested_sets[0].rows)
    embedded = UntrimmedReader(data, backbone, device=CPU).read(row)
    missing = UntrimmedReader(shapes(root, replace(LOADING, features=tmp_path)), backbone, device=CPU)
    with pytest.raises(FileNotFoundError, match="make it with `zsar extract"):
        missing.check_stored()
    with pytest.raises(FileNotFoundError, match="make it with `zsar extract"):
        missing.read(row)
    assert not embedded.n_damaged


def test_stored_files_must_be_of_frames_that_the_run_asks_for(
    root: Path, backbone: OpenClipBackbone, tmp_path: Path
) -> None:
    """Features and captions of cropped frames, in runs with cropped and with squashed ones."""
    data = shapes(root)
    row = min(data.tested_sets[0].rows)
    name, path = data.videos[row].id, data.videos[row].path
    assert path is not None
    video = {"source_bytes": path.stat().st_size, "source_hash": quick_hash(path)}
    made = {**asdict(frames_for(backbone, "crop")), **video}
    captions = VideoCaptions(np.zeros(1), ("a man",), caption_source(**made))
    write_captions(tmp_path / f"{name}.captions.json", captions)
    features = feature_source(**made, stride="8 frames", backbone_hash=backbone.weights_hash, dtype="fp32")
    write_features(tmp_path / f"{name}.safetensors", torch.zeros(2, 96), np.array([0.0, 0.1]), features)
    for geometry, said in (("crop", None), ("squash", "geometry is crop in the file, but squash is asked for")):
        asked = replace(LOADING, geometry=geometry, captions=tmp_path)
        captioned = UntrimmedReader(shapes(root, asked), backbone, device=CPU)
        featured = UntrimmedReader(shapes(root, replace(asked, features=tmp_path)), backbone, device=CPU)
        if said is None:
            captioned.check_stored()
            assert featured.read(row).features.shape == (2, 96)
            continue
        with pytest.raises(CaptionFileError, match=said):
            captioned.check_stored()
        with pytest.raises(FeatureFileError, match=said):
            featured.read(row)
