"""`zsar`: the command line. LightningCLI for training and testing, small commands for the rest."""

from __future__ import annotations

import atexit
import gc
import importlib
import logging
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from zsar.runtime.closed_pipes import ends_with_its_reader, is_of_a_closed_pipe
from zsar.runtime.code_version import __version__
from zsar.runtime.nearest_names import did_you_mean
from zsar.runtime.processes.dead_workers import further_deaths_unsaid
from zsar.runtime.processes.stopping import Stopped, stops_by
from zsar.runtime.terminal import accept_all_text, say, shown, warn_as_typed

COMMANDS = {
    "fit": ("train a model on the (base) classes of a data set", None),
    "validate": ("evaluate a model on the held-out training clips", None),
    "test": ("evaluate a model on the test set, on base and novel classes, or a localizer on untrimmed videos", None),
    "predict": ("predict the actions in the unlabelled videos of a data set, or find them in untrimmed ones", None),
    "classify": ("name the actions in your own videos, among class names that you give", "classify.classify"),
    "localize": ("find when actions happen in your own videos, among class names that you give", "localize.localize"),
    "summarize": ("one table of several runs: mean and standard deviation over seeds", "summarize.summarize"),
    "report": ("a page that shows what runs did: results, curves, mistakes, settings", "report.report"),
    "picture": ("a picture of test videos with their true class and the predictions of runs", "picture"),
    "models": ("list the architectures: parameters, GFLOPs, which methods work; or try one", "models.models"),
    "profile": ("what experiments cost: parameters, GFLOPs, time, memory, decoding", "profile.profile"),
    "doctor": ("check a data set before a long run: files, frames, labels, counts, overlap", "doctor.doctor"),
    "convert": ("import a checkpoint released by the authors of a method", "convert"),
    "share": ("a trained model as a folder with a model card, or on the Hugging Face hub", "share.share"),
    "export": ("write a recognizer with fixed class names as an ONNX file", "export.export"),
    "prepare": ("re-encode a data set, small and with dense keyframes, for faster training", "prepare"),
    "reproduce": ("run the commands of a paper's table, beside the published figures", "reproduce.reproduce"),
    "batch": ("run a list of commands in one process, or a sweep over variables in several", "batch.batch"),
    "embed": ("store embeddings of videos once, to test, classify and search them in seconds", "embed.embed"),
    "search": ("rank an archive of stored embeddings by a text, with times in long videos", "search.search"),
    "extract": ("compute frame features and captions of long videos, for localization", "extract.extract"),
    "describe": ("have a language model write descriptions of classes", "describe.describe"),
    "pretrain-tiny": ("train the tiny CLIP of the embedded benchmark, or CoCa, SigLIP, PE, EVA", "pretrain_tiny"),
}

_OVERVIEW = """\
usage: zsar COMMAND [options]

Zero-shot action recognition in video: CLIP-based, open-vocabulary, on PyTorch Lightning.

commands:
{commands}

`zsar COMMAND --help` explains a command. `zsar fit --model.help` and `zsar fit --data.help` list models and data sets;
with a name (`zsar fit --model.help T2L`) they explain its settings. Recognizers (T2L, ...) take trimmed videos;
localizers (T3AL, FrameWiseCLIP) are not trained and take untrimmed ones (`zsar test --data.help UntrimmedFiles`).

examples:
  Name the action in your own videos (ViT-B/16 with OpenAI's weights, downloaded once):
    zsar classify holiday.mp4 clips/ --classes "surfing, building a sandcastle, playing volleyball"

  Find when something happens in long videos: a table, a JSON file and a picture of each (CoCa, downloaded once):
    zsar localize kitchen.mp4 --classes "pouring coffee, cutting bread" --output runs/kitchen

  Train T2L on Kinetics-400 with online tracking, then test it:
    zsar fit  --config experiment/t2l_kinetics400 --wandb online
    zsar test --config experiment/t2l_kinetics400 --ckpt_path runs/t2l_kinetics400/checkpoints/last.ckpt

  Change any setting on the command line, or in another config file:
    zsar fit --config experiment/t2l_kinetics400 --data.clips.n_frames 16 --model.n_frames 16 \\
             --trainer.devices 4 --seed_everything 1

environment:
  ZSAR_DATA                folder that holds all data sets (default: ./data)
  ZSAR_SHARD_CACHE         folder for videos of shards at an address, of at most ZSAR_SHARD_CACHE_GB (default: 20)
  ZSAR_TRUSTED_MODULES=M   your own modules whose classes configurations may name, separated by commas
  ZSAR_TRACEBACK=1         show the traceback of an error, for a bug report
"""

# Commands that take the settings of a data set; these are written as YAML and JSON.
_WITH_SETTINGS = ("doctor.doctor", "embed.embed", "profile.profile")
_FORMER_NAMES = {"several": "batch"}
_HERE = "zsar.lightning_modules.command_line"
_BUG = "this is a bug of zsar, or of a package that it uses: please report the command line and what follows"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `zsar`.

    Args:
        arguments: The command line without the program's name; None for the real one.

    Returns:
        The exit status: 0 for success, 1 for an error that was explained, 2 for a wrong command line, 130 and
        143 for Ctrl-C and SIGTERM, 141 if the reader of its output has closed the pipe.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    return ends_with_its_reader(lambda: _main(given))


