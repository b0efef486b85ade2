import pytest

from tests.makers.command_line.one_line import assert_one_line_error
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.fit_and_test.parsing_errors import options_of, sentence_of
from zsar.lightning_modules.t2l.t2l import T2L

EXPERIMENT = ("--config", "configs/experiment/moving_shapes_t2l.yaml")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((), ["--model and --data are missing", "zsar fit --config", "--model.help"]),
        (("--model", "T2L"), ["--data is missing", "zsar fit --data.help"]),
        (("--model", "T2L", "--data", "VideoFolder"), ["--data.train is missing", "--data.help VideoFolder"]),
        (("--model", "t2l"), ["--model t2l", "did you mean T2L"]),
        (("--model", "T2"), ["--model T2", "did you mean T2L"]),
        (("--model.help", "T2"), ["--model T2", "did you mean T2L"]),
        (("--data", "VideoFoldr"), ["--data VideoFoldr", "did you mean VideoFolder?"]),
        (
            ("--model", "configs/model/t2.yaml"),
            ["configs/model/t2.yaml: there is no such file", "configs/model/t2l.yaml"],
        ),
        (("--config", "configs/experiment/nope.yaml"), ["nope.yaml: there is no such file"]),
        ((*EXPERIMENT, "--trainer", "configs/trainer/cp.yaml"), ["no such file", "configs/trainer/cpu.yaml"]),
        ((*EXPERIMENT, "--adaptation", "configs/adaptation/za.yaml"), ["no such file", "configs/adaptation/zar.yaml"]),
        ((*EXPERIMENT, "--trainer", "cpu"), ["no such class or file; did you mean configs/trainer/cpu.yaml?"]),
        ((*EXPERIMENT, "--trainer", "tpu"), ["--trainer tpu: there is no such file", "configs/trainer/cpu.yaml"]),
        ((*EXPERIMENT, "--adaptation", "zar"), ["did you mean configs/adaptation/zar.yaml?"]),
        ((*EXPERIMENT, "--model", "tiny_t2l"), ["did you mean configs/model/tiny_t2l.yaml?"]),
        ((*EXPERIMENT, "--adaptation", "Foo"), ["--adaptation Foo", "--adaptation.help"]),
        ((*EXPERIMENT, "--data.clips.n_frames", "x"), ["--data.clips.n_frames must be a whole number; got x"]),
        (
            (*EXPERIMENT, "--trainer.max_epochs", "abc"),
            ["--trainer.max_epochs must be a whole number or null; got abc"],
        ),
        ((*EXPERIMENT, "--model.optimization.learning_rate", "fast"), ["must be a number; got fast"]),
        ((*EXPERIMENT, "--wandb", "on"), ["--wandb must be one of off, offline, online; got on"]),
        ((*EXPERIMENT, "--data.split.protocol", "novel"), ["--data.split.protocol", "all_classes", "got novel"]),
        ((*EXPERIMENT, "--data.clip.n_frames", "3"), ["no option --data.clip.n_frames", "mean --data.clips.n_frames"]),
        ((*EXPERIMENT, "--model.nothing", "3"), ["T2L has no option --model.nothing", "--model.help T2L"]),
        ((*EXPERIMENT, "--trainer.max_epoch", "3"), ["no option --trainer.max_epoch", "mean --trainer.max_epochs"]),
        ((*EXPERIMENT, "--nothing", "3"), ["there is no option --nothing", "zsar fit --help.all"]),
        ((*EXPERIMENT, "--run_di", "x"), ["there is no option --run_di", "did you mean --run_dir?"]),
        ((*EXPERIMENT, "extra"), ["'extra' belongs to no option"]),
        ((*EXPERIMENT, "--data.clips.views.class_path", "Foo"), ["--data.clips.views Foo"]),
    ],
)
def test_a_wrong_command_line_is_one_line_with_value_and_remedy(
    arguments: tuple[str, ...], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["fit", *arguments])
    assert stopped.value.code == 2
    assert_one_line_error(capsys.readouterr().err, "fit", parts)


def test_the_options_of_a_class_are_those_of_its_settings() -> None:
    options = options_of(T2L, "model")
    assert {"--model.n_frames", "--model.optimization.learning_rate"} <= set(options)


def test_what_is_of_no_known_form_is_kept_on_one_line() -> None:
    said = sentence_of("something\n  new", None, options=[], command="zsar fit")
    assert said == "something new"
    assert len(sentence_of("x " * 1000, None, options=[], command="zsar fit")) < 400
