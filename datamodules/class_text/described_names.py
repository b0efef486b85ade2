"""Templates around "Name: text", as TACO's zero-shot tests have them (Zhu et al. 2026, `lists/*/rephrased/*.csv`).

The authors' texts are sentences by a language model, "Brush hair: A person is using a brush to style their hair"; here
they are those of any file of class text, such as `zsar describe` writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.templates import fill_templates


def fill_with_descriptions(text: ClassText, templates: str | Sequence[str]) -> ClassText:
    """Fills templates with the name and the text of each class.

    Args:
        text: Class text from a file, one prompt of each class. Its full stop at the end is left out, as templates end
            in their own.
        templates: As `fill_templates` takes them.

    Returns:
        A prompt of each template, whose source names the file first.

    Raises:
        ValueError: There are several texts of a class, or a template does not have exactly one "{}".
    """
    if text.prompts_per_class != 1:
        raise ValueError(
            f"text.names is described, which puts one text of each class into templates, but {text.source} has "
            f"{text.prompts_per_class}; name a file with one, or set text.names to clean"
        )
    spoken = [
        f"{name[:1].upper()}{name[1:]}: {prompt.rstrip().removesuffix('.')}"
        for name, (prompt,) in zip(text.names, text.prompts, strict=True)
    ]
    filled = fill_templates(text.set_name, text.names, templates, spoken=spoken)
    return replace(filled, source=f"{text.source} after the name, in {filled.source}")
