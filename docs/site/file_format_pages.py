"""The page of the file formats: from the heads of the modules that read and write them."""

from __future__ import annotations

import inspect
import json
import re
from types import ModuleType

from docs.site.copied_pages import ROOT
from docs.site.markdown import table
from zsar.api.answers import Classification
from zsar.callbacks.results import detection_file
from zsar.datamodules.data_sets import video_folder
from zsar.datamodules.data_sets.untrimmed import untrimmed_files
from zsar.datamodules.stored_embeddings import embedding_files
from zsar.lightning_modules.command_line.batch import sweep_files
from zsar.lightning_modules.command_line.classify import answer_files
from zsar.lightning_modules.command_line.reproduce import papers_file
from zsar.lightning_modules.localization.stored import caption_files, feature_files
from zsar.lightning_modules.recognition.saved import shared_folders
from zsar.lightning_modules.run_folders import run_record
from zsar.lightning_modules.run_folders.prediction_files import OWN_COLUMN, PREDICTION_COLUMNS
from zsar.lightning_modules.training import checkpoints
from zsar.runtime.shards import shard_index

_HEAD = """\
# File formats

Every file is written completely or not at all. Checkpoints and `results.json` of any earlier version stay readable;
feature and caption files state their `format_version`, and a file of an older one is rejected with the command that
makes it again. How tables, lists, JSON and YAML are read is in [What is read and rejected](inputs.md).
"""

_RESULTS = """\
`zsar test`, `validate` and `predict` write `results.json`, `results_validate.json` and `results_predict.json`. They
hold strict JSON; `zsar summarize` reads them. The main keys:
"""

_RESULT_KEYS = {
    "stage": "test, validate or predict",
    "sets": "the figures of each set: accuracies in percent (for a localizer, mAP at each temporal IoU), counts",
    "harmonic_mean": "of base and novel classes, in base-to-novel",
    "complete": "false if batches were limited",
    "undecodable": "the videos that could not be read, and why",
    "n_damaged_frames": "damaged frames that were accepted",
    "model": "class, architecture, hash of the backbone, checkpoint and hash of its weights, what it was trained on",
    "data": "what the data module says of itself: data set, protocol, split, counts",
    "adaptation": "test-time tuning, if there was one: its settings; its effect is in `sets`",
    "stored": "of a memory of test videos: how many of each class it holds, by set and part; null for other tests",
    "training": "the record of the training; null without one",
    "test": "the record of the test, in the same form",
    "config": "all settings of the run",
}

_PREDICTIONS = """\
`predictions_SET.csv`, UTF-8 with a header, a row for each video in the order of the set:
"""

_COLUMN_MEANINGS = {
    "video": "the name of the video in its data set",
    "path": "its file",
    "label": "its true class; empty in `zsar predict`",
    "prediction": "the class of the highest probability; empty for a video that could not be read",
    "probability": "the probability of that class among the classes of the set, 0 to 1",
    "decoded": "whether the video could be read",
    "problem": "why not",
    OWN_COLUMN: "only of models with a logit bias (SigLIP): the probability of that class by itself, 0 to 1",
}


_ANSWER_KEYS = ", ".join(f"`{name}`" for name in Classification(None, (), None).to_dict())


def file_formats_page() -> str:
    """All formats that zsar writes or takes."""
    parts = [
        _HEAD,
        f"## results.json\n\n{_RESULTS}\n\n{_keys(_RESULT_KEYS, 'key')}\n\n{_head(run_record)}",
        f"## Predictions\n\n{_PREDICTIONS}\n\n{_keys(_columns(), 'column')}",
        f"## Detections\n\n{_head(detection_file.DetectionFile)}",
        f"## Checkpoints\n\n{_head(checkpoints)}",
        f"## Class-text files\n\n{_class_text()}",
        f"## Feature files\n\n`format_version` {feature_files.FORMAT_VERSION}. {_head(feature_files)}",
        f"## Caption files\n\n`format_version` {caption_files.FORMAT_VERSION}. {_head(caption_files)}",
        f"## Stored embeddings\n\n`NAME{embedding_files.SUFFIX}`, `format_version` {embedding_files.FORMAT_VERSION}. "
        f"{_head(embedding_files)}",
        f"## Saved models\n\n`format_version` {shared_folders.FORMAT_VERSION}. {_head(shared_folders)}",
        f"## Answers of zsar classify\n\n{_head(answer_files)}\n\nAn answer has the keys {_ANSWER_KEYS}.",
        f"## Labelled videos\n\n{_head(video_folder)}",
        f"## Annotations of untrimmed videos\n\n{_head(untrimmed_files)}",
        f"## Index of shards\n\n{_head(shard_index)}",
        f"## Sweep files\n\n{_head(sweep_files)}",
        f"## papers.yaml\n\n{_head(papers_file)}",
    ]
    return "\n\n".join(parts) + "\n"


def _keys(meanings: dict[str, str], title: str) -> str:
    return table((title, "meaning"), ((f"`{name}`", meaning) for name, meaning in meanings.items()))


def _columns() -> dict[str, str]:
    return {name: _COLUMN_MEANINGS[name] for name in (*PREDICTION_COLUMNS, OWN_COLUMN)}


def _head(documented: ModuleType | type) -> str:
    """The docstring of a module or class, whose indented lines are examples."""
    text = inspect.getdoc(documented) or ""
    text = re.sub(r"(?m)^(?=\{)", "    ", text)  # a line of JSON
    return re.sub(r"(?m)^( {4}.*)\n(?! {4}|\n)", r"\1\n\n", text)


def _class_text() -> str:
    schema = json.loads((ROOT / "datamodules/class_text/class_text.schema.json").read_text(encoding="utf-8"))
    sentences = schema["$defs"]["sentences"]
    attributes = ", ".join(f"`{name}`" for name in schema["$defs"]["attributes"]["properties"])
    data_set, source = (schema["$defs"][name]["description"] for name in ("data_set", "source"))
    return (
        f"{schema['description']}\n\n"
        f"- `kind`: `description`, `explanation`, `customized`, `direct` ({sentences['description']}) or "
        f"`action_prompts`\n- `data_set`: {data_set}\n- `source`: {source}\n"
        f"- `classes`: {{class: a text, or a list of texts}}; of action prompts "
        f"{{class: {{attribute: list of texts}}}}, with the attributes {attributes}\n\n"
        "The JSON schema is `datamodules/class_text/class_text.schema.json`. "
        "How to write one, and those that are included: [Class text](../how_to/class_text.md)."
    )
