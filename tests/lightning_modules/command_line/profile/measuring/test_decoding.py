from pathlib import Path

import pytest

from zsar.datamodules.choices.frame_pixels import FramePixels
from zsar.datamodules.data_sets import UCF101, UntrimmedShapes, VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split, UntrimmedLoading
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.views import AugmentedViews
from zsar.lightning_modules.command_line.profile.measuring.decoding import (
    clip_seconds,
    clip_source,
    n_processes,
    rate_record,
    untrimmed_seconds,
)
from zsar.lightning_modules.command_line.profile.measuring.rendered_clip import DESCRIPTION

SMALL = Clips(n_frames=4, image_size=32)
LOADING = Loading(2, n_workers=0)


def test_rates_and_processes_by_hand() -> None:
    assert rate_record([0.5, 0.25, 1.0]) == {
        **{"clips_per_second": 2.0, "clip_seconds": 0.5, "lowest_seconds": 0.25, "highest_seconds": 1.0}
    }
    assert [n_processes(rate, 2.0) for rate in (1.0, 2.0, 7.0)] == [1, 1, 4]


def test_videos_that_are_here_are_decoded(video_tree: Path, rendered: Path) -> None:
    module = VideoFolder(train=video_tree, test=video_tree, clips=SMALL, loading=LOADING)
    source = clip_source(module, rendered, own_videos=True, n_rows=2)
    assert (source.of, source.why) == ("test videos of VideoFolder", None)
    assert len(source.test) == 20  # type: ignore[arg-type]
    assert source.test[0].frames.shape == source.train[0].frames.shape == (1, 4, 3, 32, 32)
    assert len(clip_seconds(source.test, repeats=3)) == 3


@pytest.mark.parametrize("own_videos", [True, False])
def test_others_are_rendered_and_it_is_said_why(tmp_path: Path, rendered: Path, own_videos: bool) -> None:
    module = UCF101(data_root=tmp_path, clips=SMALL, loading=LOADING, split=Split(protocol="base_to_novel"))
    source = clip_source(module, rendered, own_videos=own_videos, n_rows=2)
    assert source.of == DESCRIPTION
    assert (source.why is not None) == own_videos
    assert not source.why or "there is no annotation file" in source.why
    assert source.test[1].frames.shape == source.train[1].frames.shape == (1, 4, 3, 32, 32)


def test_the_further_views_of_an_adaptation_are_cut(tmp_path: Path, rendered: Path) -> None:
    views = AugmentedViews(n_views=5)
    module = UCF101(data_root=tmp_path, clips=Clips(n_frames=4, image_size=32, views=views), loading=LOADING)
    sample = clip_source(module, rendered, own_videos=False, n_rows=2).test[0]
    assert sample.views is not None
    assert sample.views.weights.shape == (5,)


def test_a_video_that_cannot_be_decoded_is_said(tmp_path: Path, rendered: Path) -> None:
    (broken := tmp_path / "broken.mp4").write_bytes(b"none")
    module = UCF101(data_root=tmp_path, clips=SMALL, loading=LOADING)
    clips = clip_source(module, broken, own_videos=False, n_rows=2).test
    with pytest.raises(ValueError, match=r"broken.mp4: .*; `zsar doctor` lists all videos that cannot be decoded"):
        clip_seconds(clips, repeats=1)


def test_a_long_video_is_decoded_as_a_localizer_does(tmp_path: Path, rendered: Path) -> None:
    module = UntrimmedShapes(data_root=tmp_path, loading=UntrimmedLoading(stride=FrameStride(25)))
    seconds, shown, of, why = untrimmed_seconds(module, rendered, pixels=FramePixels(32, "squash", "bilinear"))
    assert seconds > 0
    assert (shown, of) == (10.0, DESCRIPTION)
    assert why is not None
