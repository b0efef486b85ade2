"""Files of tensors and plain types, read without running code from them, and with bounded memory.

A pickle may call any function, a small zip may unpack to any size, and a tensor of one number may claim 10^18 elements.
`torch.load(weights_only=True)` prevents the first; this module prevents the others. Torch's messages are not quoted
where they advise to switch that off.
"""

from __future__ import annotations

import re
import textwrap
import warnings
import zipfile
from collections.abc import Collection
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from zsar.runtime.terminal import shown

MOST_LEVELS = 64
"""Maximum nesting of a file's dictionaries and lists."""
MOST_VALUES = 2_000_000
"""Maximum number of values of a file; a tensor counts as one."""
MOST_CODE_BYTES = 100_000_000
"""Maximum unpacked size of a TorchScript archive's code."""

_LONGEST_NAME = 160
_FOREIGN = re.compile(r"(?:Unsupported (?:global: GLOBAL|class)|Trying to instantiate unsafe class:?) (\S+)")
_ADVICE = re.compile(r"weights[_ ]only|trust|file an issue|forums?\b|pickle module|safe_globals", re.IGNORECASE)


class TensorFileError(RuntimeError):
    """A file cannot be read; the message begins with its path and gives cause and remedy.

    Attributes:
        foreign: The Python object in it; None if that is not the cause.
    """

    def __init__(self, message: str, foreign: str | None = None) -> None:
        """Creates the error."""
        super().__init__(message)
        self.foreign = foreign


def read_tensor_file(path: Path | str, *, in_memory: bool = True) -> object:
    """Reads a file written by `torch.save`, on the CPU.

    Args:
        path: The file.
        in_memory: Whether to read tensors at once; otherwise each is read when used, if the format allows it.

    Raises:
        TensorFileError: The file is missing, empty, truncated, of another kind, a TorchScript archive, holds Python
            objects, or claims more than it holds.
    """
    path = Path(path)
    check_file(path)
    is_zip = is_zip_file(path)
    if is_zip:
        check_archive(path)
    if is_torchscript(path):
        raise TensorFileError(
            f"{path} is a TorchScript archive, which holds code, and zsar runs no code from files; give a file of "
            "weights only"
        )
    try:
        with warnings.catch_warnings():  # on pickle protocols, which advise to file an issue
            warnings.simplefilter("ignore")
            content: object = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip and not in_memory)
    except Exception as error:
        raise _explained(path, error) from error
    check_content(content, path)
    return content


def check_file(path: Path) -> None:
    """Checks that a file exists and is not empty.

    Raises:
        TensorFileError: It does not.
    """
    if path.is_dir():
        raise TensorFileError(f"{path} is a folder; give a file")
    if not path.is_file():
        raise TensorFileError(f"there is no file {path}")
    try:
        if path.stat().st_size == 0:
            raise TensorFileError(f"{path} cannot be read (it is empty); fetch it again")
        path.open("rb").close()
    except OSError as error:
        raise TensorFileError(f"{path} cannot be read ({error.strerror}); check whose it is") from error


def check_archive(path: Path) -> None:
    """Checks that a zip file's content matches its size: torch's archives are not compressed.

    Raises:
        TensorFileError: The file is compressed or broken, or its parts overlap.
    """
    entries = _entries(path)
    size = path.stat().st_size
    code = [entry for entry in entries if "/code/" in entry.filename]  # of TorchScript, compressed by torch
    packed = [entry for entry in entries if entry.compress_type != zipfile.ZIP_STORED]
    if any(entry not in code for entry in packed) or sum(entry.file_size for entry in code) > MOST_CODE_BYTES:
        raise TensorFileError(
            f"{path} is a compressed zip file, which may unpack to any size and is not how torch writes weights; "
            "unpack it and give the file of weights in it"
        )
    if (claimed := sum(entry.file_size for entry in entries if entry not in packed)) > size:
        raise TensorFileError(f"{path} has {size:,} bytes, but claims to hold {claimed:,}; fetch it again")


def is_zip_file(path: Path) -> bool:
    """Whether a file is a zip archive, as torch has written its files since 2020.

    Raises:
        TensorFileError: The file ends like a multi-part archive.
    """
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile as error:
        raise _damaged(path) from error


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive of TorchScript, which holds code besides its tensors.

    Raises:
        TensorFileError: The file is a zip file with an unreadable directory.
    """
    if not is_zip_file(path):
        return False
    return any(entry.filename.split("/", 1)[-1] == "constants.pkl" for entry in _entries(path))


def _entries(path: Path) -> list[zipfile.ZipInfo]:
    """Reads the directory of a zip file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RecursionError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> TensorFileError:
    return TensorFileError(f"{path} is cut short or damaged; fetch it again")


def check_content(content: object, path: Path) -> None:
    """Checks that content is within limits: in depth, in number, and in the memory of its tensors.

    Raises:
        TensorFileError: It is not, or a tensor is of a kind not used for weights.
    """
    left: list[tuple[object, int]] = [(content, 0)]
    n_values = 0
    while left:
        value, level = left.pop()
        n_values += 1
        if level > MOST_LEVELS or n_values > MOST_VALUES:
            raise TensorFileError(
                f"{path} holds values more than {MOST_LEVELS} levels deep, or more than {MOST_VALUES:,} of them, "
                "unlike any file of weights; fetch it again"
            )
        if isinstance(value, Tensor):
            _check_tensor(value, path)
        elif isinstance(value, dict):
            left += [(part, level + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list | tuple | set | frozenset):
            left += [(part, level + 1) for part in value]


def _check_tensor(tensor: Tensor, path: Path) -> None:
    if tensor.layout != torch.strided or tensor.device.type != "cpu" or tensor.is_quantized or tensor.is_complex():
        raise TensorFileError(
            f"{path} holds a sparse, quantized, complex or meta tensor; give one of dense, real weights"
        )
    held = tensor.untyped_storage().nbytes()
    if tensor.numel() * tensor.element_size() > held:
        raise TensorFileError(
            f"{path} is damaged: a tensor claims the shape {list(tensor.shape)}, but the file holds {held:,} bytes of "
            "it; fetch it again"
        )


def _explained(path: Path, error: Exception) -> TensorFileError:
    message = str(error)
    if foreign := _FOREIGN.search(message):
        name = _name(foreign)
        return TensorFileError(
            f"{path} holds Python objects ({name}), which zsar does not load, since loading them would run the "
            "file's code; give a file of tensors and plain types",
            foreign=name,
        )
    return TensorFileError(
        f"{path} cannot be read (it is truncated, of another kind, or holds Python objects, which zsar does not load; "
        f"{cause_of(error)}); compare its size with that of the original, and fetch it again"
    )


def cause_of(error: BaseException) -> str:
    """Torch's error message on one line, without its advice to load files that may run code."""
    message = str(error)
    if foreign := _FOREIGN.search(message):
        return f"it holds Python objects ({_name(foreign)}), which zsar does not load"
    first = textwrap.shorten(message.strip().split("\n", 1)[0], 250, placeholder=" ...")
    return type(error).__name__ if not first or _ADVICE.search(first) else f"{type(error).__name__}: {first}"


def some_names(names: Collection[object], *, most: int = 3) -> str:
    """Names from a file, for a message: the first few, on one line, with long ones truncated.

    Args:
        names: The names.
        most: How many to show.
    """
    first = [shown(name) for name in islice(names, most)]
    short = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..." for name in first]
    return ", ".join(short) + (", ..." if len(names) > most else "")


def _name(foreign: re.Match[str]) -> str:
    return foreign[1].strip("'\"`.,")
