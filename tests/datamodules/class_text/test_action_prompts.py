import pytest

from zsar.datamodules.class_text.action_prompts import ATTRIBUTES, attribute_of_prompts


def test_there_are_four_attributes_each_of_scene_actor_and_body() -> None:
    assert [attribute.group for attribute in ATTRIBUTES] == ["Scene"] * 4 + ["Actor"] * 4 + ["Body"] * 4
    assert len({attribute.name for attribute in ATTRIBUTES}) == 12
    assert all(attribute.question.endswith("?") for attribute in ATTRIBUTES)


def test_prompts_lie_attribute_by_attribute() -> None:
    of_prompts = attribute_of_prompts(36)
    assert len(of_prompts) == 36
    assert [attribute.name for attribute in of_prompts[:4]] == ["location"] * 3 + ["objects_and_props"]
    assert of_prompts[35].name == "speed_and_rhythm"
    assert attribute_of_prompts(12) == ATTRIBUTES


@pytest.mark.parametrize("n_prompts", [0, 1, 16, 35])
def test_another_number_of_prompts_is_refused(n_prompts: int) -> None:
    with pytest.raises(ValueError, match=f"{n_prompts} prompts cannot be divided by attribute: .* multiple of 12"):
        attribute_of_prompts(n_prompts)
