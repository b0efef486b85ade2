import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from zsar.datamodules.stored_embeddings.embedding_files import file_of, read_embeddings
from zsar.lightning_modules.command_line.cli import main

Embed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def embed(tmp_path: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]) -> Embed:
    """Runs `zsar embed` into tmp_path/out with the tiny CLIP: exit status, standard output and error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        tiny = ("--architecture", "tiny-clip", "--weights", tiny_weights, "--output", tmp_path / "out")
        status = main(["embed", *map(str, (*arguments, *tiny)), "--n_workers", "0"])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def test_each_video_has_a_file_and_a_second_run_keeps_them(embed: Embed, tmp_path: Path, video_tree: Path) -> None:
    status, out, _ = embed(video_tree, "--frames", 3, "--clips", 2)
    assert status == 0
    assert "embeddings of 20 of 20 videos" in out
    content = read_embeddings(file_of(tmp_path / "out", "red dance/0.mp4"))
    assert content.embeddings.shape[:2] == (2, 3)
    assert "(20 were before)" in embed(video_tree, "--frames", 3, "--clips", 2)[1]


def test_a_pattern_names_videos_by_their_path_below_its_folder(embed: Embed, tmp_path: Path, video_tree: Path) -> None:
    status, out, _ = embed(video_tree / "*" / "1.mp4")
    assert (status, "embeddings of 4 of 4 videos" in out) == (0, True)
    assert file_of(tmp_path / "out", "red dance/1.mp4").is_file()
    status, _, err = embed(video_tree / "red dance", video_tree / "blue dance")
    assert (status, "would both become 0.mp4; rename one of them, or embed them to two folders" in err) == (1, True)


def test_other_settings_in_the_same_folder_are_an_error(embed: Embed, video_tree: Path) -> None:
    embed(video_tree, "--frames", 3)
    status, _, err = embed(video_tree, "--frames", 4)
    assert status == 1
    assert "n_frames is 3 in the file, but 4 is asked for" in err
    assert embed(video_tree, "--frames", 4, "--overwrite")[0] == 0


def test_a_replaced_video_is_embedded_again(embed: Embed, tmp_path: Path, video_tree: Path) -> None:
    embed(video_tree)
    shutil.copy(video_tree / "blue dance" / "0.mp4", video_tree / "red dance" / "0.mp4")
    assert "(19 were before)" in embed(video_tree)[1]


def test_an_undecodable_video_is_reported_and_the_rest_embedded(embed: Embed, video_tree: Path) -> None:
    (video_tree / "red dance" / "0.mp4").write_bytes(b"no video")
    status, out, err = embed(video_tree)
    assert status == 1
    assert "19 of 20" in out
    assert "not embedded: red dance/0.mp4" in err


def test_whole_videos_have_times(embed: Embed, tmp_path: Path, video_tree: Path) -> None:
    assert embed(video_tree / "red dance", "--stride_seconds", 0.25)[0] == 0
    content = read_embeddings(file_of(tmp_path / "out", "0.mp4"))
    assert content.times_seconds is not None
    assert len(content.times_seconds) == content.embeddings.shape[1] > 1
    assert content.record.clips.stride


def test_an_output_that_is_a_file_is_an_error_before_any_work(embed: Embed, tmp_path: Path, video_tree: Path) -> None:
    (tmp_path / "out").write_text("")
    status, _, err = embed(video_tree)
    assert status == 1
    assert "is not a folder" in err


def test_a_test_from_embeddings_gives_the_results_of_decoding(
    embed: Embed, tmp_path: Path, experiment: Path, tiny_weights: Path, video_tree: Path
) -> None:
    model = ["--model", "ZeroShotCLIP", "--model.backbone.architecture", "tiny-clip"]
    common = ["--config", str(experiment), *model, "--model.backbone.weights", str(tiny_weights)]
    common += ["--data.split.protocol", "base_to_novel", "--data.clips.n_test_clips", "2"]
    assert (
        embed(
            "--config",
            experiment,
            "--data.split.protocol",
            "base_to_novel",
            "--data.clips.n_test_clips=2",
            "--dtype=fp32",
        )[0]
        == 0
    )
    runs = {name: tmp_path / name for name in ("decoded", "stored")}
    assert main(["test", *common, "--run_dir", str(runs["decoded"])]) == 0
    stored = ["--data.embeddings", str(tmp_path / "out"), "--run_dir", str(runs["stored"])]
    assert main(["test", *common, *stored]) == 0
    for name in ("base", "novel"):
        table = f"predictions_{name}.csv"
        assert (runs["stored"] / table).read_text() == (runs["decoded"] / table).read_text()
    record = json.loads((runs["stored"] / "results.json").read_text())["data"]["embeddings"]
    assert record["folder"] == str(tmp_path / "out")
    assert record["tower"]["architecture"] == "tiny-clip"
