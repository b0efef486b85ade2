"""Errors as one sentence for the user, whoever raised them; None for those that are bugs.

Our own errors say value, limit and remedy. jsonargparse wraps those that are raised while it builds an object into its
account of all types that it tried: here they are taken out again. What Lightning, torch and the operating system say
is completed by the remedy that the command has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException

from zsar.datamodules.video_files.video_file import VideoDecodeError
from zsar.datamodules.video_files.writing.transcoding import TranscodingError
from zsar.lightning_modules.open_clip_towers.weight_files import BackboneError
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.lightning_modules.training.author_checkpoints import AuthorCheckpointError
from zsar.runtime.files.whole_files import FULL_REMEDY
from zsar.runtime.processes.dead_workers import explain_dead_worker
from zsar.runtime.terminal import shown
from zsar.runtime.text.text_files import cut

LONGEST = 3_000
"""Characters of a message. The middle of a longer one is left out, where it quotes what a file holds."""
LIGHTNING_COMMANDS = ("fit", "validate", "test", "predict")
_OURS = (
    ValueError,  # also those of Lightning, whose sentences are good enough
    BackboneError,
    CheckpointError,
    AuthorCheckpointError,
    VideoDecodeError,
    TranscodingError,
)
_PARSERS = ("jsonargparse", "argparse")
_MOST_READ = 1_000  # characters of a message that are searched, as some quote all that they were given
# What a message of code that several commands share calls an option, and what the commands of Lightning call it.
_NAMES_IN_LIGHTNING = {"--weights": "--model.backbone.weights", "--architecture": "--model.backbone.architecture"}
_NO_GPU = ("no nvidia driver", "not compiled with cuda", "no supported gpu backend", "no cuda gpus are available")


def explained(error: BaseException, command: str, *, typed: Sequence[str] = ()) -> str | None:
    """What a user is told of an error.

    Args:
        error: What ended the command.
        command: "fit", "classify", ...; remedies name its options.
        typed: The command line: a line break in one of its names is the name's, not one of the message's lines.

    Returns:
        One line without the command's name, or None if the error is a bug, of which the traceback is wanted.
    """
    cause = unwrapped(error)
    for explain in _EXPLANATIONS:
        sentence = explain(cause, command)
        if sentence is not None:
            return _fitting(_in_one_line(sentence, typed), command)
    return None


def _in_one_line(sentence: str, typed: Sequence[str]) -> str:
    for name in typed:
        if shown(name) != name:
            sentence = sentence.replace(name, shown(name))
    lines = (line.strip() for line in sentence.split("\n"))
    return cut(" ".join(line for line in lines if line), LONGEST)


def unwrapped(error: BaseException) -> BaseException:
    """The error that a parser was told of, where all that it raised itself is its account of it."""
    while error.__cause__ is not None and _raised_by(error).split(".")[0] in _PARSERS:
        error = error.__cause__
    return error


def _raised_by(error: BaseException) -> str:
    """The module of the code that raised an error."""
    traceback = error.__traceback__
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return str(traceback.tb_frame.f_globals.get("__name__", ""))


def _fitting(sentence: str, command: str) -> str:
    """The sentence with the options of the command in place of those that other commands have."""
    if command not in LIGHTNING_COMMANDS:
        return sentence
    for name, of_lightning in _NAMES_IN_LIGHTNING.items():
        sentence = re.sub(rf"(?<![\w.-]){name}(?![\w.-])", of_lightning, sentence)
    return sentence


def _cpu(command: str) -> str:
    if command in LIGHTNING_COMMANDS:
        return "run on the CPU with --trainer configs/trainer/cpu.yaml, or --trainer.accelerator cpu"
    return "run on the CPU with --device cpu"


def _no_gpu(error: BaseException, command: str) -> str | None:
    """A GPU is asked for where torch finds none."""
    if isinstance(error, (RuntimeError, AssertionError, MisconfigurationException)):
        said = str(error).splitlines()[0] if str(error) else ""
        if any(text in said.lower() for text in _NO_GPU):
            return f"a GPU is asked for, but torch finds none here ({said.strip().rstrip('.!')}); {_cpu(command)}"
    return None


def _wrong_device(error: BaseException, command: str) -> str | None:
    """A device, an accelerator or a strategy that does not exist, or not that many."""
    said = str(error)
    if match := re.search(r"device type at start of device string: (\S+)", said):
        return f"--device {match[1]}: there is no such device; give cpu, cuda, cuda:1 or mps"
    if "nvalid device" in said and isinstance(error, RuntimeError):
        return f"the device cannot be used ({said.splitlines()[0]}); {_cpu(command)}"
    if match := re.search(r"invalid accelerator name: `accelerator='(.+?)'`.*Available names are: (.+?)\.", said):
        return f"--trainer.accelerator {match[1]}: there is no such accelerator; give one of {match[2]}"
    if match := re.search(r"invalid strategy name: `strategy='(.+?)'`", said):
        return f"--trainer.strategy {match[1]}: there is no such strategy; give auto, ddp or another of Lightning's"
    return None


def _memory_full(error: BaseException, command: str) -> str | None:
    """The device's memory, or the machine's, does not hold what is computed together."""
    full = isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )
    if not full:
        return None
    smaller = {
        "fit": "a smaller --data.loading.batch_size (with --trainer.accumulate_grad_batches for the same update)",
        "classify": "fewer --frames or --clips",
        "extract": "a smaller --batch_size",
        "localize": "a smaller --batch_size",
    }
    test_batch = "a smaller --data.loading.test_batch_size"
    remedy = smaller.get(command, test_batch if command in LIGHTNING_COMMANDS else "less at a time")
    said = str(error).split(". ")[0] or "out of memory"
    return f"the memory does not hold what is computed together ({said}); give {remedy}, or another device"


def _misconfigured(error: BaseException, command: str) -> str | None:
    """Lightning's word for settings that do not go together."""
    if not isinstance(error, MisconfigurationException):
        return None
    return f"{str(error).strip().rstrip('.')}; `zsar {command} --help.all` explains Lightning's options"


