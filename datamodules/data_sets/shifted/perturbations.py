"""The 18 perturbations of UCF-101-P and HMDB-51-P, in five groups and at five severities (Schiappa et al. 2023)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

SEVERITIES = (1, 2, 3, 4, 5)
PERTURBATIONS: Mapping[str, tuple[str, ...]] = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    "blur": ("zoom_blur", "motion_blur", "defocus_blur"),
    "digital": ("jpeg", "mpeg1", "mpeg2"),
    "temporal": ("sampling", "reversal", "jumbling", "box_jumbling", "freezing"),
    "camera": ("static_rotation", "random_rotation", "translation"),
}
"""Group -> its perturbations, by the names of their folders; groups and perturbations are the paper's."""

_GROUP_OF = {perturbation: group for group, members in PERTURBATIONS.items() for perturbation in members}


@dataclass(frozen=True)
class Condition:
    """One perturbation at one severity.

    Attributes:
        perturbation: The name of its folder.
        severity: 1 to 5, the name of the subfolder.
    """

    perturbation: str
    severity: int

    @property
    def set_name(self) -> str:
        """Its name among the sets of a test: "fog_3"."""
        return f"{self.perturbation}_{self.severity}"

    @property
    def folder(self) -> str:
        """Its folder within that of all conditions: "fog/3"."""
        return f"{self.perturbation}/{self.severity}"

    def describe(self) -> dict[str, str | int]:
        """What results record; a perturbation that is not one of the paper's is its own group."""
        group = _GROUP_OF.get(self.perturbation, self.perturbation)
        return {"perturbation": self.perturbation, "severity": self.severity, "group": group}


def conditions_of(perturbation: str, severity: int | Literal["all"]) -> tuple[Condition, ...]:
    """The conditions that are asked for, group by group.

    Args:
        perturbation: The name of a folder, or "all" for the paper's 18.
        severity: 1 to 5, or "all" for these five.

    Returns:
        At least one condition; 90 for "all" and "all".

    Raises:
        ValueError: The severity is out of range.
    """
    if severity != "all" and severity not in SEVERITIES:
        raise ValueError(f"severity must be 1 to 5, or all; got {severity}")
    names = tuple(_GROUP_OF) if perturbation == "all" else (perturbation,)
    severities = SEVERITIES if severity == "all" else (severity,)
    return tuple(Condition(name, level) for name in names for level in severities)


def shift_of(perturbation: str, severity: int | Literal["all"]) -> str:
    """The shift as results and published figures name it: "all perturbations", "fog", or "fog 3".

    Args:
        perturbation: The name of a folder, or "all".
        severity: 1 to 5, or "all".
    """
    name = "all perturbations" if perturbation == "all" else perturbation
    return name if severity == "all" else f"{name} {severity}"


def listed_in_words(conditions: Sequence[Condition]) -> str:
    """Conditions in few words, perturbation by perturbation: "fog (1, 2), jpeg (all severities)"."""
    severities_of: dict[str, list[int]] = {}
    for condition in conditions:
        severities_of.setdefault(condition.perturbation, []).append(condition.severity)
    return ", ".join(
        f"{name} ({'all severities' if tuple(levels) == SEVERITIES else ', '.join(map(str, levels))})"
        for name, levels in severities_of.items()
    )
