import pytest

from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


@pytest.mark.parametrize("recomputes", [False, True])
def test_a_trained_model_is_built_as_the_settings_say(recomputes: bool) -> None:
    backbone = TrainedClipSettings("tiny-clip", "random", gradient_checkpointing=recomputes).build()
    assert (backbone.architecture, backbone.gradient_checkpointing) == ("tiny-clip", recomputes)


def test_a_frozen_model_has_nothing_to_recompute() -> None:
    assert not ClipSettings("tiny-clip", "random").build().gradient_checkpointing
    with pytest.raises(TypeError, match="gradient_checkpointing"):
        ClipSettings("tiny-clip", "random", gradient_checkpointing=True)  # type: ignore[call-arg]


def test_weights_that_are_not_there_are_an_error_when_the_model_is_built() -> None:
    settings = ClipSettings("tiny-clip", "nowhere.pt")
    with pytest.raises(BackboneError, match=r"'nowhere.pt' is neither a file nor an open_clip tag"):
        settings.build()
