"""Finds named configurations: in the working directory, else among those shipped with zsar.

`--config experiment/t2l_video_folder` means the first existing file of these, as written or with `.yaml`:

    experiment/t2l_video_folder            in the working directory
    configs/experiment/t2l_video_folder    in the working directory
    experiment/t2l_video_folder            in the folder `configs` that is installed with zsar

A fragment that a file points to (`model: ../model/t2l.yaml`) is searched relative to that file, then among zsar's. A
leading `configs/` or `../` is ignored there, so that the README's commands, and copies of experiments, work anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from zsar.lightning_modules.experiments.composed_settings import SECTIONS
from zsar.lightning_modules.experiments.replaced_configs import replaced_config
from zsar.lightning_modules.experiments.section_options import section_options
from zsar.lightning_modules.run_folders.run_lock import is_first_process
from zsar.runtime.nearest_names import nearest_names
from zsar.runtime.terminal import say

SHIPPED = Path(str(files("zsar"))).joinpath("configs").resolve()
"""The folder of the configurations that are installed with zsar."""

_SUFFIXES = (".yaml", ".yml", ".json")


def is_config_name(value: str) -> bool:
    """Whether a section's value is the path of a fragment, not a class name or a mapping."""
    return not value.startswith(("{", "[")) and (Path(value).suffix in _SUFFIXES or "/" in value)


def located(name: str, *, folder: Path | None = None) -> Path | None:
    """Finds the file of a named configuration.

    Args:
        name: The name, as typed or stated in a file.
        folder: The folder to search first; None for the working directory.

    Returns:
        Its path: `name` itself if that is a file; None if there is no such file, or only a folder.
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
    """Replaces names of configurations on a command line by their paths.

    Reports each one that was found among zsar's own.

    Args:
        arguments: The command line as typed.
        sections: The sections that the command has options for.

    Returns:
        The command line with paths; names without a file stay, for the parser to report.
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
    """Lists the configurations of a folder, such as "adaptation", in zsar and in the working directory.

    Returns:
        {name: path}; `located` finds the names, such as "configs/adaptation/tpt.yaml".
    """
    places = (SHIPPED / folder, Path("configs", folder))
    return {f"configs/{folder}/{path.name}": path for place in places for path in sorted(place.glob("*.yaml"))}


def shipped_names(folder: str) -> list[str]:
    """The configurations of a folder that are installed with zsar, such as "tpt" of "adaptation", sorted."""
    return sorted(path.stem for path in (SHIPPED / folder).glob("*.yaml"))


def shipped_tunings() -> list[str]:
    """The shipped adaptations that tune a prompt to a video, sorted; not memories, which need a whole test set."""
    texts = {name: (SHIPPED / "adaptation" / f"{name}.yaml").read_text("utf-8") for name in shipped_names("adaptation")}
    return [name for name, text in texts.items() if "zsar.callbacks.prompt_tuning.PromptTuning" in text]


def nowhere(name: str, *, folder: Path | None = None) -> str:
    """The end of the message "there is no such file" after `located` found none.

    Returns:
        " in FOLDER or among the configurations of zsar (FOLDER); did you mean A or B?"; or what replaces a removed
        configuration of zsar.
    """
    within = _within_shipped(name)
    if within is not None and (instead := replaced_config(name)) is not None:
        return f" any more; it was replaced by {instead}"
    places = f" in {Path(folder or '').resolve()} or among the configurations of zsar ({SHIPPED})"
    near = " or ".join(dict.fromkeys(_near(name, folder)))
    return f"{'' if within is None else places}{near and f'; did you mean {near}?'}"


def _within_shipped(name: str) -> Path | None:
    """A name relative to the folder of configurations; None if it cannot be inside."""
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
    if within is not None and within.parent == Path():  # a bare name may be in any folder
        anywhere = {file.stem: file.relative_to(SHIPPED) for file in sorted(SHIPPED.glob("*/*.yaml"))}
        yield from (str(anywhere[match].with_suffix(suffix)) for match in nearest_names(stem, anywhere))
