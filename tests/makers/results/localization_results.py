"""results.json files as LocalizationManifest writes them, with what a test is about set by name."""

import json
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.summarize.results.localization_results import LocalizationRun, localization_run
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result
from zsar.lightning_modules.command_line.summarize.results.run_groups import LocalizationGroup, group_runs

THUMOS14 = ("map_0.3", "map_0.5", "map")


def write_localization(
    folder: Path,
    value: float = 20.0,
    *,
    names: tuple[str, ...] = THUMOS14,
    seed: int = 0,
    number: int | str = "all",
    arguments: dict[str, Any] | None = None,
    backbone: str = "hash",
    n_adaptations: int = 40,
    data: dict[str, Any] | None = None,
    **changes: Any,
) -> Path:
    """Writes a results.json of T3AL.

    Args:
        folder: The run folder, which is made.
        value: The first figure in percent; each further one is a point lower.
        names: The figures.
        seed: Seed of the run.
        number: Number of the draw of classes; "all" for ten, here two.
        arguments: Arguments of the model in the configuration, beside weights and thresholds.
        backbone: Hash of the CLIP model's weights.
        n_adaptations: How often something was adapted.
        data: Changes of what the data module says of itself.
        changes: Other values at the top level.

    Returns:
        The folder.
    """
    figures = {name: value - i for i, name in enumerate(names)}
    sets = ("split_0", "split_1") if number == "all" else ("test",)
    config = {"backbone": {"architecture": "tiny-coca", "weights": f"{backbone}.pt"}, "iou_thresholds": [0.3, 0.5]}
    content: dict[str, Any] = {
        "task": "localization",
        "stage": "test",
        "sets": {name: {**figures, "n_classes": 8, "n_videos": 8, "n_listed": 8} for name in sets},
        "mean": figures,
        "std": dict.fromkeys(figures, 0.0) if number == "all" else None,
        "complete": True,
        "n_adaptations": n_adaptations,
        "model": {
            "class_path": "zsar.lightning_modules.t3al.T3AL",
            "architecture": "tiny-coca",
            "backbone_hash": backbone,
        },
        "data": {
            "data_set": "thumos14_untrimmed",
            "split": "50_50",
            "split_number": number,
            "split_lists": "t3al_splits",
            "split_seed": 0,
            "split_hash": f"videos {number}",
            "stride": "1 frame",
            "geometry": "squash",
            "features": None,
            "captions": None,
            **(data or {}),
        },
        "class_text": {name: {"source": "templates: {}", "hash": f"text {name}", "n_classes": 8} for name in sets},
        "seed": seed,
        "config": {"model": {"init_args": {**config, "tuning": {"n_steps": 60}, **(arguments or {})}}},
    }
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(json.dumps({**content, **changes}))
    return folder


def localization_of(folder: Path) -> LocalizationRun:
    """The run of a localizer's results.json."""
    return localization_run(folder, read_result(folder))


def localization_groups(*folders: Path) -> list[LocalizationGroup]:
    """The rows of runs of localizers."""
    groups = group_runs([localization_of(folder) for folder in folders])
    return [group for group in groups if isinstance(group, LocalizationGroup)]
