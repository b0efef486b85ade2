"""The tensors of archives that hold more than tensors, read without running anything that they hold.

OpenAI released CLIP as TorchScript, and `torch.jit.load` runs code of such an archive, its `__setstate__` for example.
Authors of methods save their Python objects beside the weights, and to unpickle those is to call what the file names.
Here `pickled_tensors` reads tensors and containers only: an object is its attributes, without a class. Which
of TorchScript's are parameters and buffers is read from the text of the code, which stays text.
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
    """The parameters and buffers of a TorchScript archive.

    Args:
        path: The archive.

    Returns:
        Tensors on the CPU, by the names of `state_dict`.

    Raises:
        TensorFileError: It is damaged, of another kind, or claims more than it holds.
    """

    def read(archive: zipfile.ZipFile, root: str) -> dict[str, Tensor]:
        return _state_of(read_pickled(archive, root), archive, root)

    return _read(path, read)


def read_beside_objects(path: Path) -> object:
    """The tensors and plain types of an archive that `torch.save` wrote, with an inert stand-in for any Python object.

    Args:
        path: The archive, in the zip format of torch 1.6 and later.

    Raises:
        TensorFileError: It is damaged, of another kind, or claims more than it holds.
    """
    if not is_zip_file(path):
        raise TensorFileError(
            f"{path} is no zip archive, as torch 1.6 and later write: its Python objects cannot be left out; have its "
            "authors save the weights alone"
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
    except Exception as error:  # whatever a damaged pickle makes of it
        raise TensorFileError(f"{path} cannot be read ({type(error).__name__}); fetch it again") from error
    check_content(content, path)
    return content


def _root_of(archive: zipfile.ZipFile) -> str:
    """The folder that an archive's parts lie in."""
    for name in archive.namelist():
        root, is_pickle, _ = name.partition("data.pkl")
        if is_pickle and name == f"{root}data.pkl":
            return root
    raise TensorFileError("is a zip file, but holds no tensors; give a file of weights")


def _state_of(module: object, archive: zipfile.ZipFile, root: str) -> dict[str, Tensor]:
    """Names and tensors of all modules, in the archive's order."""
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
        for name, each in attributes.items():
            if isinstance(each, Tensor) and (tensors is None or name in tensors):
                state[prefix + name] = each
        left += [(f"{prefix}{name}.", each) for name, each in attributes.items() if isinstance(each, InertObject)]
    return state


def _tensor_names(path: str, archive: zipfile.ZipFile, root: str, names: set[str]) -> set[str] | None:
    """The parameters and buffers of a class, by the text of its code; None where it does not say."""
    module, _, class_name = path.rpartition(".")
    member = f"{root}code/{module.replace('.', '/')}.py"
    if member not in names:
        return None
    code = archive.read(member).decode("utf-8")
    start = re.search(rf"^class {re.escape(class_name)}\(Module\):\n", code, re.MULTILINE)
    if start is None:
        return None
    body = re.split(r"^class ", code[start.end() :], maxsplit=1, flags=re.MULTILINE)[0]
    found = _NAMED_TENSORS.findall(body)
    return set(re.findall(r'"([^"]*)"', " ".join(found))) if found else None
