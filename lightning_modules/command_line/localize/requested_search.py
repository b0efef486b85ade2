"""The search that the options of `zsar localize` request: classes, localizer and features."""

from __future__ import annotations

from zsar.api.class_names import check_names_fit, read_class_names
from zsar.api.localization.method_settings import STRIDE_SECONDS
from zsar.api.localization.search import Search, ready_search
from zsar.datamodules.batch import ClassText
from zsar.datamodules.choices.action_template import ACTION_TEMPLATE, TRAINED_TEMPLATE
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.command_line.localize.localize_options import LocalizeOptions
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.weights.default_weights import default_weights
from zsar.lightning_modules.t3al.t3al import T3AL

LOCALIZERS: dict[str, type[ActionLocalizer]] = {kind.method: kind for kind in (T3AL, FrameWiseCLIP)}
"""The methods that `--method` names."""


def requested_names(options: LocalizeOptions) -> ClassText:
    """The classes, checked before a model is loaded as far as that is possible.

    Args:
        options: The parsed command line.

    Raises:
        FileNotFoundError: There is no such file of names.
        ValueError: There are too few classes, a file is malformed, or a prompt is too long for the model.
    """
    names = read_class_names(options.text.classes, options.text.classes_file)
    least = LOCALIZERS[options.method_name].least_classes
    if len(names) < least:
        why = ", as each frame is assigned to one of them" if least > 1 else ""
        raise ValueError(
            f"--method {options.method_name} needs at least {least} class name{'s' if least > 1 else ''}{why}; "
            f'got {names}. Give them as --classes "a, b, c" or --classes_file FILE'
        )
    usual = ACTION_TEMPLATE if options.model.checkpoint is None else TRAINED_TEMPLATE
    text = fill_templates("localize", names, usual if options.text.template is None else options.text.template)
    if options.model.checkpoint is None:
        check_names_fit(text, options.architecture, options.model.tokenizer)
    return text


def requested_stride(options: LocalizeOptions) -> FrameStride:
    """The frames that are used."""
    asked = options.stride
    if asked.stride is not None:
        return FrameStride(frames=asked.stride)
    return FrameStride(frames=None, seconds=STRIDE_SECONDS if asked.stride_seconds is None else asked.stride_seconds)


def requested_clip(options: LocalizeOptions) -> ClipSettings:
    """The CLIP model, if there is no checkpoint."""
    tokenizer = options.model.tokenizer
    return ClipSettings(
        options.architecture,
        options.model.weights or default_weights(options.architecture),
        frame_statistics=options.model.frame_statistics,
        tokenizer=None if tokenizer is None else str(tokenizer),
    )


def requested_search(options: LocalizeOptions, text: ClassText) -> Search:
    """The search, with the localizer loaded, on its device.

    Args:
        options: The parsed command line.
        text: The classes.

    Raises:
        ValueError: The method cannot use the model, or a prompt is too long for it.
        BackboneError: The model cannot be built, or cannot write captions.
        CheckpointError: The checkpoint cannot be read.
    """
    asked = options.model
    return ready_search(
        requested_clip(options) if asked.checkpoint is None else asked.checkpoint,
        options.method_name,
        options.settings,
        text,
        weights=asked.weights,
        tokenizer=None if asked.tokenizer is None else str(asked.tokenizer),
        device=options.device.device,
        stride=requested_stride(options),
        geometry=options.geometry.geometry,
        batch_size=options.batch.batch_size,
        n_workers=options.workers.n_workers,
        on_damage=options.damage.on_damage,
    )
