from pathlib import Path

import pytest
import torch

from zsar.datamodules.data_sets.moving_shapes import MovingShapes
from zsar.datamodules.rendering.moving_shapes_rendering import all_classes, clip_generator, render_clip
from zsar.datamodules.settings import Loading
from zsar.datamodules.video_files.decoding import read_frames

LOADING = Loading(batch_size=8, n_workers=0)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> MovingShapes:
    module = MovingShapes(n_train=2, n_test=1, data_root=tmp_path_factory.mktemp("data"), loading=LOADING)
    module.prepare_data()
    return module


def test_classes_are_sentences_and_sets_are_complementary(rendered: MovingShapes) -> None:
    for stage in ("fit", "test"):
        rendered.setup(stage)
    texts = {text.set_name: text for text in rendered.class_text("test")}
    assert texts["base"].prompts[0] == ("a photo of a red circle moving to the left",)
    assert (len(texts["base"].names), len(texts["novel"].names)) == (32, 32)
    assert not set(texts["base"].names) & set(texts["novel"].names)
    assert (len(rendered.sets["base"]), len(rendered.sets["novel"])) == (32, 32)
    assert rendered.class_text("fit")[0].names == texts["base"].names


def test_the_clips_are_real_videos_of_what_was_rendered(rendered: MovingShapes) -> None:
    moving_shape = all_classes()[5]
    path = rendered.folder / f"train/{moving_shape.object_name} to the {moving_shape.direction}/01.mp4"
    frames = read_frames(path, range(24))
    exact = render_clip(
        moving_shape, clip_generator(moving_shape, purpose="train", index=1, seed=0), n_frames=24
    ).frames
    difference = (frames.permute(0, 2, 3, 1).int() - torch.from_numpy(exact).int()).abs().float()
    assert difference.mean() < 12  # H.264 with a quarter of the colour resolution
    assert frames.shape == (24, 3, 32, 32)


def test_rendering_is_done_once(rendered: MovingShapes) -> None:
    path = next(rendered.folder.rglob("*.mp4"))
    before = path.stat().st_mtime_ns
    rendered.prepare_data()
    assert path.stat().st_mtime_ns == before
    assert [p.name for p in rendered.folder.parent.iterdir()] == [rendered.folder.name]


def test_a_failed_rendering_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*arguments: object, **options: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("zsar.datamodules.data_sets.moving_shapes.write_video", full_disk)
    module = MovingShapes(n_train=1, n_test=1, data_root=tmp_path)
    with pytest.raises(OSError, match="no space left"):
        module.prepare_data()
    assert list((tmp_path / "moving_shapes").iterdir()) == []


def test_other_settings_are_rendered_elsewhere(tmp_path: Path) -> None:
    folders = {MovingShapes(n_test=n, render_seed=s, data_root=tmp_path).folder for n in (1, 2) for s in (0, 1)}
    assert len(folders) == 4


def test_a_changed_source_file_is_rendered_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source.py"
    monkeypatch.setattr(MovingShapes, "rendering_sources", lambda self: (source,))
    folders = set()
    for content in ("a", "b"):
        source.write_text(content)
        folders.add(MovingShapes(data_root=tmp_path).folder)
    assert len(folders) == 2
    assert {folder.parent for folder in folders} == {tmp_path / "moving_shapes"}


def test_the_scene_in_clutter_is_rendered_elsewhere_and_described(tmp_path: Path) -> None:
    plain, cluttered = (MovingShapes(scene=scene, data_root=tmp_path) for scene in ("plain", "in_clutter"))
    assert plain.folder.parent == cluttered.folder.parent
    assert plain.folder != cluttered.folder
    shape = all_classes()[0]
    assert (plain.frames_of(shape, "test", 0) != cluttered.frames_of(shape, "test", 0)).any()
    with pytest.raises(ValueError, match="scene must be one of plain, in_clutter; got 'fast'"):
        MovingShapes(scene="fast")  # type: ignore[arg-type]


def test_counts_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1; got 0 and 8"):
        MovingShapes(n_train=0)
