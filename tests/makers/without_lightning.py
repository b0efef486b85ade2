"""A program that imports modules where there is no Lightning: `python -m tests.makers.without_lightning MODULE ...`.

The `__init__` of a method's folder imports its model, which needs Lightning. So packages of ours are entered without
running theirs, as someone does who takes single files out. What each module imports is imported for good, down to the
last one, so that Lightning cannot come in by another module.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

BLOCKED = ("lightning", "pytorch_lightning", "lightning_fabric")


class _NoLightning:
    """Finds nothing of Lightning, and packages of zsar without their `__init__`."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"there is no {name} here", name=name)
        spec = PathFinder.find_spec(name, path)
        if name.split(".")[0] == "zsar" and spec is not None and spec.submodule_search_locations is not None:
            bare = ModuleSpec(name, None, is_package=True)
            bare.submodule_search_locations = spec.submodule_search_locations
            return bare
        return None


def main() -> int:
    """Prints a line for each module that cannot be imported."""
    assert not [name for name in sys.modules if name.split(".")[0] in (*BLOCKED, "zsar")]
    sys.meta_path.insert(0, _NoLightning())
    failed = 0
    for module in sys.argv[1:]:
        try:
            importlib.import_module(module)
        except ImportError as error:
            failed += 1
            print(f"{module}: {error}")
    return failed > 0


if __name__ == "__main__":
    raise SystemExit(main())
