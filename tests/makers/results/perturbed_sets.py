"""Top-1 of a test under three perturbations at two severities each, and the words of the tables printed of it."""

from typing import Any

import pytest

CONDITIONS = {
    "jpeg_1": {"perturbation": "jpeg", "severity": 1, "group": "digital"},
    "jpeg_2": {"perturbation": "jpeg", "severity": 2, "group": "digital"},
    "mpeg1_1": {"perturbation": "mpeg1", "severity": 1, "group": "digital"},
    "mpeg1_2": {"perturbation": "mpeg1", "severity": 2, "group": "digital"},
    "fog_1": {"perturbation": "fog", "severity": 1, "group": "fog"},
    "fog_2": {"perturbation": "fog", "severity": 2, "group": "fog"},
}
TOP1 = {"clean": 80.0, "jpeg_1": 60.0, "jpeg_2": 40.0, "mpeg1_1": 70.0, "mpeg1_2": 30.0, "fog_1": 20.0, "fog_2": 8.0}


def perturbed_sets() -> dict[str, dict[str, Any]]:
    """The sets of a results.json, with one failed video under the stronger fog."""
    return {
        name: {
            "top1": top1,
            "n_listed": 1530,
            "n_evaluated": 1530 - (name == "fog_2"),
            "n_failed": int(name == "fog_2"),
        }
        for name, top1 in TOP1.items()
    }


def printed_rows(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The words of each line that was printed, without the rules of tables."""
    text = capsys.readouterr().out
    return [line.replace("│", " ").replace("┃", " ").split() for line in text.splitlines()]
