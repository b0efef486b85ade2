from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.makers.command_line.runs_on_disk import config_of, files_under, save_checkpoint, write_results
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.run_folders.dry_runs import LIMITS
from zsar.lightning_modules.run_folders.opened_run import NothingLeft, OpenedRun, open_run
from zsar.lightning_modules.run_folders.picture_files import Picture, replace_pictures
from zsar.lightning_modules.t2l.t2l import T2L

TESTS = ("validate", "test", "predict")
COMMANDS = ("fit", *TESTS)


def opened(config: dict[str, Any], command: str, model: type = T2L) -> OpenedRun:
    with ExitStack() as until_end:
        run = open_run(config, command=command, model=model, until_end=until_end)
        run.clear()
    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder after fit, validate, test and predict, in which the user keeps files of his own."""
    folder = tmp_path / "run"
    weights = save_checkpoint(folder / "checkpoints" / "best.ckpt", 1.0, epoch=2)
    save_checkpoint(folder / "checkpoints" / "last.ckpt", 2.0, epoch=4)
    for stage in TESTS:
        write_results(folder, stage, weights=weights, config=config_of(folder))
    pictures = folder / "frame_prompt_scores" / "base"
    pictures.mkdir(parents=True)
    (pictures / "00003_a.mp4.png").touch()
    for name in ("confusion/base/top1.png", "confusion/base/top1.json"):
        (folder / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "pictures" / name).touch()
    files = {"picture": "confusion/base/top1.png", "numbers": "confusion/base/top1.json"}
    replace_pictures(folder, [Picture("confusion", "test", "base", "", "", files)], kind="confusion", stage="test")
    for command in COMMANDS:
        (folder / "csv" / command).mkdir(parents=True)
        (folder / "csv" / command / "metrics.csv").touch()
    predicted = folder / "pictures" / "timelines" / "p.png"
    predicted.parent.mkdir()
    predicted.touch()
    lines = Picture("timelines", "predict", "predict", "", "", {"picture": "timelines/p.png"})
    replace_pictures(folder, [lines], kind="timelines", stage="predict")
    for own in ("notes.txt", "predictions_by_hand.csv", "csv/mine.csv", "checkpoints/README", "config.yaml"):
        (folder / own).write_text("mine")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_a_new_folder_is_written_into_and_is_not_left_behind_empty(tmp_path: Path, command: str) -> None:
    run = opened(config_of(tmp_path / "run", ckpt_path="none"), command)
    assert (run.folder, run.checkpoints, run.checkpoint) == (tmp_path / "run", tmp_path / "run" / "checkpoints", None)
    assert not run.is_dry
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", TESTS)
@pytest.mark.parametrize("name", ["best", "last"])
def test_the_best_checkpoint_is_tested_else_the_last_and_a_line_says_which(
    tmp_path: Path, command: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoints = tmp_path / "checkpoints"
    save_checkpoint(checkpoints / "last.ckpt")
    if name == "best":
        save_checkpoint(checkpoints / "best.ckpt")
    assert opened(config_of(tmp_path), command).checkpoint == checkpoints / f"{name}.ckpt"
    assert capsys.readouterr().out == f"weights: {checkpoints}/{name}.ckpt\n"


@pytest.mark.parametrize("command", TESTS)
def test_a_trained_model_without_a_checkpoint_is_refused_and_one_that_is_not_trained_needs_none(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=r"T2L is trained, but .*checkpoints holds no checkpoint: .*--ckpt_path none"):
        opened(config_of(tmp_path), command)
    assert opened(config_of(tmp_path, ckpt_path="none"), command).checkpoint is None
    assert capsys.readouterr().out == "weights: untrained weights (--ckpt_path none)\n"
    assert opened(config_of(tmp_path), command, ZeroShotCLIP).checkpoint is None
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("command", TESTS)
def test_the_same_test_again_replaces_its_own_result(folder: Path, command: str) -> None:
    before = files_under(folder)
    free = {"trainer__enable_progress_bar": False, "trainer__callbacks": ["pictures"], "wandb": "offline"}
    workers = {"data__init_args__loading": {"n_workers": 0, "test_batch_size": 3}}
    run = opened(config_of(folder, **free, **workers), command)
    assert (run.folder, run.outdated) == (folder, ())
    assert files_under(folder) == before


@pytest.mark.parametrize("command", TESTS)
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data__init_args__split__fold": 2}, r"data.split.fold was 1, is 2"),
        ({"model__init_args__n_frames": 16}, r"model.n_frames was 8, is 16"),
        ({"seed_everything": 1}, r"seed_everything was 0, is 1"),
        ({"trainer__precision": "bf16-mixed"}, r"trainer.precision was None, is bf16-mixed"),
        ({"adaptation": {"class_path": "PromptTuning"}}, r"adaptation.class_path was None, is PromptTuning"),
    ],
)
def test_a_result_of_other_settings_is_refused_and_replaced_when_asked(
    folder: Path, command: str, changed: dict[str, Any], message: str
) -> None:
    before = files_under(folder)
    with pytest.raises(ValueError, match=message + r".*another --run_dir, or --overwrite") as refused:
        opened(config_of(folder, **changed), command)
    assert "\n" not in str(refused.value)
    assert files_under(folder) == before
    opened(config_of(folder, **changed, overwrite=True), command)
    removed = set(before) - set(files_under(folder))
    pictures = {"frame_prompt_scores/base/00003_a.mp4.png", "predictions_base.csv", "results.json"}
    pictures |= {f"pictures/{name}" for name in ("confusion/base/top1.png", "confusion/base/top1.json")}
    own = {"validate": {"results_validate.json", "predictions_val.csv"}, "test": pictures}
    assert removed == own.get(command, {"results_predict.json", "predictions.csv", "pictures/timelines/p.png"})


@pytest.mark.parametrize("command", TESTS)
def test_results_of_two_checkpoints_are_never_in_one_folder(folder: Path, command: str) -> None:
    before = files_under(folder)
    with pytest.raises(ValueError, match=r"results.json is of other weights \(.*hash \w+\) than these \(hash \w+\)"):
        opened(config_of(folder, ckpt_path="last"), command)
    assert files_under(folder) == before
    opened(config_of(folder, ckpt_path="last", overwrite=True), command)
    left = files_under(folder)
    assert [name for name in left if "results" in name or name.startswith(("frame", "predictions"))] == [
        "predictions_by_hand.csv"
    ]
    assert {"checkpoints/best.ckpt", "checkpoints/last.ckpt"} < set(left)


@pytest.mark.parametrize("command", TESTS)
@pytest.mark.parametrize("overwrite", [False, True])
def test_foreign_weights_are_not_tested_into_this_one_s_folder(
    folder: Path, tmp_path: Path, command: str, overwrite: bool
) -> None:
    other = tmp_path / "other.ckpt"
    save_checkpoint(other, 7.0)
    for given in (str(other), "none"):
        with pytest.raises(
            ValueError, match=r"run holds a training \(best.ckpt, last.ckpt\), and .* is not one of its"
        ):
            opened(config_of(folder, ckpt_path=given, overwrite=overwrite), command)
    save_checkpoint(other, 1.0)  # a copy of the best
    assert opened(config_of(folder, ckpt_path=str(other)), command).checkpoint == other


def test_a_second_training_is_refused_and_names_the_choices(folder: Path) -> None:
    before = files_under(folder)
    with pytest.raises(
        ValueError,
        match=r"run holds a run already \(best.ckpt, last.ckpt, results.json.*give another --run_dir, "
        r"--ckpt_path .*last.ckpt to resume it, or --overwrite",
    ):
        opened(config_of(folder), "fit")
    other = folder.parent / "other.ckpt"
    save_checkpoint(other)
    with pytest.raises(ValueError, match=r"run holds a run already"):
        opened(config_of(folder, ckpt_path=str(other)), "fit")
    assert files_under(folder) == before


def test_a_training_begins_again_without_what_zsar_wrote_and_with_all_that_it_did_not(folder: Path) -> None:
    opened(config_of(folder, overwrite=True), "fit")
    assert set(files_under(folder)) == {
        *("notes.txt", "predictions_by_hand.csv", "csv/mine.csv", "checkpoints/README", "config.yaml")
    }
    (folder / "config.yaml").write_text("# lightning.pytorch==2.6.6\nseed_everything: 0\n")
    (folder / "checkpoints" / "README").unlink()
    save_checkpoint(folder / "checkpoints" / "best.ckpt")
    opened(config_of(folder, overwrite=True), "fit")
    assert set(files_under(folder)) == {"notes.txt", "predictions_by_hand.csv", "csv/mine.csv"}
    assert not (folder / "checkpoints").exists()


def test_checkpoints_elsewhere_are_not_overwritten_either(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    save_checkpoint(elsewhere / "best.ckpt")
    for overwrite in (False, True):
        with pytest.raises(ValueError, match="holds a run already"):
            opened(config_of(tmp_path / "run", checkpoint__dirpath=str(elsewhere), overwrite=overwrite), "fit")
    assert (elsewhere / "best.ckpt").is_file()


def test_a_training_that_was_killed_before_its_first_checkpoint_begins_again(tmp_path: Path) -> None:
    (tmp_path / "csv" / "fit").mkdir(parents=True)
    (tmp_path / "csv" / "fit" / "metrics.csv").touch()
    assert opened(config_of(tmp_path), "fit").folder == tmp_path
    assert (tmp_path / "csv" / "fit" / "metrics.csv").is_file()


@pytest.mark.parametrize("name", ["best", "last"])
def test_a_training_goes_on_by_keyword_and_not_if_that_is_what_is_to_be_overwritten(folder: Path, name: str) -> None:
    path = folder / "checkpoints" / f"{name}.ckpt"
    assert opened(config_of(folder, ckpt_path=name, trainer__max_epochs=9), "fit").checkpoint == path
    with pytest.raises(ValueError, match=r"--overwrite removes .*, from which --ckpt_path would resume"):
        opened(config_of(folder, ckpt_path=name, trainer__max_epochs=9, overwrite=True), "fit")


def test_a_finished_training_has_nothing_left(folder: Path) -> None:
    before = files_under(folder)
    with pytest.raises(
        NothingLeft, match=r"last.ckpt has 5 epochs, and --trainer.max_epochs is 5; raise it to continue"
    ):
        opened(config_of(folder, ckpt_path="last"), "fit")
    with pytest.raises(NothingLeft, match=r"20 steps, and --trainer.max_steps is 20"):
        opened(config_of(folder, ckpt_path="last", trainer__max_epochs=None, trainer__max_steps=20), "fit")
    assert files_under(folder) == before


@pytest.mark.parametrize(
    ("command", "name"),
    [(command, name) for command, names in LIMITS.items() for name in ("fast_dev_run", *names)]
    + [("fit", "overfit_batches"), ("validate", "overfit_batches")],
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_dry_run_is_kept_out_of_a_folder_that_holds_a_run(
    folder: Path, command: str, overwrite: bool, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files_under(folder)
    run = opened(config_of(folder, overwrite=overwrite, **{f"trainer__{name}": 1}), command)
    assert run.is_dry
    assert not run.folder.is_relative_to(folder)
    assert run.checkpoints.is_relative_to(run.folder)
    assert not run.folder.exists()  # removed at the end
    assert files_under(folder) == before
    assert capsys.readouterr().out.splitlines()[0] == (
        f"this is a dry run, and {folder} holds a run: its output is discarded"
    )


def test_a_step_from_the_start_is_not_called_going_on(folder: Path) -> None:
    with pytest.raises(ValueError, match="fast_dev_run trains from the start and cannot resume .*last.ckpt; leave out"):
        opened(config_of(folder, ckpt_path="last", trainer__max_epochs=9, trainer__fast_dev_run=True), "fit")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dry_run_in_a_new_folder_writes_there(tmp_path: Path, command: str) -> None:
    limits = {**{f"trainer__{name}": 1 for name in LIMITS[command]}, "ckpt_path": "none"}
    run = opened(config_of(tmp_path / "run", **limits), command)
    assert (run.is_dry, run.folder) == (False, tmp_path / "run")


def test_a_training_goes_on_with_the_limits_that_it_had(folder: Path) -> None:
    last = folder / "checkpoints" / "last.ckpt"
    save_checkpoint(last, batch_limits={"limit_train_batches": 2})
    goes_on = {"ckpt_path": "last", "trainer__max_epochs": 9}
    assert not opened(config_of(folder, **goes_on, trainer__limit_train_batches=2), "fit").is_dry
    assert not opened(config_of(folder, **goes_on), "fit").is_dry
    assert opened(config_of(folder, **goes_on, trainer__limit_train_batches=3), "fit").is_dry
    both = {"trainer__limit_train_batches": 2, "trainer__limit_val_batches": 1}
    assert opened(config_of(folder, **goes_on, **both), "fit").is_dry


def test_a_run_has_a_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give --run_dir"):
        opened(config_of(tmp_path, run_dir=None), "fit")
