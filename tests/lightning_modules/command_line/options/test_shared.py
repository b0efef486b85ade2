from dataclasses import is_dataclass

import pytest

from zsar.lightning_modules.command_line.options import shared

SHARED = [kind for kind in vars(shared).values() if is_dataclass(kind) and kind.__module__ == shared.__name__]


def test_an_option_is_described_in_one_place() -> None:
    names = [name for kind in SHARED for name in vars(kind)["__annotations__"]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", SHARED)
def test_nothing_need_be_given(kind: type) -> None:
    assert kind() == kind()
