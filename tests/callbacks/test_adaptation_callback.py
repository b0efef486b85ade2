from typing import Any

from lightning.pytorch import Callback

from zsar.callbacks.adaptation_callback import AdaptationCallback, adaptation_entries


class Mine(AdaptationCallback):
    def describe(self) -> dict[str, Any]:
        return {"method": "mine"}


def test_results_have_the_settings_of_the_adaptation_of_a_run() -> None:
    assert adaptation_entries([Callback(), Mine()]) == {"adaptation": {"method": "mine"}, "stored": None}
    assert adaptation_entries([Callback()]) == {"adaptation": None, "stored": None}
