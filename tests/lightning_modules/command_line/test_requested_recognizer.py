from pathlib import Path

import pytest

from tests.makers.models.text_towers import text_backbone
from tests.makers.models.tiny_tokenizers import tokenizer_folder
from zsar.lightning_modules.clip import ZeroShotCLIP
from zsar.lightning_modules.command_line.options.shared import (
    ClassTextOptions,
    RecognizerOptions,
    SquareRecognizerOptions,
    ViewedRecognizerOptions,
)
from zsar.lightning_modules.command_line.requested_recognizer import requested_class_text, requested_recognizer


def test_names_are_put_into_the_template_and_checked_against_the_model() -> None:
    asked = ClassTextOptions(classes="surfing, swimming", template="photo")
    text = requested_class_text(asked, RecognizerOptions())
    assert text.prompts == (("a photo of a surfing.",), ("a photo of a swimming.",))
    long = ClassTextOptions(classes=f"surfing, {'very ' * 100}long")
    with pytest.raises(ValueError, match="tokens in its prompt, but ViT-B-16-quickgelu reads 77"):
        requested_class_text(long, RecognizerOptions())
    assert len(requested_class_text(long, None).names) == 2  # the model is not chosen by options


def test_there_are_two_classes_at_least() -> None:
    with pytest.raises(ValueError, match=r"at least 2 class names to choose from; got \['surfing'\]"):
        requested_class_text(ClassTextOptions(classes="surfing"), None)


def test_a_checkpoint_names_its_own_architecture(tiny_weights: Path) -> None:
    asked = SquareRecognizerOptions(architecture="tiny-clip", weights=str(tiny_weights))
    assert isinstance(requested_recognizer(asked, device="cpu"), ZeroShotCLIP)
    with pytest.raises(ValueError, match="--checkpoint names its own architecture; leave --architecture out"):
        requested_recognizer(SquareRecognizerOptions(architecture="tiny-clip", checkpoint=Path("a.ckpt")), device="cpu")


def test_a_tokenizer_is_given_where_text_is_read(tmp_path: Path) -> None:
    named = text_backbone(tmp_path, "xlm_v")
    asked = ViewedRecognizerOptions(
        architecture=named.architecture, weights="random", tokenizer=tokenizer_folder(tmp_path, "clipa")
    )
    model = requested_recognizer(asked, device="cpu")
    assert model.backbone.text.frame.before == (2,)  # as the option, not as the config
    assert requested_recognizer(SquareRecognizerOptions(architecture="tiny-clip", weights="random"), device="cpu")
