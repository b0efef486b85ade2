"""Every reader of a user's text, of results that are read back and of files of tensors, tried on mutated files."""

from __future__ import annotations

import json
import math
import random
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from open_clip.factory import _MODEL_CONFIGS

from tests.fuzz import stored_tensors, text_mutations
from tests.fuzz.byte_mutations import mutated
from tests.fuzz.handed_files import (
    ARCHITECTURE,
    OF_EMBEDDINGS,
    OF_MODELS,
    read_embedded,
    read_saved,
    resume_answers,
)
from tests.fuzz.outcomes import Fault, told
from tests.fuzz.sound_texts import SMALL_MODEL, SOUND, tiny_weights
from zsar.api.class_names import read_class_names
from zsar.datamodules.class_text.text_files import read_class_text_file, texts_of
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.lists.annotations import (
    read_activitynet,
    read_hmdb51,
    read_kinetics,
    read_ssv2,
    read_thumos14,
    read_ucf101,
)
from zsar.datamodules.lists.checked_lists import read_excluded
from zsar.datamodules.lists.list_files import read_labels, read_list
from zsar.datamodules.lists.localization_splits import (
    AnnotatedVideo,
    read_activitynet_annotations,
    read_class_list,
    read_thumos14_annotations,
)
from zsar.datamodules.video_files.writing.preparing_journal import Journal
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings
from zsar.lightning_modules.command_line import picture
from zsar.lightning_modules.command_line.describe.answer_store import AnswerStore
from zsar.lightning_modules.command_line.describe.question_files import read_questions
from zsar.lightning_modules.command_line.summarize.results.localization_results import localization_run
from zsar.lightning_modules.command_line.summarize.results.recognition_results import recognition_run
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result
from zsar.lightning_modules.experiments.experiment_files import read_experiment
from zsar.lightning_modules.localization.stored.caption_files import read_captions
from zsar.lightning_modules.localization.stored.feature_files import finite_features, read_features
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import build_clip
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.lightning_modules.training.author_checkpoints import AuthorCheckpointError, author_of

_TEXT = (ValueError, FileNotFoundError)


@dataclass(frozen=True)
class Reader:
    """How a kind of file is read.

    Attributes:
        read: Reads it; in a few words what was read. It raises a Fault where that cannot be.
        refusals: Errors that it may raise, which name the file.
        place: Where the file lies, under the folder of the case; empty for its own name.
        is_of_folder: Whether the user gives the folder that it lies in, so that a refusal may name that instead.
    """

    read: Callable[[Path], str]
    refusals: tuple[type[Exception], ...] = _TEXT
    place: str = ""
    is_of_folder: bool = False


def write_seeds(folder: Path) -> None:
    """Writes the sound files."""
    for name, content in SOUND.items():
        (folder / name).write_bytes(content())


def mutate(name: str, content: bytes, draw: random.Random) -> bytes:
    """A sound file's bytes after mutations that suit its kind."""
    suffix = Path(name).suffix
    return mutated(content, draw, {**text_mutations.OF_SUFFIX, **stored_tensors.OF_SUFFIX}[suffix])


def exercise(name: str, path: Path, number: int) -> tuple[str, str]:
    """Reads a file; kind and detail of the outcome.

    Args:
        name: The sound file that it was made of.
        path: The file.
        number: Which mutation it is.
    """
    reader = READERS[name]
    if not reader.place:
        return told(lambda: reader.read(path), path, reader.refusals)
    placed = path.parent / reader.place
    placed.parent.mkdir(parents=True, exist_ok=True)
    path.rename(placed)
    try:
        return told(lambda: reader.read(placed), placed.parent if reader.is_of_folder else placed, reader.refusals)
    finally:
        placed.unlink(missing_ok=True)


# --- what is read must be possible ------------------------------------------------------------------------------------


