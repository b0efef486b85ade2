import json
from pathlib import Path

import pytest
import torch

from zsar.datamodules.data_sets.untrimmed import untrimmed_shapes
from zsar.datamodules.data_sets.untrimmed.untrimmed_shapes import UntrimmedShapes
from zsar.datamodules.lists.localization_splits import ClassSplit
from zsar.datamodules.rendering.untrimmed_shapes_rendering import render_untrimmed
from zsar.datamodules.settings import UntrimmedLoading
from zsar.datamodules.video_files.decoding import read_frames
from zsar.datamodules.video_files.streaming import FrameStride

ALL = ClassSplit(name="all_classes")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> UntrimmedShapes:
    module = UntrimmedShapes(n_videos=1, data_root=tmp_path_factory.mktemp("data"), split=ALL)
    module.prepare_data()
    module.setup("test")
    return module


def test_each_class_is_an_object_that_moves(rendered: UntrimmedShapes) -> None:
    (tested_set,) = rendered.tested_sets
    assert (len(tested_set.class_names), len(rendered.videos)) == (16, 16)
    (text,) = rendered.class_text("test")
    assert text.prompts[0] == ("a photo of a red circle moving",)
    for instance in tested_set.instances:
        name = tested_set.class_names[instance.label]
        assert rendered.videos[instance.video].id == f"{name.removesuffix(' moving').replace(' ', '_')}_00"


def test_the_videos_and_instances_are_those_that_were_rendered(rendered: UntrimmedShapes) -> None:
    row = [video.id for video in rendered.videos].index("blue_cross_00")
    video = rendered.videos[row]
    exact = render_untrimmed("blue", "cross", index=0, seed=0)
    assert video.path is not None
    frames = read_frames(video.path, range(len(exact.frames)))
    difference = (frames.permute(0, 2, 3, 1).int() - torch.from_numpy(exact.frames).int()).abs().float()
    assert difference.mean() < 12  # H.264 with a quarter of the colour resolution
    assert video.duration_seconds == len(exact.frames) / 8
    truth = rendered.ground_truth([row]).seconds.tolist()
    assert truth == [list(s.seconds) for s in exact.stretches if s.kind == "action"]


def test_the_time_line_beside_the_videos_says_what_the_background_is(rendered: UntrimmedShapes) -> None:
    line = json.loads((rendered.folder / "timeline.json").read_text())["red_square_00"]
    stretches = render_untrimmed("red", "square", index=0, seed=0).stretches
    expected = [(list(s.seconds), s.kind) for s in stretches if s.kind != "action"]
    assert [(b["segment"], b["kind"]) for b in line["background"]] == expected


def test_half_of_the_classes_are_tested_on_by_default(rendered: UntrimmedShapes) -> None:
    module = UntrimmedShapes(n_videos=1, data_root=rendered.data_root, loading=UntrimmedLoading(FrameStride(frames=2)))
    module.setup("test")
    (tested_set,) = module.tested_sets
    assert (len(tested_set.class_names), len(module.videos), tested_set.n_dropped_instances) == (8, 8, 0)
    assert (module.folder, module.describe()["stride"]) == (rendered.folder, "2 frames")


def test_all_ten_draws_share_the_videos(rendered: UntrimmedShapes) -> None:
    module = UntrimmedShapes(n_videos=1, data_root=rendered.data_root, split=ClassSplit(number="all"))
    module.setup("test")
    assert [len(tested_set.rows) for tested_set in module.tested_sets] == [8] * 10
    assert len(module.videos) == 16
    assert len({tested_set.exact_names for tested_set in module.tested_sets}) == 10


def test_a_model_may_read_the_frames(rendered: UntrimmedShapes) -> None:
    with rendered.open_frames(3, image_size=32, chunk_size=100) as stream:
        frames, times = next(stream.chunks())
    assert torch.equal(rendered.frames_at(3, times[[40, 7]].tolist(), image_size=32), frames[[40, 7]])


def test_rendering_is_done_once(rendered: UntrimmedShapes) -> None:
    path = next(rendered.folder.rglob("*.mp4"))
    before = path.stat().st_mtime_ns
    rendered.prepare_data()
    assert path.stat().st_mtime_ns == before
    assert [p.name for p in rendered.folder.parent.iterdir()] == [rendered.folder.name]


def test_a_failed_rendering_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*arguments: object, **options: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(untrimmed_shapes, "write_video", full_disk)
    with pytest.raises(OSError, match="no space left"):
        UntrimmedShapes(data_root=tmp_path).prepare_data()
    assert list((tmp_path / "untrimmed_shapes").iterdir()) == []


def test_other_settings_and_sources_are_rendered_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = {UntrimmedShapes(n_videos=n, render_seed=s, data_root=tmp_path).folder for n in (1, 2) for s in (0, 1)}
    assert len(folders) == 4
    source = tmp_path / "source.py"
    source.write_text("changed")
    monkeypatch.setattr(UntrimmedShapes, "rendering_sources", lambda self: (source,))
    assert UntrimmedShapes(n_videos=1, data_root=tmp_path).folder not in folders


def test_the_sources_of_the_rendering_are_all_that_it_is_made_from() -> None:
    names = {path.name for path in UntrimmedShapes().rendering_sources()}
    assert names == {
        "untrimmed_shapes.py",
        "untrimmed_shapes_rendering.py",
        "moving_shapes_rendering.py",
        "shape_painting.py",
        "encoding.py",
    }


def test_settings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="n_videos must be at least 1; got 0"):
        UntrimmedShapes(n_videos=0)
    with pytest.raises(ValueError, match=r"split.lists is lists, but UntrimmedShapes has no published lists"):
        UntrimmedShapes(split=ClassSplit(lists="lists"))
