"""Files that one user hands to another: saved models, stored embeddings, and the answers that a stopped command left.

A hostile sender makes their hashes fit; what a case changes is stated in the folder's config before it is read.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from open_clip.factory import _MODEL_CONFIGS

from tests.fuzz.outcomes import Fault
from tests.makers.files.embedding_files import write_stored
from zsar.api.embeddings.archive import open_archive
from zsar.datamodules.stored_embeddings.embedding_files import EmbeddingFileError, StoredEmbeddings, read_record
from zsar.lightning_modules.command_line.classify.answer_files import AnswerFile
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.saved.shared_folders import BACKBONE, CONFIG, MODEL, read_shared
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError

OF_MODELS = (CheckpointError, BackboneError)
OF_EMBEDDINGS = (EmbeddingFileError,)
ARCHITECTURE = {
    "embed_dim": 8,
    "vision_cfg": {"image_size": 16, "layers": 1, "width": 8, "head_width": 4, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 16, "width": 8, "heads": 2, "layers": 1},
}
"""A CLIP model so small that most mutations of its file of weights hit what is not a weight."""
_ARCHITECTURE_OF_FOLDER = "small-clip-of-the-folder.json"
_NAMES = ("x", "y")
_MADE_WITH = {"model": "T2L", "classes": list(_NAMES), "threshold": 0.0}
_ANSWERS: tuple[dict[str, Any], ...] = (
    {"path": "a.mp4", "answer": "x", "probabilities": {"x": 0.75, "y": 0.25}, "n_damaged_frames": 0, "error": None},
    {"path": "b.mp4", "answer": None, "probabilities": {}, "n_damaged_frames": 0, "error": "b.mp4: it is empty"},
)


@cache
def saved_folder() -> Mapping[str, bytes]:
    """The files of a saved model, always the same."""
    with tempfile.TemporaryDirectory() as name:
        architecture = Path(name) / _ARCHITECTURE_OF_FOLDER
        architecture.write_text(json.dumps(ARCHITECTURE))
        torch.manual_seed(0)
        folder = T2L(backbone=TrainedClipSettings(str(architecture), "random"), n_frames=2).save_pretrained(
            Path(name) / "saved"
        )
        return {path.name: path.read_bytes() for path in folder.iterdir()}


def _embeddings(*shape: int, is_whole_video: bool) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(0)
        times = torch.arange(shape[1], dtype=torch.float64) if is_whole_video else None
        return write_stored(Path(folder), "a.mp4", torch.randn(shape), times=times).read_bytes()


def _lines(*objects: Mapping[str, object]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in objects)


SOUND: Mapping[str, Callable[[], bytes]] = {
    "config.json": lambda: saved_folder()[CONFIG],
    "model.safetensors": lambda: saved_folder()[MODEL],
    "backbone.safetensors": lambda: saved_folder()[BACKBONE],
    "clips.safetensors": lambda: _embeddings(1, 4, 8, is_whole_video=False),
    "frames.safetensors": lambda: _embeddings(1, 9, 8, is_whole_video=True),
    "answers_part.jsonl": lambda: _lines(_MADE_WITH, *_ANSWERS),
}
"""File name -> its content."""


def read_saved(path: Path) -> str:
    """Loads the model of a folder, of which the file at this path is changed and the others are sound."""
    folder = dict(saved_folder())
    folder[path.name] = path.read_bytes()
    if path.name != CONFIG:
        config = json.loads(folder[CONFIG])
        config["files"][path.name] = hashlib.sha256(folder[path.name]).hexdigest()
        config["zsar"].pop("weights_hash")  # which older folders do not state
        folder[CONFIG] = json.dumps(config).encode()
    for name, content in folder.items():
        (path.parent / name).write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".* is of an older zsar: its settings")
            model = read_shared(path.parent, kind=ActionRecognizer)
    finally:
        for name in folder:
            (path.parent / name).unlink()
        _MODEL_CONFIGS.pop(Path(_ARCHITECTURE_OF_FOLDER).stem, None)  # else it would be another of the same name
    if not all(bool(value.isfinite().all()) for value in model.state_dict().values()):
        raise Fault("wrong content", "a weight is NaN or infinite")
    return type(model).__name__


def read_embedded(path: Path) -> str:
    """Reads a file of embeddings by its header, and as the archive that it is alone in."""
    _, stated = read_record(path)
    (content,) = open_archive(path.parent).videos()
    if list(content.embeddings.shape) != stated or not content.embeddings.isfinite().all():
        raise Fault("wrong content", f"{list(content.embeddings.shape)} embeddings of {stated}, or not finite")
    _check_times(content)
    return f"{stated} embeddings"


def _check_times(content: StoredEmbeddings) -> None:
    times, n_frames = content.times_seconds, content.embeddings.shape[1]
    if times is not None and (len(times) != n_frames or not bool((times.diff() > 0).all()) or times[0] < 0):
        raise Fault("wrong content", f"times {times[:9].tolist()} of {n_frames} frames")


def resume_answers(path: Path) -> str:
    """Resumes and ends `zsar classify --output`, whose last run left this part."""
    file = AnswerFile(path.with_suffix(""), _MADE_WITH, copies={})
    n_done = len(file.done)
    try:
        list(file.append_all(iter([answer for answer in _ANSWERS if answer["path"] not in file.done])))
        file.finish([answer["path"] for answer in _ANSWERS], _NAMES)
    finally:
        file.path.unlink(missing_ok=True)
    return f"{n_done} answers"
