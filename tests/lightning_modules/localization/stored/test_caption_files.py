import json
import os
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.makers.files.stored_files import caption_source
from zsar.lightning_modules.localization.stored.caption_files import (
    CaptionFileError,
    check_caption_source,
    read_captions,
    write_captions,
)
from zsar.lightning_modules.localization.stored.frame_record import FrameRecord
from zsar.lightning_modules.localization.stored.video_captions import VideoCaptions

SOURCE = caption_source(source_name="a ü.mp4", architecture="coca_ViT-L-14")
CAPTIONS = VideoCaptions(np.array([0.0, 0.1 + 0.2, 1.5, 1.5]), ("a man", 'a "horse" \\ ü', "", "un café\n"), SOURCE)


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_captions(path := tmp_path / "folder" / "a.captions.json", CAPTIONS)
    content = read_captions(path, backbone_hash="00ff")
    assert content.times_seconds.dtype == np.float64
    np.testing.assert_array_equal(content.times_seconds, CAPTIONS.times_seconds)
    assert content.texts == CAPTIONS.texts
    assert content.source == SOURCE
    assert [p.name for p in path.parent.iterdir()] == ["a.captions.json"]


def test_the_file_is_json_with_a_caption_a_line(tmp_path: Path) -> None:
    write_captions(path := tmp_path / "a.captions.json", CAPTIONS)
    text = path.read_text(encoding="utf-8")
    assert '\n    [0.0, "a man"],\n' in text
    assert json.loads(text) == {
        "format_version": 2,
        "source": asdict(SOURCE),
        "captions": [list(pair) for pair in zip(CAPTIONS.times_seconds.tolist(), CAPTIONS.texts, strict=True)],
    }


def test_a_minimal_file_written_by_hand_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.captions.json", {"captions": [[0, "a dog"], [1.5, "a man"]]})
    content = read_captions(path, backbone_hash="00ff")  # made elsewhere, on purpose
    assert content.times_seconds.tolist() == [0, 1.5]
    assert content.texts == ("a dog", "a man")
    assert content.source is None
    write_captions(path, content)
    assert json.loads(path.read_text())["source"] is None
    assert read_captions(path).texts == content.texts


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("half a fi", "Expecting value"),
        ("[]", 'no list "captions" in it'),
        ({"caption": []}, 'no list "captions" in it'),
        ({"captions": []}, "at least one caption"),
        ({"captions": [[0, "a"], [1]]}, r"caption 1 is \[1\], not a time in seconds and a text"),
        ({"captions": [["0", "a"]]}, r'caption 0 is \["0", "a"\], not a time'),
        ({"captions": [[True, "a"]]}, r"caption 0 is \[true, "),
        ({"captions": [[0, None]]}, r"caption 0 is \[0, null\], "),
        ({"captions": [[0, "a"], [-1, "b"]]}, r"caption 1 is at -1\.0 seconds; times must be 0 or more"),
        ({"captions": [[float("nan"), "b"]]}, "NaN is not a JSON number"),
        (
            {"captions": [[2, "a"], [2, "b"], [1, "c"]]},
            r"sorted by time, but caption 2 at 1\.0 seconds follows one at 2",
        ),
        ({"format_version": 3, "captions": [[0, "a"]]}, "format_version is 3, but this zsar reads 2"),
        ({"source": "me", "captions": [[0, "a"]]}, r'"source" must be null, or have geometry \(str\)'),
        ({"source": {**asdict(SOURCE), "n_tokens": "9"}, "captions": [[0, "a"]]}, r"or have n_tokens \(int\)"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_remedy(tmp_path: Path, content: Any, message: str) -> None:
    path = written(tmp_path / "a.captions.json", content)
    with pytest.raises(CaptionFileError, match=rf"a\.captions\.json cannot be .*{message}.* correct it"):
        read_captions(path)


def test_a_file_in_no_text_encoding_and_a_missing_one_are_named(tmp_path: Path) -> None:
    (path := tmp_path / "a.captions.json").write_bytes(b'{"captions": [[0, "\xff"]]}')
    with pytest.raises(CaptionFileError, match=r"cannot be read as captions: line 1: byte 0xFF is not UTF-8"):
        read_captions(path)
    with pytest.raises(
        FileNotFoundError, match=r"no caption file .*gone\.captions\.json; make it with `zsar extract -"
    ):
        read_captions(tmp_path / "gone.captions.json")


def test_captions_of_another_model_are_refused(tmp_path: Path) -> None:
    write_captions(path := tmp_path / "a.captions.json", CAPTIONS)
    message = (
        r"a\.captions\.json: backbone_hash is 00ff in the file, but 1234 is asked for \(the file's model is coca_V"
    )
    with pytest.raises(CaptionFileError, match=message):
        read_captions(path, backbone_hash="1234")


def test_a_source_of_before_frames_were_recorded_is_refused_with_the_command_that_makes_it_again(
    tmp_path: Path,
) -> None:
    older = {"format_version": 1, "captions": [[0, "a"]]}
    path = written(tmp_path / "a.captions.json", {**older, "source": asdict(SOURCE)})
    with pytest.raises(CaptionFileError) as refused:
        read_captions(path)
    assert str(refused.value) == (
        f"{path} does not state how its frames were made (format_version 1); make it again: zsar extract VIDEOS "
        f"--output {tmp_path} --architecture coca_ViT-L-14 --captions --caption_seconds 1.0 "
        "--caption_generation greedy --overwrite"
    )
    assert read_captions(written(path, older)).texts == ("a",)  # one's own, of which no frames are known


@pytest.mark.parametrize("field", [field.name for field in fields(FrameRecord)])
def test_captions_of_other_frames_are_refused_by_the_name_of_the_difference(tmp_path: Path, field: str) -> None:
    asked = {name: getattr(SOURCE, name) for name in (f.name for f in fields(FrameRecord))}
    check_caption_source(tmp_path / "a", SOURCE, frames=asked)
    asked[field] = 48 if field == "image_size" else "other"
    said = f"a: {field} is {getattr(SOURCE, field)} in the file, but {asked[field]} is asked for; use the settings"
    with pytest.raises(CaptionFileError, match=said):
        check_caption_source(tmp_path / "a", SOURCE, frames=asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"stride": "2.0 seconds"}, r"stride is 1\.0 seconds in the file, but 2\.0 seconds is asked for; use the set"),
        ({"generation": "beam_search"}, "generation is greedy in the file, but beam_search is asked for"),
        ({"n_tokens": 20}, "n_tokens is 30 in the file, but 20 is asked for"),
        ({"stride": "2.0 seconds", "n_tokens": 20}, "stride is 1.0 seconds .*; n_tokens is 30 .*, delete it"),
    ],
)
def test_captions_of_other_settings_are_refused(tmp_path: Path, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(CaptionFileError, match=message):
        check_caption_source(tmp_path / "a", SOURCE, **asked)
    same = {"stride": "1.0 seconds", "generation": "greedy", "n_tokens": 30}
    check_caption_source(tmp_path / "a", SOURCE, backbone_hash="00ff", **same)  # type: ignore[arg-type]
    with pytest.raises(CaptionFileError, match="does not state the source of its captions; use .* delete it"):
        check_caption_source(tmp_path / "a", None, **asked)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_captions(path := tmp_path / "a.captions.json", CAPTIONS)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_captions(path, replace(CAPTIONS, source=None))
    assert read_captions(path).source == SOURCE
    assert os.listdir(tmp_path) == ["a.captions.json"]
