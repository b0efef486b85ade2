from itertools import permutations
from typing import Any

import pytest

from zsar.lightning_modules.experiments.composed_settings import Statement, compose, differences_of


def stating(source: str, *, is_option: bool = False, **stated: Any) -> Statement:
    """A statement of fragments, as `trainer={...}`, and of differences, as `trainer__max_epochs=5`."""
    fragments = {key: value for key, value in stated.items() if "__" not in key}
    differences = []
    for key, value in stated.items():
        section, *path = key.split("__")
        if path:
            differences += differences_of(section, tuple(path), value)
    return Statement(source, fragments, tuple(differences), is_option=is_option)


CLIP = {"class_path": "x.CLIP", "init_args": {"weights": "openai", "tuning": {"rate": 1, "steps": 2}}}
T2L = {"class_path": "x.T2L", "init_args": {"weights": "laion"}}


def test_differences_are_put_into_the_fragment_leaf_by_leaf() -> None:
    e = stating("e", model=CLIP, model__tuning={"steps": 9}, model__init_args__depth=3, trainer__max_epochs=5)
    init_args = {"weights": "openai", "tuning": {"rate": 1, "steps": 9}, "depth": 3}
    assert compose([e]) == {"model": {"class_path": "x.CLIP", "init_args": init_args}, "trainer": {"max_epochs": 5}}
    assert CLIP["init_args"] == {"weights": "openai", "tuning": {"rate": 1, "steps": 2}}  # not changed


def test_a_later_fragment_replaces_the_earlier_one_and_leaves_the_differences_that_it_does_not_state() -> None:
    e = stating("e", trainer={"devices": 1, "benchmark": True}, trainer__max_epochs=50, trainer__precision="32-true")
    ddp = {"devices": -1, "precision": "bf16-mixed"}
    expected = {"trainer": {"devices": -1, "precision": "bf16-mixed", "max_epochs": 50}}
    assert compose([e, stating("f", trainer=ddp)]) == expected
    own = stating("f", trainer=ddp, trainer__max_epochs=3)
    assert compose([e, own])["trainer"]["max_epochs"] == 3


def test_a_fragment_that_an_option_names_holds_wherever_it_stands() -> None:
    e = stating("e", trainer={"devices": 1}, trainer__max_epochs=50)
    ddp = stating("--trainer ddp", trainer={"devices": -1}, is_option=True)
    assert compose([e, ddp]) == compose([ddp, e]) == {"trainer": {"devices": -1, "max_epochs": 50}}


def test_differences_without_a_fragment_of_their_section_hold_over_any_fragment_in_any_order() -> None:
    e = stating("e", model=CLIP, trainer={"devices": 1})
    option = stating("--trainer f", trainer={"devices": 8, "precision": "16-true"}, is_option=True)
    lists = stating("lists", model__weights="mine", trainer__precision="32-true")
    expected = {
        "model": {**CLIP, "init_args": {**CLIP["init_args"], "weights": "mine"}},  # type: ignore[dict-item]
        "trainer": {"devices": 8, "precision": "32-true"},
    }
    assert all(compose(order) == expected for order in permutations([e, option, lists]))


def test_of_two_differences_the_later_one_holds() -> None:
    one, two = (stating(name, trainer__max_epochs=n) for name, n in (("one", 1), ("two", 2)))
    assert compose([one, two])["trainer"]["max_epochs"] == 2
    assert compose([two, one])["trainer"]["max_epochs"] == 1


def test_differences_for_another_class_are_refused_by_name() -> None:
    e = stating("e.yaml", model=CLIP, model__tuning__rate=3, model__depth=1)
    with pytest.raises(
        ValueError,
        match=r"^e\.yaml states model\.tuning\.rate, model\.depth for CLIP, which --model T2L replaces by T2L;",
    ):
        compose([e, stating("--model T2L", model=T2L, is_option=True)])
    assert compose([stating("e.yaml", model=CLIP), stating("f", model=T2L)]) == {"model": T2L}
    assert compose([stating("f", model=T2L, model__depth=2), stating("e.yaml", model__depth=1)])["model"] == {
        "class_path": "x.T2L",
        "init_args": {"weights": "laion", "depth": 1},
    }


