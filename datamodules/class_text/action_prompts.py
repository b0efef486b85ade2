"""The twelve attributes of an action in AP-CLIP's prompts, four each for scene, actor and body.

AP-CLIP (action-conditioned prompts) gives every class 36 sentences, 3 for each of 12 attributes. The paper shows its
attributes only in a figure and names some in its text (scene, involved elements, clothing, surroundings, move
speed, body part movement); those below are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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


def attribute_of_prompts(n_prompts: int) -> tuple[Attribute, ...]:
    """The attribute of each prompt of a class.

    Args:
        n_prompts: P, the number of prompts of a class, which are grouped by attribute in the order of `ATTRIBUTES`.

    Returns:
        P attributes.

    Raises:
        ValueError: P is not a multiple of the number of attributes.
    """
    per_attribute, rest = divmod(n_prompts, len(ATTRIBUTES))
    if rest or per_attribute < 1:
        raise ValueError(
            f"{n_prompts} prompts cannot be divided by attribute: their number must be a multiple of "
            f"{len(ATTRIBUTES)}, as `zsar describe --kind action_prompts` writes them"
        )
    return tuple(attribute for attribute in ATTRIBUTES for _ in range(per_attribute))
