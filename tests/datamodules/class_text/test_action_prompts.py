import pytest

from zsar.datamodules.class_text.action_prompts import ATTRIBUTES, attributes_of_groups, check_groups


def test_there_are_four_attributes_each_of_scene_actor_and_body() -> None:
    assert [attribute.group for attribute in ATTRIBUTES] == ["Scene"] * 4 + ["Actor"] * 4 + ["Body"] * 4
    assert len({attribute.name for attribute in ATTRIBUTES}) == 12
    assert all(attribute.question.endswith("?") for attribute in ATTRIBUTES)


ALL = [attribute.name for attribute in ATTRIBUTES]


def test_groups_choose_attributes_in_the_order_of_the_code() -> None:
    assert attributes_of_groups(None, ALL) == ATTRIBUTES
    assert attributes_of_groups(["Actor", "Scene"], ALL[::-1]) == ATTRIBUTES[:8]
    assert attributes_of_groups(["Body"], ALL) == ATTRIBUTES[8:]


def test_only_the_attributes_of_the_file_are_chosen() -> None:
    present = {"posture", "location", "clothing_and_gear"}
    assert [a.name for a in attributes_of_groups(None, present)] == ["location", "clothing_and_gear", "posture"]
    assert [a.name for a in attributes_of_groups(["Scene", "Actor"], present)] == ["location", "clothing_and_gear"]


def test_a_group_without_attributes_in_the_file_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"text\.groups has Body, but the file has no attribute .* among Scene, Actor"):
        attributes_of_groups(["Scene", "Body"], ALL[:8])


@pytest.mark.parametrize("groups", [[], ["Scene", "Scene"], ["scene"]])
def test_a_choice_that_is_no_choice_is_an_error(groups: list[str]) -> None:
    with pytest.raises(ValueError, match=r"one or more of Scene, Actor, Body, each once; got \[.*; null reads all"):
        check_groups(groups)
