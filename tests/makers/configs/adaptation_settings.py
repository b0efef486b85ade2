"""The settings of an adaptation, as a result of configurations would state them."""

from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import yaml

import zsar.datamodules.views
from tests.makers.source_tree import ROOT
from zsar.lightning_modules.command_line.summarize.results.adapted_results import adaptation_settings
from zsar.lightning_modules.experiments.experiment_files import with_read_experiments

CONFIGS = ROOT / "configs"
EXPERIMENTS = CONFIGS / "experiment"


def settings_of(folder: Path, *files: Path) -> dict[str, str]:
    """The settings that a result of these configurations would have."""
    given = with_read_experiments([argument for path in files for argument in ("--config", str(path))], folder)
    contents = [yaml.safe_load(Path(path).read_text()) for path in given[1::2]]
    tuning = next(content["adaptation"] for content in reversed(contents) if "adaptation" in content)
    described = contents[0]["data"]["init_args"]["clips"]["views"]
    data: dict[str, Any] = {"views": None}
    if described is not None:
        views = getattr(zsar.datamodules.views, described["class_path"].split(".")[-1])(**described["init_args"])
        data = {"views": views.for_data_set("any", flip_keeps_label=True).described()}
    adaptation = resolve_name(tuning["class_path"])(**tuning["init_args"]).describe()
    return dict(adaptation_settings({"stage": "test", "data": data, "adaptation": adaptation}))