def test_the_name_of_the_class_that_is_there_changes_nothing_and_a_fragment_of_it_does() -> None:
    e = stating("e", model=CLIP, model__depth=3)
    named = stating("--model CLIP", model={"class_path": "CLIP"}, is_option=True)
    assert compose([e, named]) == compose([named, e]) == compose([e])
    other = stating("f", model={"class_path": "x.CLIP", "init_args": {"weights": None}})
    assert compose([e, other])["model"]["init_args"] == {"weights": None, "depth": 3}


def test_a_new_adaptation_replaces_all_that_was_said_beside_the_old_one() -> None:
    zar = {"class_path": "PromptTuning", "init_args": {"method": "ZAR", "rate": 1}}
    tpt = {"class_path": "PromptTuning", "init_args": {"method": "TPT"}}
    e = stating("e", adaptation=zar, adaptation__phrase="a photo of a")
    assert compose([e, stating("tpt", adaptation=tpt)]) == {"adaptation": tpt}
    assert compose([e, stating("--adaptation null", adaptation=None, is_option=True)]) == {"adaptation": None}


def test_differences_of_a_class_that_nobody_names_stay_as_they_are_written() -> None:
    assert compose([stating("lists", data__split={"shots": 4}, data__lists=None)]) == {
        "data.split.shots": 4,
        "data.lists": None,
    }


def test_a_class_takes_the_place_of_a_class_and_init_args_may_be_left_out() -> None:
    views = {"class_path": "MultiRate", "init_args": {"n_crops": 3, "rates": [1.0]}}
    data = stating("e", data={"class_path": "UCF101"}, data__clips__views=views, data__clips__views__n_crops=5)
    clips = compose([data])["data"]["init_args"]["clips"]
    assert clips["views"] == {"class_path": "MultiRate", "init_args": {"n_crops": 5, "rates": [1.0]}}
    other = {"class_path": "Augmented"}
    clips = compose([data, stating("f", data__clips__views=other, data__clips__views__init_args__n=2)])["data"]
    assert clips["init_args"]["clips"]["views"] == {"class_path": "Augmented", "init_args": {"n": 2}}
    clips = compose([data, stating("f", data__clips__views__class_path="Other")])["data"]["init_args"]["clips"]
    assert clips["views"] == {"class_path": "Other"}


def test_lists_are_replaced_or_appended_to() -> None:
    first = Statement("a", differences=tuple(differences_of("trainer", ("callbacks+",), [{"class_path": "A"}])))
    second = Statement("b", differences=tuple(differences_of("trainer", ("callbacks+",), {"class_path": "B"})))
    base = stating("e", trainer={"callbacks": [{"class_path": "C"}]}, trainer__devices=1)

    def names(*statements: Statement) -> list[str]:
        return [callback["class_path"] for callback in compose(statements)["trainer"]["callbacks"]]

    assert names(first, second) == ["A", "B"]
    assert names(first, base, second) == ["C", "A", "B"]
    assert names(base, stating("f", trainer__callbacks=[{"class_path": "D"}]), second) == ["D", "B"]
    last = stating("g", trainer__callbacks__patience=3)
    assert compose([base, second, last])["trainer"]["callbacks"][1] == {"class_path": "B", "init_args": {"patience": 3}}


def test_a_difference_within_a_leaf_is_refused() -> None:
    message = r"trainer\.devices\.gpu cannot be set to 3: devices is 1, which has no settings"
    with pytest.raises(ValueError, match=message):
        compose([stating("e", trainer={"devices": 1}, trainer__devices__gpu=3)])
