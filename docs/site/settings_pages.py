"""The reference of settings: every argument of every model, data module and callback, with its default and meaning."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import docstring_parser
import yaml

from docs.site.markdown import cell, code, table
from zsar.callbacks.confidence_memory.confidence_memory import ConfidenceMemory
from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.model_kinds import classes_of
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

_FRAGMENTS = sorted((Path(__file__).parents[2] / "configs" / "visualization").glob("*.yaml"))


def drawn_by() -> dict[str, list[str]]:
    """The callbacks that draw, by class path, each with the fragments of configs/visualization/ that append it."""
    found: dict[str, list[str]] = {}
    for path in _FRAGMENTS:
        for callback in yaml.safe_load(path.read_text(encoding="utf-8"))["trainer"]["callbacks+"]:
            found.setdefault(callback["class_path"], []).append(path.stem)
    return found


CALLBACKS: tuple[type, ...] = (PromptTuning, ConfidenceMemory, *map(resolve_name, sorted(drawn_by())))
"""Those that a configuration names; the others are part of every run."""


def models_page() -> str:
    """Recognizers and localizers."""
    head = (
        "# Models\n\nSettings are given as `--model.NAME VALUE`, or as keys of `model.init_args` in a configuration; "
        "a setting of a group as `--model.GROUP.NAME`. `zsar fit --model.help T2L` shows the same."
    )
    return _page(head, {"Recognizers": classes_of(ActionRecognizer), "Localizers": classes_of(ActionLocalizer)})


def data_modules_page() -> str:
    """Data modules of trimmed and untrimmed videos."""
    head = (
        "# Data modules\n\nSettings are given as `--data.NAME VALUE`, or as keys of `data.init_args` in a "
        "configuration; a setting of a group as `--data.GROUP.NAME`. `zsar fit --data.help UCF101` shows the same. "
        "What lies where on disk is in [Data sets](../how_to/data_sets.md)."
    )
    kinds = {"Trimmed videos": TrimmedVideoDataModule, "Untrimmed videos": UntrimmedVideoDataModule}
    return _page(head, {title: classes_of(base) for title, base in kinds.items()})


def callbacks_page() -> str:
    """The callbacks that a configuration names."""
    head = (
        "# Callbacks\n\n`PromptTuning` or `ConfidenceMemory` is set by `--adaptation` (`configs/adaptation/`). "
        "Results, tables and checkpoints are written by callbacks that are part of every run and have no settings, "
        "except `--checkpoint.*`, those of Lightning's `ModelCheckpoint`. Pictures are drawn by the callbacks below, "
        "which fragments append to a test; several can be given."
    )
    rows = [
        (code(path.rpartition(".")[2]), ", ".join(code(f"--config visualization/{stem}") for stem in stems))
        for path, stems in sorted(drawn_by().items())
    ]
    head += "\n\n" + table(("callback", "fragments"), rows)
    return _page(head, {"": list(CALLBACKS)})


def settings_of(class_: type) -> dict[str, Any]:
    """The settings of a class, or of a group: name -> default; `inspect.Parameter.empty` for a required one."""
    parameters = inspect.signature(class_).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is not p.VAR_KEYWORD}


def _page(head: str, kinds: dict[str, list[type]]) -> str:
    groups: dict[type, None] = {}
    parts = [head]
    for title, classes in kinds.items():
        parts += [f"## {title}"] if title else []
        for class_ in classes:
            parts.append(_section(class_, groups))
    parts += ["## Groups of settings"] if groups else []
    done: set[type] = set()
    while left := [group for group in groups if group not in done]:  # groups have groups
        parts += [_section(group, groups) for group in left]
        done.update(left)
    return "\n\n".join(parts) + "\n"


def _section(class_: type, groups: dict[type, None]) -> str:
    summary = (inspect.getdoc(class_) or "").split("\n\n")[0]
    meanings = _meanings(class_)
    hints = get_type_hints(class_ if is_dataclass(class_) else class_.__init__)  # type: ignore[misc]
    rows = []
    for name, default in settings_of(class_).items():
        group = _group_in(hints.get(name))
        if group is not None:
            groups.setdefault(group)
            shown, kind = _differences(default, group), f"[{group.__name__}](#{group.__name__.lower()})"
        else:
            required = default is inspect.Parameter.empty
            shown, kind = "*required*" if required else code(_value(default)), code(_type(hints.get(name, Any)))
        rows.append((code(name), kind, shown, cell(meanings.get(name, ""))))
    parts = [f"### {class_.__name__}", cell(summary)]
    return "\n\n".join([*parts, table(("setting", "type", "default", "meaning"), rows)] if rows else parts)


def _meanings(class_: type) -> dict[str, str]:
    """Argument -> its text, of the class itself before that of its bases."""
    found: dict[str, str] = {}
    for base in (base for base in reversed(class_.__mro__) if base.__module__.startswith("zsar.")):
        for document in (base.__doc__, base.__dict__["__init__"].__doc__ if "__init__" in base.__dict__ else None):
            parsed = docstring_parser.parse(inspect.cleandoc(document or ""), docstring_parser.DocstringStyle.GOOGLE)
            found |= {p.arg_name: p.description or "" for p in parsed.params}
    return found


def _group_in(hint: Any) -> type | None:  # noqa: ANN401 - an annotation
    kinds = [hint, *get_args(hint)] if get_origin(hint) in (Union, types.UnionType) else [hint]
    return next((kind for kind in kinds if isinstance(kind, type) and is_dataclass(kind)), None)


def _differences(default: Any, group: type) -> str:  # noqa: ANN401 - of any type
    """Where the group's values here differ from its own defaults."""
    if not is_dataclass(default):
        return code(_value(default)) if default is not inspect.Parameter.empty else "*required*"
    own = settings_of(group)
    changed = {f.name: getattr(default, f.name) for f in fields(default)}
    changed = {
        name: value
        for name, value in changed.items()
        if own[name] != value and not (is_dataclass(value) and type(own[name]) is not type(value))
    }
    return ", ".join(code(f"{name}: {_value(value)}") for name, value in changed.items())


def _value(value: Any) -> str:  # noqa: ANN401 - a default of any type
    """A default as it is written in YAML."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return str(value)


def _type(hint: Any) -> str:  # noqa: ANN401 - an annotation
    """An annotation in the words of configurations: choices, and null for None."""
    origin = get_origin(hint)
    if origin is Literal:
        return " / ".join(map(str, get_args(hint)))
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(_type, get_args(hint))))
    if hint in (None, type(None)):
        return "null"
    if hint is Path:
        return "path"
    name = getattr(hint, "__name__", str(hint))
    if origin is not None:
        several = "list" if name in ("Sequence", "tuple", "Iterable") else name.lower()
        return f"{several} of {_listed(get_args(hint))}"
    return name


def _listed(kinds: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys(_type(kind) for kind in kinds if kind is not Ellipsis))
