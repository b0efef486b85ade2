"""The twelve attributes of an action in AP-CLIP's prompts, four each for scene, actor and body.

AP-CLIP (action-conditioned prompts) gives every class 36 sentences, 3 for each of 12 attributes. The paper shows its
attributes only in a figure and names some in its text (scene, involved elements, clothing, surroundings, move
speed, body part movement); those below are ours.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Group = Literal["Scene", "Actor", "Body"]


@dataclass(frozen=True)
class Attribute:
    """One visible aspect of an action.

    Attributes:
        name: Its key in class-text files.
        group: Scene, Actor or Body.
        question: The question that prompts of this attribute answer.
    """

    name: str
    group: Group
    question: str


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("location", "Scene", "At what kind of place does it happen?"),
    Attribute("objects_and_props", "Scene", "Which objects and tools are in the picture, and how are they used?"),
    Attribute("background_and_lighting", "Scene", "What is behind the people, and how is it lit?"),
    Attribute("typical_context", "Scene", "On what occasion or in the course of what does it happen?"),
    Attribute("who_and_how_many", "Actor", "Who does it, and how many people take part?"),
    Attribute("clothing_and_gear", "Actor", "What do they wear and carry on the body?"),
    Attribute("expression_and_gaze", "Actor", "What does the face show, and where do the eyes look?"),
    Attribute("interaction_partner", "Actor", "With which person, animal or thing do they interact, and how?"),
    Attribute("body_parts", "Body", "Which parts of the body do it?"),
    Attribute("body_part_movement", "Body", "How do these parts of the body move?"),
    Attribute("posture", "Body", "What is the posture of the whole body?"),
    Attribute("speed_and_rhythm", "Body", "How fast is the movement, and does it repeat?"),
)


def attributes_of_groups(groups: Sequence[str] | None, present: Collection[str]) -> tuple[Attribute, ...]:
    """The attributes of groups, as far as a file has them.

    AP-CLIP's Table 5 compares prompts with and without the attributes of the body.

    Args:
        groups: "Scene", "Actor", "Body", each at most once, in any order; None for all.
        present: Names of the attributes that the file has.

    Returns:
        The attributes in the order of `ATTRIBUTES`, at least one for each group.

    Raises:
        ValueError: A group is unknown or has no attribute in the file.
    """
    check_groups(groups)
    chosen = tuple(a for a in ATTRIBUTES if a.name in present and (groups is None or a.group in groups))
    lacking = [group for group in groups or () if group not in {attribute.group for attribute in chosen}]
    if lacking:
        there = dict.fromkeys(attribute.group for attribute in ATTRIBUTES if attribute.name in present)
        raise ValueError(
            f"text.groups has {', '.join(lacking)}, but the file has no attribute of that group; choose among "
            f"{', '.join(there)}"
        )
    return chosen


def check_groups(groups: Sequence[str] | None) -> None:
    """Checks a choice of groups.

    Raises:
        ValueError: It is empty, or a group is unknown or named twice.
    """
    if groups is None:
        return
    known = get_args(Group)
    if not groups or len(set(groups)) != len(groups) or not set(groups) <= set(known):
        raise ValueError(
            f"text.groups must be one or more of {', '.join(known)}, each once; got {list(groups)}; null reads all"
        )
