import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from zsar.datamodules.clip_dataset import EvaluationClips, TrainingClips
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.samples import Sample, collate
from zsar.datamodules.video_files.decoding import VideoReader, read_frames
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.colours import with_colours_made
from zsar.datamodules.views.further_views import Views
from zsar.datamodules.views.multi_rate_views import MultiRateViews
from zsar.datamodules.views.transforms import RandomShift, TestTransform, TrainTransform
from zsar.runtime.seeds import derive_seed

KEYS = ["red dance/0.mp4", "green dance/0.mp4", "blue dance/0.mp4"]


@pytest.fixture
def table(video_tree: Path) -> VideoTable:
    return VideoTable(video_tree, KEYS, [0, 1, 2])


@pytest.fixture
def broken(table: VideoTable, video_tree: Path) -> VideoTable:
    (video_tree / KEYS[1]).write_bytes(b"not a video")
    return table


def training(table: VideoTable, seed: int = 0, sampling: str = "random") -> TrainingClips:
    transform = TrainTransform(32)
    return TrainingClips(table, transform, n_frames=4, sampling=sampling, seed=seed)  # type: ignore[arg-type]


def evaluation(table: VideoTable, n_clips: int = 1, n_crops: int = 1) -> EvaluationClips:
    transform = TestTransform(32, n_crops=n_crops, resize_ratio=1.0)
    return EvaluationClips(table, transform, n_frames=4, n_clips=n_clips)


def test_a_training_clip_depends_on_seed_epoch_and_index_alone(table: VideoTable) -> None:
    clip = training(table)[0, 3]
    assert clip.frames.shape == (1, 4, 3, 32, 32)
    torch.manual_seed(99)
    assert_close(training(table)[0, 3].frames, clip.frames)
    assert not torch.equal(training(table)[0, 4].frames, clip.frames)
    assert not torch.equal(training(table, seed=1)[0, 3].frames, clip.frames)


def test_colours_left_for_a_batch_are_those_of_the_clip(broken: VideoTable) -> None:
    """Whatever else is drawn, and for a clip that takes the place of another; after a shift none are left."""
    for transform in (TrainTransform(32, colour_jitter=1.0), TrainTransform(32, grey=1.0, shift_px=2)):
        made, left = (
            TrainingClips(broken, transform, n_frames=2, sampling="random", seed=0, leave_colours=leave_colours)
            for leave_colours in (False, True)
        )
        keys = [(index, epoch) for epoch in range(2) for index in range(3)]
        finished, waiting = collate([made[key] for key in keys]), collate([left[key] for key in keys])
        assert finished.colours == ()
        assert bool(waiting.colours) != torch.equal(waiting.frames, finished.frames)
        assert bool(waiting.colours) == (not isinstance(transform.steps[-1], RandomShift))
        assert torch.equal(with_colours_made(waiting).frames, finished.frames)
        assert waiting.indices.tolist() == finished.indices.tolist()


def test_an_index_alone_is_the_clip_of_the_first_epoch(table: VideoTable) -> None:
    assert_close(training(table)[1].frames, training(table)[1, 0].frames)


def test_reading_a_clip_leaves_the_random_numbers_of_the_process_alone(table: VideoTable) -> None:
    expected = torch.Generator().manual_seed(5)
    torch.manual_seed(5)
    training(table)[0, 3]
    assert_close(torch.rand(3), torch.rand(3, generator=expected))


def test_centre_sampling_always_takes_the_same_frames(table: VideoTable, video_tree: Path) -> None:
    transform = TrainTransform(32, flip=0, scales=(1.0,), colour_jitter=0, grey=0)
    clips = TrainingClips(table, transform, n_frames=4, sampling="centre", seed=0)
    whole = read_frames(video_tree / KEYS[0], [1, 4, 7, 10])
    # Every place of the crop spans the whole height; only the left edge varies.
    lefts = [next(x for x in range(9) if torch.equal(clips[0, e].frames[0], whole[..., x : x + 32])) for e in range(6)]
    assert set(lefts) <= {0, 2, 4, 6, 8}


def test_an_undecodable_training_video_is_replaced_and_reported(broken: VideoTable, video_tree: Path) -> None:
    sample = training(broken)[1, 0]
    assert sample.index != 1
    assert sample.label == broken[sample.index].label
    assert not sample.failed
    assert len(sample.undecodable) >= 1
    assert str(video_tree / KEYS[1]) in sample.undecodable[0]


def test_nothing_but_undecodable_videos_is_a_failed_sample_that_says_so(video_tree: Path) -> None:
    sample = training(VideoTable(video_tree, ["gone.mp4"], [0]))[0, 0]
    assert sample.failed
    assert sample.frames.shape == (1, 4, 3, 32, 32)
    (problem,) = sample.undecodable
    assert re.search(r"10 videos in a row.*is the data root right.*gone\.mp4", problem)


