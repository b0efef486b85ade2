"""The class text of a profile: the data set's own, cut to a number of classes, or made up where it is not here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zsar.datamodules.batch import ClassText
from zsar.datamodules.choices.action_template import TRAINED_TEMPLATE
from zsar.datamodules.class_text.templates import fill_templates

N_MADE_UP = 400  # as many as Kinetics-400 has
MADE_UP = "made up"


def class_texts(
    module: Any,  # noqa: ANN401 - a data module of trimmed or untrimmed videos
    stages: tuple[str, ...],
    *,
    n_classes: int | None,
    is_stated: bool,
) -> Mapping[str, ClassText]:
    """The classes of the first set of each stage.

    Args:
        module: The data module; nothing of it needs to be set up.
        stages: "fit", "test".
        n_classes: How many classes; None for all, or `N_MADE_UP` made-up ones.
        is_stated: Whether the user states a data set; else all names are made up.

    Raises:
        ValueError: The data set has fewer classes, or its names are in files that are not here and no number is given.
    """
    if not is_stated:
        return dict.fromkeys(stages, made_up(module, n_classes or N_MADE_UP))
    try:
        texts = {stage: module.class_text(stage)[0] for stage in stages}
    except FileNotFoundError as error:
        if n_classes is None:
            raise ValueError(
                f"the class names of {type(module).__name__} are not on this machine ({error}); give --n_classes C to "
                "measure with C made-up ones"
            ) from error
        return dict.fromkeys(stages, made_up(module, n_classes))
    return {stage: _cut(text, n_classes, type(module).__name__) for stage, text in texts.items()}


def made_up(module: Any, n_classes: int) -> ClassText:  # noqa: ANN401 - as above
    """Class text of names that mean nothing, in the templates of a data module.

    Args:
        module: The data module.
        n_classes: How many.
    """
    names = [f"doing thing number {number}" for number in range(n_classes)]
    templates = getattr(getattr(module, "text", None), "templates", TRAINED_TEMPLATE)
    text = fill_templates(MADE_UP, names, templates)
    return replace(text, source=f"{MADE_UP}: {text.source}")


def _cut(text: ClassText, n_classes: int | None, name: str) -> ClassText:
    if n_classes is None:
        return text
    if n_classes > len(text.names):
        raise ValueError(
            f"--n_classes {n_classes}: the set {text.set_name!r} of {name} has {len(text.names)} classes; give fewer, "
            "or leave it out"
        )
    return replace(text, names=text.names[:n_classes], prompts=text.prompts[:n_classes])
