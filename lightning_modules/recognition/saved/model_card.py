"""The model card of a shared folder: what the checkpoint and results.json record, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED

_HEAD = """\
---
library_name: zsar
pipeline_tag: video-classification
tags:
- action-recognition
- zero-shot
- clip
# license: choose one; those of CLIP's weights and of the training videos apply, too
---
"""
_USE = """\
## Use

```bash
pip install zsar
```

```python
import zsar

model = zsar.load("hf-hub:ORG/NAME")  # or the path of this folder
print(zsar.classify("holiday.mp4", ["surfing", "swimming"], model=model))
```

`zsar classify holiday.mp4 --classes "surfing, swimming" --checkpoint FOLDER` does the same on the command line.
Probabilities are relative to the names that are given: they sum to 1 even if none fits.
"""
# Recorded only where they differ from what most models do.
_WHERE_RECORDED = {"frame_variant": "frames embedded", "view_ensemble": "views", "test_scale": "scale of logits"}


def model_card(
    about: Mapping[str, Any], *, name: str, is_trained: bool = True, results: Mapping[str, Any] | None = None
) -> str:
    """Writes the card.

    Args:
        about: The entry "zsar" of a checkpoint: class, settings, training.
        name: The title.
        is_trained: Whether the model has trained weights.
        results: The content of results.json of a test; None for none.

    Returns:
        Markdown, with the metadata of the Hugging Face hub; the licence is left to the author.
    """
    training, data = about.get("training"), about.get("trained_on")
    parts = [f"{_HEAD}\n# {name}\n", "Open-vocabulary action recognition in video, made with zsar.\n", "## Model\n"]
    backbone = about["init_args"].get("backbone") or {}
    parts.append(
        _table(
            {
                "class": about["class_path"],
                "architecture": about["architecture"],
                "CLIP's weights": None if (weights := backbone.get("weights")) is None else Path(str(weights)).name,
                "hash of CLIP's weights": about["backbone_hash"],
                "hash of the trained weights": about.get("weights_hash"),
                "frames": _frames(about.get("frames")),
                "frames per view": about["init_args"].get("n_frames") or (data or {}).get("n_frames"),
            }
        )
    )
    parts.append("## Training\n")
    if not is_trained:
        parts.append("Nothing was trained.\n")
    else:
        parts.append(f"{NOT_RECORDED.capitalize()}.\n" if not (training or data) else _training(training or {}, data))
    parts.append("## Test\n")
    parts.append("Not tested.\n" if not (results or {}).get("sets") else _test(results or {}))
    return "\n".join([*parts, _USE])


def _frames(frames: Mapping[str, Any] | None) -> str | None:
    """How frames become square, by which filter, and what they are normalized with."""
    if frames is None:
        return None
    geometry = "" if (name := frames.get("geometry")) is None else f"{name}, "
    return f"{geometry}{frames.get('resize_filter')}, mean {frames.get('mean')}, std {frames.get('std')}"


def _training(training: Mapping[str, Any], data: Mapping[str, Any] | None) -> str:
    structure = (training.get("model") or {}).get("structure")
    rows = {**_of_data(data or {}), **_of_record(training)}
    return _table({**rows, "structure distillation": structure} if structure else rows)


def _test(results: Mapping[str, Any]) -> str:
    several = any("mean_average_precision" in one for one in results["sets"].values())
    measures = {"mAP over classes": "mean_average_precision"} if several else {"top-1": "top1", "top-5": "top5"}
    figures = [f"| set | {' | '.join(measures)} | videos |", f"|---|{'---:|' * len(measures)}---:|"]
    for name, one in results["sets"].items():
        values = [one.get(measure) for measure in measures.values()]
        shown = ["-" if value is None else f"{value:.2f}" for value in values]
        n_videos = one.get("n_evaluated")
        figures.append(f"| {_cell(name)} | {' | '.join(shown)} | {'-' if n_videos is None else n_videos} |")
    harmonic = results.get("harmonic_mean")
    lines = [f"{'Mean average precision' if several else 'Accuracy'} in percent.\n", *figures, ""]
    if harmonic is not None:
        lines.append(f"Harmonic mean of base and novel classes: {harmonic:.2f}.\n")
    if results.get("complete") is False:
        lines.append("The test was limited to a part of the videos.\n")
    rows = {**_of_data(results.get("data") or {}), **_of_record(results.get("test") or {})}
    adaptation = results.get("adaptation")
    rows["test-time adaptation"] = (adaptation or {}).get("method", "none")
    return "\n".join([*lines, _table(rows)])


def _of_data(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "data set": data.get("data_set", data.get("class_path")),
        "protocol": data.get("protocol"),
        "split": data.get("split"),
        "shots": data.get("shots"),
    }


def _of_record(record: Mapping[str, Any]) -> dict[str, Any]:
    texts = record.get("class_text") or {}
    trainer, versions = record.get("trainer") or {}, record.get("versions") or {}
    return {
        "class text": "; ".join(dict.fromkeys(_text(text) for text in texts.values())) or None,
        "scorer": record.get("scorer"),
        **{words: record[name] for name, words in _WHERE_RECORDED.items() if name in record},
        "precision": record.get("precision"),
        "trainer": ", ".join(f"{key} {value}" for key, value in trainer.items() if value is not None) or None,
        "versions": ", ".join(f"{key} {value}" for key, value in versions.items()) or None,
        "seed": record.get("seed"),
    }


def _text(text: Mapping[str, Any]) -> str:
    return f"{text.get('source')} ({text.get('prompts_per_class')} prompts a class, {text.get('n_classes')} classes)"


def _table(rows: Mapping[str, Any]) -> str:
    return "\n".join(["| | |", "|---|---|", *_rows(rows), ""])


def _rows(rows: Mapping[str, Any]) -> Iterator[str]:
    for name, value in rows.items():
        yield f"| {name} | {NOT_RECORDED if value is None else _cell(value)} |"


def _cell(value: object) -> str:
    """One cell of Markdown: no line breaks, no column marks."""
    text = ", ".join(f"{key} {entry}" for key, entry in value.items()) if isinstance(value, Mapping) else str(value)
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
