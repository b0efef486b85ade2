"""Which classes a file or an option may name: to import any other module is to run it.

A configuration and a checkpoint name classes by their import paths, and jsonargparse imports and builds what they
name. A file of a stranger could name `subprocess.Popen`. So only the following may be named; all else is an error
before anything is imported:

1. the packages of zsar, and those parts of Lightning and torch that a configuration has a use for;
2. classes of the right kind that the running program has imported itself;
3. modules that the environment variable ZSAR_TRUSTED_MODULES lists, separated by commas: the user's own.

Of these, only classes: a function is called with whatever its place has for it, so that one may be named only where it
is of torch.nn or torch.optim (an activation, an average of weights), or of a trusted module. What a module has merely
imported counts as of where it is defined: `zsar.x.os.system` is os.system. No file names a `__main__`, which runs
a program when it is imported.

That a class is of the kind that its place is for (a recognizer, a data module, a callback, ...) is checked after that,
by jsonargparse, `model_kinds` and `checkpoints`, before anything is built.
"""

from __future__ import annotations

import inspect
import os
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jsonargparse
from jsonargparse import _common, _loaders_dumpers, _util

from zsar.runtime.class_paths import current_class_path
from zsar.runtime.text.bounded_yaml import bounded_loader

TRUSTED_MODULES = "ZSAR_TRUSTED_MODULES"
PERMITTED = (
    "zsar",
    "lightning.pytorch.accelerators",
    "lightning.pytorch.callbacks",
    "lightning.pytorch.demos",
    "lightning.pytorch.loggers",
    "lightning.pytorch.plugins",
    "lightning.pytorch.profilers",
    "lightning.pytorch.strategies",
    "lightning.fabric.accelerators",
    "lightning.fabric.loggers",
    "lightning.fabric.plugins",
    "torch.device",
    "torch.distributed.fsdp",
    "torch.nn",
    "torch.optim",
    "torch.profiler",
)
"""Modules, and with each all that lies in it; a path may name a class in any of them."""

_OF_FUNCTIONS = ("torch.distributed.fsdp", "torch.nn", "torch.optim")
_PROGRAM = "__main__"

_DENIED = re.compile(r"Importing '([^']*)' is not allowed")  # jsonargparse's words, which the test holds


class ForbiddenClassError(ValueError):
    """A class is named that no file may name; the message says which may be, and how to add one's own."""


def check_permitted(class_path: str, *, imported: Iterable[type] = ()) -> None:
    """Checks a path before it is imported.

    Args:
        class_path: The path of a class.
        imported: Classes that the program has imported itself (`imported_kinds`).

    Raises:
        ForbiddenClassError: It may not be named.
    """
    if not is_permitted(class_path, imported=imported):
        raise ForbiddenClassError(forbidden(class_path))


def is_permitted(class_path: str, *, imported: Iterable[type] = ()) -> bool:
    """Whether a file may name a class.

    Args:
        class_path: The path of a class.
        imported: Classes that the program has imported itself (`imported_kinds`).
    """
    parts = class_path.split(".")
    is_path = all(part.isidentifier() for part in parts) and _PROGRAM not in parts
    return is_path and _is_in(class_path, (*PERMITTED, *trusted_modules(), *map(path_of, imported)))


def forbidden(class_path: str) -> str:
    """What is said of a class that may not be named, or has another path since zsar 0.2."""
    if (current := current_class_path(class_path)) != class_path:
        return f"{class_path} is a class path of zsar before 0.2; write {current}"
    what = (
        f"{class_path} may not be named: files and options name classes of zsar, Lightning and torch.optim only, as "
        "importing other modules and calling functions runs them"
    )
    module = class_path.partition(".")[0]
    known = {path.partition(".")[0] for path in PERMITTED}
    if module in known or module in sys.stdlib_module_names or not module.isidentifier():
        return f"{what}; name one of those"
    return f"{what}; if {module} is your own, export {TRUSTED_MODULES}={module}"


def _is_in(path: str, modules: Iterable[str]) -> bool:
    return any(path == module or path.startswith(f"{module}.") for module in modules)


