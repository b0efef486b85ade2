import pytest

from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError


def test_a_localizer_says_how_it_is_built() -> None:
    with pytest.raises(CheckpointError, match=r"^FrameWiseCLIP has no checkpoints.*FrameWiseCLIP\(backbone="):
        FrameWiseCLIP.load_from_checkpoint("a.ckpt")
