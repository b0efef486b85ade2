import shlex
from pathlib import Path
from typing import Any

import pytest

from zsar.lightning_modules.command_line.reproduce.paper_tables import Row, Step
from zsar.lightning_modules.command_line.reproduce.row_commands import row_commands, shared_commands

OUT = Path("out")
FIT = Step(verb="fit", of="t2l_kinetics400")


def row(*steps: Step) -> Row:
    return Row(name="a row", figures=(), steps=steps)


def lines(*steps: Step, **settings: Any) -> list[str]:
    return [shlex.join(command.words) for command in row_commands(row(*steps), output=OUT, **settings)]


def test_a_test_of_a_fit_takes_its_last_checkpoint_in_a_folder_below_it() -> None:
    test = Step(verb="test", of="t2l_zero_shot_hmdb51", vary={"data.split.fold": (1, 2)}, checkpoint="last")
    assert lines(FIT, test) == [
        "zsar fit --config configs/experiment/t2l_kinetics400.yaml --run_dir out/t2l_kinetics400 --ckpt_path resume",
        "zsar test --overwrite --config configs/experiment/t2l_zero_shot_hmdb51.yaml "
        "--run_dir out/t2l_kinetics400/t2l_zero_shot_hmdb51/fold1 --data.split.fold 1 "
        "--ckpt_path out/t2l_kinetics400/checkpoints/last.ckpt",
        "zsar test --overwrite --config configs/experiment/t2l_zero_shot_hmdb51.yaml "
        "--run_dir out/t2l_kinetics400/t2l_zero_shot_hmdb51/fold2 --data.split.fold 2 "
        "--ckpt_path out/t2l_kinetics400/checkpoints/last.ckpt",
    ]


def test_a_test_of_the_fitted_experiment_is_made_as_the_fit_in_the_same_folder() -> None:
    lists = "lists/vifi_clip_few_shot_hmdb51_2"
    fit = Step(verb="fit", of="t2l_few_shot_hmdb51_2", fragments=(lists,), settings={"trainer.max_epochs": 5})
    test = Step(verb="test", of="t2l_few_shot_hmdb51_2", fragments=(lists,), checkpoint="best")
    folder = "out/t2l_few_shot_hmdb51_2-vifi_clip_few_shot_hmdb51_2-max_epochs_5"
    of_both = f"--config configs/{lists}.yaml --run_dir {folder} --trainer.max_epochs 5"
    fitted, tested = lines(fit, test)
    assert of_both in fitted
    assert of_both in tested
    assert tested.endswith(f"--ckpt_path {folder}/checkpoints/best.ckpt")


def test_each_varied_fit_is_tested_with_what_it_varies() -> None:
    fit = Step(verb="fit", of="t2l_base_to_novel_hmdb51", vary={"data.split.seed": (0, 1)})
    test = Step(verb="test", of="t2l_base_to_novel_hmdb51", checkpoint="last")
    runs = [command.run_dir for command in row_commands(row(fit, test), output=OUT)]
    assert runs == [OUT / "t2l_base_to_novel_hmdb51" / split for split in ("split0", "split1")] * 2
    needs = [command.needs for command in row_commands(row(fit, test), output=OUT)]
    first, second = (command.words for command in row_commands(row(fit), output=OUT))
    assert needs == [(), (), (first,), (second,)]
    assert "--data.split.seed 1" in lines(fit, test)[3]
    elsewhere = Step(verb="test", of="t2l_zero_shot_hmdb51", vary={"data.split.fold": (3,)}, checkpoint="last")
    assert row_commands(row(fit, elsewhere), output=OUT)[3].run_dir == (
        OUT / "t2l_base_to_novel_hmdb51" / "t2l_zero_shot_hmdb51" / "split1" / "fold3"
    )
    with pytest.raises(ValueError, match="varies data.split.seed differently from its fit; leave it out of the test"):
        lines(fit, Step(verb="test", of="t2l_zero_shot_hmdb51", vary={"data.split.seed": (7,)}, checkpoint="last"))


