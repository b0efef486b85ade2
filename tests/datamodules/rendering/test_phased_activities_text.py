"""What prompts say of the phased activities, in the files that ship too."""

from __future__ import annotations

from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.datamodules.class_text.text_files import FOLDER, read_class_text_file
from zsar.datamodules.rendering.phased_activities_rendering import Activity, Phase, all_activities
from zsar.datamodules.rendering.phased_activities_text import action_prompts, description, wrong_attribute

GLORV = Activity("glorv", (Phase("red", "circle", "on the left"), Phase("blue", "square", "on the top")), is_base=True)


def test_prompts_speak_of_the_phases_in_turn() -> None:
    prompts = {name: text for name, (text,) in action_prompts(GLORV).items() if name != wrong_attribute(GLORV)}
    expected = {
        "location": "a photo of a red circle on the left",
        "objects_and_props": "one square and nothing else",
        "background_and_lighting": "a red spot on dull grey",
        "typical_context": "a photo of a blue square",
        "body_part_movement": "a photo of a blue square moving on the top",
    }
    assert {name: text for name, text in expected.items() if name != wrong_attribute(GLORV)}.items() <= prompts.items()
    assert len(prompts) == len(ATTRIBUTES) - 1


def test_a_description_names_all_objects() -> None:
    assert description(GLORV) == "a photo of a red circle and a blue square"
    three = Activity("glorv", (*GLORV.phases, Phase("green", "cross", "on the right")), is_base=True)
    assert description(three) == "a photo of a red circle, a blue square and a green cross"


def test_one_prompt_of_each_activity_is_wrong_and_names_an_object_that_is_not_there() -> None:
    drawn = set()
    for activity in all_activities():
        wrong = wrong_attribute(activity)
        drawn.add(wrong)
        for name, (text,) in action_prompts(activity).items():
            fits = [p for p in activity.phases if {p.colour, p.shape} & set(text.split()) and p.object_name in text]
            if name == wrong:
                assert activity.absent_objects[0] in text
                assert fits == []
            elif "wrong" in text or activity.absent_objects[0] in text:
                raise AssertionError(f"{name} of {activity} is wrong too")
    assert len(drawn) > 5


def test_sentences_are_shared_by_several_activities() -> None:
    """A sentence belongs to about seven activities on average; those with a colour alone to many more."""
    texts = [text for a in all_activities() for (text,) in action_prompts(a).values()]
    assert len(texts) == 1248
    assert len(set(texts)) < len(texts) / 5


def test_the_shipped_files_are_these_texts() -> None:
    shipped = read_class_text_file(FOLDER / "phased_activities_action_prompts.json").classes
    assert shipped == {activity.name: action_prompts(activity) for activity in all_activities()}
    shipped = read_class_text_file(FOLDER / "phased_activities_descriptions.json").classes
    assert shipped == {activity.name: description(activity) for activity in all_activities()}
