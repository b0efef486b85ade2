"""What the checks of a data set find: findings, and videos that are missing or cannot be decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "skipped", "warning", "error"]

_MOST_EXAMPLES = 100


@dataclass(frozen=True)
class Finding:
    """What a check found in a set.

    Attributes:
        check: What was checked, in a word or two.
        set_name: The set, or the sets.
        severity: "ok"; "skipped" where there was nothing to check; "warning" for what may be so on purpose; "error".
        count: How many videos (classes, lists) are at fault.
        total: Of how many that were looked at.
        examples: Some of them, at most 100; or what the error said.
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
        key: What `split.exclude` calls it.
        set_name: The set that lists it.
        path: Where it should be.
        problem: What is wrong.
    """

    key: str
    set_name: str
    path: str
    problem: str


def finding(
    check: str, set_name: str, faults: Sequence[str], total: int, remark: str, *, severity: Severity = "error"
) -> Finding:
    """A finding that is "ok" without faults, and of some severity, with a remark, with them."""
    if not faults:
        return Finding(check, set_name, "ok", total=total)
    return Finding(check, set_name, severity, len(faults), total, tuple(faults[:_MOST_EXAMPLES]), remark)
