"""Reads the tensors of archives that also hold code or objects, without running code from them.

OpenAI released CLIP as TorchScript, and `torch.jit.load` runs code of such an archive, for example its `__setstate__`.
Authors of methods save Python objects besides the weights; unpickling those calls functions named by the file.
Here `pickled_tensors` reads tensors and containers only: an object becomes its attributes, without a class.
TorchScript's parameters and buffers are listed in the text of its code, which is not run.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from torch import Tensor

from zsar.lightning_modules.tensor_files.pickled_tensors import InertObject, read_pickled
from zsar.lightning_modules.tensor_files.tensor_files import (
    MOST_LEVELS,
    TensorFileError,
    check_archive,
    check_content,
    is_zip_file,
)

_NAMED_TENSORS = re.compile(r"^  __(?:parameters|buffers)__ = \[(.*?)\]", re.MULTILINE | re.DOTALL)


def read_torchscript_tensors(path: Path) -> dict[str, Tensor]:
    """Reads the parameters and buffers of a TorchScript archive.

    Args:
        path: The archive.

    Returns:
        Tensors on the CPU, with the names of `state_dict`.

    Raises:
        TensorFileError: The archive is damaged, of another kind, or claims more than it holds.
    """

    def read(archive: zipfile.ZipFile, root: str) -> dict[str, Tensor]:
        return _state_of(read_pickled(archive, root), archive, root)

    return _read(path, read)


def read_beside_objects(path: Path) -> object:
    """Reads tensors and plain types of an archive by `torch.save`, with inert stand-ins for Python objects.

    Args:
        path: The archive, in the zip format of torch 1.6 and later.

    Raises:
        TensorFileError: The archive is damaged, of another kind, or claims more than it holds.
    """
    if not is_zip_file(path):
        raise TensorFileError(
            f"{path} is not a zip archive as written by torch 1.6 and later, so its Python objects cannot be left out; "
            "ask its authors for a file of weights only"
        )
    return _read(path, lambda archive, root: read_pickled(archive, root, skips_objects=True))


_Content = TypeVar("_Content")


def _read(path: Path, read: Callable[[zipfile.ZipFile, str], _Content]) -> _Content:
    check_archive(path)
    try:
        with zipfile.ZipFile(path) as archive:
            content = read(archive, _root_of(archive))
    except TensorFileError as error:
        raise TensorFileError(f"{path} {error}") from error
    except Exception as error:  # any error of a damaged pickle
        raise TensorFileError(f"{path} cannot be read ({type(error).__name__}); fetch it again") from error
    check_content(content, path)
    return content


def _root_of(archive: zipfile.ZipFile) -> str:
    """The folder of an archive's parts."""
    for name in archive.namelist():
        root, is_pickle, _ = name.partition("data.pkl")
        if is_pickle and name == f"{root}data.pkl":
            return root
    raise TensorFileError("is a zip file, but holds no tensors; give a file of weights")


def _state_of(module: object, archive: zipfile.ZipFile, root: str) -> dict[str, Tensor]:
    """Yields names and tensors of all modules, in the archive's order."""
    names = set(archive.namelist())
    state: dict[str, Tensor] = {}
    left: list[tuple[str, object]] = [("", module)]
    while left:
        prefix, value = left.pop(0)
        if not isinstance(value, InertObject):
            continue
        if prefix.count(".") > MOST_LEVELS:
            raise TensorFileError(f"has modules more than {MOST_LEVELS} levels deep; fetch it again")
        tensors = _tensor_names(value.path, archive, root, names)
        attributes = getattr(value, "attributes", {})
        for name, member in attributes.items():
            if isinstance(member, Tensor) and (tensors is None or name in tensors):
                state[prefix + name] = member
        left += [(f"{prefix}{name}.", part) for name, part in attributes.items() if isinstance(part, InertObject)]
    return state


def _tensor_names(path: str, archive: zipfile.ZipFile, root: str, names: set[str]) -> set[str] | None:
    """The parameters and buffers of a class, from the text of its code; None if the code does not name them."""
    module, _, class_name = path.rpartition(".")
    member = f"{root}code/{module.replace('.', '/')}.py"
    if member not in names:
        return None
    code = archive.read(member).decode("utf-8")
    start = re.search(rf"^class {re.escape(class_name)}\(Module\):\n", code, re.MULTILINE)
    if start is None:
        return None
    body = re.split(r"^class ", code[start.end() :], maxsplit=1, flags=re.MULTILINE)[0]
    listed = _NAMED_TENSORS.findall(body)
    return set(re.findall(r'"([^"]*)"', " ".join(listed))) if listed else None
