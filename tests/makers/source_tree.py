"""Where the repository lies, and the modules of its packages by their paths from there."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"  # material of the workplace; tests that use it skip where it is not there
PACKAGES = ("zsar", "lightning_modules", "datamodules", "callbacks")  # folders at the root; imported as zsar.*
METHODS = sorted(path.parent.name for path in (ROOT / "lightning_modules").glob("*/README.md"))  # a README each
MODULES = sorted(p.relative_to(ROOT).as_posix() for package in PACKAGES for p in (ROOT / package).rglob("*.py"))


def under(*prefixes: str) -> list[str]:
    """The modules whose paths start with one of the prefixes."""
    return [module for module in MODULES if module.startswith(prefixes)]


def subclasses_in(modules: Iterable[str], bases: Iterable[str]) -> dict[str, str]:
    """The classes that modules define below some bases, at any depth, by what is written there: nothing is imported.

    Args:
        modules: Paths of modules.
        bases: Names of classes, which may be defined elsewhere.

    Returns:
        {name of the class: path of its module}, without the bases, and without abstract ones.
    """
    defined = {
        node.name: (module, {ast.unparse(base).split(".")[-1] for base in node.bases})
        for module in modules
        for node in ast.parse((ROOT / module).read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    below, n_before = set(bases), -1
    while len(below) > n_before:
        n_before = len(below)
        below |= {name for name, (_, of_class) in defined.items() if of_class & below}
    found = below - set(bases)
    return {name: module for name, (module, of_class) in defined.items() if name in found and "ABC" not in of_class}


def import_name(module: str) -> str:
    """Of "datamodules/batch.py", "zsar.datamodules.batch"."""
    dotted = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return dotted if dotted.split(".")[0] == "zsar" else f"zsar.{dotted}"


NAMES = {import_name(module) for module in MODULES}


@cache
def imports_of(module: str) -> tuple[str, ...]:
    """Full names of everything a module imports, also within functions and for annotations alone."""
    return tuple(_imports(module))


def _imports(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in NAMES else node.module or ""
