"""Files that should never be read as they say: pickles that call functions, archives of code, broken and foreign ones.

What they would run only writes a file, whose absence shows that nothing was run.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.training.checkpoints import pack_checkpoint


class Calls:
    """An object that calls a function when it is unpickled."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        """The call."""
        return self._call


class _Script(nn.Module):
    """Code that runs while TorchScript loads it; it says so on the standard output."""

    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Parameter(torch.zeros(2, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.proj

    @torch.jit.export
    def __getstate__(self) -> tuple[torch.Tensor, bool]:
        return self.proj, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[torch.Tensor, bool]) -> None:
        print("the archive's code was run")
        self.proj = state[0]
        self.training = state[1]


def checkpoint_of(model: T2L, **about: object) -> dict[str, Any]:
    """A whole checkpoint, of which some entries of "zsar" are changed."""
    checkpoint: dict[str, Any] = {
        "state_dict": model.state_dict(),
        "epoch": 0,
        "global_step": 1,
        "pytorch-lightning_version": "2.6.6",
    }
    pack_checkpoint(model, checkpoint)
    checkpoint["zsar"].update(about)
    return checkpoint


def hostile_files(folder: Path, mark: Path, model: T2L) -> dict[str, Path]:
    """Files of every kind that is refused, by name.

    Args:
        folder: Where they are written.
        mark: A file that would appear if any of them was run.
        model: A tiny model, for files that are nearly right.
    """
    touch = Calls(Path.touch, mark)
    good = checkpoint_of(model)
    saved: dict[str, object] = {
        "calls": {"state_dict": touch, "zsar": {}},
        "calls_beside": {**good, "hyper_parameters": touch},
        "calls_in_settings": {**good, "zsar": {**good["zsar"], "init_args": {"weights": touch}}},
        "numpy_scalar": {**good, "epoch": np.float64(1.0)},
        "namespace": {**good, "hyper_parameters": Namespace(lr=1)},
        "module": nn.Linear(2, 2),
        "list": [1, 2],
        "tensor": torch.zeros(3),
        "text": "text",
        "nothing": {},
        "no_zsar": {"state_dict": {}},
        "zsar_list": {**good, "zsar": [1]},
        "zsar_none": {**good, "zsar": None},
        "state_list": {**good, "state_dict": [1]},
        "state_of_texts": {**good, "state_dict": {"a": "b"}},
        "state_of_numbers": {**good, "state_dict": {1: torch.zeros(1)}},
        "expanded": {**good, "state_dict": {"a": torch.zeros(1).expand(10**12)}},
        "expanded_state": {"model": {"image_encoder.proj": torch.zeros(1).expand(10**12)}},
        "sparse": {**good, "state_dict": {"a": torch.eye(3).to_sparse()}},
        "meta": {**good, "state_dict": {"a": torch.zeros(3, device="meta")}},
        "deep": {**good, "zsar": nested(200)},
        "loop": {**good, "zsar": looped()},
        "epoch_text": {**good, "epoch": "one"},
        "loops_text": {**good, "loops": "none"},
        "loops_empty": {**good, "loops": {"fit_loop": {}}},
        "class_number": {**good, "zsar": {**good["zsar"], "class_path": 5}},
        "class_popen": {**good, "zsar": {**good["zsar"], "class_path": "subprocess.Popen", "init_args": {"args": []}}},
        "class_eval": {**good, "zsar": {**good["zsar"], "class_path": "builtins.eval"}},
        "class_other": {
            **good,
            "zsar": {**good["zsar"], "class_path": "zsar.lightning_modules.command_line.prepare.run"},
        },
        "class_data": {**good, "zsar": {**good["zsar"], "class_path": "zsar.datamodules.data_sets.VideoFolder"}},
        "class_empty": {**good, "zsar": {**good["zsar"], "class_path": ""}},
        "class_relative": {**good, "zsar": {**good["zsar"], "class_path": "..os.system"}},
        "args_unknown": {**good, "zsar": {**good["zsar"], "init_args": {"evil": 1}}},
        "args_class": {
            **good,
            "zsar": {
                **good["zsar"],
                "init_args": {**good["zsar"]["init_args"], "optimization": {"class_path": "subprocess.Popen"}},
            },
        },
        "args_huge": {
            **good,
            "zsar": {**good["zsar"], "init_args": {**good["zsar"]["init_args"], "n_frames": 10**8}},
        },
        "hash_number": {**good, "zsar": {**good["zsar"], "backbone_hash": 7}},
    }
    files: dict[str, Path] = {}
    for name, content in saved.items():
        files[name] = folder / f"{name}.ckpt"
        torch.save(content, files[name])
    whole = io.BytesIO()
    torch.save(good, whole)
    legacy = io.BytesIO()
    torch.save({"state_dict": {"a": torch.zeros(9)}}, legacy, _use_new_zipfile_serialization=False)
    raw = {
        "empty": b"",
        "byte": b"\x80",
        "words": b"not a checkpoint\n" * 50,
        "zeros": bytes(5000),
        "json": json.dumps({"zsar": 1}).encode(),
        "half": whole.getvalue()[: len(whole.getvalue()) // 2],
        "all_but_the_end": whole.getvalue()[:-30],
        "damaged": whole.getvalue()[:200] + bytes(64) + whole.getvalue()[264:],
        "legacy_half": legacy.getvalue()[:-20],
        "pickle": pickle.dumps(touch),
        "pickle_4": pickle.dumps({"a": touch}, protocol=4),
        "safetensors_header": struct.pack("<Q", 2**62) + b"{}",
        "zip": zipped({"a.txt": b"text"}),
        "bomb": zipped({"x/data.pkl": bytes(10**7)}, compression=zipfile.ZIP_DEFLATED),
        "pickle_in_zip": zipped({"x/data.pkl": pickle.dumps(touch, protocol=2), "x/version": b"3\n"}),
        "script_that_calls": zipped(
            {"x/data.pkl": pickle.dumps(touch, protocol=2), "x/constants.pkl": b"", "x/version": b"3\n"}
        ),
    }
    for name, content in raw.items():
        files[name] = folder / f"{name}.ckpt"
        files[name].write_bytes(content)
    files["script"] = folder / "script.pt"
    torch.jit.script(_Script()).save(files["script"])
    files["header.safetensors"] = folder / "header.safetensors"
    files["header.safetensors"].write_bytes(raw["safetensors_header"])
    files["folder"] = folder / "folder.ckpt"
    files["folder"].mkdir()
    files["gone"] = folder / "gone.ckpt"
    return files


def zipped(members: dict[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def nested(levels: int) -> dict[str, Any]:
    """A dictionary in a dictionary, and so on."""
    inner: dict[str, Any] = {}
    for _ in range(levels):
        inner = {"a": inner}
    return inner


def looped() -> dict[str, Any]:
    """A dictionary that contains itself."""
    loop: dict[str, Any] = {}
    loop["init_args"] = loop
    return loop
