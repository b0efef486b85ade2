from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.makers.results.localization_results import AS_PUBLISHED, localization_of, write_localization
from tests.makers.source_tree import ROOT
from zsar.lightning_modules.command_line.summarize.published.t3al_settings import t3al_pairs
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED


def differing(
    folder: Path, arguments: dict[str, Any], *, method: str = "T3AL", **settings: Any
) -> list[tuple[str, object, object]]:
    """The pairs of a result with some arguments in which the two sides differ."""
    settings = localization_of(write_localization(folder, arguments=arguments, **settings)).settings
    return [(name, ours, theirs) for name, ours, theirs in t3al_pairs(settings, method) if ours != theirs]


def arguments_of(config: str) -> dict[str, Any]:
    stated: dict[str, Any] = yaml.safe_load((ROOT / "configs" / "model" / config).read_text())["init_args"]
    return {name: value for name, value in stated.items() if name not in ("backbone", "iou_thresholds")}


def test_the_shipped_settings_are_the_paper_s(tmp_path: Path) -> None:
    assert differing(tmp_path / "a", AS_PUBLISHED) == []
    activitynet = {"data": {"data_set": "activitynet_untrimmed"}}
    assert differing(tmp_path / "b", arguments_of("t3al_activitynet.yaml"), **activitynet) == []
    assert ("tuning.n_steps", "50", "25") in differing(tmp_path / "c", AS_PUBLISHED, **activitynet)


def test_those_of_the_authors_code_are_not(tmp_path: Path) -> None:
    names = {name for name, _, _ in differing(tmp_path / "a", arguments_of("t3al_authors.yaml"))}
    assert names == {
        *("tuning.n_steps", "tuning.early_stop", "tuning.patience_steps", "tuning.similarity", "tuning.smoothed"),
        *("proposals.largest_gap_frames", "region_class", "suppression.votes"),
    }


def test_freezad_is_compared_with_its_own_settings(tmp_path: Path) -> None:
    shipped = arguments_of("freezad.yaml")
    assert differing(tmp_path / "a", shipped, method="FreeZAD") == []
    changed = {**shipped, "segment_score": "length"}
    assert differing(tmp_path / "b", changed, method="FreeZAD") == [("segment_score", "length", "log_oic_actionness")]
    assert {name for name, _, _ in differing(tmp_path / "c", shipped)} >= {"region_class"}  # beside T3AL's T = 0


def test_llt_is_compared_with_what_is_known_of_it(tmp_path: Path) -> None:
    shipped = arguments_of("llt.yaml")
    two_passes = [("memory.order", "two_pass", "stream")]
    assert differing(tmp_path / "a", shipped, method="LLT") == two_passes
    changed = {**shipped, "memory": {"capacity": 7, "easy_share": 0.05, "order": "stream"}}
    assert differing(tmp_path / "b", changed, method="LLT") == [("memory.capacity", "7", "4")]


@pytest.mark.parametrize(
    "changed",
    [
        {"tuning": {**AS_PUBLISHED["tuning"], "n_steps": 0, "early_stop": "none"}},  # T = 0
        {"suppression": None},
        {"oracles": {"region_count": True}, "suppression": {**AS_PUBLISHED["suppression"], "share": 0.4}},
    ],
)
def test_what_has_no_effect_is_not_compared(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert differing(tmp_path / "a", {**AS_PUBLISHED, **changed}) == []


def test_an_older_result_is_compared_by_what_it_has(tmp_path: Path) -> None:
    older = {**AS_PUBLISHED, "tuning": {"n_steps": 50, "similarity": "dot"}}
    assert differing(tmp_path / "a", older) == [
        ("tuning.similarity", "dot", "cosine"),
        ("T3AL's settings", NOT_RECORDED, "the paper's"),
    ]


def test_other_localizers_have_none(tmp_path: Path) -> None:
    model = {"class_path": "zsar.lightning_modules.localization.frame_wise.FrameWiseCLIP"}
    model |= {"architecture": "tiny-clip", "backbone_hash": "hash"}
    assert differing(tmp_path / "a", {}, model=model) == []
