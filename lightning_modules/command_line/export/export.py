"""`zsar export`: writes a recognizer with fixed classes as an ONNX file."""

from __future__ import annotations

from collections.abc import Sequence

from zsar.api.class_names import check_names_fit, read_class_names
from zsar.api.export.onnx_export import export_onnx
from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.class_text.text_files import read_class_text
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.command_line.export.export_options import COMMAND, DEFAULT_ARCHITECTURE, ExportOptions
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.default_weights import default_weights
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.terminal import message_console, print_json, say, waiting


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: The command line after `zsar export`; None for the real one.

    Returns:
        0.
    """
    return run(COMMAND.parse(arguments))


def run(options: ExportOptions) -> int:
    """Writes the file.

    Args:
        options: The parsed command line.

    Returns:
        0.

    Raises:
        ValueError: The file is there already, options contradict each other, or the model cannot be exported.
        ModuleNotFoundError: The extra `export` is not installed.
    """
    output = options.output
    if output.suffix != ".onnx":
        raise ValueError(f"--output {output}: the name of an ONNX file ends in .onnx")
    if output.is_dir() or (output.exists() and not options.replacing.force):
        raise ValueError(f"{output} is there already; give another --output, or --force to replace it")
    text = _class_text(options)
    model = _model(options)
    with waiting(message_console(), "exporting"):
        written = export_onnx(model, text, output, frames=options.model.frames, clips=options.model.clips)
    if options.printed.json:
        print_json(written.to_dict())
        return 0
    size = f"[B, {written.n_views}, {written.n_frames}, 3, {written.image_size}, {written.image_size}]"
    say(f"wrote {output}: {written.n_bytes / 1e6:,.1f} MB, opset {written.opset}, {len(text.names)} classes")
    say(f"input: frames, uint8 RGB {size}; outputs: logits, probabilities, float32 [B, {len(text.names)}]")
    say(f"largest difference from PyTorch on random frames: {written.largest_difference:.1e}")
    say(f'use: onnxruntime.InferenceSession("{output}").run(["probabilities"], {{"frames": frames}})')
    return 0


def _class_text(options: ExportOptions) -> ClassText:
    names = read_class_names(options.text.classes, options.text.classes_file)
    if len(names) < 2:
        raise ValueError(
            f'there must be at least 2 class names to choose from; got {names}. Give them as --classes "a, b, c" or '
            "--classes_file FILE"
        )
    if options.text.descriptions is not None:
        return read_class_text("classify", names, options.text.descriptions)
    text = fill_templates("classify", names, options.text.template)
    if options.model.checkpoint is None:
        check_names_fit(text, options.model.architecture or DEFAULT_ARCHITECTURE)
    return text


def _model(options: ExportOptions) -> ActionRecognizer:
    chosen = options.model
    if chosen.checkpoint is not None:
        if chosen.architecture is not None:
            raise ValueError("--checkpoint names its own architecture; leave --architecture out")
        return load_recognizer(chosen.checkpoint, weights=chosen.weights)
    architecture = chosen.architecture or DEFAULT_ARCHITECTURE
    return ZeroShotCLIP(backbone=ClipSettings(architecture, chosen.weights or default_weights(architecture))).eval()
