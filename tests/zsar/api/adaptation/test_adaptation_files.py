import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from zsar.api.adaptation.adaptation import Adaptation
from zsar.api.adaptation.adaptation_files import adaptation_of, read_adaptation
from zsar.callbacks.prompt_tuning import PromptTuning
from zsar.datamodules.views import AugmentedViews, MultiRateViews
from zsar.lightning_modules.experiments.experiment_files import read_experiment
from zsar.lightning_modules.experiments.shipped_configs import SHIPPED, shipped_names

TUNING, VIEWS = "zsar.callbacks.prompt_tuning.PromptTuning", "zsar.datamodules.views.AugmentedViews"


def written(folder: Path, **content: Any) -> Path:
    """A file of an adaptation; a double underscore is a dot."""
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({key.replace("__", "."): value for key, value in content.items()}))
    return path


MEMORIES = ("tda", "dmn")  # of all videos of a set: refused, below


@pytest.mark.parametrize("name", [name for name in shipped_names("adaptation") if name not in MEMORIES])
def test_every_shipped_adaptation_is_read_as_it_is_written(name: str) -> None:
    adaptation = read_adaptation(name)
    stated = read_experiment(SHIPPED / "adaptation" / f"{name}.yaml")
    described = adaptation.described()
    arguments = stated["adaptation"]["init_args"]
    assert arguments
    for setting, value in arguments.items():
        assert described[f"adaptation.{setting}"] in (value, tuple(value) if isinstance(value, list) else value)
    views = stated["data.clips.views"]
    assert views["class_path"].endswith(f".{described['views']}")
    for setting, value in views["init_args"].items():
        assert described[f"views.{setting}"] == value
    assert adaptation.test_short_side_px == stated.get("data.clips.test_short_side_px")
    assert adaptation.batch_size == stated["data.loading.test_batch_size"]


@pytest.mark.parametrize("name", MEMORIES)
def test_a_memory_of_all_videos_of_a_set_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}\.yaml is a memory of all videos of a set, .* run zsar predict"):
        read_adaptation(name)


def test_a_file_may_point_to_another_and_state_differences(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        adaptation="adaptation/tpt.yaml",
        adaptation__schedule=["all", "all"],
        adaptation__learning_rate="1e-2",
        data__clips__views__init_args__n_views=8,
        data__clips__n_frames=4,
        data__loading__test_batch_size=3,
    )
    adaptation = read_adaptation(path)
    assert isinstance(adaptation.views, AugmentedViews)
    assert (adaptation.views.n_views, adaptation.views.crop) == (8, True)
    assert (adaptation.n_frames, adaptation.batch_size) == (4, 3)
    rule = adaptation.tuning.rule
    assert (list(rule.schedule), rule.learning_rate, rule.confident_share) == (["all", "all"], 0.01, 0.1)


def test_a_name_a_file_and_the_method_itself_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(adaptation_of("zar").views, MultiRateViews)
    by_name = adaptation_of("tpt").described()
    for same in ("adaptation/tpt", "configs/adaptation/tpt.yaml", SHIPPED / "adaptation" / "tpt.yaml"):
        assert adaptation_of(same).described() == by_name
    tuning = PromptTuning(method="mine")
    assert adaptation_of(tuning).described() == Adaptation(tuning).described()
    both = Adaptation(tuning, MultiRateViews())
    assert adaptation_of(both) is both


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tptt", "there is no adaptation tptt; zsar has confident_views, dts_tpt, "),
        ("tpt.yaml", r"there is no adaptation tpt.yaml in .* did you mean adaptation/tpt.yaml"),
        ("nowhere/mine.yaml", "there is no adaptation nowhere/mine.yaml in"),
        ("", "there is no adaptation ; zsar has"),
    ],
)
def test_a_name_without_a_file_is_told(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=message):
        read_adaptation(name)


def test_what_is_no_file_of_settings_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").touch()
    os.mkfifo(tmp_path / "pipe.yaml")  # which a reader would wait on
    for given, message in ((tmp_path, "folder"), (tmp_path / "empty.yaml", "empty"), (tmp_path / "pipe.yaml", "pipe")):
        with pytest.raises(ValueError, match=f"{given}.*{message}.*; give a YAML file like those of"):
            read_adaptation(given)


