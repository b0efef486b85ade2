"""What ruff is told never to change (`extend-immutable-calls`) cannot change, and is all that stands as a default."""

import dataclasses
import pkgutil
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
RUFF = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]
IMMUTABLE = RUFF["lint"]["flake8-bugbear"]["extend-immutable-calls"]


@pytest.mark.parametrize("name", IMMUTABLE)
def test_a_default_of_an_argument_is_a_frozen_dataclass_of_immutable_values(name: str) -> None:
    settings = pkgutil.resolve_name(name)
    assert dataclasses.is_dataclass(settings)
    assert settings.__dataclass_params__.frozen  # type: ignore[attr-defined]
    defaults = [field.default for field in dataclasses.fields(settings)]
    assert not [default for default in defaults if isinstance(default, (list, dict, set))]