def _names(names: Iterable[object]) -> str:
    """How many names there are, which must be texts with something in them, trimmed and composed."""
    n_names = 0
    for name in names:
        n_names += 1
        if not isinstance(name, str) or not name.strip() or name != name.strip():
            raise Fault("wrong content", f"{name!r:.200} is no name")
        if name != unicodedata.normalize("NFC", name) or any(unicodedata.category(c) == "Cc" for c in name):
            raise Fault("wrong content", f"{name!r:.200} is not composed, or has control characters")
    return f"{n_names} names"


def _paths(paths: Iterable[object]) -> str:
    n_paths = 0
    for path in paths:
        n_paths += 1
        if not isinstance(path, str) or not path.strip() or "\0" in path or "\n" in path:
            raise Fault("wrong content", f"{path!r:.200} is no path")
    return f"{n_paths} paths"


def _segments(segments: Iterable[tuple[float, float]]) -> str:
    for start, end in segments:
        if not (0 <= start <= end and math.isfinite(end)):
            raise Fault("wrong content", f"a segment from {start} to {end} s")
    return ""


def _annotated(videos: Iterable[AnnotatedVideo]) -> str:
    listed = list(videos)
    instances = [instance for video in listed for instance in video.instances]
    _segments((instance.start_seconds, instance.end_seconds) for instance in instances)
    _names(instance.class_name for instance in instances)
    return _paths(video.id for video in listed)


# --- the readers ------------------------------------------------------------------------------------------------------


def _ucf101(path: Path) -> str:
    listing = read_ucf101(path.parent, "train", 1)
    _names(listing.classes)
    return _paths(listing.videos)


def _hmdb51(path: Path) -> str:
    listing = read_hmdb51(path.parent, ("walk",), (0, 1, 2), 1)
    return _paths(listing.videos)


def _kinetics(path: Path) -> str:
    listing = read_kinetics(path, "train")
    _names(listing.classes)
    return _paths(listing.videos)


def _thumos14(path: Path) -> str:
    listing = read_thumos14(path.parent, ("Diving",), "test")
    _segments(listing.segments_seconds)
    return _paths(listing.videos)


def _ssv2(path: Path) -> str:
    listing = read_ssv2(path)
    _names(listing.classes)
    return _paths(listing.videos)


def _activitynet(path: Path) -> str:
    for units in ("videos", "instances"):
        listing = read_activitynet(path, "validation", units)
        _names(listing.classes)
        _segments(listing.segments_seconds)
    return _paths(listing.videos)


def _video_folder(path: Path) -> str:
    data = VideoFolder(train=path, data_root=path.parent)
    _names(data.class_names)
    table = data.list_videos("train")
    return _paths(table.all_keys())


def _split_file(path: Path) -> str:
    videos, labels = read_list(path, 3)
    if not all(0 <= label < 3 for label in labels):
        raise Fault("wrong content", f"labels {labels[:20]}")
    return _paths(videos)


def _class_text(path: Path) -> str:
    content = read_class_text_file(path)
    return _names(name for name, texts in content.classes.items() if texts_of(texts))


def _questions(path: Path) -> str:
    wordings = read_questions(path, "direct").wordings
    return _names(wordings)


def _captions(path: Path) -> str:
    captions = read_captions(path)
    if not np.isfinite(captions.times_seconds).all():
        raise Fault("wrong content", f"times {captions.times_seconds[:9]}")
    return f"{len(captions.texts)} captions"


def _result(path: Path) -> str:
    run = recognition_run(path.parent, read_result(path.parent))
    return f"a run of {run.settings.model}: {sorted(run.settings.flat())[:1]}"


def _localization_result(path: Path) -> str:
    run = localization_run(path.parent, read_result(path.parent))
    return f"a run of {run.settings.model}: {sorted(run.settings.flat())[:1]}"


def _prepared(path: Path) -> str:
    with Journal(path.parent, PreparingSettings()) as journal:
        return f"{len(journal.prepared)} videos"


