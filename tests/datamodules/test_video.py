import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer, seed_everything

from tests.makers.miniatures.names_only import Listed, set_up
from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.choices.frame_pixels import FramePixels
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Augmentation, Clips, Loading, Split
from zsar.datamodules.trimmed_sets import Subset
from zsar.datamodules.video_files.decoding import read_frames
from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.frame_sampling import Sampling
from zsar.datamodules.views.further_views import Views
from zsar.datamodules.views.multi_rate_views import MultiRateViews
from zsar.datamodules.views.transforms import TestTransform
from zsar.runtime.seeds import derive_seed

SMALL = Clips(image_size=32)


def test_the_last_training_batch_is_not_dropped() -> None:
    loading = Loading(batch_size=7, n_workers=0, on_decode_error="count_as_wrong")  # there are no files to be opened
    module = set_up(clips=SMALL, loading=loading, split=Split(held_out_fraction=0.2))
    assert len(module.train_dataloader()) == 3
    assert len(module.test_dataloader()[0]) == 2


COLOURS = ("blue dance", "green dance", "red dance", "white dance")


class Filmed(Listed):
    """The videos of the fixture `video_tree`: five of each of four classes."""

    @property
    def class_names(self) -> Sequence[str]:
        return COLOURS

    def list_videos(self, subset: Subset) -> VideoTable:
        rows = [(f"{name}/{i}.mp4", label) for label, name in enumerate(COLOURS) for i in range(5)]
        return VideoTable(self.data_root, [key for key, _ in rows], [label for _, label in rows])


class Directed(Listed):
    flip_keeps_label = False


