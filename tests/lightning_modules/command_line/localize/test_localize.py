import csv
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from tests.makers.models.saved_models import saved, small_t2l
from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.views.frame_geometry import square_frames
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.localize import localization_report, localize
from zsar.lightning_modules.localization.contract import Localization, UntrimmedFeatures
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.frame_features import features_of_uint8
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.t3al import T3AL

SECONDS = {"black": 2.0, "white": 1.5, "red": 1.0, "black again": 1.5, "white again": 2.0}
COLOURS = {"black": (0, 0, 0), "white": (255, 255, 255), "red": (255, 0, 0)}


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Eight seconds of plain colours, 10 frames a second."""
    parts = [np.full((int(10 * s), 32, 40, 3), COLOURS[name.split()[0]], np.uint8) for name, s in SECONDS.items()]
    (tmp_path / "videos" / "park").mkdir(parents=True)
    write_video(tmp_path / "videos" / "park" / "v.1.mp4", np.concatenate(parts), frames_per_second=10)
    return tmp_path / "videos" / "park" / "v.1.mp4"


@pytest.fixture
def run(tmp_path: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command with the tiny CLIP; gives the exit status, standard output and standard error."""

    def running(*arguments: object) -> tuple[int, str, str]:
        fixed = ("--architecture", "tiny-clip", "--weights", tiny_weights, "--device", "cpu", "--n-workers", 0)
        status = main(["localize", *map(str, (*arguments, *fixed, "--output", tmp_path / "out"))])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return running


