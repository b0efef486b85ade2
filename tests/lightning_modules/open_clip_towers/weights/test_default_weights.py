import pytest
from open_clip.pretrained import get_pretrained_cfg

from zsar.lightning_modules.open_clip_towers.weights.default_weights import OTHER_DEFAULTS, default_weights


@pytest.mark.parametrize("architecture", ["ViT-B-16-quickgelu", "ViT-L-14", *OTHER_DEFAULTS])
def test_the_default_is_a_tag_that_open_clip_has_for_the_architecture(architecture: str) -> None:
    assert get_pretrained_cfg(architecture, str(default_weights(architecture)))


def test_a_coca_is_the_one_that_writes_captions_and_all_else_is_openai_s() -> None:
    assert default_weights("coca_ViT-L-14") == "mscoco_finetuned_laion2B-s13B-b90k"
    assert default_weights("ViT-B-16") == "openai"


@pytest.mark.parametrize("architecture", ["hf-hub:someone/model", "local-dir:/models/clip"])
def test_a_model_that_brings_its_weights_has_no_default(architecture: str) -> None:
    assert default_weights(architecture) is None