def _main(arguments: list[str]) -> int:
    command = arguments[0] if arguments else "--help"
    # Set before torch is loaded: its idle CPU threads then sleep instead of taking cores from the decoders.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if command in ("-h", "--help"):
        width = max(map(len, COMMANDS))
        listed = "\n".join(f"  {name:<{width}}  {what}" for name, (what, _) in COMMANDS.items())
        say(*_OVERVIEW.format(commands=listed).split("\n"), "")
        return 0
    if command == "--version":
        say(f"zsar {__version__}")
        return 0
    if command not in COMMANDS:
        near = did_you_mean(command, COMMANDS) or f"; it is one of {', '.join(COMMANDS)}"
        if command in _FORMER_NAMES:
            near = f"; it is called {_FORMER_NAMES[command]} now: zsar {_FORMER_NAMES[command]} ..."
        say(f"zsar: error: there is no command {command!r}{near}", error=True)
        return 2
    accept_all_text()
    try:
        with stops_by(signal.SIGTERM):
            return _run(command, arguments) if os.environ.get("ZSAR_TRACEBACK") else _explained(command, arguments)
    except Stopped as stop:
        if stop.is_told:
            say(f"zsar {command}: {stop}", error=True)
        return stop.status
    except KeyboardInterrupt:
        say(f"zsar {command}: {Stopped(signal.SIGINT)}", error=True)
        return Stopped(signal.SIGINT).status


def _explained(command: str, arguments: list[str]) -> int:
    try:
        return _run(command, arguments)
    except Exception as error:
        if is_of_a_closed_pipe(error):
            raise
        from zsar.lightning_modules.command_line.explained_errors import explained

        with further_deaths_unsaid():
            sentence = explained(error, command, typed=arguments)
            if sentence is None:
                say(_BUG, error=True)
                raise
            say(f"zsar {command}: error: {sentence}", error=True)
        return 1


def _run(command: str, arguments: list[str]) -> int:
    _silence()
    from zsar.runtime.permitted_classes import find_trusted_modules_here

    find_trusted_modules_here()
    module = COMMANDS[command][1]
    if module is None or module in _WITH_SETTINGS:
        _check_utf8(arguments)
    if module is not None:
        return _run_small(module, arguments[1:])
    run = run_lightning(arguments)
    return 1 if run is not None and run.left_out_videos else 0


def options_module(module: str) -> ModuleType:
    """The module of the options of a small command, which imports nothing heavy.

    Args:
        module: The command's, as in `COMMANDS`.
    """
    return importlib.import_module(f"{_HERE}.{module}_options")


def _run_small(module: str, arguments: list[str]) -> int:
    """Parses the command line of a small command, and only then imports what runs it, which takes seconds."""
    atexit.register(gc.freeze)  # Python would search all that was imported for garbage: seconds after Ctrl-C
    options = options_module(module).COMMAND.parse(arguments)
    run = importlib.import_module(f"{_HERE}.{module}").run
    warn_as_typed()  # again, as Lightning, which most commands import, has its own form of warnings
    status: int = run(options)
    return status


def _check_utf8(arguments: Sequence[str]) -> None:
    """Checks that settings can be written as YAML and JSON.

    Raises:
        ValueError: An argument holds a byte that is not UTF-8.
    """
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"{shown(argument)}: the byte 0x{ord(argument[error.start]) - 0xDC00:02x} is not UTF-8, but settings "
                "are written as UTF-8; rename the file or folder, or give a link to it that has another name"
            ) from None


def run_lightning(arguments: list[str]) -> Any:  # noqa: ANN401 - the LightningCLI, made in the function below
    """Runs `zsar fit`, `validate`, `test` or `predict`.

    Args:
        arguments: The command line, beginning with the command.

    Returns:
        The LightningCLI object after the run, with `model`, `datamodule` and `trainer`.
    """
    from zsar.lightning_modules.command_line.fit_and_test.mistyped_lines import answered_at_once

    if (status := answered_at_once(arguments)) is not None:
        sys.exit(status)
    from zsar.lightning_modules.command_line.fit_and_test.lightning_cli import ActionRecognitionCLI
    from zsar.lightning_modules.command_line.fit_and_test.tracked_page import write_tracked_page

    return ActionRecognitionCLI.run_command(arguments, page=write_tracked_page)


def _silence() -> None:
    """Hides messages of Lightning and its dependencies that need no action, or that do not apply here."""
    warn_as_typed()
    os.environ.setdefault("WANDB_SILENT", "true")
    for name in (
        "lightning.pytorch.utilities.rank_zero",
        "lightning.pytorch.accelerators.cuda",
        "lightning.fabric.utilities.distributed",  # a line from each process
        "lightning.fabric.utilities.seed",  # the seed is in results.json; a line before an error would hide it
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in (
        ".*does not have many workers which may be a bottleneck.*",
        "This DataLoader will create .* worker processes in total.*",  # as many as were asked for
        ".*is smaller than the logging interval.*",
        ".*Checkpoint directory .* exists and is not empty.*",
        ".*isinstance\\(treespec, LeafSpec\\).*",
        ".*module\\(s\\) in eval mode at the start of training.*",
        "You're resuming from a checkpoint that ended before the epoch ended.*",  # our sampler resumes where it stopped
        "Total length of `list` across ranks is zero.*",  # no clips are held out, by choice
        "Be aware that when using `ckpt_path`, callbacks used to create the checkpoint.*",  # a test does not need them
        "You requested to overfit but enabled .* dataloader shuffling.*",  # the same batches each epoch, as requested
        "torch.distributed.nn.functional.all_gather is deprecated.*",
        "The dirpath has changed from .*",
        "LightningCLI's args parameter is intended to run from within Python.*",
    ):
        warnings.filterwarnings("ignore", message=message)
