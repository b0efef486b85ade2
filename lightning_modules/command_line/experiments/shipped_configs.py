"""Where a named configuration lies: in the working directory, else among those that zsar ships.

`--config experiment/t2l_video_folder` is the first of these that is a file, each as it is written or with `.yaml`:

    experiment/t2l_video_folder            in the working directory
    configs/experiment/t2l_video_folder    in the working directory
    experiment/t2l_video_folder            in the folder `configs` that is installed with zsar

A fragment that a file points to (`model: ../model/t2l.yaml`) lies beside that file, else among zsar's. A leading
`configs/` or `../` means nothing there, so that the commands of the README, and copies of experiments, work anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from zsar.lightning_modules.command_line.experiments.composed_settings import SECTIONS
from zsar.lightning_modules.command_line.experiments.section_options import section_options
from zsar.lightning_modules.run_folders.run_lock import is_first_process
from zsar.runtime.nearest_names import nearest_names
from zsar.runtime.terminal import say

SHIPPED = Path(str(files("zsar"))).joinpath("configs").resolve()
"""The folder of the configurations that are installed with zsar."""

_SUFFIXES = (".yaml", ".yml", ".json")


def is_config_name(value: str) -> bool:
    """Whether a section's value is the path of a fragment, and not the name of a class or settings written out."""
    return not value.startswith(("{", "[")) and (Path(value).suffix in _SUFFIXES or "/" in value)


def located(name: str, *, folder: Path | None = None) -> Path | None:
    """The file that a name of a configuration means.

    Args:
        name: As it is typed, or as a file states it.
        folder: Where it is looked for first; None for the working directory.

    Returns:
        Its path: `name` itself where that is a file; None where there is no such file, also where there is a folder.
    """
    if not Path(name).name:
        return None
    within = _within_shipped(name)
    places = [Path(folder or "", name), Path(folder or "", "configs", name)]
    for place in places if within is None else [*places, SHIPPED / within]:
        for path in (place, place.with_name(f"{place.name}.yaml")):
            if os.path.lexists(path) and not path.is_dir():
                return path
    return None


def with_located_configs(arguments: Sequence[str], *, sections: Sequence[str] = SECTIONS) -> list[str]:
    """A command line in which configurations are named by the files that they are.

    Says, in a line for each, which are zsar's own.

    Args:
        arguments: The command line as it was typed.
        sections: Those that the command has options of.

    Returns:
        The command line with other names of files; names that no file has stay, for the parser to complain of.
    """
    changed: list[str] = []
    for option in section_options(arguments, sections):
        name, value = option[0].removeprefix("--"), option[-1]
        if len(option) == 2 and (name == "config" or (name in sections and is_config_name(value))):
            path = located(value)
            if path is not None and path.is_relative_to(SHIPPED) and path != Path(value) and is_first_process():
                say(f"{option[0]} {value}: {path}, which is installed with zsar", error=True)
            option = option if path is None else (option[0], str(path))
        changed += option
    return changed


def configs_in(folder: str) -> dict[str, Path]:
    """The configurations of a folder, such as "adaptation", of zsar and of the working directory.

    Returns:
        By the names that `located` finds, such as "configs/adaptation/tpt.yaml", the files.
    """
    places = (SHIPPED / folder, Path("configs", folder))
    return {f"configs/{folder}/{path.name}": path for place in places for path in sorted(place.glob("*.yaml"))}


def nowhere(name: str, *, folder: Path | None = None) -> str:
    """What is said behind "there is no such file", where `located` finds none.

    Returns:
        " in FOLDER or among the configurations of zsar (FOLDER); did you mean A or B?"
    """
    within = _within_shipped(name)
    places = f" in {Path(folder or '').resolve()} or among the configurations of zsar ({SHIPPED})"
    near = " or ".join(dict.fromkeys(_near(name, folder)))
    return f"{'' if within is None else places}{near and f'; did you mean {near}?'}"


def _within_shipped(name: str) -> Path | None:
    """A name without what leads to the folder of configurations; None if it can be none of them."""
    path = Path(name)
    parts = path.parts[1:] if path.parts[:1] in (("configs",), ("..",)) else path.parts
    return None if path.is_absolute() or not parts or os.pardir in parts else Path(*parts)


def _near(name: str, folder: Path | None) -> Iterator[str]:
    """Names of configurations that someone may have meant, spelled as the name is."""
    path, within = Path(name), _within_shipped(name)
    suffix = path.suffix if path.suffix in _SUFFIXES else ""
    stem = path.name.removesuffix(suffix)
    places = [Path(folder or "", path.parent), *([] if within is None else [SHIPPED / within.parent])]
    there = [file.stem for place in places for file in sorted(place.glob(f"*{suffix or '.yaml'}"))]
    yield from (str(path.parent / f"{match}{suffix}") for match in nearest_names(stem, there))
    if within is not None and within.parent == Path():  # a name alone: it may lie in any folder
        anywhere = {file.stem: file.relative_to(SHIPPED) for file in sorted(SHIPPED.glob("*/*.yaml"))}
        yield from (str(anywhere[match].with_suffix(suffix)) for match in nearest_names(stem, anywhere))
