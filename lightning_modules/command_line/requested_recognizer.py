"""The recognizer and the class text that the options of a command request."""

from __future__ import annotations

from zsar.api.class_names import check_names_fit, read_class_names
from zsar.api.loading import load
from zsar.datamodules.batch import ClassText
from zsar.datamodules.choices.action_template import TRAINED_TEMPLATE
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.class_text.text_files import read_class_text
from zsar.lightning_modules.command_line.options.shared import (
    ClassTextOptions,
    RecognizerOptions,
    SquareRecognizerOptions,
    TokenizerOption,
)
from zsar.lightning_modules.open_clip_towers.weights.default_weights import DEFAULT_ARCHITECTURE
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


def requested_class_text(text: ClassTextOptions, model: RecognizerOptions | None) -> ClassText:
    """The classes to choose from, checked before a model is loaded as far as that is possible.

    Args:
        text: The options of the classes.
        model: The options of the model; None if it is not chosen by them.

    Raises:
        ValueError: There are fewer than two classes, a file is malformed, or a prompt is too long for the model.
    """
    names = read_class_names(text.classes, text.classes_file)
    if len(names) < 2:
        raise ValueError(
            f'there must be at least 2 class names to choose from; got {names}. Give them as --classes "a, b, c" or '
            "--classes_file FILE"
        )
    if text.descriptions is not None:
        return read_class_text("classify", names, text.descriptions)
    filled = fill_templates("classify", names, TRAINED_TEMPLATE if text.template is None else text.template)
    if model is not None and model.checkpoint is None:
        tokenizer = model.tokenizer if isinstance(model, TokenizerOption) else None
        check_names_fit(filled, model.architecture or DEFAULT_ARCHITECTURE, tokenizer)
    return filled


def requested_recognizer(asked: SquareRecognizerOptions, *, device: str) -> ActionRecognizer:
    """The recognizer of a checkpoint, or frozen CLIP.

    Args:
        asked: The options.
        device: As for `zsar.load`.

    Raises:
        ValueError: A checkpoint is given, and an architecture or what it states itself.
        CheckpointError: The checkpoint cannot be loaded.
        BackboneError: The CLIP model or its weights cannot be loaded.
    """
    asked.check_one_model()
    return load(
        asked.checkpoint or asked.architecture or DEFAULT_ARCHITECTURE,
        weights=asked.weights,
        tokenizer=asked.tokenizer if isinstance(asked, TokenizerOption) else None,
        frame_statistics=asked.frame_statistics,
        frame_geometry=asked.frame_geometry,
        device=device,
    )
