"""The configurations that are shipped, by kind."""

from pathlib import Path

from tests.makers.source_tree import ROOT

CONFIGS = ROOT / "configs"
UNTRIMMED = sorted((CONFIGS / "data").glob("*untrimmed*.yaml"))
DATA = sorted(set((CONFIGS / "data").glob("*.yaml")) - set(UNTRIMMED))
# Localizers and their experiments are instantiated, and run, in tests/test_localization_configs.py.
LOCALIZERS = sorted(p for p in (CONFIGS / "model").glob("*.yaml") if "iou_thresholds:" in p.read_text())
LOCALIZATIONS = sorted(p for p in (CONFIGS / "experiment").glob("*.yaml") if "untrimmed" in p.read_text())
MODELS = sorted(set((CONFIGS / "model").glob("*.yaml")) - set(LOCALIZERS))
EXPERIMENTS = sorted(set((CONFIGS / "experiment").glob("*.yaml")) - set(LOCALIZATIONS))
LISTS = sorted((CONFIGS / "lists").glob("*.yaml"))
TRAINERS = sorted(p for p in (CONFIGS / "trainer").glob("*.yaml"))
LOGGERS = sorted((CONFIGS / "logger").glob("*.yaml"))
ADAPTATIONS = sorted((CONFIGS / "adaptation").glob("*.yaml"))
ABLATIONS = sorted((CONFIGS / "ablation").glob("*.yaml"))
OF_LOCALIZATION = [*LOCALIZATIONS, *LOCALIZERS, *UNTRIMMED]
ALL = [*EXPERIMENTS, *MODELS, *DATA, *OF_LOCALIZATION, *LISTS, *TRAINERS, *LOGGERS, *ADAPTATIONS, *ABLATIONS]
# Of each model, with several test views and with base and novel classes.
TESTS = ("clip_base_to_novel_ucf101", "vifi_clip_zero_shot_hmdb51", "t2l_few_shot_ssv2_4", "ap_clip_zero_shot_ucf101")


def name(path: Path) -> str:
    """The path below `configs`, as an identifier of a test."""
    return path.relative_to(CONFIGS).as_posix()
