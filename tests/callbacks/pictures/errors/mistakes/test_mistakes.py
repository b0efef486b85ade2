from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Trainer
from lightning.pytorch.demos.boring_classes import BoringModel
from PIL import Image

from tests.makers.results.recognizer_tests import colour_videos, picture_numbers, run_recognizer_test
from tests.makers.source_tree import ROOT
from zsar.callbacks.pictures.errors.mistakes.mistakes import Mistakes
from zsar.callbacks.pictures.tested_videos import TestedSet
from zsar.datamodules.settings import Split
from zsar.lightning_modules.run_folders.picture_files import read_pictures


class Watched(Mistakes):
    """Keeps what was tested."""

    def on_test_end(self, trainer: Trainer, pl_module: Any) -> None:
        super().on_test_end(trainer, pl_module)
        self.sets: dict[str, TestedSet] = self.tested.gathered(trainer)


def test_the_most_confident_wrong_and_least_confident_right_answers_are_shown(tmp_path: Path, video_tree: Path) -> None:
    (video_tree / "red dance" / "1.mp4").write_bytes(b"broken")
    data = colour_videos(video_tree)
    callback = Watched(n=3, k=2)
    run_recognizer_test(tmp_path, data, callback)
    tested, table = callback.sets["test"], data.sets["test"]
    confidences = dict(zip((table.key(row) for row in tested.rows.tolist()), tested.confidences.tolist(), strict=True))
    for kind, right in (("wrong", False), ("doubtful", True)):
        names = [
            table.key(int(row))
            for row, ok, failed in zip(tested.rows, tested.correct, tested.failed, strict=True)
            if bool(ok) == right and not failed
        ]
        expected = sorted(names, key=lambda name: confidences[name] * (1 if right else -1))[:3]
        content = picture_numbers(tmp_path, "mistakes", "test", kind)
        assert [answer["video"] for answer in content["answers"]] == expected
        assert content["n_of_kind"] == len(names)
        assert all(len(answer["best"]) == 2 for answer in content["answers"])
        assert all((answer["true"] == answer["answer"]) == right for answer in content["answers"])
    assert "red dance/1.mp4" not in str(content)


def test_each_video_has_its_numbers_and_a_clip_that_the_index_lists(tmp_path: Path, video_tree: Path) -> None:
    run_recognizer_test(tmp_path, colour_videos(video_tree, split=Split(protocol="base_to_novel")), Mistakes(n=2))
    pictures = read_pictures(tmp_path)
    sheets = [p for p in pictures if "picture" in p.files]
    clips = [p for p in pictures if "clip" in p.files]
    assert len(sheets) + len(clips) == len(pictures)
    assert {p.set_name for p in clips} == {"base", "novel"}
    for picture in clips:
        path = picture.path(tmp_path, "clip")
        assert path is not None
        with Image.open(path) as clip:
            assert clip.n_frames == 4
        assert picture.title.startswith(f"{picture.set_name}: ")
        assert "with a probability of" in picture.alt


def test_without_a_mistake_it_says_so(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TestedSet, "correct", property(lambda self: ~self.failed))
    run_recognizer_test(tmp_path, colour_videos(video_tree), Mistakes())
    assert (
        "the most confident wrong answers of test: there are none, as every answer is right" in capsys.readouterr().out
    )
    assert not (tmp_path / "pictures" / "mistakes" / "test" / "wrong.png").exists()
    assert len(picture_numbers(tmp_path, "mistakes", "test", "doubtful")["answers"]) == 8


def test_without_a_decoded_video_it_says_so(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in video_tree.rglob("*.mp4"):
        path.write_bytes(b"broken")
    run_recognizer_test(tmp_path, colour_videos(video_tree), Mistakes())
    assert capsys.readouterr().out.count("there are none, as no video has an answer") == 2
    assert read_pictures(tmp_path) == []


def test_a_video_that_is_gone_at_the_end_is_shown_without_frames(tmp_path: Path, video_tree: Path) -> None:
    class Removed(Mistakes):
        def on_test_end(self, trainer: Trainer, pl_module: Any) -> None:
            for path in video_tree.rglob("*.mp4"):
                path.write_bytes(b"broken")
            super().on_test_end(trainer, pl_module)

    run_recognizer_test(tmp_path, colour_videos(video_tree), Removed(n=2))
    pictures = read_pictures(tmp_path)
    assert pictures
    assert not any("clip" in picture.files for picture in pictures)
    assert picture_numbers(tmp_path, "mistakes", "test", "wrong")["answers"]


def test_each_process_reads_its_own_videos_and_the_first_draws_all(
    tmp_path: Path, video_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the second of two processes: half of the answers are written, and no sheet."""
    monkeypatch.setattr(Trainer, "world_size", 2)
    monkeypatch.setattr(Trainer, "global_rank", 1)
    monkeypatch.setattr(Trainer, "is_global_zero", False)
    for module in ("errors.mistakes.mistakes", "written_pictures", "tested_videos"):
        monkeypatch.setattr(f"zsar.callbacks.pictures.{module}.gather_from_all", lambda value, trainer: [value])
    run_recognizer_test(tmp_path, colour_videos(video_tree), Mistakes(n=4))
    written = sorted(path.name for path in (tmp_path / "pictures" / "mistakes" / "test").glob("*.webp"))
    assert [name.split("_")[:2] for name in written if name.startswith("wrong")] == [["wrong", "001"], ["wrong", "003"]]
    assert not (tmp_path / "pictures" / "mistakes" / "test" / "wrong.png").exists()


@pytest.mark.parametrize(
    ("options", "message"), [({"n": 0}, "n must be at least 1"), ({"k": 0}, "k must be at least 1")]
)
def test_impossible_options_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Mistakes(**options)


@pytest.mark.parametrize("name", ["confusion_matrix", "mistakes", "calibration", "errors"])
def test_the_fragments_are_appended_to_a_test(name: str, parse: Any) -> None:
    fragment = ROOT / "configs" / "visualization" / f"{name}.yaml"
    assert fragment.read_text().startswith(f"# Appended to a test (`--config visualization/{name}`)")
    experiment = ROOT / "configs" / "experiment" / "clip_zero_shot_hmdb51.yaml"
    cli = parse("--config", str(experiment), "--config", str(fragment), subcommand="test")
    callbacks = cli.config_init["test"]["trainer"]["callbacks"]
    parsed = [type(callback).__name__ for callback in callbacks]
    all_three = ["ConfusionMatrix", "Mistakes", "Calibration"]
    assert parsed == (all_three if name == "errors" else [name.title().replace("_", "")])
    assert all((c.n, c.k) == (8, 5) for c in callbacks if isinstance(c, Mistakes))


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path, callbacks=[Mistakes()])
    with pytest.raises(ValueError, match="Mistakes needs an ActionRecognizer, .*, not a BoringModel"):
        trainer.test(BoringModel())


def test_a_limited_test_is_named_on_the_sheet(tmp_path: Path, video_tree: Path) -> None:
    run_recognizer_test(tmp_path, colour_videos(video_tree), Mistakes(n=1), limit_test_batches=4)
    content = picture_numbers(tmp_path, "mistakes", "test", "wrong")
    assert (content["n"], content["n_listed"]) == (12, 20)
    sheets = [picture for picture in read_pictures(tmp_path) if "picture" in picture.files]
    assert sheets
    assert all("(limited test, 20 videos are listed)" in picture.alt for picture in sheets)
