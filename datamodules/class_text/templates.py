"""Templates that turn a class name into prompts, with their sources."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from zsar.datamodules.batch import ClassText

_OPEN_VCLIP_VERBS = ("using", "doing", "during", "performing", "practicing")

TEMPLATES: dict[str, tuple[str, ...]] = {
    # The unchanged name, for names that are sentences and for descriptions.
    "name": ("{}",),
    # CLIP's default for images (Radford et al. 2021, section 3.1.4).
    "photo": ("a photo of a {}.",),
    # ViFi-CLIP's prompt (Rasheed et al. 2023, implementation details).
    "vifi_clip": ("a photo of {}.",),
    # The lead of AP-CLIP's prompts (Jia et al. 2024, section 3.2); other wordings for videos work as well.
    "video": ("a video of {}.",),
    # The 28 prompts of Open-VCLIP (Weng et al. 2023), after those of CLIP for UCF-101 ("a example", as in its code).
    "open_vclip": tuple(
        f"a {medium} of {person}{{}}."
        for medium in ("photo", "video", "example", "demonstration")
        for person in ("", "a person ", *(f"a person {verb} " for verb in _OPEN_VCLIP_VERBS))
    ),
    # The 16 prompts of ActionCLIP (Wang et al. 2021), which T2L uses without descriptions.
    "action_clip": (
        "a photo of action {}",
        "a picture of action {}",
        "Human action of {}",
        "{}, an action",
        "{} this is an action",
        "{}, a video of action",
        "Playing action of {}",
        "{}",
        "Playing a kind of action, {}",
        "Doing a kind of action, {}",
        "Look, the human is {}",
        "Can you recognize the action of {}?",
        "Video classification of {}",
        "A video of {}",
        "The man is {}",
        "The woman is {}",
    ),
}


def spoken_names(
    names: Sequence[str], exact: Mapping[str, str], *, renamed: Mapping[str, str] | None, known: Collection[str]
) -> list[str]:
    """What fills the templates for each class.

    Args:
        names: Class names, in label order.
        exact: Class name -> another spelling, for those that are to have one.
        renamed: Class name -> other words, which come first; None for none.
        known: All classes of the data set, of which `names` may be a part.

    Raises:
        ValueError: A class that is renamed is not among those known.
    """
    other = renamed or {}
    if unknown := [name for name in other if name not in known]:
        raise ValueError(
            f"text.renamed names {unknown[0]!r}, which is no class of this data set; give its clean name, such as "
            f"{next(iter(known), '')!r}"
        )
    return [other.get(name, exact.get(name, name)) for name in names]


def fill_templates(
    set_name: str, names: Sequence[str], templates: str | Sequence[str], *, spoken: Sequence[str] | None = None
) -> ClassText:
    """Class text from class names.

    Args:
        set_name: Name of the set of videos.
        names: C class names, in label order.
        templates: The name of a set in `TEMPLATES`, a template with one "{}", or several such templates.
        spoken: C names to put into the templates, if they differ from the class names; else None.

    Returns:
        The names with P prompts each.

    Raises:
        ValueError: The set is unknown, or a template does not have exactly one "{}".
    """
    if isinstance(templates, str) and templates in TEMPLATES:
        filled, source = TEMPLATES[templates], f"templates: {templates}"
    else:
        filled = (templates,) if isinstance(templates, str) else tuple(templates)
        source = f"templates: {' | '.join(filled)}"
    for template in filled:
        if template.count("{}") != 1:
            raise ValueError(
                f"{template!r} is neither a template with one {{}} for the class name nor a set of templates "
                f"({', '.join(TEMPLATES)})"
            )
    prompts = tuple(tuple(template.replace("{}", name) for template in filled) for name in spoken or names)
    return ClassText(set_name=set_name, names=tuple(names), prompts=prompts, source=source, templates=filled)
