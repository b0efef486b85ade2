"""Writes ONNX files of recognizers, each verified against PyTorch before it is put in place."""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from zsar.api.export.onnx_graph import ClassifierGraph
from zsar.api.given_classes import Classes, class_text_of
from zsar.api.given_videos import frames_per_clip
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.class_paths import class_path
from zsar.runtime.code_version import __version__
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.number_limits import MOST_FRAMES_PER_VIEW, MOST_VIEWS, check_most

OPSET = 18
"""The version of ONNX's operators; onnxruntime reads it from 1.14 on."""
MOST_DIFFERENCE = 1e-4
"""Maximum difference of a probability from PyTorch's."""
MOST_BYTES = 2**31 - 2**20
"""Maximum size of an ONNX file, whose format is limited to 2 GB."""
PROBABILITIES = {
    "probabilities": "softmax over the classes: sums to 1, even if none fits; chooses a class",
    "own_probabilities": "sigmoid of each class by itself: all are small if none fits; says whether there is any",
}
"""What the metadata say of the outputs of a model with a logit bias."""
_MISSING = "ONNX export needs the packages onnx, onnxscript and onnxruntime; pip install 'zsar[export]'"
_SAMPLING = (
    "T frames in RGB, spread evenly: frame i is in the middle of segment i of T equal segments of the video; "
    "further views are shifted in time"
)
_GEOMETRIES = {
    "crop": "{}, antialiased: the short side resized to S * 256 / 224 px, then the centre cut out, S x S px",
    "squash": "{}, antialiased: both sides resized to S px, which changes their ratio",
}


@dataclass(frozen=True)
class ExportedModel:
    """What was written.

    Attributes:
        path: The ONNX file.
        class_names: The C names, in the order of the outputs.
        n_views: V of the input.
        n_frames: T of the input.
        image_size: S of the input in pixels.
        opset: Version of ONNX's operators.
        n_bytes: Size of the file.
        largest_difference: Largest difference of a probability from PyTorch's, on random frames.
    """

    path: str
    class_names: tuple[str, ...]
    n_views: int
    n_frames: int
    image_size: int
    opset: int
    n_bytes: int
    largest_difference: float

    def to_dict(self) -> dict[str, Any]:
        """The same as plain types, for JSON."""
        return {**asdict(self), "class_names": list(self.class_names)}


def export_onnx(
    model: ActionRecognizer,
    classes: Classes,
    path: Path | str,
    *,
    template: str = "video",
    frames: int | None = None,
    clips: int = 1,
) -> ExportedModel:
    """Writes a recognizer with fixed classes as an ONNX file.

    The input `frames` is uint8 RGB [B, V, T, 3, S, S] with any B; normalization is part of the file. The outputs are
    `logits` and `probabilities` (softmax over the classes), float32 [B, C]; of a model with a logit bias (SigLIP) also
    `own_probabilities`, the sigmoid probability of each class by itself. The metadata hold the class names as JSON, how
    frames are chosen, and of such a model what both probabilities are.

    Args:
        model: The recognizer; it is moved to the CPU meanwhile, in fp32.
        classes: Names; prompts by name; a file; or class text (`given_classes`).
        path: The file; an existing one is replaced.
        template: Prompt template or set of templates for names.
        frames: T; None for the number that the model was trained with, else 8.
        clips: V, views of each video.

    Returns:
        What was written.

    Raises:
        TypeError: The model is not a recognizer, such as a localizer, which has no such form.
        ModuleNotFoundError: The extra `export` is not installed.
        ValueError: Prompts are tuned to each video, the file would exceed 2 GB, or its answers differ from PyTorch's.
    """
    _check_exportable(model)
    _check_installed()
    check_most(MOST_VIEWS, clips=clips)
    text = class_text_of(classes, template=template)
    n_frames = frames_per_clip(model, frames)
    check_most(MOST_FRAMES_PER_VIEW, n_frames=n_frames)
    if not isinstance(path, Path):
        path = Path(path)
    size = sum(p.numel() * 4 for name, p in model.named_parameters() if ".visual" in name or "visual_" in name)
    if size > MOST_BYTES:
        raise ValueError(
            f"{path} would have {size / 1e9:.1f} GB, and an ONNX file has at most 2 GB; export a smaller architecture"
        )
    device, was_training = model.device, model.training
    try:
        model.eval().to("cpu")
        with torch.no_grad():
            graph = ClassifierGraph(model, model.class_embeddings.cached(text.prompts, model.device)).eval()
            with whole_file(path) as unfinished:
                _write(graph, unfinished, shape=_shape(model, clips, n_frames), metadata=_metadata(model, text))
                difference = _difference(graph, unfinished, _shape(model, clips, n_frames), path)
    finally:
        model.to(device).train(was_training)
    size_px = model.backbone.image_size[0]
    return ExportedModel(
        str(path), text.names, clips, n_frames, size_px, OPSET, path.stat().st_size, largest_difference=difference
    )


