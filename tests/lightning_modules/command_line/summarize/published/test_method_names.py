"""Names of adapted runs, from the shipped configurations, so that these and the published figures cannot part."""

import re
from pathlib import Path

import pytest

from tests.makers.configs.adaptation_settings import CONFIGS, EXPERIMENTS, settings_of
from tests.makers.results.localization_results import localization_of, write_localization
from zsar.lightning_modules.command_line.summarize.published.method_names import adapted_method, method_of
from zsar.lightning_modules.command_line.summarize.published.published_figures import load_published_figures

FRAGMENTS = sorted((CONFIGS / "adaptation").glob("*.yaml"))
ABLATIONS = sorted((CONFIGS / "ablation").glob("*.yaml"))
ABLATIONS = [path for path in ABLATIONS if not path.stem.startswith(("ap_clip", "t2l", "t3al"))]  # not adapted
ADAPTED = [path for path in sorted(EXPERIMENTS.glob("*.yaml")) if "\nadaptation: " in path.read_text()]
RENDERED = [path.name for path in (CONFIGS / "data").glob("*.yaml") if "MovingShapes" in path.read_text()]
ADAPTED = [
    path for path in ADAPTED if not path.read_text().split("\ndata: ")[1].split("\n")[0].endswith(tuple(RENDERED))
]


def model_of(experiment: Path) -> str:
    return {"zero_shot_clip.yaml": "CLIP", "vifi_clip.yaml": "ViFi-CLIP", "bike.yaml": "BIKE"}[
        re.findall(r"\nmodel: \S*/(\S+)", experiment.read_text())[0]
    ]


@pytest.mark.parametrize("path", ADAPTED, ids=lambda path: path.stem)
def test_an_experiment_is_the_papers_method(tmp_path: Path, path: Path) -> None:
    method = path.stem.removeprefix("bike_").split("_names")[0].split("_hmdb")[0]
    expected = next(name for name in ("DTS-TPT", "TPT", "ZAR") if method.upper().replace("_", "-").startswith(name))
    parts = [*(["TS-TPT only"] if "_names_" in path.stem else []), *(["on BIKE"] if "bike_" in path.stem else [])]
    variant = ", ".join(parts) or None
    assert adapted_method(settings_of(tmp_path, path), model_of(path)) == (expected, variant)


@pytest.mark.parametrize("path", ABLATIONS, ids=lambda path: path.stem)
def test_an_ablation_is_called_as_its_published_figure(tmp_path: Path, path: Path) -> None:
    first = path.read_text().replace("\n# ", " ").split(":")[0]
    experiment = sorted(EXPERIMENTS.glob(re.findall(r"\S+\.yaml", first)[0]))[0]
    method, variant = adapted_method(settings_of(tmp_path, experiment, path), model_of(experiment))
    of_bike = f"{variant}, on BIKE"  # what was published on that model alone
    published = {f.variant for f in load_published_figures() if f.method == method}
    assert variant is not None
    assert published & {variant, of_bike}


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("tpt", ("TPT", "as on images")),
        ("tpt_authors", ("TPT", "authors' code")),
        ("tpt_video", ("TPT", "steps all")),
        ("dts_tpt", ("DTS-TPT", None)),
        ("dts_tpt_names", ("DTS-TPT", "TS-TPT only")),
        ("zar", ("ZAR", None)),
        ("confident_views", ("confident views", None)),
        ("tda", ("TDA", None)),
        ("dmn", ("DMN", None)),
    ],
)
def test_a_fragment_has_a_name(tmp_path: Path, fragment: str, expected: tuple[str, str | None]) -> None:
    files = EXPERIMENTS / "clip_zero_shot_hmdb51.yaml", CONFIGS / "adaptation" / f"{fragment}.yaml"
    assert adapted_method(settings_of(tmp_path, *files), "CLIP") == expected


