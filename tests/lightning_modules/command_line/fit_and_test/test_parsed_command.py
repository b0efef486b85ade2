import random
from pathlib import Path

import pytest
import torch

from tests.makers.source_tree import ROOT
from zsar.lightning_modules.command_line.fit_and_test.lightning_cli import ActionRecognitionCLI
from zsar.lightning_modules.command_line.fit_and_test.parsed_command import parsed_config


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_a_command_line_is_parsed_with_all_defaults() -> None:
    config = parsed_config(["test", "--config", "experiment/moving_shapes_t2l", "--data.n_test", "3"])
    assert config["model"]["class_path"] == "zsar.lightning_modules.t2l.T2L"
    assert config["model"]["init_args"]["temporal_tokens"] == "all"
    assert config["data"]["init_args"]["n_test"] == 3
    assert config["data"]["init_args"]["render_seed"] == 0  # a default
    assert config["run_dir"] == "runs/moving_shapes/t2l"


def test_nothing_is_seeded_built_or_opened(tmp_path: Path) -> None:
    torch.manual_seed(5)
    random.seed(5)
    expected = (torch.initial_seed(), random.getstate())
    folder = tmp_path / "run"
    given = ActionRecognitionCLI.given
    parsed_config(["fit", "--config", "experiment/moving_shapes_t2l", "--run_dir", str(folder)])
    assert (torch.initial_seed(), random.getstate()) == expected
    assert not folder.exists()
    assert ActionRecognitionCLI.given == given


def test_what_the_parser_rejects_ends_with_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed_config(["test", "--config", "experiment/moving_shapes_t2l", "--model.n_framse", "4"])
    assert "n_framse" in capsys.readouterr().err
