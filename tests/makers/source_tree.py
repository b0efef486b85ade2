"""Where the repository lies, and the modules of its packages by their paths from there."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"  # material of the workplace; tests that use it skip where it is not there
PACKAGES = ("zsar", "lightning_modules", "datamodules", "callbacks")  # folders at the root; imported as zsar.*
METHODS = ["ap_clip", "clip", "t2l", "t3al"]  # folders of lightning_modules, each with its README
MODULES = sorted(p.relative_to(ROOT).as_posix() for package in PACKAGES for p in (ROOT / package).rglob("*.py"))


def under(*prefixes: str) -> list[str]:
    """The modules whose paths start with one of the prefixes."""
    return [module for module in MODULES if module.startswith(prefixes)]