def of_a_class(section: str, class_path: str, **arguments: Any) -> dict[str, Any]:
    own = {"adaptation": {"class_path": TUNING, "init_args": {"method": "mine"}}, "data__clips__views": VIEWS}
    return {**own, section: {"class_path": class_path, "init_args": arguments}}


@pytest.mark.parametrize(
    "content",
    [
        of_a_class("adaptation", "subprocess.Popen", args=["touch", "pwned"]),
        of_a_class("adaptation", "os.system", command="touch pwned"),
        of_a_class("adaptation", "zsar.callbacks.prompt_tuning.prompt_tuning.torch.load", f="x"),
        of_a_class("adaptation", "lightning.pytorch.callbacks.LambdaCallback"),
        of_a_class("data__clips__views", "os.system", command="touch pwned"),
        of_a_class("data__clips__views", TUNING, method="mine"),
    ],
)
def test_a_file_names_no_other_class(content: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"(adaptation|data\.clips\.views) has class_path \S+; it can be zsar\."):
        read_adaptation(written(tmp_path, **content))
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"adaptation__schedule": "all"}, "adaptation.schedule must be a list; got all"),
        ({"adaptation__bogus": 3}, "there is no setting adaptation.bogus"),
        ({"adaptation__confident_share": 3}, "confident_share is a share above 0 and up to 1; got 3"),
        ({"data__clips__views__init_args__n_views": "many"}, "data.clips.views.n_views must be int; got many"),
        ({"data__clips__views__init_args__bogus": 3}, "there is no setting data.clips.views.bogus"),
        ({"data__loading__test_batch_size": "x"}, "data.loading.test_batch_size must be int; got x"),
        ({"data__clips__views": None}, "states no class for data.clips.views"),
        ({"data__clips__sampling": "first"}, "data.clips.sampling must be Literal.*; got first"),
        ({"data__clips__n_test_clips": 2}, "data.clips.n_test_crops must be 1"),
        ({"data__clips__image_size": 64}, "states data.clips.image_size, which an adaptation of your own videos does"),
        ({"data__clips": 3}, "states data.clips, which"),
        ({"data__text__descriptions": "x", "seed_everything": 3}, "states seed_everything, data.text, which"),
        ({"data": {"class_path": "zsar.datamodules.data_sets.UCF101"}}, "states data, which"),
        ({"adaptation": None}, "states no class for adaptation"),
        ({"data__clips__n_frames": 0}, "n_frames must be at least 1; got 0"),
        ({"data__loading__test_batch_size": 10**12}, "batch_size must be at most 65,536; got 1000000000000"),
        ({"adaptation__learning_rate": float("inf")}, "learning_rate must be above 0 and finite; got inf"),
        ({"adaptation__weight_decay": -1.0}, "weight_decay must be at least 0 and finite; got -1"),
        ({"adaptation__method": "a\nb\x1b[31m"}, "method is a name in results, a line of text; got "),
        ({"data__init_args": [3]}, "states data, which"),
        ({"data": {"init_args": 3}}, "states data, which"),
    ],
)
def test_what_has_no_effect_or_is_wrong_is_told_with_the_file(
    content: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = written(tmp_path, **{"adaptation": "adaptation/tpt.yaml", **content})
    with pytest.raises(ValueError, match=message) as told:
        read_adaptation(path)
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)


def test_a_key_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("adaptation: adaptation/tpt.yaml\n3: x\nnull: y\n")
    with pytest.raises(ValueError, match=r"mine\.yaml states 3, None, which an adaptation of your own videos"):
        read_adaptation(path)


def test_views_are_not_filled_in_for_a_file(tmp_path: Path) -> None:
    path = written(tmp_path, adaptation={"class_path": TUNING, "init_args": {"method": "mine"}})
    with pytest.raises(ValueError, match=r"states no class for data\.clips\.views; write its class_path, zsar\."):
        read_adaptation(path)
