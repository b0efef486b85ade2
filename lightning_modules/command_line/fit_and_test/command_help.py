"""The help of `zsar fit`, `validate`, `test` and `predict`: zsar's own options, and lists of models and data sets.

jsonargparse's help of a command has 500 lines, most of them Lightning's; `--help.all` shows them.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence

from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.model_kinds import KINDS, classes_of
from zsar.lightning_modules.experiments.shipped_configs import configs_in
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

_WIDTH, _INDENT = 110, 26
_DESCRIPTIONS = {
    "fit": "Train a model. RUN_DIR/checkpoints/best.ckpt is the best epoch on held-out clips, last.ckpt the last.",
    "validate": "Evaluate a model on the held-out training clips.",
    "test": "Evaluate a model on the test set: a table, RUN_DIR/results.json and a table of predictions.",
    "predict": "Predict the actions in videos without labels, or find them in untrimmed ones.",
}
_EXPLAINED = {
    "--config": (
        "FILE",
        "an experiment, such as configs/experiment/t2l_kinetics400.yaml; each further --config FILE overrides "
        "settings of the previous ones",
    ),
    "--model": ("NAME|FILE", "a model, such as T2L, or a file of configs/model/"),
    "--data": ("NAME|FILE", "a data set, such as VideoFolder, or a file of configs/data/"),
    "--trainer": ("FILE", "hardware and length of the run: configs/trainer/cpu.yaml or gpu.yaml"),
    "--adaptation": ("FILE", "test-time prompt tuning in test and predict: a file of configs/adaptation/"),
    "--ckpt_path": (
        "best|last|none|resume|FILE",
        "the checkpoint to test (default: the run folder's best, else its last) or, in fit, to resume from; resume: "
        "in fit, the run folder's last if there is one",
    ),
    "--run_dir": ("FOLDER", "folder for everything that the run writes"),
    "--wandb": ("off|offline|online", "track the run with Weights & Biases: offline needs no account"),
    "--wandb_project": ("NAME", "the W&B project"),
    "--seed_everything": ("N", "the random seed"),
    "--print_config": ("", "print all settings of the run, without running it"),
}
_OF_LIGHTNING = ("--help", "--checkpoint", "--help.all", "--verbose", "--return_predictions", "--weights_only")
_TRAINER = "max_epochs, devices, accelerator, precision, strategy, accumulate_grad_batches, fast_dev_run"
_LISTED = ("model", "data", "adaptation")


def short_help(command: str, parser: argparse.ArgumentParser) -> str:
    """The help of a command without the options of Lightning and of single classes.

    Args:
        command: "fit", "validate", "test" or "predict".
        parser: Its parser, which has the options.
    """
    of_parser = {name: action for action in parser._actions for name in action.option_strings if name.startswith("--")}
    rows = {name: row for name, row in _EXPLAINED.items() if name in of_parser}
    for name, action in of_parser.items():  # options without a text above show their own
        if "." not in name and name not in (*rows, *_OF_LIGHTNING):
            rows[name] = ("" if action.nargs == 0 else action.dest.upper(), str(action.help or ""))
    options = "\n".join(_row(f"{name} {value}".strip(), text) for name, (value, text) in rows.items())
    settings = "\n".join(
        (
            _row(
                "--model.SETTING VALUE", f"`zsar {command} --model.help` lists the models; with a name it explains one"
            ),
            _row(
                "--data.SETTING VALUE", f"`zsar {command} --data.help` lists the data sets; with a name it explains one"
            ),
            _row("--trainer.SETTING VALUE", f"Lightning's Trainer; most used: {_TRAINER}"),
            _row(
                "--checkpoint.SETTING", "which checkpoints are kept; most used: monitor, filename, every_n_train_steps"
            ),
        )
    )
    return (
        f"usage: zsar {command} --config FILE [options]\n\n{_DESCRIPTIONS[command]}\n\noptions:\n{options}\n\n"
        f"settings, as in configuration files:\n{settings}\n\n"
        f"`zsar {command} --help.all` shows every option, including Lightning's (500 lines).\n"
    )


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
        rows = _rows([PromptTuning])
        files = configs_in("adaptation")
        rows += [
            _row(name, path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")) for name, path in files.items()
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
    return [_row(class_.__name__, (class_.__doc__ or "").strip().split("\n\n")[0]) for class_ in classes]


def _row(name: str, text: str) -> str:
    """A name and its explanation, in two columns."""
    lines = textwrap.wrap(" ".join(text.split()), _WIDTH - _INDENT) or [""]
    first = f"  {name}".ljust(_INDENT)
    if len(first) > _INDENT:
        lines, first = ["", *lines], first
    return "\n".join([f"{first}{lines[0]}".rstrip(), *(" " * _INDENT + line for line in lines[1:])])
