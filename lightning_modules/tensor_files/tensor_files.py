"""Files of tensors and plain types, read without running anything that they say, and within the memory that they take.

A pickle may call any function, a small zip may unpack to any size, and a tensor of one number may be said to have
10^18 elements. `torch.load(weights_only=True)` refuses the first; the others are refused here. What torch says of a
file is not quoted where it advises to switch that off.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Collection
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from zsar.runtime.terminal import shown

MOST_LEVELS = 64
"""How deep the dictionaries and lists of a file may lie in each other."""
MOST_VALUES = 2_000_000
"""Most values of a file, tensors counted as one each."""
MOST_CODE_BYTES = 100_000_000
"""Most text that the code of a TorchScript archive unpacks to."""

_LONGEST_NAME = 160
_FOREIGN = re.compile(r"(?:Unsupported (?:global: GLOBAL|class)|Trying to instantiate unsafe class:?) (\S+)")
_ADVICE = re.compile(r"weights[_ ]only|trust|file an issue|forums?\b|pickle module|safe_globals", re.IGNORECASE)


class TensorFileError(RuntimeError):
    """A file is not read: the message begins with its path and says why, and what to do.

    Attributes:
        foreign: The Python object that it holds; None if that is not the cause.
    """

    def __init__(self, message: str, foreign: str | None = None) -> None:
        """An error with this message."""
        super().__init__(message)
        self.foreign = foreign


def read_tensor_file(path: Path | str, *, in_memory: bool = True) -> object:
    """The content of a file that `torch.save` wrote, on the CPU.

    Args:
        path: The file.
        in_memory: Whether tensors are read at once; else each is read when it is used, where the format allows it.

    Raises:
        TensorFileError: It is missing, empty, cut short, of another kind, a TorchScript archive, holds Python objects,
            or claims more than it holds.
    """
    path = Path(path)
    check_file(path)
    is_zip = is_zip_file(path)
    if is_zip:
        check_archive(path)
    if is_torchscript(path):
        raise TensorFileError(
            f"{path} is a TorchScript archive, which holds code, and zsar runs no code of a file; give a file of "
            "weights alone"
        )
    try:
        with warnings.catch_warnings():  # of pickle protocols, with the advice to file an issue
            warnings.simplefilter("ignore")
            content: object = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip and not in_memory)
    except Exception as error:
        raise _explained(path, error) from error
    check_content(content, path)
    return content


def check_file(path: Path) -> None:
    """Checks that there is a file with something in it.

    Raises:
        TensorFileError: There is none.
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
    """Checks that a zip file holds what it is long: torch's archives are not compressed.

    Raises:
        TensorFileError: It is compressed, its parts overlap, or it is broken.
    """
    entries = _entries(path)
    size = path.stat().st_size
    code = [entry for entry in entries if "/code/" in entry.filename]  # of TorchScript, which torch compresses
    packed = [entry for entry in entries if entry.compress_type != zipfile.ZIP_STORED]
    if any(entry not in code for entry in packed) or sum(entry.file_size for entry in code) > MOST_CODE_BYTES:
        raise TensorFileError(
            f"{path} is a compressed zip file, as which torch writes no weights, and which may unpack to any size; "
            "unpack it and give the file of weights in it"
        )
    if (claimed := sum(entry.file_size for entry in entries if entry not in packed)) > size:
        raise TensorFileError(f"{path} has {size:,} bytes, but claims to hold {claimed:,}; fetch it again")


def is_zip_file(path: Path) -> bool:
    """Whether a file is a zip archive, as torch has written its files since 2020.

    Raises:
        TensorFileError: It ends like an archive in several parts.
    """
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile as error:
        raise _damaged(path) from error


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive of TorchScript, which holds code beside its tensors.

    Raises:
        TensorFileError: It is a zip file whose directory cannot be read.
    """
    if not is_zip_file(path):
        return False
    return any(entry.filename.split("/", 1)[-1] == "constants.pkl" for entry in _entries(path))


def _entries(path: Path) -> list[zipfile.ZipInfo]:
    """The directory of a zip file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RecursionError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> TensorFileError:
    return TensorFileError(f"{path} is cut short or damaged; fetch it again")


def check_content(content: object, path: Path) -> None:
    """Checks that what was read is finite: in depth, in number, and in the memory of its tensors.

    Raises:
        TensorFileError: It is not, or a tensor is of a kind that no weights are of.
    """
    left: list[tuple[object, int]] = [(content, 0)]
    n_values = 0
    while left:
        value, level = left.pop()
        n_values += 1
        if level > MOST_LEVELS or n_values > MOST_VALUES:
            raise TensorFileError(
                f"{path} holds values more than {MOST_LEVELS} levels deep, or more than {MOST_VALUES:,} of them, as no "
                "file of weights does; fetch it again"
            )
        if isinstance(value, Tensor):
            _check_tensor(value, path)
        elif isinstance(value, dict):
            left += [(each, level + 1) for pair in value.items() for each in pair]
        elif isinstance(value, list | tuple | set | frozenset):
            left += [(each, level + 1) for each in value]


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
    said = str(error)
    if foreign := _FOREIGN.search(said):
        name = _name(foreign)
        return TensorFileError(
            f"{path} holds Python objects ({name}), which zsar does not load, since to load them is to run what the "
            "file says; give a file of tensors and plain types",
            foreign=name,
        )
    return TensorFileError(
        f"{path} cannot be read (it is cut short, of another kind, or holds Python objects, which zsar does not load; "
        f"{cause_of(error)}); compare its size with that of the original, and fetch it again"
    )


def cause_of(error: BaseException) -> str:
    """What an error of torch's says, on one line, without its advice to load what may run code."""
    said = str(error)
    if foreign := _FOREIGN.search(said):
        return f"it holds Python objects ({_name(foreign)}), which zsar does not load"
    first = " ".join(said.strip().split("\n", 1)[0].split())
    return type(error).__name__ if not first or _ADVICE.search(first) else f"{type(error).__name__}: {first[:200]}"


def some_names(names: Collection[object], *, most: int = 3) -> str:
    """Names that a file gives, for a message: the first few, in one line, each cut where it is long.

    Args:
        names: The names.
        most: How many to show.
    """
    first = [shown(name) for name in islice(names, most)]
    short = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..." for name in first]
    return ", ".join(short) + (", ..." if len(names) > most else "")


def _name(foreign: re.Match[str]) -> str:
    return foreign[1].strip("'\"`.,")
