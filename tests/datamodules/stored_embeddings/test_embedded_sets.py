from pathlib import Path

import pytest

from tests.makers.miniatures.names_only import set_up
from zsar.datamodules import data_sets
from zsar.datamodules.choices.frame_pixels import FramePixels
from zsar.datamodules.settings import Clips, Loading
from zsar.datamodules.stored_embeddings.embedded_sets import EmbeddedSets, clip_record
from zsar.datamodules.stored_embeddings.embedding_files import differences
from zsar.datamodules.views.augmented_views import AugmentedViews


def test_the_record_follows_the_settings_of_test_clips() -> None:
    record = clip_record(Clips(n_frames=4, image_size=32, n_test_clips=2, n_test_crops=3, sampling="mmaction"))
    assert (record.n_frames, record.n_clips, record.n_crops, record.sampling) == (4, 2, 3, "mmaction")
    assert (record.image_size, record.short_side_px, record.resize_filter) == (32, 37, "bicubic")


def test_training_settings_do_not_change_it() -> None:
    assert clip_record(Clips(image_size=32, train_sampling="centre")) == clip_record(Clips(image_size=32))


def test_a_squash_has_no_short_side_and_is_not_taken_for_crops() -> None:
    squashed = clip_record(Clips(n_frames=4), FramePixels(32, "squash", "bilinear"))
    assert (squashed.geometry, squashed.resize_filter, squashed.short_side_px) == ("squash", "bilinear", 0)
    cropped = clip_record(Clips(n_frames=4), FramePixels(32, "crop", "bilinear"))
    assert differences(squashed, cropped) is not None
    assert squashed.stride == cropped.stride == ""  # of whole videos, which may be squashed too, it is not empty


def test_further_views_and_embeddings_exclude_each_other() -> None:
    with pytest.raises(ValueError, match=r"leave out data\.embeddings, or set clips\.views to null"):
        set_up(clips=Clips(views=AugmentedViews()), embeddings="folder")


def test_training_does_not_read_embeddings() -> None:
    with pytest.raises(ValueError, match="is for test, validate and predict"):
        set_up(embeddings="folder", loading=Loading(n_workers=0))


TRIMMED = [name for name in data_sets.__all__ if issubclass(getattr(data_sets, name), EmbeddedSets)]


@pytest.mark.parametrize("name", TRIMMED)
def test_every_data_set_of_trimmed_videos_takes_embeddings(name: str) -> None:
    needed = {"train": "videos"} if name == "VideoFolder" else {}
    module = getattr(data_sets, name)(embeddings="folder", **needed)
    assert module.embeddings == Path("folder")
    assert not module.reads_files
