from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.extract.extract_options import COMMAND
from zsar.lightning_modules.localization.stored.older_files import command_for


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (
            {"architecture": "a", "weights": "w w", "stride": "0.5 seconds", "dtype": "fp32"},
            "--architecture a --weights 'w w' --stride_seconds 0.5 --dtype fp32 ",
        ),
        ({"architecture": "a", "weights": "", "stride": "1 frame"}, "--architecture a --stride 1 "),
        ({}, ""),
        ({"stride": 5, "architecture": None}, ""),
    ],
)
def test_the_command_has_the_settings_that_a_file_states(stated: dict[str, object], expected: str) -> None:
    assert command_for(Path("f/a.safetensors"), stated) == f"zsar extract VIDEOS --output f {expected}--overwrite"


@pytest.mark.parametrize("captions", [False, True])
def test_the_command_is_one_that_zsar_reads(captions: bool) -> None:
    stated = {"architecture": "a", "weights": "w", "stride": "2.0 seconds"}
    stated |= {"generation": "greedy"} if captions else {"dtype": "fp16"}
    zsar, extract, *arguments = command_for(Path("f/a"), stated, captions=captions).split()
    options = COMMAND.parse(arguments)
    assert (zsar, extract, options.overwrite, options.captions.captions) == ("zsar", "extract", True, captions)
    assert (options.captions.caption_seconds if captions else options.stride.stride_seconds) == 2.0
