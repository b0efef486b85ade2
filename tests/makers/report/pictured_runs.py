"""Run folders with many answers, and with the pictures and numbers that callbacks leave, to report on."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.makers.results.localization_results import write_localization
from tests.makers.results.recognition_results import write_result
from zsar.lightning_modules.run_folders.picture_files import PICTURES, Picture, replace_pictures

COLUMNS = ("video", "path", "label", "prediction", "probability", "decoded", "problem")
NAMES = ("run", "jump", "swim", "climb")
Row = tuple[str, str, str, float | None]  # path, label, prediction, probability; an empty prediction: not decoded


def write_answers(folder: Path, set_name: str, rows: Sequence[Row]) -> Path:
    """Writes `predictions_SET.csv`, or `predictions.csv` for the set "predict"."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ("predictions.csv" if set_name == "predict" else f"predictions_{set_name}.csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for video, label, answer, probability in rows:
            sure = "" if probability is None else f"{probability:.4f}"
            state = ("yes", "") if answer else ("no", "the file is cut off")
            writer.writerow([video, video, label, answer, sure, *state])
    return path


def drawn_rows(n: int, names: Sequence[str] = NAMES, *, share: float = 0.7, seed: int = 0) -> list[Row]:
    """Random predictions: right answers are more confident, wrong ones are mostly the next class."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % len(names)
    right = generator.random(n) < share
    answers = np.where(right, labels, (labels + generator.integers(1, min(3, len(names)) + 1, n)) % len(names))
    sure = np.clip(generator.normal(np.where(right, 0.75, 0.5), 0.15), 0.01, 1.0)
    columns = zip(labels.tolist(), answers.tolist(), sure.tolist(), strict=True)
    return [(f"test/{names[i]}/{k:05d}.mp4", names[i], names[j], p) for k, (i, j, p) in enumerate(columns)]


def recognition_run(folder: Path, sets: dict[str, list[Row]], **changes: Any) -> Path:
    """A run of a recognizer with results and predictions.

    Args:
        folder: The run folder, which is made.
        sets: Predictions by set.
        changes: As of `write_result`.
    """
    figures = {
        name: 100 * sum(label == answer for _, label, answer, _ in rows) / max(len(rows), 1)
        for name, rows in sets.items()
    }
    write_result(folder, figures, **changes)
    for name, rows in sets.items():
        write_answers(folder, name, rows)
    return folder


def base_to_novel_run(folder: Path, names: Sequence[str] = NAMES, *, n: int = 80, share: float = 0.7) -> Path:
    """A run tested on base and novel classes."""
    half = len(names) // 2
    sets = {"base": drawn_rows(n, names[:half], share=share), "novel": drawn_rows(n, names[half:], share=share, seed=1)}
    return recognition_run(folder, sets)


def add_pictures(folder: Path, kind: str, entries: Sequence[tuple[Picture, dict[str, bytes]]]) -> None:
    """Writes pictures of a kind of the test, and lists them.

    Args:
        folder: The run folder.
        kind: Their kind.
        entries: Each with the content of its files by role; paths are made of kind, set and place.
    """
    listed = []
    suffixes = {"picture": "png", "numbers": "json", "clip": "webp", "video": "mp4"}
    for place, (picture, contents) in enumerate(entries):
        files = {role: f"{kind}/{picture.set_name}/{place:03d}.{suffixes[role]}" for role in contents}
        for role, content in contents.items():
            path = folder / PICTURES / files[role]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        listed.append(Picture(picture.kind, picture.stage, picture.set_name, picture.title, picture.alt, files))
    replace_pictures(folder, listed, kind=kind, stage="test")


def picture_of(
    kind: str, title: str = "a title", *, alt: str = "what there is to see", set_name: str = "test"
) -> Picture:
    """A picture without files."""
    return Picture(kind, "test", set_name, title, alt)


def image_bytes(width: int = 60, height: int = 40, *, kind: str = "PNG", n_frames: int = 1) -> bytes:
    """A picture, or an animated WebP, of noise."""
    generator = np.random.default_rng(width)
    shape = (n_frames, height, width, 3)
    first, *others = [Image.fromarray(frame) for frame in generator.integers(0, 255, shape, dtype=np.uint8)]
    stream = io.BytesIO()
    if n_frames > 1:
        first.save(stream, kind, save_all=True, append_images=others, duration=100, loop=0)
    else:
        first.save(stream, kind)
    return stream.getvalue()


def as_json(content: Any) -> bytes:
    """A JSON file."""
    return json.dumps(content).encode()


def mistake(kind: str, place: int, true: str = "run", answer: str = "jump") -> dict[str, Any]:
    """The numbers of an answer, as the callback Mistakes writes them."""
    best = [{"class": answer, "probability": 0.9}, {"class": true, "probability": 0.06}]
    row = {"set_name": "test", "kind": kind, "place": place, "video": f"{kind}_{place}", "row": place}
    shown = {"path": f"test/{kind}_{place}.mp4", "true": true, "answer": answer, "probability": 0.9}
    return {**row, **shown, "true_probability": 0.06, "true_rank": 2, "best": best}


def time_line_numbers(video: str = "v_1", *, annotated: bool = True, shift: float = 0.0) -> dict[str, Any]:
    """The numbers of a time line, as the callback Timelines writes them."""
    times = [i / 10 for i in range(200)]
    segment = {"start_seconds": 2.0 + shift, "end_seconds": 6.0 + shift, "class": "surf", "score": 0.8}
    truth = [{"start_seconds": 2.0, "end_seconds": 7.0, "class": "surf"}]
    return {
        "video": video,
        "set": "test",
        "duration_seconds": 20.0,
        "curves": [{"class": "surf", "threshold": 0.5, "times_seconds": times, "scores": [t / 20 for t in times]}],
        "segments": [
            {**segment, "suppressed": False},
            {**segment, "start_seconds": 12.0, "end_seconds": 13.0, "class": "ski", "suppressed": True},
        ],
        "annotated": truth if annotated else None,
    }


def detection_numbers(names: Sequence[str] = NAMES) -> dict[str, Any]:
    """The numbers of a diagnosis, as the callback DetectionErrors writes them."""
    errors = {"double_detection": 2, "wrong_label": 3, "too_early": 1, "too_late": 4, "too_long": 0, "too_short": 0}
    errors |= {"confusion": 1, "background": 7}
    best = [{"times": k, "true_positive": 5 * k, **errors} for k in range(1, 11)]
    classes = [
        {
            "class": name,
            "n_instances": 4,
            "n_predictions": 9,
            "n_found": 2,
            "errors": errors,
            "average_precision": 0.2 * (i + 1),
            "recall": [0.25, 0.5],
            "precision": [1.0, 0.2 * (i + 1)],
        }
        for i, name in enumerate(names)
    ]
    gain = {**{kind: 0.5 * i for i, kind in enumerate(errors)}, "localization": 2.0, "all": 9.0}
    numbers = {"iou_threshold": 0.5, "map": 40.0, "n_instances": 16, "n_found": 8, "n_predictions": 36}
    return {**numbers, "errors": errors, "best_predictions": best, "gain": gain, "classes": classes}


def localizer_run(folder: Path, *, shift: float = 0.0, with_pictures: bool = True) -> Path:
    """A run of a localizer, with time lines and errors of detections or without."""
    write_localization(folder, 40.0)
    if with_pictures:
        lines = [
            (picture_of("timelines", f"v_{i}"), {"numbers": as_json(time_line_numbers(f"v_{i}", shift=shift))})
            for i in (1, 2)
        ]
        add_pictures(folder, "timelines", lines)
        errors = (picture_of("detection_errors"), {"numbers": as_json(detection_numbers())})
        add_pictures(folder, "detection_errors", [errors])
    return folder
