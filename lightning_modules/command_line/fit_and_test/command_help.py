"""Lists of models, data sets and adaptations, which `--model.help`, `--data.help` and `--adaptation.help` request."""

from __future__ import annotations

from collections.abc import Sequence

from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.fit_and_test.short_help import row
from zsar.lightning_modules.command_line.model_kinds import ADAPTATIONS, KINDS, classes_of
from zsar.lightning_modules.experiments.shipped_configs import configs_in
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

_LISTED = ("model", "data", "adaptation")


def requested_list(arguments: Sequence[str]) -> str | None:
    """The list that `--model.help`, `--data.help` or `--adaptation.help` without a class name requests.

    Args:
        arguments: A command line, beginning with the command.

    Returns:
        The models, data sets or adaptations, one per line, or None if none is requested.
    """
    for section in _LISTED:
        option = f"--{section}.help"
        following = arguments[arguments.index(option) + 1 :] if option in arguments else ["a name"]
        if not following or following[0].startswith("-"):
            return _list_of(section, arguments[0])
    return None


def _list_of(section: str, command: str) -> str:
    if section == "adaptation":
        bases: dict[str, type] = {}
        rows = _rows(ADAPTATIONS)
        files = configs_in("adaptation")
        rows += [
            row(name, path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")) for name, path in files.items()
        ]
    else:
        kinds = KINDS[section]
        # Localizers are not trained, and the doctor checks only trimmed videos.
        usable = (ActionRecognizer, TrimmedVideoDataModule)
        bases = {kind: base for kind, base in kinds.items() if command in ("test", "predict") or base in usable}
        rows = []
        for kind, base in bases.items():
            rows += [f"{kind}:", *_rows(classes_of(base))]
    example = f"zsar {command} --{section}.help {rows[1 if bases else 0].split()[0]}"
    return "\n".join([*rows, "", f"`{example}` explains the settings of one"])


def _rows(classes: Sequence[type]) -> list[str]:
    return [row(class_.__name__, (class_.__doc__ or "").strip().split("\n\n")[0]) for class_ in classes]
