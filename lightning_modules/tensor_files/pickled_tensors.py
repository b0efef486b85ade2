"""Builds tensors and containers from the pickle of a torch archive, without an unpickler.

A pickle is a small program: it pushes constants, names functions and calls them. `pickletools` lists its instructions
without executing any; here those that build plain values are executed. Only the few functions that rebuild a tensor
are supported, each implemented here. Any other name is an error, or an inert object that has attributes and does
nothing when called.
"""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from zsar.lightning_modules.tensor_files.tensor_files import TensorFileError

_DTYPES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()

_Storage = tuple[torch.UntypedStorage, torch.dtype]


class InertObject:
    """A stand-in for a Python object: the name of its class, and its attributes.

    Attributes:
        path: The import path of the class, which is not imported.
        attributes: By name; empty if the pickle states none.
    """

    def __init__(self, path: str) -> None:
        """Creates an object of a named class, without importing it."""
        self.path = path
        self.attributes: dict[str, object] = {}


class _Name:
    """A function or a class, by name."""

    def __init__(self, path: str) -> None:
        self.path = path


def read_pickled(archive: zipfile.ZipFile, root: str, *, skips_objects: bool = False) -> object:
    """Reads the content of an archive's `data.pkl`.

    Args:
        archive: A torch archive.
        root: The folder of its parts, with a trailing slash.
        skips_objects: Whether Python objects become `InertObject`s; otherwise they are an error, except TorchScript's.

    Raises:
        TensorFileError: The archive holds Python objects; the message is to follow the path.
        ValueError: The archive is damaged, as with all other errors.
    """
    return _Machine(archive, root, skips_objects=skips_objects).run(archive.read(f"{root}data.pkl"))


class _Machine:
    """Executes the instructions of a pickle that build plain values."""

    def __init__(self, archive: zipfile.ZipFile, root: str, *, skips_objects: bool) -> None:
        self._archive, self._root, self._skips_objects = archive, root, skips_objects
        self._storages: dict[str, torch.UntypedStorage] = {}
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self, program: bytes) -> object:
        for instruction, argument, _ in pickletools.genops(program):
            if instruction.name == "STOP":
                return self._stack.pop()
            self._follow(instruction.name, argument)
        raise ValueError("the pickle has no end")

    def _follow(self, name: str, argument: Any) -> None:  # noqa: ANN401 - any argument
        stack, memo = self._stack, self._memo
        if name in _LITERALS:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("EMPTY_DICT", "EMPTY_LIST", "EMPTY_SET", "EMPTY_TUPLE"):
            stack.append({"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_SET": set, "EMPTY_TUPLE": tuple}[name]())
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            path = argument.replace(" ", ".") if name == "GLOBAL" else ".".join(reversed([stack.pop(), stack.pop()]))
            stack.append(self._named(path))
        elif name == "BINPERSID":
            stack.append(self._storage(stack.pop()))
        elif name not in ("PROTO", "FRAME"):
            self._build(name)

    def _build(self, name: str) -> None:
        """Executes instructions that combine values on the stack."""
        stack = self._stack
        if name == "TUPLE":
            stack.append(tuple(self._since_mark()))
        elif name in _TUPLES:
            stack[-_TUPLES[name] :] = [tuple(stack[-_TUPLES[name] :])]
        elif name in ("APPEND", "APPENDS", "ADDITEMS"):
            items = [stack.pop()] if name == "APPEND" else self._since_mark()
            if isinstance(stack[-1], list):
                stack[-1].extend(items)
            elif isinstance(stack[-1], set):
                stack[-1].update(items)
        elif name in ("SETITEM", "SETITEMS"):
            pairs = reversed([stack.pop(), stack.pop()]) if name == "SETITEM" else self._since_mark()
            keys = list(pairs)
            if isinstance(stack[-1], dict):
                stack[-1].update(zip(keys[::2], keys[1::2], strict=True))
        elif name in ("REDUCE", "NEWOBJ"):
            arguments, called = stack.pop(), stack.pop()
            stack.append(_called(called, arguments))
        elif name == "BUILD":
            state = stack.pop()
            if isinstance(stack[-1], InertObject) and isinstance(state, Mapping):
                stack[-1].attributes.update({str(key): value for key, value in state.items()})
        else:
            raise ValueError(f"the pickle has an instruction {name}, which no file of weights has")

    def _since_mark(self) -> list[Any]:
        items: list[Any] = []
        while (item := self._stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def _named(self, path: str) -> object:
        """The stand-in for a name; nothing is imported."""
        module, _, name = path.rpartition(".")
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if path not in _KNOWN and not self._skips_objects and not path.startswith("__torch__."):
            raise TensorFileError(
                f"holds Python objects ({path}), which zsar does not load, since loading them would run the file's "
                "code; give another file",
                foreign=path,
            )
        return _Name(path)

    def _storage(self, description: Any) -> _Storage:  # noqa: ANN401 - any value
        """The bytes of a tensor, and their type."""
        _, dtype, key, _, _ = description
        if not isinstance(dtype, torch.dtype):
            raise TensorFileError("has a tensor of an unknown type; give another file")
        if key not in self._storages:
            stored = bytearray(self._archive.read(f"{self._root}data/{key}"))
            flat = torch.frombuffer(stored, dtype=torch.uint8) if stored else torch.empty(0, dtype=torch.uint8)
            self._storages[key] = flat.untyped_storage()
        return self._storages[key], dtype


def _called(called: object, arguments: Sequence[Any]) -> object:
    """The result of a call; an inert object for an unknown name, with any arguments."""
    if not isinstance(called, _Name | InertObject):
        raise ValueError("the pickle calls a value that is not a function")
    known = _KNOWN.get(called.path)
    return InertObject(called.path) if known is None else known(*arguments)


def _rebuilt(stored: _Storage, offset: int, size: Sequence[int], stride: Sequence[int], *_: object) -> Tensor:
    storage, dtype = stored
    return torch.empty(0, dtype=dtype).set_(storage, offset, tuple(size), tuple(stride))  # checks the bounds


_KNOWN: dict[str, Callable[..., object]] = {
    "collections.OrderedDict": dict,
    "__builtin__.set": set,  # old protocols' form of sets and bytes
    "builtins.set": set,
    "_codecs.encode": lambda text, _: text.encode("latin-1"),
    "torch._utils._rebuild_tensor_v2": _rebuilt,
    "torch._utils._rebuild_parameter": lambda data, *_: data,
    "torch.jit._pickle.restore_type_tag": lambda value, _: value,
    **{f"torch.jit._pickle.build_{kind}list": list for kind in ("int", "double", "bool", "tensor")},
}
"""Implementations of the functions that rebuild tensors, by their names in a pickle."""
