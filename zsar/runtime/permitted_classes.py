"""Which classes a file or an option may name, since importing a module runs it.

Configurations and checkpoints name classes by their import paths, and jsonargparse imports and instantiates them. An
untrusted file could name `subprocess.Popen`. Therefore only the following may be named; anything else is an error
before any import:

1. the packages of zsar, and the parts of Lightning and torch that configurations need;
2. classes of the right kind that the running program has already imported;
3. modules listed in the environment variable ZSAR_TRUSTED_MODULES, separated by commas: the user's own.

Only classes may be named, because a function would be called with arguments from the file. Exceptions are functions
of torch.nn and torch.optim (an activation, an average of weights) and of trusted modules. Imported names count as
members of the module that defines them: `zsar.x.os.system` is os.system. `__main__` modules are never allowed, since
importing one runs a program.

Afterwards, before anything is instantiated, jsonargparse, `model_kinds` and `checkpoints` check that a class is of the
kind that its place requires (a recognizer, a data module, a callback, ...).
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
"""Permitted modules, each with all its submodules; a path may name any class in them."""

_OF_FUNCTIONS = ("torch.distributed.fsdp", "torch.nn", "torch.optim")
_PROGRAM = "__main__"

_DENIED = re.compile(r"Importing '([^']*)' is not allowed")  # jsonargparse's message, which a test pins


class ForbiddenClassError(ValueError):
    """A file names a class that is not permitted; the message lists permitted ones and how to add your own."""


def check_permitted(class_path: str, *, imported: Iterable[type] = ()) -> None:
    """Checks a path before it is imported.

    Args:
        class_path: The path of a class.
        imported: Classes that the program has already imported (`imported_kinds`).

    Raises:
        ForbiddenClassError: The class is not permitted.
    """
    if not is_permitted(class_path, imported=imported):
        raise ForbiddenClassError(forbidden(class_path))


def is_permitted(class_path: str, *, imported: Iterable[type] = ()) -> bool:
    """Whether a file may name a class.

    Args:
        class_path: The path of a class.
        imported: Classes that the program has already imported (`imported_kinds`).
    """
    parts = class_path.split(".")
    is_path = all(part.isidentifier() for part in parts) and _PROGRAM not in parts
    return is_path and _is_in(class_path, (*PERMITTED, *trusted_modules(), *map(path_of, imported)))


def forbidden(class_path: str) -> str:
    """The error message for a class that is not permitted, or that has another path since zsar 0.2."""
    if (current := current_class_path(class_path)) != class_path:
        return f"{class_path} is a class path of zsar before 0.2; write {current}"
    what = (
        f"{class_path} may not be named: files and options may name only classes of zsar, Lightning and torch.optim, "
        "since importing other modules and calling functions runs them"
    )
    module = class_path.partition(".")[0]
    known = {path.partition(".")[0] for path in PERMITTED}
    if module in known or module in sys.stdlib_module_names or not module.isidentifier():
        return f"{what}; name one of those"
    return f"{what}; if {module} is your own, export {TRUSTED_MODULES}={module}"


def _is_in(path: str, modules: Iterable[str]) -> bool:
    return any(path == module or path.startswith(f"{module}.") for module in modules)


def forbidden_class_in(messages: Iterable[str]) -> str | None:
    """The class in jsonargparse's messages that `only_permitted_classes` rejected; None if there is none."""
    return next((match[1] for message in messages if (match := _DENIED.search(message))), None)


def trusted_modules() -> tuple[str, ...]:
    """The modules in the environment variable ZSAR_TRUSTED_MODULES.

    Raises:
        ValueError: An entry is not a module name.
    """
    names = tuple(name.strip() for name in os.environ.get(TRUSTED_MODULES, "").split(",") if name.strip())
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"{TRUSTED_MODULES} must list modules, such as my_package,my_models; got {name!r}")
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
    """All imported subclasses of some kinds, at any depth, except those within functions, which have no path."""
    kinds: dict[type, None] = {}
    pending = list(bases)
    while pending:
        class_ = pending.pop()
        if class_ not in kinds:
            kinds[class_] = None
            pending += type.__subclasses__(class_)
    return [class_ for class_ in kinds if all(part.isidentifier() for part in path_of(class_).split("."))]


@contextmanager
def only_permitted_classes(*, imported: Iterable[type] = ()) -> Iterator[None]:
    """In this block, jsonargparse imports only permitted classes and reads YAML within the limits of `bounded_yaml`.

    If an argument accepts any value, values that name a class are not instantiated.

    Args:
        imported: Further permitted classes, which the program has already imported.

    Raises:
        ValueError: ZSAR_TRUSTED_MODULES is malformed.
    """
    allowed = [*PERMITTED, *trusted_modules(), *map(path_of, imported)]
    allowed = [path for path in allowed if path.partition(".")[0] != "jsonargparse"]  # which jsonargparse never allows
    denied = ["*", *(f"{path}.{_PROGRAM}" for path in allowed)]
    may_be_called = (*_OF_FUNCTIONS, *trusted_modules())
    before = dict(_common.parsing_settings)
    paths_of = _util.canonical_import_paths

    def paths_of_permitted(named: object) -> set[str]:
        """Import paths of an object; for a forbidden function, an error with jsonargparse's message."""
        if not inspect.isclass(named) and not inspect.ismodule(named):
            module = str(getattr(named, "__module__", None) or "a module")
            path = f"{module}.{getattr(named, '__qualname__', type(named).__name__)}"
            if not _is_in(module, may_be_called):
                raise _common.ImportDenied(f"Importing '{path}' is not allowed: it is not a class")
        return set(paths_of(named))

    loader: type = _loaders_dumpers.get_yaml_default_loader()  # type: ignore[no-untyped-call]
    try:
        jsonargparse.set_parsing_settings(
            import_path_denylist=denied, import_path_allowlist=allowed, instantiate_subclass_spec_in_any=False
        )
        _loaders_dumpers.yaml_default_loader = bounded_loader(loader)  # type: ignore[assignment]
        _util.canonical_import_paths = paths_of_permitted  # type: ignore[assignment]
        yield
    finally:  # the settings are global; restore those of other parsers in this process
        _common.parsing_settings.clear()
        _common.parsing_settings.update(before)
        _loaders_dumpers.yaml_default_loader = loader  # type: ignore[assignment]
        _util.canonical_import_paths = paths_of
