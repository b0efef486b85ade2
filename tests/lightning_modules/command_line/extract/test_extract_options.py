from typing import get_args, get_type_hints

import pytest

from zsar.lightning_modules.command_line.extract.extract_options import COMMAND, CaptionOptions
from zsar.lightning_modules.open_clip_towers.open_clip_captions import CaptionSettings


def test_the_ways_of_generation_are_those_of_the_captions() -> None:
    offered, _ = get_args(get_type_hints(CaptionOptions)["caption_generation"])
    assert offered == get_type_hints(CaptionSettings)["generation"]


def test_options_of_captions_go_with_captions() -> None:
    assert not COMMAND.parse(["a.mp4", "--output", "features"]).captions.captions
    with pytest.raises(ValueError, match="--caption_stride 2 has no effect without --captions"):
        COMMAND.parse(["a.mp4", "--output", "features", "--caption_stride", "2"])