class Collecting(LightningModule):
    """Keeps the batches that it is tested or validated on."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[VideoBatch] = []

    def test_step(self, batch: VideoBatch, batch_idx: int) -> None:
        self.batches.append(batch)

    def validation_step(self, batch: VideoBatch, batch_idx: int) -> None:
        self.batches.append(batch)

    def predict_step(self, batch: VideoBatch, batch_idx: int) -> None:
        self.batches.append(batch)


def batches_of(
    root: Path, views: Views, loop: str = "test", *, batch_size: int = 20, n_workers: int = 0, seed: int = 3
) -> list[VideoBatch]:
    seed_everything(seed, verbose=False)
    clips = Clips(n_frames=4, image_size=32, views=views)
    data = Filmed(data_root=root, clips=clips, loading=Loading(batch_size=batch_size, n_workers=n_workers))
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False)
    model = Collecting()
    getattr(trainer, loop)(model, datamodule=data)
    return model.batches


@pytest.mark.parametrize(
    "views",
    [AugmentedViews(n_views=3), AugmentedViews(n_views=3, crop=True, flip=0.5), MultiRateViews(rates=(1.0, 0.5))],
)
def test_views_are_the_same_in_batches_of_any_size(video_tree: Path, views: Views) -> None:
    whole = batches_of(video_tree, views)
    parts = batches_of(video_tree, views, batch_size=3)
    assert [len(batch) for batch in whole] == [20]
    assert len(parts) == 7
    all_frames = [torch.cat([b.views.frames for b in batches if b.views is not None]) for batches in (whole, parts)]
    assert all_frames[0].shape == (20, len(views.weights) - 1, 4, 3, 32, 32)
    assert torch.equal(all_frames[0], all_frames[1])


def test_views_are_the_same_from_workers(video_tree: Path) -> None:
    views = MultiRateViews(rates=(1.0, 0.5))
    here, there = (batches_of(video_tree, views, batch_size=6, n_workers=n) for n in (0, 2))
    for one, other in zip(here, there, strict=True):
        assert one.views is not None
        assert other.views is not None
        assert torch.equal(one.views.frames, other.views.frames)
        assert torch.equal(one.views.seeds, other.views.seeds)
        assert one.indices.tolist() == other.indices.tolist()


def test_views_come_from_the_seed_of_the_run_and_the_name_of_the_video(video_tree: Path) -> None:
    for seed in (3, 4):
        (batch,) = batches_of(video_tree, AugmentedViews(n_views=2), seed=seed)
        assert batch.views is not None
        assert batch.views.seeds[0] == derive_seed(seed, "views", "blue dance/0.mp4")


def test_only_tests_and_predictions_have_views(video_tree: Path) -> None:
    views = AugmentedViews(n_views=2)
    assert all(batch.views is None for batch in batches_of(video_tree, views, "validate"))
    assert all(batch.views is not None for batch in batches_of(video_tree, views, "predict"))


@pytest.mark.parametrize(("sampling", "indices"), [("t2l", [1, 5, 9]), ("mmaction", [2, 6, 10])])
def test_a_test_takes_the_frames_and_the_size_that_the_clips_say(
    video_tree: Path, sampling: Sampling, indices: list[int]
) -> None:
    clips = Clips(n_frames=3, image_size=32, sampling=sampling, n_test_crops=3, test_short_side_px=32)
    data = Filmed(data_root=video_tree, clips=clips, loading=Loading(batch_size=20, n_workers=0))
    model = Collecting()
    Trainer(accelerator="cpu", logger=False, enable_progress_bar=False).test(model, datamodule=data)
    first = data.sets["test"].all_keys().index("red dance/0.mp4")
    frames = read_frames(video_tree / "red dance" / "0.mp4", indices)  # 32 x 40 px: left, centre, right
    expected = torch.stack([frames[..., :32], frames[..., 4:36], frames[..., 8:]])
    assert torch.equal(model.batches[0].frames[first], expected)
    described = data.describe()
    assert (described["sampling"], described["test_short_side_px"]) == (sampling, 32)


class Seeing(Collecting):
    """A model that says how it wants its frames."""

    def __init__(self, pixels: FramePixels) -> None:
        super().__init__()
        self.frame_pixels = pixels


def ran(root: Path, pixels: FramePixels, loop: str, clips: Clips = Clips(n_frames=3), **loading: int) -> Any:
    data = Filmed(data_root=root, clips=clips, loading=Loading(batch_size=20, **{"n_workers": 0, **loading}))
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False)
    model = Seeing(pixels)
    getattr(trainer, loop)(model, datamodule=data)
    return data, model.batches[0].frames


@pytest.mark.parametrize("loop", ["test", "validate", "predict"])
@pytest.mark.parametrize("geometry", ["crop", "squash"])
def test_frames_are_made_as_the_model_of_the_trainer_says(video_tree: Path, loop: str, geometry: Geometry) -> None:
    pixels = FramePixels(24, geometry, "bilinear")
    data, frames = ran(video_tree, pixels, loop, n_workers=2 if loop == "test" else 0)
    assert frames.shape[2:] == (3, 3, 24, 24)
    decoded = read_frames(data.sets["val" if loop == "validate" else loop][0].path, [1, 5, 9])
    assert torch.equal(frames[0, 0], TestTransform(24, interpolation="bilinear", geometry=geometry)(decoded)[0])
    described = {name: data.describe()[name] for name in ("image_size", "geometry", "resize_filter")}
    assert described == asdict(pixels)


def test_a_model_that_comes_later_says_it_anew(video_tree: Path) -> None:
    data, _ = ran(video_tree, FramePixels(24, "squash", "bilinear"), "test")
    model = Seeing(FramePixels(16, "crop", "bicubic"))
    Trainer(accelerator="cpu", logger=False, enable_progress_bar=False).test(model, datamodule=data)
    assert model.batches[0].frames.shape[-2:] == (16, 16)
    assert data.frame_pixels == model.frame_pixels


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        (
            Clips(image_size=224),
            "image_size is 224, but the model takes frames of 32 px; leave data.clips.im",
        ),
        (Clips(n_test_crops=3), "n_test_crops is 3, but the model's geometry is squash"),
        (Clips(test_short_side_px=36), "test_short_side_px is 36, but the model's geometry is squash"),
    ],
)
def test_a_contradiction_is_said_before_anything_is_decoded(
    video_tree: Path, monkeypatch: pytest.MonkeyPatch, clips: Clips, message: str
) -> None:
    opened: list[object] = []
    monkeypatch.setattr("zsar.datamodules.clip_dataset.VideoReader", lambda *given, **_: opened.append(given))
    for loop in ("test", "validate", "predict"):
        with pytest.raises(ValueError, match=message):
            ran(video_tree, FramePixels(32, "squash", "bicubic"), loop, clips)
    assert opened == []


def test_without_a_model_there_are_no_frames_until_their_size_is_said() -> None:
    module = set_up(loading=loading_of())
    assert module.describe()["image_size"] is module.describe()["test_short_side_px"] is None
    for load in (module.train_dataloader, module.test_dataloader):
        with pytest.raises(ValueError, match=r"there is no model: give clips\.image_size, or call take_pixels\(model"):
            load()
    module.take_pixels(FramePixels(32, "crop", "bicubic"))
    assert len(module.test_dataloader()) == 1
    with pytest.raises(ValueError, match="image_size is 32, but the model takes frames of 224 px"):
        set_up(clips=SMALL).take_pixels(FramePixels(224, "crop", "bicubic"))


def test_the_short_side_of_a_test_frame_is_256_of_224_unless_it_is_given() -> None:
    assert set_up(clips=Clips(image_size=224)).describe()["test_short_side_px"] == 256
    assert set_up(clips=Clips(image_size=224, test_short_side_px=224)).describe()["test_short_side_px"] == 224


def test_training_at_the_centre_takes_the_middle_of_the_same_sampling(video_tree: Path) -> None:
    still = Augmentation(scales=(1.0,), flip=0.0, colour_jitter=0.0, grey=0.0)
    for sampling, indices in (("t2l", [1, 5, 9]), ("mmaction", [2, 6, 10])):
        clips = Clips(n_frames=3, image_size=32, train_sampling="centre", sampling=sampling, augmentation=still)
        data = Filmed(data_root=video_tree, clips=clips, loading=Loading(batch_size=20, n_workers=0))
        data.setup("validate")  # which lists the training set, too, for its held-out clips
        sample = data.train_dataloader().dataset[0, 0]
        frames = read_frames(data.sets["train"][0].path, indices)
        assert any(torch.equal(sample.frames[0], frames[..., x : x + 32]) for x in range(9))


def test_colours_are_left_to_a_gpu_which_makes_those_of_a_worker(
    video_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first batches of trainings on a CPU and on a GPU, the latter's from another process."""
    batches = []
    for n_workers, uses_cuda in ((0, False), (1, True)):
        monkeypatch.setattr(Filmed, "_uses_cuda", lambda _, uses_cuda=uses_cuda: uses_cuda)
        data = Filmed(data_root=video_tree, clips=SMALL, loading=Loading(batch_size=8, n_workers=n_workers))
        data.setup("validate")  # which lists the training set, too
        with warnings.catch_warnings(action="ignore"):  # without a GPU, nothing can be pinned for one
            loaded = next(iter(data.train_dataloader()))
        assert bool(loaded.colours) == uses_cuda
        batches.append(data.on_after_batch_transfer(loaded.to("cpu"), 0))
    assert torch.equal(batches[0].frames, batches[1].frames)
    assert batches[1].colours == ()


