from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from zsar.runtime.field_types import check_fields


@dataclass(frozen=True)
class Inner:
    share: float


@dataclass(frozen=True)
class Filled:
    name: str = "a"
    number: int = 1
    seed: int | None = None
    kind: Literal["x", "y"] = "x"
    is_whole: bool = True
    draw: tuple[int | str | None, ...] = (1, "all", None)
    pairs: tuple[tuple[str, str], ...] = (("a", "b"),)
    figures: dict[str, float] = field(default_factory=lambda: {"top1": 50.0, "top5": 90})
    inner: dict[str, Inner] = field(default_factory=lambda: {"a": Inner(0.5)})


def test_what_is_as_declared_passes() -> None:
    check_fields(Filled())
    check_fields(Filled(seed=3, kind="y", draw=(), figures={}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": 1}, "name is 1, not str"),
        ({"number": "1"}, "number is '1', not int"),
        ({"number": True}, "number is True, not int"),
        ({"seed": [1]}, r"seed is \[1\], not int \| None"),
        ({"kind": "z"}, "kind is 'z', not Literal"),
        ({"kind": ["x"]}, "kind is"),
        ({"is_whole": 1}, "is_whole is 1, not bool"),
        ({"draw": [1]}, "draw is"),
        ({"draw": ({},)}, "draw is"),
        ({"pairs": (("a",),)}, "pairs is"),
        ({"pairs": (("a", 1),)}, "pairs is"),
        ({"figures": {"top1": float("nan")}}, "figures is"),
        ({"figures": {1: 2.0}}, "figures is"),
        ({"figures": {"top1": "50"}}, "figures is"),
        ({"inner": {"a": Inner("much")}}, "share is 'much', not float"),  # type: ignore[arg-type]
    ],
)
def test_what_is_of_another_type_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        check_fields(Filled(**changes))
