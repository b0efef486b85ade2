"""What `zsar fit --help`, `validate`, `test` and `predict` show: zsar's own options, told without Lightning.

jsonargparse's help of a command has 500 lines, most of them Lightning's; `--help.all` shows them.
"""

from __future__ import annotations

import textwrap

_WIDTH, _INDENT = 110, 26
_DESCRIPTIONS = {
    "fit": "Train a model. RUN_DIR/checkpoints/best.ckpt is the best epoch on held-out clips, last.ckpt the last.",
    "validate": "Evaluate a model on the held-out training clips.",
    "test": "Evaluate a model on the test set: a table, RUN_DIR/results.json and a table of predictions.",
    "predict": "Predict the actions in videos without labels, or find them in untrimmed ones.",
}
EXPLAINED = {
    "--config": (
        "FILE",
        "an experiment, such as configs/experiment/t2l_kinetics400.yaml; each further --config FILE overrides "
        "settings of the previous ones",
    ),
    "--model": ("NAME|FILE", "a model, such as T2L, or a file of configs/model/"),
    "--data": ("NAME|FILE", "a data set, such as VideoFolder, or a file of configs/data/"),
    "--trainer": ("FILE", "hardware and length of the run: configs/trainer/cpu.yaml or gpu.yaml"),
    "--adaptation": ("FILE", "test-time prompt tuning or memory in test and predict: a file of configs/adaptation/"),
    "--ckpt_path": (
        "weight_mean|best|last|none|resume|FILE",
        "the checkpoint to test (default: the run folder's mean of epochs, if it has one, else its best, else its "
        "last) or, in fit, to resume from; resume: in fit, the run folder's last if there is one",
    ),
    "--run_dir": ("FOLDER", "folder for everything that the run writes"),
    "--wandb": ("off|offline|online", "track the run with Weights & Biases: offline needs no account"),
    "--wandb_project": ("NAME", "the W&B project"),
    "--wandb_group": ("NAME", "the W&B group (default: the experiment, so that its seeds and splits stand together)"),
    "--wandb_checkpoints": ("", "in fit, upload the checkpoints of the run to W&B as an artifact"),
    "--seed_everything": ("N", "the random seed"),
    "--print_config": ("", "print all settings of the run, without running it"),
    "--overwrite": (
        "",
        "begin again in a folder that holds a run, and remove its checkpoints, logs and results (fit), or the results "
        "that this command would replace or mix with others (validate, test, predict)",
    ),
}
"""Each option by name: the word for its value, and what it means."""
OF_LIGHTNING = ("--help", "--help.all", "--checkpoint", "--verbose", "--return_predictions")
"""Further options, which only `--help.all` explains."""
_TRAINER = "max_epochs, devices, accelerator, precision, strategy, accumulate_grad_batches, fast_dev_run"


def short_help(command: str) -> str:
    """The help of a command without the options of Lightning and of single classes.

    Args:
        command: "fit", "validate", "test" or "predict".
    """
    options = "\n".join(row(f"{name} {value}".strip(), text) for name, (value, text) in EXPLAINED.items())
    settings = "\n".join(
        (
            row(
                "--model.SETTING VALUE", f"`zsar {command} --model.help` lists the models; with a name it explains one"
            ),
            row(
                "--data.SETTING VALUE", f"`zsar {command} --data.help` lists the data sets; with a name it explains one"
            ),
            row("--trainer.SETTING VALUE", f"Lightning's Trainer; most used: {_TRAINER}"),
            row(
                "--checkpoint.SETTING", "which checkpoints are kept; most used: monitor, filename, every_n_train_steps"
            ),
        )
    )
    return (
        f"usage: zsar {command} --config FILE [options]\n\n{_DESCRIPTIONS[command]}\n\noptions:\n{options}\n\n"
        f"settings, as in configuration files:\n{settings}\n\n"
        f"`zsar {command} --help.all` shows every option, including Lightning's (500 lines)."
    )


def row(name: str, text: str) -> str:
    """A name and its explanation, in two columns.

    Args:
        name: An option or a class.
        text: What it means.
    """
    lines = textwrap.wrap(" ".join(text.split()), _WIDTH - _INDENT) or [""]
    first = f"  {name}".ljust(_INDENT)
    if len(first) > _INDENT:
        lines, first = ["", *lines], first
    return "\n".join([f"{first}{lines[0]}".rstrip(), *(" " * _INDENT + line for line in lines[1:])])