def test_all_fragments_have_been_named() -> None:
    assert {path.stem for path in FRAGMENTS} == {
        *("tpt", "tpt_authors", "tpt_video", "dts_tpt", "dts_tpt_names", "zar", "confident_views"),
        *("tda", "dmn"),
    }


@pytest.mark.parametrize(
    ("experiment", "model", "variant"),
    [
        ("zar_hmdb51", "CLIP", None),
        ("zar_hmdb51", "ViFi-CLIP", None),
        ("zar_hmdb51", "T2L", "on T2L"),
        ("zar_hmdb51", "AP-CLIP", "on AP-CLIP"),
        ("zar_hmdb51", "T2L (adapters only)", "on T2L (adapters only)"),
        ("dts_tpt_hmdb51", "ViFi-CLIP", "on ViFi-CLIP"),
        ("dts_tpt_names_hmdb51", "T2L", "TS-TPT only, on T2L"),
    ],
)
def test_another_model_than_the_papers_is_said(
    tmp_path: Path, experiment: str, model: str, variant: str | None
) -> None:
    settings = settings_of(tmp_path, EXPERIMENTS / f"{experiment}.yaml")
    assert adapted_method(settings, model)[1] == variant


@pytest.mark.parametrize(
    ("changes", "variant"),
    [
        ({"schedule": ""}, "not tuned"),
        ({"schedule": "right-6, right-6"}, "steps right-6, right-6"),
        ({"learning_rate": "0.01", "phrase": "None"}, "phrase None, learning rate 0.01"),
        ({"prediction": "confident_views"}, "prediction confident_views"),
        ({"views": "AugmentedViews"}, "views AugmentedViews"),
        ({"weight_decay": "0.5", "selection": "once"}, None),
    ],
)
def test_other_departures_are_said_in_the_settings_own_words(
    tmp_path: Path, changes: dict[str, str], variant: str | None
) -> None:
    settings = settings_of(tmp_path, EXPERIMENTS / "zar_hmdb51.yaml")
    assert adapted_method({**settings, **changes}, "CLIP") == ("ZAR", variant)


def test_a_method_of_ones_own_keeps_its_name(tmp_path: Path) -> None:
    settings = {**settings_of(tmp_path, EXPERIMENTS / "zar_hmdb51.yaml"), "method": "mine"}
    assert adapted_method(settings, "CLIP") == ("mine", None)
    assert adapted_method(settings, "T2L") == ("mine", "on T2L")


@pytest.mark.parametrize(
    ("score", "n_steps", "named"),
    [
        ("log_oic_actionness", 0, ("FreeZAD", None)),
        ("log_oic", 0, ("FreeZAD", "without actionness")),
        ("length", 0, ("T3AL", "T = 0")),
        ("log_oic_actionness", 50, ("T3AL", "without suppression")),
    ],
)
def test_t3al_without_a_step_is_freezad_by_its_score_of_segments(
    tmp_path: Path, score: str, n_steps: int, named: tuple[str, str | None]
) -> None:
    arguments = {"tuning": {"n_steps": n_steps}, "suppression": None, "segment_score": score, "memory": None}
    assert method_of(localization_of(write_localization(tmp_path / "a", arguments=arguments)).settings) == named


def test_t3al_with_a_memory_is_llt_and_says_in_how_many_passes(tmp_path: Path) -> None:
    named = {}
    for order, oracles in (("stream", {}), ("two_pass", {}), ("two_pass ", {"perfect_class": True})):
        memory = {"capacity": 4, "easy_share": 0.05, "order": order.strip()}
        arguments = {"tuning": {"n_steps": 0}, "suppression": None, "segment_score": "log_oic", "memory": memory}
        result = write_localization(tmp_path / order, arguments={**arguments, "oracles": oracles})
        named[order] = method_of(localization_of(result).settings)
    assert named == {
        "stream": ("LLT", "T = 0"),
        "two_pass": ("LLT", "T = 0, two passes"),
        "two_pass ": ("LLT", "oracle: class; T = 0, two passes"),
    }
