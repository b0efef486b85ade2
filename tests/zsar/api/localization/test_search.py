"""What a search is put together from."""

from pathlib import Path

import pytest

from tests.makers.models.every_recognizer import recognizer
from zsar.api.extraction.embedding_extraction import EmbeddingExtraction
from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.api.localization.localizers import ReadyLocalizer, ready_localizer
from zsar.api.localization.method_settings import MethodSettings
from zsar.api.localization.search import check_enough_classes, feature_extraction, feature_folder, to_device
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.runtime.processes.cpu_count import cpu_count


@pytest.fixture
def clip(tiny_weights: Path) -> ReadyLocalizer:
    return ready_localizer(ClipSettings("tiny-clip", str(tiny_weights)), None, MethodSettings())


@pytest.fixture
def trained(tiny_weights: Path) -> ReadyLocalizer:
    return ready_localizer(recognizer("T2L", tiny_weights), None, MethodSettings())


def features_of(ready: ReadyLocalizer, *, n_workers: int | None = None, batch_size: int = 8) -> FeatureExtraction:
    return feature_extraction(
        ready,
        stride=FrameStride(),
        geometry="squash",
        batch_size=batch_size,
        n_workers=n_workers,
        on_damage="raise",
    )


def test_features_are_of_clip_or_embeddings_of_the_recognizer(clip: ReadyLocalizer, trained: ReadyLocalizer) -> None:
    assert type(features_of(clip)) is FeatureExtraction
    of_trained = features_of(trained)
    assert isinstance(of_trained, EmbeddingExtraction)
    assert of_trained.model is trained.recognizer


def test_one_processor_is_left_to_the_model_unless_said(clip: ReadyLocalizer) -> None:
    assert features_of(clip).n_workers == max(1, cpu_count() - 1)
    assert features_of(clip, n_workers=0).n_workers == 0


def test_numbers_out_of_range_are_explained(clip: ReadyLocalizer) -> None:
    with pytest.raises(ValueError, match="n_workers must be at least 0; got -1"):
        features_of(clip, n_workers=-1)
    with pytest.raises(ValueError, match="batch_size must be at least 1; got 0"):
        features_of(clip, batch_size=0)


def test_a_method_needs_as_many_classes_as_it_chooses_from(clip: ReadyLocalizer, trained: ReadyLocalizer) -> None:
    check_enough_classes(["a"], clip)
    check_enough_classes(["a", "b"], trained)
    with pytest.raises(ValueError, match="at least 1 class name; got"):
        check_enough_classes([], clip)
    with pytest.raises(ValueError, match="at least 2 class names, as the method assigns each frame to one of them"):
        check_enough_classes(["a"], trained)


def test_localizers_of_both_kinds_move(clip: ReadyLocalizer, trained: ReadyLocalizer) -> None:
    for ready in (clip, trained):
        to_device(ready, "meta")
        assert ready.localizer.device.type == "meta"


def test_a_folder_that_is_not_given_is_removed(tmp_path: Path) -> None:
    with feature_folder(tmp_path) as given, feature_folder(None) as temporary:
        assert given == tmp_path
        assert temporary.is_dir()
    assert not temporary.exists()
    assert tmp_path.is_dir()
