"""What is said of the phased activities in words that the tiny CLIP knows: twelve action prompts, or one description.

A prompt speaks of one phase: the first attribute of the first phase, the second of the second, and so on in turn. Most
activities share most of their sentences: those with a colour alone are said of every object of this colour. One of
the twelve prompts is wrong, as language models are: which one, and the object that it names, which is in no phase, are
drawn once for each activity and are part of the benchmark. These texts ship as `phased_activities_action_prompts.json`
and `phased_activities_descriptions.json`.
"""

from __future__ import annotations

import hashlib

from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.datamodules.rendering.phased_activities_rendering import Activity, Phase

_SENTENCES = {
    "location": "a photo of a {object} {place}",
    "objects_and_props": "one {shape} and nothing else",
    "background_and_lighting": "a {colour} spot on dull grey",
    "typical_context": "a photo of a {object}",
    "who_and_how_many": "a single {object}",
    "clothing_and_gear": "{colour} paint all over a {shape}",
    "expression_and_gaze": "a photo of a {object} moving",
    "interaction_partner": "a {object} that meets nobody",
    "body_parts": "the edges of a {object}",
    "body_part_movement": "a photo of a {object} moving {place}",
    "posture": "a {object} seen {place}",
    "speed_and_rhythm": "a {shape} gliding at one pace",
}


def action_prompts(activity: Activity) -> dict[str, list[str]]:
    """The sentence of each of AP-CLIP's twelve attributes, in the format of class-text files.

    Args:
        activity: The class.

    Returns:
        {attribute: [sentence]}; one of them is about an object that the activity does not show.
    """
    n_phases = len(activity.phases)
    wrong = wrong_attribute(activity)
    prompts = {}
    for number, attribute in enumerate(ATTRIBUTES):
        phase = activity.phases[number % n_phases]
        if attribute.name == wrong:
            colour, shape = activity.absent_objects[0].split()
            phase = Phase(colour, shape, phase.place)
        words = {"object": phase.object_name, "colour": phase.colour, "shape": phase.shape, "place": phase.place}
        prompts[attribute.name] = [_SENTENCES[attribute.name].format(**words)]
    return prompts


def wrong_attribute(activity: Activity) -> str:
    """The attribute whose prompt is wrong, drawn by a hash of the name."""
    digest = hashlib.sha256(f"wrong prompt of {activity.name}".encode()).digest()
    # What names a colour or a shape alone could be right about another phase.
    named = [name for name, sentence in _SENTENCES.items() if "{object}" in sentence]
    return named[int.from_bytes(digest[:4], "little") % len(named)]


def description(activity: Activity) -> str:
    """One sentence that names the object of every phase: as much as a text of 16 tokens holds."""
    *before, last = [f"a {phase.object_name}" for phase in activity.phases]
    return f"a photo of {', '.join(before)} and {last}"