def test_evaluation_views_are_clips_times_crops(table: VideoTable, video_tree: Path) -> None:
    sample = evaluation(table, n_clips=2, n_crops=3)[0]
    assert sample.frames.shape == (6, 4, 3, 32, 32)
    frames = read_frames(video_tree / KEYS[0], range(12))
    first_clip = sample.frames[:3]
    assert_close(first_clip[0], frames[[0, 3, 6, 9]][..., :32])
    assert_close(first_clip[2], frames[[0, 3, 6, 9]][..., 8:])


def test_an_undecodable_test_video_is_a_failed_sample_with_blank_frames(broken: VideoTable) -> None:
    sample = evaluation(broken, n_clips=2)[1]
    assert sample.failed
    assert (sample.label, sample.index) == (1, 1)
    assert sample.frames.shape == (2, 4, 3, 32, 32)
    assert "green dance/0.mp4" in sample.undecodable[0]


def test_samples_are_stacked_into_a_batch(broken: VideoTable) -> None:
    clips = evaluation(broken)
    batch = collate([clips[i] for i in range(3)])
    assert batch.frames.shape == (3, 1, 4, 3, 32, 32)
    assert batch.labels.tolist() == batch.indices.tolist() == [0, 1, 2]
    assert batch.failed.tolist() == [False, True, False]
    assert len(batch.undecodable) == 1


def stretched(path: Path, start: float, end: float) -> VideoTable:
    return VideoTable(path.parent, [path.name], [0], segments_seconds=np.array([[start, end]]))


def test_a_stretch_of_a_video_is_sampled_within_its_start_and_end(tmp_path: Path) -> None:
    frames = np.zeros((40, 32, 32, 3), dtype=np.uint8)
    frames[16:24] = 200  # seconds 2 to 3 at 8 frames a second
    write_video(tmp_path / "long.mp4", frames, frames_per_second=8)
    table = stretched(tmp_path / "long.mp4", 2.0, 3.0)
    test = EvaluationClips(table, TestTransform(32), n_frames=8, n_clips=2)[0]
    assert test.frames.shape == (2, 8, 3, 32, 32)
    assert test.frames.float().mean() > 190
    train = TrainingClips(table, TrainTransform(32, colour_jitter=0.0, grey=0.0), n_frames=4, sampling="random", seed=0)
    assert all(train[0, epoch].frames.float().mean() > 190 for epoch in range(5))