def test_results_say_which_views_there_were() -> None:
    assert set_up().describe()["views"] is None
    described = set_up(clips=Clips(views=AugmentedViews(flip=None, n_views=8))).describe()["views"]
    assert described["class_path"] == "zsar.datamodules.views.AugmentedViews"
    assert (described["init_args"]["n_views"], described["init_args"]["flip"]) == (8, 0.5)


def test_views_that_do_not_fit_the_data_are_refused() -> None:
    with pytest.raises(ValueError, match=r"n_test_clips is 1 and clips\.n_test_crops is 3; set both to 1"):
        Listed(data_root="/data", clips=Clips(n_test_crops=3, views=AugmentedViews()))
    with pytest.raises(ValueError, match=r"clips\.views\.flip is 0\.5, but a mirrored clip of Directed may show"):
        Directed(data_root="/data", clips=Clips(views=AugmentedViews(flip=0.5)))
    undecided = Directed(data_root="/data", clips=Clips(views=AugmentedViews(flip=None)))
    assert undecided.describe()["views"]["init_args"]["flip"] == 0


def loading_of(**changes: Any) -> Loading:
    return Loading(n_workers=0, on_decode_error="count_as_wrong", **changes)  # there are no files to be opened


def test_an_incomplete_training_batch_is_kept_or_dropped() -> None:
    all_videos = Split(held_out_fraction=0.0)  # 24
    kept = set_up(clips=SMALL, loading=loading_of(batch_size=7), split=all_videos)
    dropped = set_up(clips=SMALL, loading=loading_of(batch_size=7, drop_incomplete=True), split=all_videos)
    assert (len(kept.train_dataloader()), len(dropped.train_dataloader())) == (4, 3)
    assert len(dropped.test_dataloader()[0]) == 2  # of 8 test videos none is left out
    full = set_up(clips=SMALL, loading=loading_of(batch_size=8, drop_incomplete=True), split=all_videos)
    assert len(full.train_dataloader()) == 3


def test_dropping_all_batches_is_an_error() -> None:
    loading = loading_of(batch_size=25, drop_incomplete=True)
    module = set_up(clips=SMALL, loading=loading, split=Split(held_out_fraction=0.0))
    with pytest.raises(ValueError, match=r"no training batch is full: 24 videos per process, loading.batch_size is 25"):
        module.train_dataloader()


@pytest.mark.parametrize(
    ("drop_incomplete", "n_batches", "expected"),
    [(True, 2, (0, 14)), (False, 2, (0, 14)), (True, 3, (1, 0)), (False, 3, (0, 21)), (False, 4, (1, 0))],
)
def test_a_resumed_epoch_ends_with_its_last_batch(
    drop_incomplete: bool, n_batches: int, expected: tuple[int, int]
) -> None:
    loading = loading_of(batch_size=7, drop_incomplete=drop_incomplete)
    module = set_up(loading=loading, split=Split(held_out_fraction=0.0))
    epochs = SimpleNamespace(current=SimpleNamespace(ready=1, processed=0))
    batches = SimpleNamespace(current=SimpleNamespace(processed=n_batches))
    loop = SimpleNamespace(epoch_progress=epochs, epoch_loop=SimpleNamespace(batch_progress=batches))
    module.trainer = SimpleNamespace(fit_loop=loop, world_size=1, global_rank=0)  # type: ignore[assignment]
    assert module._done() == expected
