import os
import stat
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from tests.makers.files.stored_files import feature_source
from zsar.lightning_modules.localization.stored import feature_files
from zsar.lightning_modules.localization.stored.feature_files import (
    FeatureFileError,
    FeatureSource,
    finite_features,
    read_features,
    read_source,
    write_features,
)
from zsar.lightning_modules.localization.stored.frame_record import FrameRecord

SOURCE = feature_source(source_name="a ü.mp4", fps=30.000000000000004)


def written(path: Path, *, dtype: str = "fp16", n: int = 4) -> tuple[Tensor, np.ndarray]:
    features = torch.randn(n, 3).to(feature_files.DTYPES[dtype])
    times = np.arange(n) / 30
    write_features(path, features, times, replace(SOURCE, dtype=dtype))
    return features, times


@pytest.mark.parametrize("dtype", ["fp16", "fp32"])
def test_what_is_written_is_read(tmp_path: Path, dtype: str) -> None:
    features, times = written(path := tmp_path / "folder" / "a.safetensors", dtype=dtype)
    content = read_features(path)
    assert content.features.dtype == features.dtype
    assert torch.equal(content.features, features)
    assert content.times_seconds.dtype == np.float64
    np.testing.assert_array_equal(content.times_seconds, times)
    assert content.source == read_source(path) == replace(SOURCE, dtype=dtype)
    assert [p.name for p in path.parent.iterdir()] == ["a.safetensors"]


def test_any_program_can_read_the_file(tmp_path: Path) -> None:
    written(path := tmp_path / "a.safetensors")
    with safe_open(path, framework="np") as file:
        assert set(file.keys()) == {"features", "times_seconds"}
        header = file.metadata()
    assert header["format_version"] == "2"
    assert header["fps"] == "30.000000000000004"
    assert header["stride"] == "2 frames"


def test_the_file_can_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        written(path := tmp_path / "a.safetensors")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_features_are_not_in_memory_before_they_are_used(tmp_path: Path) -> None:
    features = torch.ones(24 * 1024, 512)  # 48 MiB
    times = np.arange(len(features), dtype=np.float64)
    write_features(
        path := tmp_path / "a.safetensors", features, times, replace(SOURCE, dtype="fp32", duration_seconds=1e5)
    )
    before = resident_mib()
    content = read_features(path)
    assert resident_mib() - before < 16
    assert content.features[-1].sum() == 512


def resident_mib() -> float:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"backbone_hash": "1234"},
            r"backbone_hash is 00ff in the file, but 1234 is asked for \(the file's model is t",
        ),
        ({"stride": "1 frame"}, "stride is 2 frames in the file, but 1 frame is asked for; use"),
        ({"dtype": "fp32"}, "dtype is fp16 in the file, but fp32 is asked for"),
        ({"dtype": "fp32", "stride": "1 frame"}, "stride is 2 frames .*; dtype is fp16"),
    ],
)
def test_features_of_another_kind_are_refused(tmp_path: Path, asked: dict[str, Any], message: str) -> None:
    written(path := tmp_path / "a.safetensors")
    with pytest.raises(
        FeatureFileError, match=rf"a\.safetensors: {message}.*extract it again with `zsar extract` and --overwrite, or"
    ):
        read_features(path, **asked)
    read_features(path, backbone_hash="00ff", stride="2 frames", dtype="fp16")


def rewritten(path: Path, header: dict[str, str] | None = None, **tensors: Tensor) -> None:
    """The file with other tensors, as another program could write it."""
    written(path)
    with safe_open(path, framework="pt") as file:
        own = {name: file.get_tensor(name).clone() for name in ("features", "times_seconds")}
        said = {**file.metadata(), **(header or {})}
    save_file({**own, **tensors}, path, metadata=said)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": torch.zeros(0, 3).half(), "times_seconds": torch.zeros(0).double()}, r"they are \[0, 3\]"),
        ({"features": torch.zeros(4, 0).half()}, r"they are \[4, 0\]"),
        ({"features": torch.zeros(4).half()}, r"they are \[4\]"),
        ({"features": torch.zeros(4, 3, dtype=torch.int64)}, "must be fp16, as its header says; they are torch.int64"),
        ({"features": torch.zeros(4, 3)}, "must be fp16, as its header says; they are torch.float32"),
        ({"times_seconds": torch.zeros(3).double()}, r"float64 \[4\], one per frame; they are float64 \[3\]"),
        ({"times_seconds": torch.arange(4)}, r"float64 \[4\], one per frame; they are int64 \[4\]"),
        ({"times_seconds": torch.tensor([0, -1, 2, 3]).double()}, "frame 1 is at -1.0 seconds"),
        ({"times_seconds": torch.tensor([0, torch.nan, 2, 3]).double()}, "frame 1 is at nan seconds"),
        (
            {"times_seconds": torch.tensor([0, 0.1, 0.1, 0.2], dtype=torch.float64)},
            "frame 2 at 0.1 follows one at 0.1 seconds",
        ),
        ({"times_seconds": torch.tensor([0, 0.1, 0.2, 9]).double()}, "the video ends at 0.23.* but a frame is at 9.0"),
        ({"header": {"duration_seconds": "nan"}}, "the video ends at nan seconds"),
        ({"header": {"duration_seconds": "inf"}}, "the video ends at inf seconds"),
    ],
)
def test_what_cannot_be_features_of_a_video_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    rewritten(path := tmp_path / "a.safetensors", **changes)
    for read in (read_source, read_features):
        with pytest.raises(FeatureFileError, match=rf"a\.safetensors cannot be read as features .*{message}.*extract"):
            read(path)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_features_that_are_not_finite_are_refused_where_they_are_used(tmp_path: Path, value: float) -> None:
    features = torch.zeros(4, 3).half()
    features[2, 1] = value
    rewritten(path := tmp_path / "a.safetensors", features=features)
    content = read_features(path)
    with pytest.raises(FeatureFileError, match=r"a\.safetensors: features in it are infinite or not numbers; extract"):
        finite_features(path, content)
    written(path)
    assert finite_features(path, read_features(path)).shape == (4, 3)