def test_a_stretch_behind_the_end_is_a_decoding_error(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", np.zeros((8, 32, 32, 3), dtype=np.uint8), frames_per_second=2)
    clips = EvaluationClips(stretched(tmp_path / "a.mp4", 9.0, 10.0), TestTransform(32), n_frames=4, n_clips=1)
    (problem,) = clips[0].undecodable
    assert re.search(r"a\.mp4: the stretch from 9 to 10 s begins after the video's end at 4 s", problem)


def counted(path: Path) -> VideoTable:
    """40 frames in 8 seconds; the brightness of frame i is 6 i."""
    brightness = np.arange(40, dtype=np.uint8)[:, None, None, None] * 6
    write_video(path, np.broadcast_to(brightness, (40, 32, 32, 3)), frames_per_second=5)
    return VideoTable(path.parent, [path.name], [0])


def shown(sample: Sample) -> list[list[int]]:
    """The numbers of the frames of each view."""
    return (sample.frames.float().mean(dim=(2, 3, 4)) / 6).round().long().tolist()  # type: ignore[no-any-return]


def test_frames_at_fixed_distances_follow_the_frame_rate_of_the_video(tmp_path: Path) -> None:
    """Of 4 frames, 2.67 of the video apart: a view lasts c = 8 frames and begins at 0, 10.67 or 21.33."""
    table = counted(tmp_path / "a.mp4")
    clips = EvaluationClips(table, TestTransform(32), n_frames=4, n_clips=3, sampling="open_vclip")
    assert shown(clips[0]) == [[0, 3, 6, 8], [11, 14, 17, 18], [22, 25, 28, 29]]
    plain = TrainTransform(32, colour_jitter=0.0, grey=0.0)
    centre = TrainingClips(table, plain, n_frames=4, sampling="centre", centres="open_vclip", seed=0)
    assert shown(centre[0]) == [[0, 3, 6, 8]]
    drawn = TrainingClips(table, plain, n_frames=4, sampling="random", centres="open_vclip", seed=0)
    for epoch in range(5):
        (view,) = shown(drawn[0, epoch])
        assert view[1] - view[0] == view[2] - view[1] == 3
    assert len({shown(drawn[0, epoch])[0][0] for epoch in range(20)}) > 5


MULTI_RATE = MultiRateViews(rates=(1.0, 0.5), n_samples=3)


def with_views(table: VideoTable, views: Views | None, *, seed: int = 0) -> EvaluationClips:
    transform = TestTransform(24)
    return EvaluationClips(
        table,
        transform,
        n_frames=8,
        n_clips=1,
        views=views,
        seed=seed,
    )


def test_further_views_leave_the_test_view_as_it_is(table: VideoTable) -> None:
    plain, beside = with_views(table, None)[0], with_views(table, MULTI_RATE)[0]
    assert plain.views is None
    assert torch.equal(plain.frames, beside.frames)


def test_further_views_are_those_of_frames_read_apart(table: VideoTable, video_tree: Path) -> None:
    views = with_views(table, MULTI_RATE, seed=5)[0].views
    assert views is not None
    assert views.frames.shape == (12, 8, 3, 24, 24)
    assert views.weights.tolist() == [0] + 3 * [3] + 9 * [1]
    assert views.seed == derive_seed(5, "views", KEYS[0])
    assert views.seconds > 0
    along = TestTransform(24, n_crops=3, resize_ratio=1.0)
    rows = MULTI_RATE.further_indices(12, 8, seed=views.seed)
    assert rows.shape == (4, 8)
    expected = torch.cat([along(read_frames(video_tree / KEYS[0], row.tolist())) for row in rows])
    assert torch.equal(views.frames, expected)


def test_a_video_is_decoded_once_for_all_of_its_views(table: VideoTable, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []
    read = VideoReader.frames_forward

    def counted(reader: VideoReader, indices: list[int]) -> Iterator[torch.Tensor]:
        asked.append(list(indices))
        return read(reader, indices)

    monkeypatch.setattr(VideoReader, "frames_forward", counted)
    with_views(table, MULTI_RATE)[0]
    assert len(asked) == 1
    assert asked[0] == sorted(set(asked[0]))


def test_each_frame_is_resized_once_for_all_stretches(table: VideoTable, monkeypatch: pytest.MonkeyPatch) -> None:
    resized: list[int] = []

    def counted(frames: torch.Tensor, size: list[int], interpolation: object) -> torch.Tensor:
        resized.append(len(frames))
        return frames[..., :24, :32]

    monkeypatch.setattr("zsar.datamodules.views.multi_rate_views.resized", counted)
    with_views(table, MULTI_RATE)[0]
    assert len(resized) == 1
    assert resized[0] <= 12


def test_the_views_of_a_video_depend_on_its_key_and_the_seed_alone(table: VideoTable) -> None:
    def frames_of_views(clips: EvaluationClips, index: int) -> torch.Tensor:
        views = clips[index].views
        assert views is not None
        return views.frames

    other_order = table.select(np.array([2, 0]))
    first = frames_of_views(with_views(table, MULTI_RATE), 0)
    torch.manual_seed(9)
    assert torch.equal(frames_of_views(with_views(other_order, MULTI_RATE), 1), first)
    assert not torch.equal(frames_of_views(with_views(table, MULTI_RATE, seed=1), 0), first)
    seeds = {with_views(table, MULTI_RATE)[i].views.seed for i in range(3)}  # type: ignore[union-attr]
    assert len(seeds) == 3


@pytest.mark.parametrize("views", [MULTI_RATE, AugmentedViews(n_views=4), AugmentedViews(n_views=4, crop=True)])
def test_an_undecodable_video_has_blank_views_of_the_same_shape(broken: VideoTable, views: Views) -> None:
    clips = with_views(broken, views)
    batch = collate([clips[i] for i in range(3)])
    assert batch.failed.tolist() == [False, True, False]
    assert batch.views is not None
    assert batch.views.frames.shape == (3, views.n_cut, 8, 3, 24, 24)
    assert batch.views.frames[1].sum() == 0
    assert batch.views.weights.tolist() == views.weights.tolist()
    assert batch.views.seconds.shape == (3,)
    assert batch.views.seconds.dtype == torch.float32
    finished = views.finish(batch).views
    assert finished is not None
    assert finished.frames.shape == (3, len(views.weights) - 1, 8, 3, 24, 24)


def test_a_stretch_of_a_video_has_its_views_within_its_start_and_end(tmp_path: Path) -> None:
    frames = np.zeros((40, 32, 32, 3), dtype=np.uint8)
    frames[16:24] = 200
    write_video(tmp_path / "long.mp4", frames, frames_per_second=8)
    views = with_views(stretched(tmp_path / "long.mp4", 2.0, 3.0), MULTI_RATE)[0].views
    assert views is not None
    assert views.frames.float().mean() > 190


def test_further_views_need_one_test_view(table: VideoTable) -> None:
    with pytest.raises(
        ValueError, match=r"n_test_clips is 2 and clips\.n_test_crops is 1; set both to 1, or clips\.views"
    ):
        EvaluationClips(table, TestTransform(24), n_frames=8, n_clips=2, views=AugmentedViews())


def test_a_test_view_of_16_frames_has_views_of_8_beside_it(table: VideoTable, broken: VideoTable) -> None:
    views = MultiRateViews(rates=(1.0, 0.5), n_samples=1, n_frames=3)
    (whole, failed) = (with_views(broken, views)[i] for i in (0, 1))
    assert torch.equal(whole.frames, with_views(table, None)[0].frames)  # 8 frames of the test view
    assert whole.views is not None
    assert failed.views is not None
    assert whole.views.frames.shape == failed.views.frames.shape == (6, 3, 3, 24, 24)
    three = EvaluationClips(table, TestTransform(24, resize_ratio=1.0), n_frames=3, n_clips=1)[0].frames[0]
    assert torch.equal(whole.views.frames[1], three)  # the middle crop of the whole video
