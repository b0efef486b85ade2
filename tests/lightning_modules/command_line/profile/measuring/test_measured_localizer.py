import pytest
import torch

from zsar.datamodules.data_sets import UntrimmedShapes
from zsar.datamodules.settings import UntrimmedLoading
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.command_line.profile.measuring.class_texts import made_up
from zsar.lightning_modules.command_line.profile.measuring.host_memory import PeakMemory
from zsar.lightning_modules.command_line.profile.measuring.measured_localizer import LocalizerProfile, minute_record
from zsar.lightning_modules.command_line.profile.measuring.steps import Steps
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.t3al import T3AL

CPU = torch.device("cpu")
TINY = ClipSettings("tiny-clip", "random")


def profile_of(model: ActionLocalizer, loading: UntrimmedLoading) -> LocalizerProfile:
    frames = torch.randint(256, (4, 3, 32, 32), dtype=torch.uint8)
    module = UntrimmedShapes(loading=loading)
    return LocalizerProfile(model, module, made_up(module, 3), frames, CPU, 2, PeakMemory(CPU))


@pytest.mark.parametrize(
    ("stride", "n"), [(FrameStride(), 1500), (FrameStride(25), 60), (FrameStride(None, 0.5), 120)], ids=str
)
def test_the_frames_of_a_minute_by_hand(stride: FrameStride, n: int) -> None:
    profile = profile_of(FrameWiseCLIP(backbone=TINY), UntrimmedLoading(stride=stride))
    assert profile.n_frames_of_minute == n


def test_features_and_search_are_timed() -> None:
    profile = profile_of(FrameWiseCLIP(backbone=TINY), UntrimmedLoading(stride=FrameStride(25)))
    features, search = profile.features(), profile.search()
    assert (features.n_videos, features.n_frames, len(features.seconds)) == (0, 4, 2)
    assert (search.n_videos, search.n_frames, len(search.seconds)) == (1, 60, 2)


def test_seconds_of_a_minute_by_hand() -> None:
    features = Steps((2.0,), n_videos=0, n_frames=4, memory={})  # 2 frames a second
    search = Steps((3.0,), n_videos=1, n_frames=60, memory={})
    expected = {"n_frames": 60, "features": 30.0, "search": 3.0, "decode": 1.5}
    assert minute_record(features, search, 60, 1.5) == expected
    assert minute_record(None, None, 60, None) == {"n_frames": 60}


def test_captions_that_a_test_reads_are_read_and_others_generated_or_refused() -> None:
    """The tiny CLIP generates none."""
    model = T3AL(backbone=TINY, tuning=ProjectionTuning(n_steps=1))
    stride = FrameStride(None, 2.0)
    stored = profile_of(model, UntrimmedLoading(stride=stride, captions="captions"))
    assert stored.search().median_seconds > 0
    assert model.n_adaptations == 3  # one to warm up, two measured
    with pytest.raises(BackboneError):
        profile_of(model, UntrimmedLoading(stride=stride)).search()
