from pathlib import Path

from zsar.lightning_modules.command_line.export.export_options import COMMAND


def test_options_are_read() -> None:
    options = COMMAND.parse(["--output", "a.onnx", "--classes", "a, b", "--clips", "2"])
    assert (options.output, options.model.clips, options.model.frames) == (Path("a.onnx"), 2, None)
