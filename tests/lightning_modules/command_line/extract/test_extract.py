import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from tests.makers.models.tiny_captioner import tiny_captioner
from tests.makers.videos.encoded_videos import moving_picture
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.extract.extract import list_jobs
from zsar.lightning_modules.localization.stored.caption_files import read_captions
from zsar.lightning_modules.localization.stored.feature_files import read_features

ROOT = Path(__file__).parents[4]
ALL = ["jump/0.safetensors", "jump/1.safetensors", "run/0.safetensors", "run/1.safetensors"]
CAPTIONS = [name.replace(".safetensors", ".captions.json") for name in ALL]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Four videos of ten frames, 10 a second, in two folders."""
    for name in ("jump/0.mp4", "jump/1.mkv", "run/0.mp4", "run/1.mp4"):
        (path := tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        write_video(path, moving_picture(10), frames_per_second=10)
    return tmp_path / "source"


@pytest.fixture
def model(tiny_weights: Path) -> list[object]:
    return ["--architecture", "tiny-clip", "--weights", tiny_weights, "--device", "cpu", "--n-workers", 0]


def extract(*arguments: object) -> int:
    return main(["extract", *map(str, arguments)])


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_every_video_of_a_folder_gets_a_file_under_its_own_path(
    source: Path, tmp_path: Path, model: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "features"
    assert extract(source, "--output", output, *model, "--batch-size", 3) == 0
    printed = capsys.readouterr()
    assert files_in(output) == ALL
    content = read_features(output / "jump" / "1.safetensors", stride="1 frame", dtype="fp16")
    assert content.features.shape == (10, 96)
    assert content.source.source_name == "1.mkv"
    assert "features of 4 of 4 videos are in" in printed.out
    assert re.search(r"^40 frames in \d+\.\d s, \d+\.\d frames/s$", printed.out, re.MULTILINE)
    assert re.search(r"4/4 videos 40 frames, [\d.]+ frames/s", printed.err)


@pytest.mark.parametrize(
    ("stride", "said", "times"),
    [(("--stride", 4), "4 frames", [0, 0.4, 0.8]), (("--stride-seconds", 0.5), "0.5 seconds", [0, 0.5])],
)
def test_a_stride_is_in_frames_or_in_seconds(
    source: Path, tmp_path: Path, model: list[object], stride: tuple[object, ...], said: str, times: list[float]
) -> None:
    assert extract(source / "run" / "0.mp4", "--output", tmp_path / "f", *model, *stride, "--dtype", "fp32") == 0
    content = read_features(tmp_path / "f" / "0.safetensors", stride=said, dtype="fp32")
    assert content.times_seconds.tolist() == pytest.approx(times)
    assert len(content.features) == len(times)


def test_a_second_run_does_only_what_is_left(
    source: Path, tmp_path: Path, model: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "features"
    assert extract(source, "--output", output, *model) == 0
    before = [(output / name).stat().st_mtime_ns for name in ALL]
    write_video(source / "run" / "2.mp4", moving_picture(3), frames_per_second=10)
    capsys.readouterr()
    assert extract(source, "--output", output, *model) == 0
    assert "features of 5 of 5 videos are in" in (printed := capsys.readouterr().out)
    assert "(4 were before)\n3 frames in" in printed
    assert [(output / name).stat().st_mtime_ns for name in ALL] == before
    assert extract(source, "--output", output, *model) == 0
    assert "(5 were before)\n" in (printed := capsys.readouterr().out)
    assert "frames/s" not in printed
    assert extract(source, "--output", output, *model, "--overwrite") == 0
    assert "(0 were before)\n43 frames" in capsys.readouterr().out


def test_features_of_another_kind_are_an_error_unless_they_may_be_overwritten(
    source: Path, tmp_path: Path, model: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "features"
    assert extract(source, "--output", output, *model) == 0
    torch.manual_seed(1)
    for changed, message in (
        (("--stride", 2), "stride is 1 frame in the file, but 2 frames is asked for"),
        (("--geometry", "crop"), "geometry is squash in the file, but crop is asked for"),
        (("--dtype", "fp32"), "dtype is fp16 in the file, but fp32 is asked for"),
        (("--weights", "random"), r"backbone_hash is [0-9a-f]{16} in the file, but [0-9a-f]{16} is asked for"),
    ):
        capsys.readouterr()
        assert extract(source, "--output", output, *model, *changed) == 1
        error = capsys.readouterr().err
        assert re.search(rf"jump/0\.safetensors: {message}.* and --overwrite, or", error)
        assert "(3 more files do not fit either)" in error
    assert extract(source, "--output", output, *model, "--stride", 2, "--overwrite") == 0
    assert read_features(output / ALL[0], stride="2 frames").features.shape == (5, 96)
    (output / ALL[0]).write_bytes(b"damaged")
    capsys.readouterr()
    assert extract(source, "--output", output, *model, "--stride", 2) == 1
    assert "0.safetensors cannot be read as features" in capsys.readouterr().err


@pytest.mark.parametrize("same_size", [False, True])
def test_features_of_a_video_that_was_replaced_are_made_again(
    source: Path, tmp_path: Path, model: list[object], same_size: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    output, video = tmp_path / "features", source / "jump" / "1.mkv"
    assert extract(source, "--output", output, *model) == 0
    stored = output / "jump" / "1.safetensors"
    before, size = read_features(stored).features.clone(), video.stat().st_size
    others = {name: (output / name).stat().st_mtime_ns for name in ALL if output / name != stored}
    n_frames = len(before)
    write_video(video, 255 - moving_picture(n_frames) if same_size else moving_picture(11), frames_per_second=10)
    if same_size:  # as far as the size tells
        content = video.read_bytes()
        video.write_bytes((content + bytes(size))[:size] if len(content) < size else content)
    assert extract(source, "--output", output, *model) == 0
    captured = capsys.readouterr()
    assert f"{stored} is made again: {video} is not the video that it was made from" in captured.err
    assert not torch.equal(read_features(stored).features[:1], before[:1]) or len(before) != len(
        read_features(stored).features
    )
    assert others == {name: (output / name).stat().st_mtime_ns for name in others}


def test_videos_that_cannot_be_decoded_are_named_and_the_others_done(
    source: Path, tmp_path: Path, model: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    (source / "jump" / "0.mp4").write_bytes(b"broken")
    (source / "jump" / "[2].mp4").write_bytes(b"")
    assert extract(source, "--output", tmp_path / "f", *model) == 1
    printed = capsys.readouterr()
    assert files_in(tmp_path / "f") == ALL[1:]
    assert "features of 3 of 5 videos are in" in printed.out
    assert "not extracted: jump/0.mp4: Invalid data found when processing input (while opening it)" in printed.err
    assert "not extracted: jump/[2].mp4: the file is empty" in printed.err


def test_a_real_clip_that_breaks_in_the_middle_leaves_no_file(
    shared_clips: Path, tmp_path: Path, model: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    videos = [shared_clips / name for name in ("corrupted.mp4", "apply_eye_makeup.avi")]
    assert extract(*videos, "--output", tmp_path / "f", *model, "--stride", 20) == 1
    assert files_in(tmp_path / "f") == ["apply_eye_makeup.safetensors"]
    assert "not extracted: corrupted.mp4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--batch-size", 0), "--batch_size must be at least 1; got 0"),
        (("--n-workers", -1), "--n_workers must be at least 0; got -1"),
        (("--devices", 0), "--devices must be at least 1; got 0"),
        (("--devices", 2, "--device", "mps"), "--devices 2 needs --device cuda or cpu; got mps"),
        (("--devices", 100, "--device", "cuda"), r"--devices 100: this machine has only \d+ GPUs"),
        (("--stride", 0), "--stride must be at least 1; got 0"),
        (("--stride-seconds", 0), "--stride_seconds must be more than 0; got 0.0"),
        (("--architecture", "RN50", "--weights", "random"), "the visual tower of RN50 is open_clip's ModifiedResNet"),
        (("--captions",), "tiny-clip writes no captions, .* coca_ViT-L-14"),
        (("--caption-seconds", 2), r"--caption_seconds 2\.0 has no effect without --captions"),
    ],
)
def test_wrong_input_is_explained_before_anything_is_written(
    source: Path,
    tmp_path: Path,
    model: list[object],
    arguments: tuple[object, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert extract(source, "--output", tmp_path / "f", *model, *arguments) == 1
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "f").exists()


def test_two_videos_with_one_file_of_features_are_refused(source: Path, tmp_path: Path) -> None:
    both = [source / "jump" / "0.mp4", source / "run" / "0.mp4"]
    with pytest.raises(ValueError, match=r"jump/0\.mp4 and .*run/0\.mp4 would both become .*f/0\.safetensors; rename"):
        list_jobs(both, tmp_path / "f")
    assert len(list_jobs([both[0], both[0]], tmp_path / "f")) == 1
    with pytest.raises(ValueError, match=r"gone: no such file, no folder with videos, and no pattern"):
        list_jobs([tmp_path / "gone"], tmp_path / "f")


def test_an_output_that_cannot_be_written_is_explained(
    source: Path, tmp_path: Path, model: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "f").write_text("a file, not a folder")
    assert extract(source, "--output", tmp_path / "f", *model) == 1
    assert "Fix this and rerun the same command; it resumes where it stopped" in capsys.readouterr().err


# --- captions ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def captioner(tmp_path: Path) -> list[object]:
    architecture, weights, _ = tiny_captioner(tmp_path)
    return ["--architecture", architecture, "--weights", weights, "--device", "cpu", "--n-workers", 0]


def test_captions_are_added_to_features_that_are_finished(
    source: Path, tmp_path: Path, captioner: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "made"
    asked = ["--captions", "--caption-seconds", 0.5, "--caption-generation", "greedy"]
    assert extract(source, "--output", output, *captioner) == 0
    before = [(output / name).stat().st_mtime_ns for name in ALL]
    capsys.readouterr()
    assert extract(source, "--output", output, *captioner, *asked) == 0
    printed = capsys.readouterr()
    assert "features of 4 of 4 videos are in" in printed.out
    assert "(4 were before)\ncaptions of 4 of 4 videos are in" in printed.out
    assert "(0 were before)\n8 frames in" in printed.out
    assert re.search(r"captions .* 4/4 videos 8 frames", printed.err)
    assert files_in(output) == sorted([*ALL, *CAPTIONS])
    assert [(output / name).stat().st_mtime_ns for name in ALL] == before
    content = read_captions(output / CAPTIONS[0])
    assert content.times_seconds.tolist() == pytest.approx([0, 0.5])
    assert content.source is not None
    assert content.source.stride == "0.5 seconds"


def test_captions_are_made_once_and_those_of_other_settings_are_refused(
    source: Path, tmp_path: Path, captioner: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    output, asked = tmp_path / "made", ["--captions", "--caption-generation", "greedy"]
    (source / "run" / "1.mp4").write_bytes(b"broken")
    assert extract(source, "--output", output, *captioner, *asked) == 1
    error = capsys.readouterr().err
    assert "not extracted: run/1.mp4: Invalid data" in error
    assert "not captioned: run/1.mp4: Invalid data" in error
    before = [(output / name).stat().st_mtime_ns for name in CAPTIONS[:3]]
    write_video(source / "run" / "1.mp4", moving_picture(3), frames_per_second=10)
    assert extract(source, "--output", output, *captioner, *asked) == 0
    assert capsys.readouterr().out.count("(3 were before)") == 2
    assert [(output / name).stat().st_mtime_ns for name in CAPTIONS[:3]] == before
    (output / ALL[0]).unlink()
    assert extract(source, "--output", output, *captioner, *asked, "--caption-seconds", 2) == 1
    error = capsys.readouterr().err
    assert "jump/0.captions.json: stride is 1.0 seconds in the file, but 2.0 seconds is asked for" in error
    assert "(3 more files do not fit either)" in error
    assert not (output / ALL[0]).exists()  # it is noticed before features are made
    assert extract(source, "--output", output, *captioner, *asked, "--caption-seconds", 2, "--overwrite") == 0
    assert len(read_captions(output / CAPTIONS[0]).texts) == 1


# --- processes --------------------------------------------------------------------------------------------------------

KILL_IN_THE_THIRD_FILE = """
    from pathlib import Path
    write, calls = Path.write_bytes, []
    def killing(path, content):
        calls.append(None)
        if len(calls) == 3:
            write(path, content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return write(path, content)
    Path.write_bytes = killing
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(
    source: Path, tmp_path: Path, model: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "features"
    script = tmp_path / "run.py"
    script.write_text(
        f"import os, signal, sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        + textwrap.dedent(KILL_IN_THE_THIRD_FILE)
        + "\nfrom zsar.lightning_modules.command_line.cli import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, script, "extract", source, "--output", output, *model]
    process = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr
    assert files_in(output) == [*ALL[:2], "run/.0.unfinished.safetensors"]
    kept = [(output / name).stat().st_mtime_ns for name in ALL[:2]]
    assert extract(source, "--output", output, *model) == 0
    assert "(2 were before)\n20 frames" in capsys.readouterr().out
    assert files_in(output) == ALL  # the half file is gone
    assert [(output / name).stat().st_mtime_ns for name in ALL[:2]] == kept


@pytest.mark.slow
def test_decoding_processes_and_devices_change_nothing(source: Path, tmp_path: Path, model: list[object]) -> None:
    (source / "jump" / "9.mp4").write_bytes(b"broken")
    for name, options in (("one", ()), ("workers", ("--n-workers", 2)), ("devices", ("--devices", 2))):
        assert extract(source, "--output", tmp_path / name, *model, *options) == 1
        assert files_in(tmp_path / name) == ALL
        for file in ALL:
            expected, found = read_features(tmp_path / "one" / file), read_features(tmp_path / name / file)
            torch.testing.assert_close(found.features, expected.features, atol=2e-3, rtol=2e-3)  # fp16
            assert found.source == expected.source
