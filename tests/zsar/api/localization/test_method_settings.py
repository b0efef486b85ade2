"""Each setting belongs to a method, and is noticed where it has no effect."""

from dataclasses import fields
from typing import Any

import pytest

from zsar.api.localization.method_settings import Method, MethodSettings

VALUES: dict[str, Any] = {"suppress": False, "captions": "folder"}
NAMES = [field.name for field in fields(MethodSettings)]


@pytest.mark.parametrize("name", NAMES)
def test_each_setting_belongs_to_one_method(name: str) -> None:
    given = MethodSettings(**{name: VALUES.get(name, 0)})
    methods: list[Method] = ["t3al", "frame-wise"]
    assert len([method for method in methods if given.without_effect(method) == [name]]) == 1
    assert given.without_effect(None) == ([] if name == "seed" else [name])


def test_what_is_not_given_needs_no_effect() -> None:
    assert MethodSettings().without_effect("t3al") == []
    assert MethodSettings(threshold=0.0, seed=0).without_effect("t3al") == ["threshold"]