def forbidden_class_in(messages: Iterable[str]) -> str | None:
    """The class that jsonargparse did not import under `only_permitted_classes`, by its messages; None for none."""
    return next((match[1] for message in messages if (match := _DENIED.search(message))), None)


def trusted_modules() -> tuple[str, ...]:
    """What the environment variable ZSAR_TRUSTED_MODULES lists.

    Raises:
        ValueError: An entry is no name of a module.
    """
    names = tuple(name.strip() for name in os.environ.get(TRUSTED_MODULES, "").split(",") if name.strip())
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"{TRUSTED_MODULES} lists modules, as my_package,my_models; got {name!r}")
    return names


def find_trusted_modules_here() -> None:
    """Has trusted modules of the working folder found, after all that is installed, as with `python -m zsar`.

    The program `zsar` has the folder of its own file on the module path instead of the working folder.

    Raises:
        ValueError: ZSAR_TRUSTED_MODULES is malformed.
    """
    here = str(Path.cwd())
    if trusted_modules() and here not in sys.path:
        sys.path.append(here)


def fault_of_trusted(class_path: str) -> str | None:
    """Why a class of a trusted module cannot be imported, which is tried; None where it can, or is not trusted."""
    if not _is_in(class_path, trusted_modules()):
        return None
    try:
        pkgutil.resolve_name(class_path)
    except Exception as error:  # whatever the user's own module raises
        return f"{class_path} cannot be imported: {type(error).__name__}: {error}"
    return None


def path_of(class_: type) -> str:
    """The import path of a class."""
    return f"{class_.__module__}.{class_.__qualname__}"


def imported_kinds(*bases: type) -> list[type]:
    """All classes of some kinds that are imported already, at any depth; those within functions have no path."""
    found: dict[type, None] = {}
    left = list(bases)
    while left:
        class_ = left.pop()
        if class_ not in found:
            found[class_] = None
            left += type.__subclasses__(class_)
    return [class_ for class_ in found if all(part.isidentifier() for part in path_of(class_).split("."))]


@contextmanager
def only_permitted_classes(*, imported: Iterable[type] = ()) -> Iterator[None]:
    """Within it jsonargparse imports permitted classes only, and reads YAML within the limits of `bounded_yaml`.

    Where an argument takes any value, it builds nothing of a value that names a class.

    Args:
        imported: Further classes that may be named, which the program has imported itself.

    Raises:
        ValueError: ZSAR_TRUSTED_MODULES is malformed.
    """
    allowed = [*PERMITTED, *trusted_modules(), *map(path_of, imported)]
    allowed = [path for path in allowed if path.partition(".")[0] != "jsonargparse"]  # which it never allows
    denied = ["*", *(f"{path}.{_PROGRAM}" for path in allowed)]
    may_be_called = (*_OF_FUNCTIONS, *trusted_modules())
    before = dict(_common.parsing_settings)
    paths_of = _util.canonical_import_paths

    def paths_of_permitted(named: object) -> set[str]:
        """Where something is defined; of a function that may not be named, an error in jsonargparse's words."""
        if not inspect.isclass(named) and not inspect.ismodule(named):
            module = str(getattr(named, "__module__", None) or "a module")
            path = f"{module}.{getattr(named, '__qualname__', type(named).__name__)}"
            if not _is_in(module, may_be_called):
                raise _common.ImportDenied(f"Importing '{path}' is not allowed: it is no class")
        return set(paths_of(named))

    loader: type = _loaders_dumpers.get_yaml_default_loader()  # type: ignore[no-untyped-call]
    try:
        jsonargparse.set_parsing_settings(
            import_path_denylist=denied, import_path_allowlist=allowed, instantiate_subclass_spec_in_any=False
        )
        _loaders_dumpers.yaml_default_loader = bounded_loader(loader)  # type: ignore[assignment]
        _util.canonical_import_paths = paths_of_permitted  # type: ignore[assignment]
        yield
    finally:  # the settings are the whole process's, and those of other programs' parsers stay theirs
        _common.parsing_settings.clear()
        _common.parsing_settings.update(before)
        _loaders_dumpers.yaml_default_loader = loader  # type: ignore[assignment]
        _util.canonical_import_paths = paths_of
