"""A video's features come from its frames or from its file, and know the sets that look for something in it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from zsar.datamodules.data_sets.untrimmed.untrimmed_shapes import UntrimmedShapes
from zsar.datamodules.settings import UntrimmedLoading
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.localization.untrimmed_reader import UntrimmedReader
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

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
