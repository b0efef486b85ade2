"""What the checks of a data set find: findings, and videos that are missing or cannot be decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "skipped", "warning", "error"]

_MOST_EXAMPLES = 100


@dataclass(frozen=True)
class Finding:
    """The result of one check of a set.

    Attributes:
        check: What was checked, in a word or two.
        set_name: The set, or the sets.
        severity: "ok"; "skipped" if there was nothing to check; "warning" if it may be intended; "error".
        count: Number of faulty videos (classes, lists).
        total: Number of checked ones.
        examples: Some of the faulty ones, at most 100; or the error message.
        remark: What to do, or why it was skipped.
    """

    check: str
    set_name: str
    severity: Severity
    count: int = 0
    total: int = 0
    examples: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class BadVideo:
    """A video that is missing or cannot be decoded.

    Attributes:
        key: Its name in `split.exclude`.
        set_name: The set that lists it.
        path: Its expected path.
        problem: The problem.
    """

    key: str
    set_name: str
    path: str
    problem: str


def finding(
    check: str, set_name: str, faults: Sequence[str], total: int, remark: str, *, severity: Severity = "error"
) -> Finding:
    """A finding: "ok" without faults, else with the given severity and remark."""
    if not faults:
        return Finding(check, set_name, "ok", total=total)
    return Finding(check, set_name, severity, len(faults), total, tuple(faults[:_MOST_EXAMPLES]), remark)
