"""What MTEB files the results of a model under: its name, a revision for all that makes them, and departures.

MTEB keeps results in a folder for each name, revision and experiment, and reuses them. The revision is therefore a hash
of all that changes a result: every weight, the model's settings, the frames, the precision and the version of zsar.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from zsar.datamodules.settings import Clips
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.run_folders.weights_hash import trained_weights_hash
from zsar.lightning_modules.training.checkpoints import plain_arguments
from zsar.runtime.class_paths import class_path
from zsar.runtime.code_version import __version__

_HASHED_INSTEAD = ("weights", "tokenizer")  # files, of which only the content counts
_OF_TRAINING = ("optimization", "augmentation", "train_sampling")


def model_record(model: ActionRecognizer, clips: Clips, choices: Mapping[str, object]) -> dict[str, Any]:
    """All that makes a result of a model, as plain types.

    Args:
        model: The model, prepared for inference.
        clips: The frames that it sees of a video.
        choices: What else the caller chose, by name.
    """
    settings = plain_arguments(model.hparams)
    backbone = settings.get("backbone")
    if isinstance(backbone, dict):
        settings["backbone"] = {key: value for key, value in backbone.items() if key not in _HASHED_INSTEAD}
    mean, std = model.backbone.shown_statistics
    return {
        "zsar": __version__,
        "class_path": class_path(type(model)),
        "settings": {key: value for key, value in settings.items() if key not in _OF_TRAINING},
        "architecture": model.backbone.architecture,
        "weights_hash": trained_weights_hash(model.state_dict()),  # of all weights, trained or not
        "tokenizer_hash": model.backbone.text.tokenizer_hash,
        "frame_mean": mean,
        "frame_std": std,
        "clips": {key: value for key, value in asdict(clips).items() if key not in _OF_TRAINING},
        **choices,
    }


def revision_of(record: Mapping[str, object]) -> str:
    """The first 16 hex digits of a SHA-256 of a record."""
    return hashlib.sha256(json.dumps(record, sort_keys=True, default=str).encode()).hexdigest()[:16]


def model_meta(
    model: ActionRecognizer, name: str, record: Mapping[str, object], departures: Mapping[str, object]
) -> Any:  # noqa: ANN401 - mteb.models.ModelMeta, which is imported only where it is used
    """MTEB's description of a model.

    What zsar does not know is None: the licence of the weights, and which of MTEB's tasks they were trained on.

    Args:
        model: The model.
        name: "ORGANIZATION/MODEL".
        record: As `model_record` returns it; written beside the results, as `loader_kwargs` in model_meta.json.
        departures: The settings that depart from the model's own, by name; MTEB calls them an experiment.
    """
    from mteb.models import ModelMeta

    return ModelMeta(
        loader=None,
        loader_kwargs=dict(record),
        name=name,
        revision=revision_of(record),
        release_date=None,
        languages=None,
        n_parameters=sum(parameter.numel() for parameter in model.parameters()),
        memory_usage_mb=None,
        max_tokens=model.backbone.text.context_length,
        embed_dim=model.backbone.embedding_width,
        license=None,
        open_weights=None,
        public_training_code=None,
        public_training_data=None,
        framework=["PyTorch"],
        similarity_fn_name="dot",
        use_instructions=False,
        training_datasets=None,
        modalities=["video", "text"],
        experiment_kwargs=dict(departures) or None,
    )
