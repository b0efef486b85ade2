"""Explains errors of any origin in one sentence for the user; None for bugs.

zsar's own errors give value, limit and remedy. jsonargparse wraps errors raised while it builds an object into its list
of all types that it tried; they are unwrapped here. Messages of Lightning, torch and the operating system are completed
with a remedy that fits the command. Classes of errors are compared by their paths, so that nothing is imported to
explain an error of a command that has not needed it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.metadata import version

from zsar.runtime.files.whole_files import FULL_REMEDY
from zsar.runtime.processes.dead_workers import explain_dead_worker
from zsar.runtime.terminal import shown
from zsar.runtime.text.text_files import cut

LONGEST = 3_000
"""Characters of a message. The middle of a longer one is left out, where it quotes what a file holds."""
LIGHTNING_COMMANDS = ("fit", "validate", "test", "predict")
OURS = (
    "zsar.runtime.files.video_errors.VideoDecodeError",
    "zsar.datamodules.video_files.writing.mp4_writing.TranscodingError",
    "zsar.lightning_modules.open_clip_towers.weights.weight_files.BackboneError",
    "zsar.lightning_modules.tensor_files.checkpoint_files.CheckpointError",
    "zsar.lightning_modules.training.author_checkpoints.AuthorCheckpointError",
)
"""Paths of the errors of zsar that are no `ValueError`; their messages are for the user."""
MISCONFIGURED = "lightning.fabric.utilities.exceptions.MisconfigurationException"
MEMORY_OF_DEVICE_FULL = "torch.OutOfMemoryError"
_PARSERS = ("jsonargparse", "argparse")
_MOST_READ = 1_000  # searched characters of a message, as some quote their whole input
# Names of options in shared messages, and their names in the commands of Lightning.
_NAMES_IN_LIGHTNING = {
    f"--{name}": f"--model.backbone.{name}"
    for name in ("weights", "architecture", "frame_statistics", "frame_geometry", "tokenizer")
}
_NO_GPU = ("no nvidia driver", "not compiled with cuda", "no supported gpu backend", "no cuda gpus are available")


def explained(error: BaseException, command: str, *, typed: Sequence[str] = ()) -> str | None:
    """Explains an error to the user.

    Args:
        error: The error that ended the command.
        command: "fit", "classify", ...; remedies name its options.
        typed: The command line; a line break within one of its names does not separate lines of the message.

    Returns:
        One line without the command's name, or None if the error is a bug, whose traceback is needed.
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
    """The original error, without the errors that a parser wrapped around it."""
    while error.__cause__ is not None and _raised_by(error).split(".")[0] in _PARSERS:
        error = error.__cause__
    return error


def _is_of(error: BaseException, *paths: str) -> bool:
    """Whether an error is of one of the classes with these paths, or of a subclass."""
    return any(f"{kind.__module__}.{kind.__qualname__}" in paths for kind in type(error).__mro__)


def _raised_by(error: BaseException) -> str:
    """The module of the code that raised an error."""
    traceback = error.__traceback__
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return str(traceback.tb_frame.f_globals.get("__name__", ""))


def _fitting(sentence: str, command: str) -> str:
    """The sentence with the option names of this command."""
    if command not in LIGHTNING_COMMANDS:
        return sentence
    for name, lightning_name in _NAMES_IN_LIGHTNING.items():
        sentence = re.sub(rf"(?<![\w.-]){name}(?![\w.-])", lightning_name, sentence)
    return sentence


def _cpu(command: str) -> str:
    if command in LIGHTNING_COMMANDS:
        return "run on the CPU with --trainer configs/trainer/cpu.yaml, or --trainer.accelerator cpu"
    return "run on the CPU with --device cpu"


def _no_gpu(error: BaseException, command: str) -> str | None:
    """A GPU is requested but torch finds none."""
    if isinstance(error, (RuntimeError, AssertionError)) or _is_of(error, MISCONFIGURED):
        message = str(error).splitlines()[0] if str(error) else ""
        if any(text in message.lower() for text in _NO_GPU):
            return f"a GPU is asked for, but torch finds none here ({message.strip().rstrip('.!')}); {_cpu(command)}"
    return None


def _wrong_device(error: BaseException, command: str) -> str | None:
    """A device, an accelerator or a strategy that does not exist, or too many devices."""
    message = str(error)
    if match := re.search(r"device type at start of device string: (\S+)", message):
        return f"--device {match[1]}: there is no such device; give cpu, cuda, cuda:1 or mps"
    if "nvalid device" in message and isinstance(error, RuntimeError):
        return f"the device cannot be used ({message.splitlines()[0]}); {_cpu(command)}"
    if match := re.search(r"invalid accelerator name: `accelerator='(.+?)'`.*Available names are: (.+?)\.", message):
        return f"--trainer.accelerator {match[1]}: there is no such accelerator; give one of {match[2]}"
    if match := re.search(r"invalid strategy name: `strategy='(.+?)'`", message):
        return f"--trainer.strategy {match[1]}: there is no such strategy; give auto, ddp or another of Lightning's"
    return None