def test_fragments_that_a_fit_and_its_test_share_are_named_once() -> None:
    shared, own = "ablation/t2l_first_layer", "ablation/tpt_steps_2"
    fit = Step(verb="fit", of="t2l_kinetics400", fragments=(shared,), settings={"seed_everything": 1})
    test = Step(
        verb="test",
        of="t2l_zero_shot_hmdb51",
        fragments=(shared, own),
        settings={"seed_everything": 1, "data.split.fold": 2},
        checkpoint="last",
    )
    folder = OUT / "t2l_kinetics400-t2l_first_layer-seed_everything_1" / "t2l_zero_shot_hmdb51-tpt_steps_2-fold_2"
    command = row_commands(row(fit, test), output=OUT)[1]
    assert command.run_dir == folder
    assert "configs/ablation/t2l_first_layer.yaml" in command.words


def test_a_fit_may_start_from_the_one_before_it() -> None:
    start = Step(verb="fit", of="ap_clip_kinetics400")
    fit = Step(verb="fit", of="ap_clip_base_to_novel_hmdb51", checkpoint="last")
    started = lines(start, fit)[1]
    assert "--model.start_from out/ap_clip_kinetics400/checkpoints/last.ckpt --ckpt_path resume" in started
    assert "--run_dir out/ap_clip_kinetics400/ap_clip_base_to_novel_hmdb51 " in started


def test_a_fit_begins_again_where_it_is_told_to() -> None:
    assert lines(FIT, overwrite=True) == [
        "zsar fit --overwrite --config configs/experiment/t2l_kinetics400.yaml --run_dir out/t2l_kinetics400"
    ]


def test_another_command_has_its_placeholders_filled_and_comes_before_what_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZSAR_DATA", "/my data")
    run = Step(verb="run", of="zsar extract {data}/thumos14 --output {output}/features")
    extract, test = row_commands(row(run, Step(verb="test", of="t3al_thumos14_50_50")), output=OUT)
    assert extract.words == ("zsar", "extract", "/my data/thumos14", "--output", "out/features")
    assert (extract.verb, extract.run_dir, test.needs) == ("extract", None, (extract.words,))


def test_a_fragment_may_be_varied() -> None:
    lists = tuple(f"lists/vifi_clip_kinetics600_{number}" for number in (1, 2))
    test = Step(verb="test", of="t2l_zero_shot_kinetics600", vary={"with": lists}, checkpoint="last")
    first, second = row_commands(row(FIT, test), output=OUT)[1:]
    assert first.run_dir == OUT / "t2l_kinetics400" / "t2l_zero_shot_kinetics600" / "split1"
    assert second.words[2:7] == (
        "--overwrite",
        "--config",
        "configs/experiment/t2l_zero_shot_kinetics600.yaml",
        "--config",
        "configs/lists/vifi_clip_kinetics600_2.yaml",
    )
    assert "--with" not in second.words


def test_a_missing_configuration_is_named_with_its_neighbours() -> None:
    with pytest.raises(FileNotFoundError, match=r"t2l_kinetic400.yaml.*did you mean .*t2l_kinetics400.yaml"):
        lines(Step(verb="fit", of="t2l_kinetic400"))


def test_a_command_of_several_rows_is_one() -> None:
    run = Step(verb="run", of="zsar doctor")
    test = Step(verb="test", of="clip_zero_shot_hmdb51")
    rows = [row_commands(row(*steps), output=OUT) for steps in ((test,), (run, test))]
    first, second = shared_commands(rows).values()
    assert first.verb == "doctor"
    assert (second.words, second.needs) == (rows[0][0].words, (first.words,))


def test_no_two_commands_write_into_one_folder() -> None:
    one, other = (Step(verb="test", of="tpt_hmdb51", settings={"data.text.lead": lead}) for lead in ("a {}", "a_{}"))
    with pytest.raises(ValueError, match="have the same run folder"):
        shared_commands([row_commands(row(one, other), output=OUT)])