def _answers(path: Path) -> str:
    store = AnswerStore(path.parent / "texts.json", "description", model="m", n_texts=2, questions=())
    return f"{len(store)} answers"


def _features(path: Path) -> str:
    content = read_features(path)
    return f"{list(finite_features(path, content).shape)} features"


def _architecture(path: Path) -> str:
    try:
        build_clip(str(path), "random")
    finally:
        _MODEL_CONFIGS.pop(path.stem, None)  # else the next case would be another model of the same name
    return "an architecture"


def _weights(path: Path) -> str:
    architecture = path.with_name(f"{SMALL_MODEL}.json")
    architecture.write_text(json.dumps(ARCHITECTURE))
    build_clip(str(architecture), str(path))
    return "weights"


def _checkpoint(path: Path) -> str:
    weights = path.with_name("backbone.pt")
    if not weights.exists():
        weights.write_bytes(tiny_weights())
    return type(load_recognizer(path, weights=str(weights))).__name__


READERS: Mapping[str, Reader] = {
    "trainlist01.txt": Reader(_ucf101),
    "walk_test_split1.txt": Reader(_hmdb51),
    "kinetics.csv": Reader(_kinetics),
    "Diving_test.txt": Reader(_thumos14),
    "labels.csv": Reader(lambda path: _names(read_labels(path))),
    "vifi.txt": Reader(_split_file),
    "t2l.txt": Reader(_split_file),
    "videos.csv": Reader(_video_folder),
    "excluded.csv": Reader(lambda path: _paths(read_excluded(path))),
    "classes.txt": Reader(lambda path: _names(read_class_names(None, path))),
    "split_0.list": Reader(lambda path: _names(read_class_list(path, ("CliffDiving", "Diving", "Shotput")))),
    "ssv2.json": Reader(_ssv2),
    "activitynet.json": Reader(_activitynet),
    "activitynet_untrimmed.json": Reader(lambda path: _annotated(read_activitynet_annotations(path, ("validation",)))),
    "thumos14.json": Reader(lambda path: _annotated(read_thumos14_annotations(path))),
    "plain_descriptions.json": Reader(_class_text),
    "ez_clip.csv": Reader(_class_text),
    "questions.txt": Reader(_questions),
    "action_prompts.json": Reader(_class_text),
    "a.captions.json": Reader(_captions),
    "results.json": Reader(_result, place="recognition/results.json"),
    "localization_results.json": Reader(_localization_result, place="localization/results.json"),
    "predictions_novel.csv": Reader(lambda path: f"{len(picture._read(path.parent, 'novel'))} rows"),
    "prepared.jsonl": Reader(_prepared, place="prepared/.prepared.jsonl"),
    "answers.jsonl": Reader(_answers, place="answers/texts.json.partial"),
    "experiment.yaml": Reader(lambda path: f"{len(read_experiment(path))} sections"),
    "a.safetensors": Reader(_features),
    "architecture.json": Reader(_architecture, (BackboneError,)),
    "weights.pt": Reader(_weights, (BackboneError,)),
    "model.ckpt": Reader(_checkpoint, (CheckpointError,)),
    "author.pt": Reader(author_of, (AuthorCheckpointError,)),
    **{
        name: Reader(read_saved, OF_MODELS, place=f"saved/{name}", is_of_folder=True)
        for name in ("config.json", "model.safetensors", "backbone.safetensors")
    },
    "clips.safetensors": Reader(read_embedded, OF_EMBEDDINGS, place="clips/a.mp4.embeddings.safetensors"),
    "frames.safetensors": Reader(read_embedded, OF_EMBEDDINGS, place="frames/a.mp4.embeddings.safetensors"),
    "answers_part.jsonl": Reader(resume_answers, place="classified/answers.csv.part"),
}
"""How each of `tests.fuzz.sound_texts.SOUND` is read."""