def _memory_full(error: BaseException, command: str) -> str | None:
    """The memory of the device, or of the machine, is too small for a batch."""
    is_of_cpu = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    if not (is_of_cpu or isinstance(error, MemoryError) or _is_of(error, MEMORY_OF_DEVICE_FULL)):
        return None
    smaller = {
        "fit": "a smaller --data.loading.batch_size (with --trainer.accumulate_grad_batches for the same update)",
        "classify": "fewer --frames or --clips",
        "extract": "a smaller --batch_size",
        "localize": "a smaller --batch_size",
    }
    test_batch = "a smaller --data.loading.test_batch_size"
    remedy = smaller.get(command, test_batch if command in LIGHTNING_COMMANDS else "less at a time")
    message = str(error).split(". ")[0] or "out of memory"
    return f"the memory does not hold what is computed together ({message}); give {remedy}, or another device"


def _misconfigured(error: BaseException, command: str) -> str | None:
    """Settings that Lightning rejects as incompatible."""
    if not _is_of(error, MISCONFIGURED):
        return None
    return f"{str(error).strip().rstrip('.')}; `zsar {command} --help.all` explains Lightning's options"


def _file_trouble(error: BaseException, command: str) -> str | None:
    """A full disk, missing permissions, a folder in place of a file, a broken link."""
    if isinstance(error, RuntimeError) and (loop := re.fullmatch(r"Symlink loop from '(.+)'", str(error), re.DOTALL)):
        return f"{loop[1]}: a link that leads to itself; remove it, or give another path"
    if not isinstance(error, OSError):
        return None
    if error.strerror is None:
        return str(error) or None  # zsar's own sentence
    where = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    if error.strerror.endswith(FULL_REMEDY):  # from `whole_file`, complete except for this
        goes_on = ", with --ckpt_path last if the run folder holds a last.ckpt" if command == "fit" else ""
        return f"{error.strerror}{goes_on}"
    remedies = {
        13: "; check whose it is, or give another one",
        21: ", so no file can be read or written here; give the path of a file",
        28: "; free some space, or write to another disk",
        40: "; remove this link, or give another path",
    }
    if error.errno == 28 and not where and command in LIGHTNING_COMMANDS:  # written by a logger, without a file name
        where = "in the run folder or in that of temporary files"
        return f"{error.strerror}, {where}; free some space, or give another --run_dir"
    return f"{f'{where}: ' if where else ''}{error.strerror}{remedies.get(error.errno or 0, '')}"


def _dead_worker(error: BaseException, command: str) -> str | None:
    """A decoding worker, or another process of the run, died."""
    return explain_dead_worker(error)


def _unreadable(error: BaseException, command: str) -> str | None:
    """A file that torch cannot load: an incomplete checkpoint, or something else."""
    if type(error).__module__.startswith("zsar."):  # it says itself which file, and what to do
        return None
    if isinstance(error, EOFError) or type(error).__name__ == "UnpicklingError" or "PytorchStreamReader" in str(error):
        message = (str(error) or type(error).__name__).splitlines()[0].split(". ")[0]
        return f"the checkpoint cannot be read ({message}); is it complete, and one of zsar? Give another one"
    return None


def _unknown_argument(error: BaseException, command: str) -> str | None:
    """A class built from a configuration does not accept an argument in its `dict_kwargs`."""
    if not isinstance(error, TypeError) or _raised_by(error).split(".")[0] not in _PARSERS:
        return None
    unknown = re.search(r"\b(\w+)\.__init__\(\) got an unexpected keyword argument '(.+?)'", str(error)[:_MOST_READ])
    if unknown is None:
        return None
    return f"{unknown[1]} takes no argument {unknown[2]!r}; take it out of its dict_kwargs"


def _for_users(error: BaseException, command: str) -> str | None:
    """An error with a message for the user."""
    # ValueError: including Lightning's, whose messages are clear enough
    return str(error) if isinstance(error, ValueError) or _is_of(error, *OURS) else None


def _missing_extra(error: BaseException, command: str) -> str | None:
    """A package of an extra is not installed; the message names the extra."""
    return str(error) if isinstance(error, ModuleNotFoundError) and "pip install 'zsar[" in str(error) else None


def _unmatched_torchvision(error: BaseException, command: str) -> str | None:
    """The operators of torchvision cannot be registered with this torch, which is of another build."""
    if not (isinstance(error, RuntimeError) and "operator torchvision::nms does not exist" in str(error)):
        return None
    return (
        f"torch {version('torch')} and torchvision {version('torchvision')} are not of one build, so that torchvision "
        "cannot be used; install both together from one index: pip install --force-reinstall torch torchvision"
    )


_EXPLANATIONS: tuple[Callable[[BaseException, str], str | None], ...] = (
    _missing_extra,
    _unmatched_torchvision,
    _dead_worker,
    _no_gpu,
    _wrong_device,
    _memory_full,
    _misconfigured,
    _file_trouble,
    _unreadable,
    _unknown_argument,
    _for_users,
)
"""Tried in this order; each takes the error and the command, and returns None for errors that it does not explain."""