def test_features_of_another_width_are_refused(tmp_path: Path) -> None:
    written(path := tmp_path / "a.safetensors")
    assert read_features(path, width=3).features.shape == (4, 3)
    with pytest.raises(FeatureFileError, match=r"a\.safetensors: its features have a width of 3, but .* model 5; use"):
        read_features(path, width=5)


@pytest.mark.parametrize("field", [field.name for field in fields(FrameRecord)])
def test_features_of_other_frames_are_refused_by_the_name_of_the_difference(tmp_path: Path, field: str) -> None:
    written(path := tmp_path / "a.safetensors")
    frames = FrameRecord(**{f.name: getattr(SOURCE, f.name) for f in fields(FrameRecord)})
    read_features(path, frames=frames)
    other: Any = 48 if field == "image_size" else "other"
    said = (
        rf"a\.safetensors: {field} is {getattr(SOURCE, field)} in the file, but {other} is asked for; use the settings"
    )
    with pytest.raises(FeatureFileError, match=said):
        read_features(path, frames=replace(frames, **{field: other}))


@pytest.mark.parametrize("field", [field.name for field in fields(FeatureSource)])
def test_a_file_without_a_field_is_named(tmp_path: Path, field: str) -> None:
    written(path := tmp_path / "a.safetensors")
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 - no mapping
        header = {key: value for key, value in file.metadata().items() if key != field}
    save_file(tensors, path, metadata=header)
    with pytest.raises(FeatureFileError, match=rf"cannot be read as features \(its header lacks {field}\)"):
        read_source(path)


def test_a_file_of_before_frames_were_recorded_is_refused_with_the_command_that_makes_it_again(tmp_path: Path) -> None:
    rewritten(path := tmp_path / "a.safetensors", header={"format_version": "1", "weights": "my weights.pt"})
    for read in (read_source, read_features):
        with pytest.raises(FeatureFileError) as refused:
            read(path)
        assert str(refused.value) == (
            f"{path} does not state how its frames were made (format_version 1); make it again: zsar extract VIDEOS "
            f"--output {tmp_path} --architecture tiny-clip --weights 'my weights.pt' --stride 2 --dtype fp16 "
            "--overwrite"
        )


def test_a_damaged_file_is_named_with_a_remedy(tmp_path: Path) -> None:
    written(path := tmp_path / "a.safetensors", n=100)
    whole = path.read_bytes()
    for content in (b"", whole[:-10], b"no safetensors at all"):
        path.write_bytes(content)
        with pytest.raises(FeatureFileError, match=r"a\.safetensors cannot be read as features .* and --overwrite"):
            read_source(path)


def test_a_missing_file_and_another_version_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no feature file .*gone\.safetensors; make it with `zsar extract`"):
        read_features(tmp_path / "gone.safetensors")
    save_file({"features": torch.ones(1)}, path := tmp_path / "old.safetensors", metadata={"format_version": "0"})
    with pytest.raises(FeatureFileError, match="has format_version 0, but this zsar reads 2"):
        read_features(path)
    save_file({"weight": torch.ones(1)}, path)
    with pytest.raises(FeatureFileError, match="header does not mark it as a feature file"):
        read_features(path)


def test_features_that_cannot_be_stored_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(
        FeatureFileError, match=r"a ü\.mp4 are infinite or not numbers; `zsar extract` them with --dtype fp32"
    ):
        write_features(path, torch.full((1, 2), 1e6).half(), np.zeros(1), SOURCE)
    with pytest.raises(ValueError, match=r"features must be fp16 .* got torch\.float32 \[2, 3\] and 2 times"):
        write_features(path, torch.ones(2, 3), np.zeros(2), SOURCE)
    with pytest.raises(ValueError, match="as many times; .* and 3 times"):
        write_features(path, torch.ones(2, 3).half(), np.zeros(3), SOURCE)
    assert not path.exists()


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features, _ = written(path := tmp_path / "a.safetensors")

    def half(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space left"):
        written(path)
    assert torch.equal(read_features(path).features, features)
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]