def _check_exportable(model: object) -> None:
    if not isinstance(model, ActionRecognizer):
        raise TypeError(
            f"{type(model).__name__} cannot be exported to ONNX: only recognizers (ZeroShotCLIP, T2L, FineTunedCLIP, "
            "APCLIP, BIKE, OpenVCLIP, TACO) map frames to fixed classes in one pass; a localizer searches each video "
            "step by step"
        )
    if model.adaptation is not None:
        raise ValueError(
            f"prompts tuned to each video ({type(model.adaptation).__name__}) cannot be exported to ONNX, which runs "
            "no training; export the model without the adaptation"
        )


def _check_installed() -> None:
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(f"{_MISSING} (missing: {', '.join(missing)})", name=missing[0])


def _shape(model: ActionRecognizer, n_views: int, n_frames: int) -> tuple[int, ...]:
    return (n_views, n_frames, 3, *model.backbone.image_size)


def _metadata(model: ActionRecognizer, text: ClassText) -> dict[str, str]:
    pixels = model.frame_pixels
    return {
        "class_names": json.dumps(list(text.names), ensure_ascii=False),
        "prompts_sha256": hashlib.sha256(json.dumps(text.prompts).encode()).hexdigest(),
        "prompts_source": text.source,
        "tokenizer_hash": model.backbone.text.tokenizer_hash or "",
        "model": class_path(type(model)),
        "architecture": model.backbone.architecture,
        "backbone_hash": model.backbone.weights_hash,
        "weights_hash": model.checkpoint_weights_hash or "",
        "scorer": model.scoring.scorer,
        **({"frame_variant": model.frame_variant} if model.frame_variant else {}),
        "sampling": _SAMPLING,
        "geometry": _GEOMETRIES[pixels.geometry].format(pixels.resize_filter),
        "zsar_version": __version__,
        **(PROBABILITIES if model.backbone.logit_bias is not None else {}),
    }


def _write(graph: ClassifierGraph, path: Path, *, shape: tuple[int, ...], metadata: Mapping[str, str]) -> None:
    example = torch.zeros((2, *shape), dtype=torch.uint8)
    logging.disable(logging.WARNING)  # torch.onnx logs each step
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program: Any = torch.onnx.export(
                graph,
                (example,),
                dynamo=True,
                opset_version=OPSET,
                input_names=["frames"],
                output_names=graph.output_names,
                dynamic_shapes={"frames": {0: torch.export.Dim("B")}},
                verbose=False,
            )
    finally:
        logging.disable(logging.NOTSET)
    program.model.metadata_props.update(metadata)
    program.save(path, external_data=False)


def _difference(graph: ClassifierGraph, written: Path, shape: tuple[int, ...], path: Path) -> float:
    """The largest difference of a probability from PyTorch's, with batches of 1 and 3 random videos.

    Raises:
        ValueError: It is above `MOST_DIFFERENCE`.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"])
    draws = torch.Generator().manual_seed(0)
    largest = 0.0
    for n_videos in (1, 3):
        frames = torch.randint(256, (n_videos, *shape), dtype=torch.uint8, generator=draws)
        answers = session.run(graph.output_names, {"frames": frames.numpy()})
        for answer, expected in list(zip(answers, graph(frames), strict=True))[1:]:  # but the logits
            largest = max(largest, float((torch.from_numpy(answer) - expected).abs().max()))
    if not largest <= MOST_DIFFERENCE:
        raise ValueError(
            f"{path} is not written: its probabilities differ by up to {largest:.1e} from PyTorch's, more than "
            f"{MOST_DIFFERENCE:g}; this is a bug of zsar, torch.onnx or onnxruntime: please report it"
        )
    return largest
