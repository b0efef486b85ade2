import pytest

from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.command_line.localize.localize_options import COMMAND
from zsar.lightning_modules.command_line.localize.requested_features import requested_features


@pytest.mark.parametrize(
    ("arguments", "stride"),
    [
        ([], FrameStride(frames=None, seconds=0.25)),
        (["--stride", "3"], FrameStride(frames=3)),
        (["--stride_seconds", "2"], FrameStride(frames=None, seconds=2.0)),
    ],
)
def test_features_are_stored_in_half_precision_with_the_given_stride(arguments: list[str], stride: FrameStride) -> None:
    features = requested_features(COMMAND.parse(["a.mp4", "--classes", "surfing", *arguments]))
    assert (features.stride, features.dtype) == (stride, "fp16")
