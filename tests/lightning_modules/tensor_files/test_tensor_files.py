import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from tests.makers.files.hostile_files import Calls, hostile_files, zipped
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.tensor_files import tensor_files
from zsar.lightning_modules.tensor_files.tensor_files import (
    TensorFileError,
    cause_of,
    check_archive,
    is_torchscript,
    is_zip_file,
    read_tensor_file,
    some_names,
)


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("zipped_format", [True, False])
def test_tensors_and_plain_types_are_read(tmp_path: Path, in_memory: bool, zipped_format: bool) -> None:
    shared = torch.arange(12.0)
    tensors = {"a": shared.view(3, 4).t(), "b": shared[2:4], "d": torch.ones([])}
    plain = [1, "x", None, {2.5: (True, "z")}]
    path = tmp_path / "x.pt"
    torch.save({"tensors": tensors, "plain": plain}, path, _use_new_zipfile_serialization=zipped_format)
    content = read_tensor_file(path, in_memory=in_memory)
    assert isinstance(content, dict)
    assert_close(content["tensors"], tensors)
    assert content["plain"] == plain


def test_no_file_of_the_kinds_that_are_refused_is_run_or_said_to_be_safe(tmp_path: Path, tiny_weights: Path) -> None:
    mark = tmp_path / "was-run"
    model = T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=4)
    refused: dict[Path, str] = {}
    for path in hostile_files(tmp_path, mark, model).values():
        try:
            read_tensor_file(path)
        except TensorFileError as error:
            refused[path] = str(error)
    assert len(refused) > 25
    assert not mark.exists()
    for path, said in refused.items():
        assert said.startswith((str(path), f"there is no file {path}"))
        assert not [advice for advice in ("weights_only", "trust", "unsafe", "file an issue") if advice in said]


def test_the_python_object_is_named(tmp_path: Path) -> None:
    torch.save({"a": Calls(print, "x")}, tmp_path / "x.pt")
    with pytest.raises(TensorFileError, match=r"x\.pt holds Python objects \((\w+\.)?print\), which zsar") as error:
        read_tensor_file(tmp_path / "x.pt")
    assert error.value.foreign is not None


def test_an_archive_that_unpacks_to_more_than_it_is_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensor_files, "MOST_CODE_BYTES", 10**6)
    (tmp_path / "bomb.pt").write_bytes(zipped({"x/data.pkl": bytes(10**6)}, compression=zipfile.ZIP_DEFLATED))
    with pytest.raises(TensorFileError, match="is a compressed zip file"):
        check_archive(tmp_path / "bomb.pt")
    (tmp_path / "code.pt").write_bytes(zipped({"x/code/a.py": bytes(2 * 10**6)}, compression=zipfile.ZIP_DEFLATED))
    with pytest.raises(TensorFileError, match="is a compressed zip file"):
        check_archive(tmp_path / "code.pt")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x/data/0", bytes(1000))
        archive.filelist += 9 * archive.filelist  # several entries for the same bytes
    (tmp_path / "overlap.pt").write_bytes(buffer.getvalue())
    with pytest.raises(TensorFileError, match="but claims to hold 10,000"):
        check_archive(tmp_path / "overlap.pt")


def test_a_tensor_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1).expand(10**15)}, tmp_path / "x.pt")
    with pytest.raises(TensorFileError, match=r"claims the shape \[1000000000000000\], but the file holds 4 bytes"):
        read_tensor_file(tmp_path / "x.pt")


def test_torchscript_is_told_by_its_constants(tmp_path: Path) -> None:
    torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "s.pt")
    torch.save({}, tmp_path / "x.pt")
    assert is_torchscript(tmp_path / "s.pt")
    assert not is_torchscript(tmp_path / "x.pt")
    with pytest.raises(TensorFileError, match="is a TorchScript archive"):
        read_tensor_file(tmp_path / "s.pt")


def test_advice_to_load_what_runs_is_not_quoted() -> None:
    advice = "Weights only load failed. Re-running `torch.load` with `weights_only` set to `False` will likely succeed"
    assert cause_of(RuntimeError(advice)) == "RuntimeError"
    assert cause_of(RuntimeError(f"{advice}\nUnsupported global: GLOBAL os.system was not")) == (
        "it holds Python objects (os.system), which zsar does not load"
    )
    assert cause_of(EOFError("ran out\nof input")) == "EOFError: ran out"
    assert cause_of(EOFError("out of it " * 30)).endswith(" out of ...")  # not within a word


def damaged_directories(path: Path) -> list[bytes]:
    """An archive with each byte changed in turn from the last entry of its directory to its end."""
    sound = path.read_bytes()
    start = sound.rindex(b"PK\x01\x02")
    return [sound[:at] + bytes([sound[at] ^ 0xFF]) + sound[at + 1 :] for at in range(start, len(sound))]


@pytest.mark.parametrize("read", [is_zip_file, is_torchscript, check_archive, read_tensor_file])
def test_whatever_is_wrong_with_the_directory_of_an_archive_its_file_is_named(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    path = tmp_path / "x.pt"
    torch.save({}, path)
    said = []
    for content in damaged_directories(path):
        path.write_bytes(content)
        try:
            read(path)
        except TensorFileError as error:
            said.append(str(error))
    assert said
    assert all(message.startswith(str(path)) for message in said)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_complex_tensors_are_refused(tmp_path: Path, dtype: torch.dtype) -> None:
    torch.save({"a": torch.ones(2, dtype=dtype)}, tmp_path / "x.pt")
    with pytest.raises(TensorFileError, match=r"x\.pt holds a sparse, quantized, complex"):
        read_tensor_file(tmp_path / "x.pt")


def test_names_of_a_file_are_shown_in_one_short_line() -> None:
    assert some_names(["a.b", "c\nd", "\x1b[2J", "e"]) == "a.b, c\\nd, \\x1b[2J, ..."
    assert some_names({"a": 1}) == "a"
    assert some_names([]) == ""
    assert len(some_names(["x" * 10**6] * 9, most=2)) < 400
