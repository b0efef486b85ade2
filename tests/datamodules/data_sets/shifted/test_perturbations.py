import pytest

from zsar.datamodules.data_sets.shifted.perturbations import (
    PERTURBATIONS,
    Condition,
    conditions_of,
    listed_in_words,
    shift_of,
)


def test_there_are_18_perturbations_in_five_groups_and_90_conditions() -> None:
    assert {group: len(members) for group, members in PERTURBATIONS.items()} == {
        "noise": 4,
        "blur": 3,
        "digital": 3,
        "temporal": 5,
        "camera": 3,
    }
    conditions = conditions_of("all", "all")
    assert len({condition.folder for condition in conditions}) == len(conditions) == 18 * 5
    assert conditions[:2] == (Condition("gaussian_noise", 1), Condition("gaussian_noise", 2))
    assert (conditions[-1].set_name, conditions[-1].folder) == ("translation_5", "translation/5")


def test_a_perturbation_or_a_severity_can_be_chosen() -> None:
    assert conditions_of("fog", 3) == (Condition("fog", 3),)
    assert [condition.severity for condition in conditions_of("fog", "all")] == [1, 2, 3, 4, 5]
    strongest = conditions_of("all", 5)
    assert len(strongest) == 18
    assert {condition.severity for condition in strongest} == {5}


@pytest.mark.parametrize(
    ("perturbation", "severity", "words"),
    [
        ("all", "all", "all perturbations"),
        ("all", 2, "all perturbations 2"),
        ("fog", "all", "fog"),
        ("fog", 3, "fog 3"),
    ],
)
def test_the_shift_is_named_as_in_published_figures(perturbation: str, severity: int, words: str) -> None:
    assert shift_of(perturbation, severity) == words


def test_a_perturbation_of_ones_own_is_its_own_group() -> None:
    assert Condition("zoom_blur", 1).describe() == {"perturbation": "zoom_blur", "severity": 1, "group": "blur"}
    assert Condition("fog", 1).describe()["group"] == "fog"


def test_many_conditions_are_told_in_few_words() -> None:
    conditions = (*conditions_of("jpeg", "all"), Condition("fog", 1), Condition("fog", 4))
    assert listed_in_words(conditions) == "jpeg (all severities), fog (1, 4)"
