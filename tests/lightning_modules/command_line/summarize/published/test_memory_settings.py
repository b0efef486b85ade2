from dataclasses import asdict
from pathlib import Path

import pytest

from tests.makers.configs.adaptation_settings import CONFIGS, EXPERIMENTS, settings_of
from zsar.callbacks.confidence_memory import ConfidenceMemory
from zsar.callbacks.confidence_memory.memory_rule import MemoryMethod
from zsar.lightning_modules.command_line.summarize.published.memory_settings import MEMORIES
from zsar.lightning_modules.command_line.summarize.published.method_names import adapted_method


@pytest.mark.parametrize("method", ["TDA", "DMN"])
def test_what_needs_no_name_is_what_the_callback_has_by_default(method: MemoryMethod) -> None:
    callback = ConfidenceMemory(method=method, order="stream")
    words = {
        k: ", ".join(map(str, v)) if isinstance(v, tuple) else str(v) for k, v in asdict(callback.settings).items()
    }
    assert MEMORIES[callback.describe()["method"]] == {None: words}


def test_departures_and_a_stream_are_said(tmp_path: Path) -> None:
    files = EXPERIMENTS / "clip_zero_shot_hmdb51.yaml", CONFIGS / "adaptation" / "tda.yaml"
    settings = settings_of(tmp_path, *files)
    assert settings["order"] == "two_pass"
    changed = {**settings, "alpha": "3.0", "entropy_window": "0.1, 0.5"}
    assert adapted_method(changed, "T2L") == ("TDA", "alpha 3.0, entropy window 0.1, 0.5, on T2L")
    assert adapted_method({**changed, "method": "TDA (stream)"}, "CLIP")[0] == "TDA (stream)"