@pytest.fixture
def quick_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are files without a picture, as drawing takes most of the time."""

    def named(figure: Figure, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a picture")
        return path

    monkeypatch.setattr(localization_report, "localization_figure", lambda picture: Figure())
    monkeypatch.setattr(localization_report, "save_figure", named)


@pytest.fixture
def legible(tmp_path: Path) -> Path:
    """A video that is large enough for text: two seconds of black, two of white."""
    frames = np.repeat(np.array([0, 255], np.uint8), 20)[:, None, None, None] * np.ones((1, 96, 128, 3), np.uint8)
    (tmp_path / "legible").mkdir()
    write_video(tmp_path / "legible" / "v.1.mp4", frames, frames_per_second=10)
    return tmp_path / "legible" / "v.1.mp4"


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def content_of(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


# --- what is found ----------------------------------------------------------------------------------------------------


def test_a_video_gets_a_table_a_json_file_and_a_picture(run: Any, video: Path, tmp_path: Path) -> None:
    status, out, err = run(video.parents[1], "--classes", "white light, red light")
    assert status == 0
    assert files_in(tmp_path / "out") == ["park/v.1.csv", "park/v.1.json", "park/v.1.png", "park/v.1.srt"]
    assert (tmp_path / "out" / "park" / "v.1.png").read_bytes().startswith(b"\x89PNG")
    content = content_of(tmp_path / "out" / "park" / "v.1.json")
    assert (content["fps"], content["duration_seconds"], content["n_frames_looked_at"]) == (10.0, 8.0, 32)
    assert "park/v.1: 8.00 s, 32 frames looked at" in out
    assert f"towards {content['pseudo_labels'][0]} (most similar to the whole video)" in out
    for segment in content["segments"]:
        cells = (f"{segment['start_seconds']:.2f}", f"{segment['end_seconds']:.2f}", segment["class"])
        assert " │ ".join(cells) in " ".join(out.split())
    assert content["segments"]
    assert "tiny-clip writes no captions, so no segments are suppressed" in err
    assert "JSON, CSV, subtitles and pictures are in" in err


@pytest.mark.usefixtures("quick_pictures")
def test_what_is_found_is_what_the_model_finds(run: Any, video: Path, tmp_path: Path, tiny_weights: Path) -> None:
    options = ("--template", "a photo of {}", "--stride", 2, "--smooth-seconds", 0.6, "--steps", 3, "--json")
    _, out, _ = run(video, "--classes", "white,red,black", *options)
    tuning = ProjectionTuning(n_steps=3, window_frames=3)
    model = T3AL(backbone=ClipSettings("tiny-clip", str(tiny_weights)), tuning=tuning, suppression=None)
    with VideoReader(video) as reader:
        frames = square_frames("squash", 32)(reader.frames_at_indices(list(range(0, 80, 2))))
    seen = UntrimmedFeatures(
        id="v.1",
        features=features_of_uint8(model.backbone, frames).half().float(),
        times_seconds=torch.arange(40, dtype=torch.float64) / 5,
        duration_seconds=8.0,
    )
    text = fill_templates("x", ["white", "red", "black"], "a photo of {}")
    ((found,),) = (answers.values() for answers in model.localize([seen], [text]))
    (answer,) = json.loads(out)
    assert len(answer["segments"]) == len(found.detections) > 0
    for segment, detection in zip(answer["segments"], found.detections, strict=True):
        assert segment["class"] == text.names[detection.label]
        times = (detection.segment.start_seconds, detection.segment.end_seconds)
        assert (segment["start_seconds"], segment["end_seconds"]) == pytest.approx(times, abs=1e-4)
        assert segment["score"] == pytest.approx(detection.segment.score, abs=1e-4)
    assert answer["pseudo_labels"] == [text.names[found.curves[0].label]]
    assert answer["adaptation_steps"] == found.n_steps


@pytest.mark.usefixtures("quick_pictures")
def test_one_class_alone_is_found_where_it_happens(run: Any, video: Path, tmp_path: Path) -> None:
    status, out, _ = run(video, "--classes", "white", "--smooth-seconds", 0, "--json")
    assert status == 0
    (answer,) = json.loads(out)
    borders = {round(seconds, 1) for segment in answer["segments"] for seconds in _times(segment)}
    assert borders
    assert borders <= {0.0, 2.0, 3.5, 4.5, 6.0, 8.0}  # where a colour begins or ends
    assert {segment["class"] for segment in answer["segments"]} == {"white"}


def _times(segment: dict[str, Any]) -> tuple[float, float]:
    return segment["start_seconds"], segment["end_seconds"]


@pytest.mark.usefixtures("quick_pictures")
def test_frame_wise_finds_nothing_where_no_frame_is_sure(run: Any, video: Path, tmp_path: Path) -> None:
    frame_wise = ("--classes", "white,black", "--method", "frame-wise")
    assert run(video, *frame_wise, "--threshold", 0)[0] == 0
    assert files_in(tmp_path / "out") == ["v.1.csv", "v.1.json", "v.1.png", "v.1.srt"]
    content = content_of(tmp_path / "out" / "v.1.json")
    assert content["segments"]
    assert content["pseudo_labels"] is None
    status, out, err = run(video, *frame_wise, "--threshold", 0.999)
    assert status == 0
    assert "nothing found" in out
    assert "captions" not in err
    assert files_in(tmp_path / "out") == ["v.1.csv", "v.1.json", "v.1.png", "v.1.srt"]  # the curve of what came nearest
    assert content_of(tmp_path / "out" / "v.1.json")["segments"] == []


@pytest.mark.usefixtures("quick_pictures")
def test_options_reach_the_model_and_no_seed_is_left_behind(
    run: Any, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "captions").mkdir()
    (tmp_path / "captions" / "v.1.captions.json").write_text('{"captions": [[0, "something"]]}')
    asked: list[tuple[Any, ...]] = []
    finding = T3AL.localize

    def spying(
        self: T3AL, videos: Sequence[UntrimmedFeatures], texts: Sequence[ClassText], *, seed: int
    ) -> list[dict[int, Localization]]:
        (seen,), (text,) = videos, texts
        window = self.tuning.window_frames
        asked.append((seen.id, seen.captions_folder, seed, window, text.prompts, self.suppression is None))
        return finding(self, videos, texts, seed=seed)

    monkeypatch.setattr(T3AL, "localize", spying)
    monkeypatch.setenv("PL_GLOBAL_SEED", "5")
    (tmp_path / "names.txt").write_text("red\n\nwhite\n")
    names = ("--classes-file", tmp_path / "names.txt", "--template", "{}!")
    options = ("--captions", tmp_path / "captions", "--seed", 3, "--smooth-seconds", 1, "--stride-seconds", 0.2)
    status, _, err = run(video, *names, *options)
    assert status == 0
    assert asked == [("v.1", tmp_path / "captions", 3, 5, (("red!",), ("white!",)), False)]
    assert os.environ["PL_GLOBAL_SEED"] == "5"
    assert "writes no captions" not in err


@pytest.mark.usefixtures("quick_pictures")
def test_what_is_annotated_is_written_down(run: Any, video: Path, tmp_path: Path) -> None:
    entry = {"duration_second": 8.0, "annotations": [{"segment": ["2.0", "3.5"], "label": "WhiteLight"}]}
    (tmp_path / "truth.json").write_text(json.dumps({"v.1": entry, "other": entry}))
    assert run(video, "--classes", "white light", "--annotations", tmp_path / "truth.json")[0] == 0
    assert content_of(tmp_path / "out" / "v.1.json")["annotated"] == [
        {"start_seconds": 2.0, "end_seconds": 3.5, "class": "white light"}
    ]


# --- features ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick_pictures")
def test_features_are_kept_and_used_again(
    run: Any, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = ("--features", tmp_path / "features")
    _, without, _ = run(video, "--classes", "white,red", "--json")
    _, first, _ = run(video, "--classes", "white,red", "--json", *kept)
    assert files_in(tmp_path / "features") == ["v.1.safetensors"]
    before = (tmp_path / "features" / "v.1.safetensors").stat().st_mtime_ns
    _, again, _ = run(video, "--classes", "white,red", "--json", *kept)
    assert (tmp_path / "features" / "v.1.safetensors").stat().st_mtime_ns == before
    assert json.loads(first) == json.loads(without) == json.loads(again)
    status, _, err = run(video, "--classes", "white,red", *kept, "--stride", 1)
    assert status == 1
    assert "stride is 0.25 seconds in the file, but 1 frame is asked for" in err
    assert "(or give another --features folder, or none)" in err
    assert json.loads(first)[0]["settings"]["geometry"] == "squash"
    status, _, err = run(video, "--classes", "white,red", *kept, "--geometry", "crop")
    assert status == 1
    assert "geometry is squash in the file, but crop is asked for" in err
    _, cropped, _ = run(video, "--classes", "white,red", "--json", "--geometry", "crop")
    assert json.loads(cropped)[0]["settings"]["geometry"] == "crop"


# --- what cannot be decoded -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick_pictures")
def test_videos_that_cannot_be_decoded_are_named_and_the_others_done(run: Any, video: Path, tmp_path: Path) -> None:
    (video.parent / "[a].mp4").write_bytes(b"broken")
    status, out, err = run(video.parent, "--classes", "white,red")
    assert status == 1
    assert f"not localized: {video.parent}/[a].mp4: Invalid data found when processing input" in err
    assert out.count("frames looked at") == 1
    assert files_in(tmp_path / "out") == ["v.1.csv", "v.1.json", "v.1.png", "v.1.srt"]
    status, out, _ = run(video.parent, "--classes", "white,red", "--json")
    assert status == 1
    found, failed = json.loads(out)
    assert found == content_of(tmp_path / "out" / "v.1.json")
    assert failed["path"] == f"{video.parent}/[a].mp4"
    assert "Invalid data found" in failed["error"]


def test_a_video_whose_frames_cannot_be_shown_is_named_too(
    run: Any, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(*_: object, image_size: int, **how: str) -> torch.Tensor:
        raise VideoDecodeError(f"{video}: no frame of {image_size} px")

    monkeypatch.setattr(localize, "frames_at", breaking)
    status, _, err = run(video, "--classes", "white,red")
    assert status == 1
    assert f"not localized: {video}: no frame of 160 px" in err
    assert "subtitles and pictures" not in err


@pytest.mark.usefixtures("quick_pictures")
def test_a_real_clip_that_breaks_in_the_middle_is_named(run: Any, shared_clips: Path, tmp_path: Path) -> None:
    videos = [shared_clips / name for name in ("corrupted.mp4", "apply_eye_makeup.avi")]
    status, _, err = run(*videos, "--classes", "applying eye makeup", "--stride-seconds", 1)
    assert status == 1
    assert "corrupted.mp4: Invalid data" in err
    assert files_in(tmp_path / "out") == [f"apply_eye_makeup.{kind}" for kind in ("csv", "json", "png", "srt")]


# --- wrong input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{video}",), '--method t3al needs at least 1 class name; got []. Give them as --classes "a, b, c"'),
        (("{video}", "--classes", "a", "--method", "frame-wise"), "--method frame-wise needs at least 2 class names"),
        (("gone.mp4", "--classes", "a"), "gone.mp4: no such file, no folder with videos, and no pattern"),
        (("{video}", "--classes", "a", "--template", "photos"), "'photos' is neither a template with one {{}} for"),
        (("{video}", "--classes", "a", "--threshold", "0.5"), "--threshold has no effect with --method t3al"),
        (("{video}", "--classes", "a", "--stride", "0"), "--stride must be at least 1; got 0"),
        (("{video}", "--classes", "a", "--annotations", "gone.json"), "there is no annotation file gone.json"),
        (("{video}", "--classes", "a", "--captions", "gone"), "there is no caption file gone/v.1.captions.json"),
        (("{video}", "--classes", "a", "--suppress"), "tiny-clip writes no captions, as it is not a CoCa"),
    ],
)
def test_wrong_input_is_explained_before_anything_is_written(
    arguments: tuple[str, ...], message: str, run: Any, video: Path, tmp_path: Path
) -> None:
    status, _, err = run(*(argument.format(video=video) for argument in arguments))
    assert status == 1
    assert message.format() in err
    assert not (tmp_path / "out").exists()


def test_two_videos_of_one_name_are_refused(run: Any, video: Path, tmp_path: Path) -> None:
    (tmp_path / "v.1.mkv").write_bytes(video.read_bytes())
    status, _, err = run(video, tmp_path / "v.1.mkv", "--classes", "a")
    assert status == 1
    assert "would both become" in err
    assert "v.1.json; rename one of them" in err


def test_an_output_that_cannot_be_written_is_explained(run: Any, video: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file, not a folder")
    status, _, err = run(video, "--classes", "white,red")
    assert status == 1
    assert f"zsar localize: error: --output {tmp_path / 'out'}: {tmp_path / 'out'} is not a folder" in err
    assert "loading" not in err


def test_the_command_is_listed_and_has_a_help_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "\n  localize " in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["localize", "--help"])
    assert capsys.readouterr().out.startswith("usage: zsar localize")


@pytest.mark.usefixtures("quick_pictures")
def test_a_pattern_names_videos_and_the_files_agree(run: Any, video: Path, tmp_path: Path) -> None:
    status, _, _ = run(video.parents[1] / "*" / "v*.mp4", "--classes", "white light, red light")
    assert status == 0
    assert files_in(tmp_path / "out") == ["park/v.1.csv", "park/v.1.json", "park/v.1.png", "park/v.1.srt"]
    content = content_of(tmp_path / "out" / "park" / "v.1.json")
    with (tmp_path / "out" / "park" / "v.1.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(float(row["start_seconds"]), row["class"], float(row["score"])) for row in rows] == [
        (segment["start_seconds"], segment["class"], segment["score"]) for segment in content["segments"]
    ]
    assert (tmp_path / "out" / "park" / "v.1.srt").read_text().count(" --> ") == len(rows) > 0
    assert len(content["scores"]["times_seconds"]) == len(content["scores"]["classes"][0]["scores"]) == 32


# --- a trained model --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick_pictures")
def test_a_checkpoint_localizes_frame_wise_and_keeps_its_embeddings(
    video: Path, tmp_path: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = saved(small_t2l(tiny_weights), tmp_path)
    fixed = ("--classes", "white, red", "--device", "cpu", "--n-workers", 0, "--output", tmp_path / "out", "--json")
    kept = ("--features", tmp_path / "features", "--threshold", 0.1)
    arguments = [str(a) for a in (video, "--checkpoint", checkpoint, *kept, *fixed)]
    assert main(["localize", *arguments]) == 0
    printed = capsys.readouterr()
    (answer,) = json.loads(printed.out)
    assert answer["settings"]["recognizer"] == "T2L"
    assert answer["model"]["weights"] == str(checkpoint)
    assert answer["segments"][0]["start_seconds"] == 0.0
    assert "captions" not in printed.err
    assert files_in(tmp_path / "out") == ["v.1.csv", "v.1.json", "v.1.png", "v.1.srt"]
    before = (tmp_path / "features" / "v.1.safetensors").stat().st_mtime_ns
    assert main(["localize", *arguments]) == 0
    assert json.loads(capsys.readouterr().out) == [answer]
    assert (tmp_path / "features" / "v.1.safetensors").stat().st_mtime_ns == before
    clip = ("--architecture", "tiny-clip", "--weights", tiny_weights, "--method", "frame-wise", *kept)
    assert main(["localize", *map(str, (video, *clip, *fixed))]) == 1
    assert "backbone_hash is" in capsys.readouterr().err  # features of CLIP are no embeddings of T2L
    assert main(["localize", *map(str, (video, "--checkpoint", checkpoint, "--method", "t3al", *fixed))]) == 1
    assert "t3al adapts the projections of CLIP itself, so it cannot use a trained T2L" in capsys.readouterr().err


# --- copies with what was found ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick_pictures")
def test_what_happens_is_drawn_onto_a_copy_which_a_second_run_replaces(run: Any, legible: Path, tmp_path: Path) -> None:
    (legible.parent / "broken.mp4").write_bytes(b"no video")
    asked = (legible.parent, "--classes", "black, white", "--json", "--draw", tmp_path / "out")
    for _ in range(2):
        status, out, err = run(*asked)
        found, failed = json.loads(out)
        assert (status, found["video"], failed["video"]) == (1, "v.1", "broken")
        assert (found["drawn"], found["drawing_error"]) == (str(tmp_path / "out" / "v.1.drawn.mp4"), None)
        assert (failed["drawn"], failed["drawing_error"]) == (None, None)
        assert "1 copy with the answer on the frames" in err
    with VideoReader(tmp_path / "out" / "v.1.drawn.mp4") as copy, VideoReader(legible) as source:
        assert np.allclose(copy.times_seconds, source.times_seconds)
        bottom = copy.frames_at_indices([0])[0, :, -4:]
    assert (bottom.float().std() > 10) == bool(found["segments"])


@pytest.mark.usefixtures("quick_pictures")
def test_a_video_whose_copy_fails_is_localized_all_the_same(run: Any, video: Path, tmp_path: Path) -> None:
    """Its frames of 40 x 32 pixels have no room for text."""
    status, out, err = run(video, "--classes", "black, white", "--json", "--draw", tmp_path / "copies")
    (found,) = json.loads(out)
    assert (status, found["error"], found["drawn"]) == (1, None, None)
    assert "frames of 40x32 px are too small for a line of text" in found["drawing_error"]
    assert f"not drawn: {video}: frames of 40x32 px" in err
    assert found["segments"]
    assert files_in(tmp_path / "copies") == []


def test_a_copy_in_place_of_a_video_is_refused_before_the_model_is_loaded(
    legible: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (legible.parent / "v.1.drawn.mp4").write_bytes(legible.read_bytes())
    asked = [str(legible.parent), "--classes", "a, b", "--weights", "gone.pt", "--draw", str(legible.parent)]
    assert main(["localize", *asked, "--output", str(legible.parent / "out")]) == 1
    assert "v.1.drawn.mp4 is one of the videos, and would be replaced by a copy" in capsys.readouterr().err
