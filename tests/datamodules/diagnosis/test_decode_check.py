import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import av
import pytest

from tests.makers.command_line.live_processes import wait_until_gone
from tests.makers.videos.encoded_videos import moving_picture
from zsar.datamodules.diagnosis import decode_check
from zsar.datamodules.diagnosis.decode_check import Clip, Outcome, Verdict, check_clips, decode_clip
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.video_file import RGBConverter
from zsar.datamodules.video_files.writing.encoding import write_video

ROOT = Path(__file__).parents[3]


def video(path: Path, n_frames: int = 10) -> Path:
    write_video(path, moving_picture(n_frames), frames_per_second=5)
    return path


def clip(path: Path, segment: tuple[float, float] | None = None, *, n_frames: int = 4, n_clips: int = 1) -> Clip:
    return Clip(str(path), segment, n_frames, n_clips)


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    """Four sound clips and, as the third of five, a broken one."""
    paths = [video(tmp_path / f"{i}.mp4") for i in range(4)]
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(paths[0].read_bytes()[:200])
    return [clip(path) for path in (*paths[:2], broken, *paths[2:])]


def check(clips: list[Clip], journal: Path, n_workers: int = 0) -> dict[Clip, Verdict]:
    return {verdict.clip: verdict for verdict in check_clips(clips, n_workers=n_workers, journal=journal)}


def test_broken_empty_and_missing_files_are_told_from_sound_ones(tmp_path: Path, clips: list[Clip]) -> None:
    (tmp_path / "empty.mp4").touch()
    odd = [clip(tmp_path / "empty.mp4"), clip(tmp_path / "nowhere.mp4")]
    verdicts = check([*clips, *odd], tmp_path / "journal")
    assert [verdicts[c].problem is None for c in (*clips, *odd)] == [True, True, False, True, True, False, False]
    assert verdicts[clips[0]].n_available == 10
    assert verdicts[odd[0]].problem == "the file is empty"
    assert "No such file" in str(verdicts[odd[1]].problem)


def test_every_frame_of_the_clip_is_decoded_and_those_of_an_evaluation_are_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[int]] = []
    n_converted = [0]
    decoded_frames, rgb = VideoReader.decoded_frames, RGBConverter.rgb

    def noted(self: VideoReader, indices: Sequence[int]) -> object:
        asked.append(list(indices))
        n_converted.append(0)
        return decoded_frames(self, indices)

    def counted(self: RGBConverter, frame: av.VideoFrame) -> object:
        n_converted[-1] += 1
        return rgb(self, frame)

    monkeypatch.setattr(VideoReader, "decoded_frames", noted)
    monkeypatch.setattr(RGBConverter, "rgb", counted)
    path = video(tmp_path / "a.mp4")
    assert decode_clip(clip(path, n_frames=2, n_clips=2)) == (10, None)
    assert decode_clip(clip(path, (1.0, 1.5), n_frames=2)) == (3, None)  # at 5 fps the frames 5, 6 and 7
    assert asked == [list(range(10)), [5, 6, 7]]
    assert n_converted[1:] == [4, 2]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi"])