def _file_trouble(error: BaseException, command: str) -> str | None:
    """A full disk, a file that may not be written, a folder that is a file, a link that leads nowhere."""
    if isinstance(error, RuntimeError) and (loop := re.fullmatch(r"Symlink loop from '(.+)'", str(error), re.DOTALL)):
        return f"{loop[1]}: a link that leads to itself; remove it, or give another path"
    if not isinstance(error, OSError):
        return None
    if error.strerror is None:
        return str(error) or None  # our own sentence
    where = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    if error.strerror.endswith(FULL_REMEDY):  # of a file that is whole or not there: its own sentence
        goes_on = ", with --ckpt_path last if the run folder holds a last.ckpt" if command == "fit" else ""
        return f"{error.strerror}{goes_on}"
    remedies = {
        13: "; check whose it is, or give another one",
        21: ", so no file can be read or written here; give the path of a file",
        28: "; free some space, or write to another disk",
        40: "; remove this link, or give another path",
    }
    if error.errno == 28 and not where and command in LIGHTNING_COMMANDS:  # a logger's line: no file is named
        where = "in the run folder or in that of temporary files"
        return f"{error.strerror}, {where}; free some space, or give another --run_dir"
    return f"{f'{where}: ' if where else ''}{error.strerror}{remedies.get(error.errno or 0, '')}"


def _dead_worker(error: BaseException, command: str) -> str | None:
    """A decoding worker, or another process of the run, died."""
    return explain_dead_worker(error)


def _unreadable(error: BaseException, command: str) -> str | None:
    """A file that torch cannot load: half of a checkpoint, or none."""
    if isinstance(error, EOFError) or type(error).__name__ == "UnpicklingError" or "PytorchStreamReader" in str(error):
        said = (str(error) or type(error).__name__).splitlines()[0].split(". ")[0]
        return f"the checkpoint cannot be read ({said}); is it whole, and one of zsar? Give another one"
    return None


def _unknown_argument(error: BaseException, command: str) -> str | None:
    """A class that is built by a configuration does not take an argument that `dict_kwargs` has for it."""
    if not isinstance(error, TypeError) or _raised_by(error).split(".")[0] not in _PARSERS:
        return None
    unknown = re.search(r"\b(\w+)\.__init__\(\) got an unexpected keyword argument '(.+?)'", str(error)[:_MOST_READ])
    if unknown is None:
        return None
    return f"{unknown[1]} takes no argument {unknown[2]!r}; take it out of its dict_kwargs"


def _own(error: BaseException, command: str) -> str | None:
    """An error whose message is meant for the user."""
    return str(error) if isinstance(error, _OURS) else None


_EXPLANATIONS: tuple[Callable[[BaseException, str], str | None], ...] = (
    _dead_worker,
    _no_gpu,
    _wrong_device,
    _memory_full,
    _misconfigured,
    _file_trouble,
    _unreadable,
    _unknown_argument,
    _own,
)
"""Asked in this order; each takes the error and the command, and returns None for what it does not know."""
