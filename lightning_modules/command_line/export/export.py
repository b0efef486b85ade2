"""`zsar export`: writes a recognizer with fixed classes as an ONNX file."""

from __future__ import annotations

from zsar.api.export.onnx_export import export_onnx
from zsar.lightning_modules.command_line.export.export_options import ExportOptions
from zsar.lightning_modules.command_line.requested_recognizer import requested_class_text, requested_recognizer
from zsar.runtime.files.output_folders import check_free
from zsar.runtime.terminal import message_console, print_json, say, waiting


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
    check_free(output, force=options.replacing.force and not output.is_dir())
    text = requested_class_text(options.text, options.model)
    model = requested_recognizer(options.model, device="cpu")
    with waiting(message_console(), "exporting"):
        written = export_onnx(model, text, output, frames=options.model.frames, clips=options.model.clips)
    if options.printed.json:
        print_json(written.to_dict())
        return 0
    size = f"[B, {written.n_views}, {written.n_frames}, 3, {written.image_size}, {written.image_size}]"
    say(f"wrote {output}: {written.n_bytes / 1e6:,.1f} MB, opset {written.opset}, {len(text.names)} classes")
    outputs = "logits, probabilities" + (", own_probabilities" if model.backbone.logit_bias is not None else "")
    say(f"input: frames, uint8 RGB {size}; outputs: {outputs}, float32 [B, {len(text.names)}]")
    say(f"largest difference from PyTorch on random frames: {written.largest_difference:.1e}")
    say(f'use: onnxruntime.InferenceSession("{output}").run(["probabilities"], {{"frames": frames}})')
    return 0
