"""Every command that has a threshold, with a model that has a logit bias, and with one that has none.

With a bias a threshold is compared with the probability of each class by itself, which is told beside the others;
without one nothing is said of such probabilities.
"""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.makers.models.biased_models import biased_clip
from tests.makers.videos.live_sources import write_stream
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

NAMES = ("red", "green", "blue")
NONE = "none of these"


@pytest.fixture(params=["bias", "tiny-siglip", "no bias"])
def model(request: pytest.FixtureRequest, tmp_path: Path, tiny_weights: Path) -> tuple[list[str], bool]:
    """The options that name the model, and whether it has a bias."""
    if request.param == "no bias":
        return ["--architecture", "tiny-clip", "--weights", str(tiny_weights)], False
    if request.param == "tiny-siglip":
        torch.manual_seed(0)
        torch.save(OpenClipBackbone("tiny-siglip", "random").clip.state_dict(), tmp_path / "siglip.pt")
        return ["--architecture", "tiny-siglip", "--weights", str(tmp_path / "siglip.pt")], True
    settings = biased_clip(tmp_path, tiny_weights)
    return ["--architecture", settings.architecture, "--weights", str(settings.weights)], True


@pytest.fixture
def said(
    request: pytest.FixtureRequest, model: tuple[list[str], bool], video_tree: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Callable[[str, float], str]:  # fmt: skip
    """Runs one of the ways to ask, with a threshold; returns what was printed or written."""
    video, (options, _) = video_tree / "red dance" / "0.mp4", model
    out = tmp_path / "out"
    few = tmp_path / "few.yaml"
    few.write_text("adaptation: adaptation/dts_tpt_names.yaml\ndata.clips.views.init_args.n_views: 4\n")

    def run(way: str, threshold: float) -> str:
        asked = ["--classes", ",".join(NAMES), "--threshold", str(threshold)]
        if way == "embeddings" and not out.exists():
            assert main(["embed", str(video), "--output", str(out), "--n_workers", "0", *options]) == 0
        if way == "stream" and not (tmp_path / "a.mp4").exists():
            write_stream(tmp_path / "a.mp4", 30)
        arguments = {
            "json": [str(video), *options, "--json"],
            "csv": [str(video), *options, "--output", str(tmp_path / "answers.csv"), "--force"],
            "adaptation": [str(video), *options, "--json", "--adaptation", str(few)],
            "embeddings": ["--embeddings", str(out), "--json"],
            "stream": ["--stream", str(tmp_path / "a.mp4"), "--every_window", "--json", *options],
        }[way]
        capsys.readouterr()
        assert main(["classify", *arguments, *asked]) == 0
        return (tmp_path / "answers.csv").read_text() if way == "csv" else capsys.readouterr().out

    return run


def read(way: str, printed: str) -> tuple[str, dict[str, float], dict[str, float] | None]:
    """The first answer, its probabilities, and the own ones."""
    if way == "csv":
        row = next(csv.DictReader(printed.splitlines()))
        own = {name: float(row[f"own probability of {name}"]) for name in NAMES if f"own probability of {name}" in row}
        return row["answer"], {name: float(row[name]) for name in NAMES}, own or None
    answer = json.loads(printed.splitlines()[0]) if way == "stream" else json.loads(printed)[0]
    return answer["answer"], answer["probabilities"], answer.get("own_probabilities")


SLOW = [pytest.param(way, marks=pytest.mark.slow) for way in ("adaptation", "embeddings", "stream")]


@pytest.mark.parametrize("way", ["json", "csv", *SLOW])
def test_a_threshold_is_compared_with_the_probability_that_the_model_is_trained_to_tell(
    way: str, said: Callable[[str, float], str], model: tuple[list[str], bool]
) -> None:
    _, has_bias = model
    printed = said(way, 0.0)
    answer, relative, own = read(way, printed)
    assert answer == max(relative, key=lambda name: relative[name])
    assert sum(relative.values()) == pytest.approx(1, abs=1e-4)
    assert ("own" in printed) == has_bias
    assert (own is not None) == has_bias
    compared = relative if own is None else own
    best = max(compared.values())
    assert read(way, said(way, 0.999 * best))[0] == answer
    assert read(way, said(way, 1.001 * best))[0] == NONE
    if own is not None:
        assert best < max(relative.values())  # one that all names share would have answered
        assert set(own) == set(NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["bias", "no bias"], indirect=True)
def test_localization_by_frames_has_scores_of_the_probability_that_its_threshold_is_compared_with(
    model: tuple[list[str], bool], video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options, has_bias = model
    video = str(video_tree / "red dance" / "0.mp4")
    asked = ["localize", video, "--method", "frame-wise", "--classes", ",".join(NAMES), *options, "--json"]

    def found(*more: str) -> dict[str, object]:
        capsys.readouterr()
        assert main([*asked, *more]) == 0
        (answer,) = json.loads(capsys.readouterr().out)
        return dict(answer)

    answer = found()
    assert answer["settings"]["threshold"] == (0.5 if has_bias else 0.8)  # type: ignore[index]
    assert answer["settings"].get("threshold_of") == ("own probability" if has_bias else None)  # type: ignore[attr-defined]
    assert answer["segments"] == []
    (curve,) = answer["scores"]["classes"]  # type: ignore[index]
    best = max(curve["scores"])
    assert found("--threshold", str(0.95 * best))["segments"]
    assert not found("--threshold", str(1.05 * best))["segments"]