def test_damage_in_any_frame_is_a_problem(suffix: str, tmp_path: Path) -> None:
    codec = "mpeg4" if suffix == ".avi" else "libx264"
    write_video(path := tmp_path / f"a{suffix}", moving_picture(12, 96, 128), frames_per_second=5, codec=codec)
    with av.open(str(path)) as container:
        places = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    sound = path.read_bytes()
    for at, size in (places[0], places[6], places[-1]):
        data = bytearray(sound)
        data[at + size // 2 : at + size] = bytes(size - size // 2)
        path.write_bytes(data)
        assert decode_clip(clip(path, n_frames=1))[1] is not None, at


def test_a_size_that_changes_is_a_problem_with_its_frame_and_remedy(tmp_path: Path) -> None:
    for name, width in (("a", 64), ("b", 96)):
        write_video(tmp_path / f"{name}.h264", moving_picture(5, 48, width), frames_per_second=5)
    path = tmp_path / "both.h264"
    path.write_bytes(b"".join((tmp_path / f"{name}.h264").read_bytes() for name in "ab"))
    n_available, problem = decode_clip(clip(path, n_frames=1))
    assert n_available == 0
    assert problem is not None
    assert "64x48 px at first, 96x48 px at frame 5; run zsar prepare" in problem


def test_a_verdict_of_an_earlier_version_is_not_known(tmp_path: Path, clips: list[Clip]) -> None:
    check(clips[:1], journal := tmp_path / "journal")
    row = json.loads(journal.read_text())
    assert row.pop("decoded") == "every frame"
    journal.write_text(json.dumps(row) + "\n")
    assert check(clips[:1], journal)[clips[0]].is_new


def test_a_stretch_behind_the_end_is_a_problem(tmp_path: Path) -> None:
    n_available, problem = decode_clip(clip(video(tmp_path / "a.mp4"), (3.0, 4.0)))
    assert n_available == 0
    assert "begins after the video's end at 2 s" in str(problem)


def test_equal_clips_are_decoded_once(tmp_path: Path, clips: list[Clip]) -> None:
    for _ in range(2):
        assert len(list(check_clips(clips + clips, n_workers=0, journal=tmp_path / "journal"))) == len(clips)


def test_a_second_check_decodes_only_what_was_broken(tmp_path: Path, clips: list[Clip]) -> None:
    first, second = (check(clips, tmp_path / "journal") for _ in range(2))
    assert all(verdict.is_new for verdict in first.values())
    assert [c for c, verdict in second.items() if verdict.is_new] == [clips[2]]
    assert {c: (v.n_available, v.problem) for c, v in first.items()} == {
        c: (v.n_available, v.problem) for c, v in second.items()
    }


def test_a_broken_file_that_was_repaired_is_sound(tmp_path: Path, clips: list[Clip]) -> None:
    assert check(clips, tmp_path / "journal")[clips[2]].problem is not None
    video(Path(clips[2].path))
    assert check(clips, tmp_path / "journal")[clips[2]].problem is None
    assert not check(clips, tmp_path / "journal")[clips[2]].is_new


def test_a_file_that_changed_is_decoded_again(tmp_path: Path, clips: list[Clip]) -> None:
    check(clips, tmp_path / "journal")
    os.utime(clips[0].path, ns=(0, 1))
    video(Path(clips[1].path), n_frames=12)
    verdicts = check(clips, tmp_path / "journal")
    assert [verdicts[c].is_new for c in clips] == [True, True, True, False, False]
    assert verdicts[clips[1]].n_available == 12


def test_other_frames_of_a_known_file_are_decoded(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4")
    others = [clip(path, n_frames=5), clip(path, n_clips=2), clip(path, (0.0, 1.0))]
    check([clip(path)], tmp_path / "journal")
    verdicts = check([clip(path), *others], tmp_path / "journal")
    assert [verdicts[c].is_new for c in (clip(path), *others)] == [False, True, True, True]


def test_a_torn_last_line_is_no_verdict_and_spoils_no_other(tmp_path: Path, clips: list[Clip]) -> None:
    journal, sound = tmp_path / "journal", [clips[0], clips[1], clips[3]]
    check(sound, journal)
    journal.write_bytes(journal.read_bytes()[:-9])
    verdicts = check(sound, journal)
    assert [verdicts[c].is_new for c in sound] == [False, False, True]
    assert not any(verdict.is_new for verdict in check(sound, journal).values())


def test_each_verdict_is_on_disk_when_it_is_given(tmp_path: Path, clips: list[Clip]) -> None:
    journal = tmp_path / "journal"
    for number, verdict in enumerate(check_clips(clips, n_workers=0, journal=journal), start=1):
        lines = journal.read_text().splitlines()
        assert len(lines) == number
        assert json.loads(lines[-1])["path"] == verdict.clip.path


@pytest.mark.slow
def test_processes_come_to_the_same_verdicts(tmp_path: Path, clips: list[Clip]) -> None:
    assert check(clips, tmp_path / "two", n_workers=2) == check(clips, tmp_path / "none")


def dies_of_the_broken(clip: Clip) -> Outcome:
    """Stands in for a decoder that crashes, in the way of a segmentation fault."""
    if Path(clip.path).stem == "broken":
        os.kill(os.getpid(), signal.SIGKILL)
    return decode_clip(clip)


@pytest.mark.slow
def test_a_file_that_kills_its_process_is_named_and_the_others_are_decoded(
    clips: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode_check, "decode_clip", dies_of_the_broken)
    verdicts = check(clips, tmp_path / "journal", n_workers=2)
    outcomes = {clip: (verdict.n_available, verdict.problem) for clip, verdict in verdicts.items()}
    assert "the process that decoded it died" in str(outcomes[clips[2]][1])
    assert [outcomes[c] for c in clips if c != clips[2]] == [(10, None)] * 4


def notes_its_process(clip: Clip) -> Outcome:
    """Writes down its process, and takes long over all but the first clip."""
    Path(clip.path).with_suffix(".pid").write_text(str(os.getpid()))
    if Path(clip.path).stem != "0":
        time.sleep(60)
    return 1, None


@pytest.mark.slow
def test_processes_do_not_outlive_a_killed_check(tmp_path: Path, clips: list[Clip]) -> None:
    script = (
        "import os, sys, time\nfrom pathlib import Path\n"
        "from zsar.datamodules.diagnosis import decode_check\n"
        "from tests.datamodules.diagnosis.test_decode_check import notes_its_process\n"
        "decode_check.decode_clip = notes_its_process\n"
        "clips = [decode_check.Clip(path, None, 4, 1) for path in sys.argv[2:]]\n"
        "verdicts = decode_check.check_clips(clips, n_workers=2, journal=Path(sys.argv[1]))\nnext(verdicts)\n"
        "time.sleep(1)\nos.kill(os.getpid(), 9)\n"
    )
    paths = [c.path for c in clips]
    killed = subprocess.run([sys.executable, "-c", script, tmp_path / "journal", *paths], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    workers = {int(path.read_text()) for path in tmp_path.glob("*.pid")}
    assert len(workers) == 2
    wait_until_gone(workers)
