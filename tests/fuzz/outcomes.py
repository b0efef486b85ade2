"""What may come of a mutated file: it is read, it is refused by name, or there is a fault."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

READ, REFUSED = "read", "refused"
_LONGEST_MESSAGE = 3_000
_OF_LIBRARIES = re.compile(r"site-packages|/lib/python")


class Fault(Exception):
    """Something that must not happen; `kind` is its column in the table."""

    def __init__(self, kind: str, detail: str) -> None:
        """Makes the fault."""
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail = kind, detail


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes:
        seed_name: The sound file that was mutated.
        number: Which mutation of it.
        kind: READ, REFUSED, or the kind of a fault.
        detail: The message.
        seconds: Processor time that it took.
        peak_mb: Most memory that it took, in MiB.
    """

    seed_name: str
    number: int
    kind: str
    detail: str
    seconds: float = 0.0
    peak_mb: int = 0

    @property
    def is_fault(self) -> bool:
        """Whether this must not happen."""
        return self.kind not in (READ, REFUSED)


def told(action: Callable[[], str], path: Path, refusals: tuple[type[Exception], ...]) -> tuple[str, str]:
    """Calls an action and judges what it raises.

    Args:
        action: Reads the file; it returns what it read in a few words.
        path: The file, which a refusal must name.
        refusals: Errors that a reader of such files may raise.

    Returns:
        Kind and detail of the outcome.
    """
    try:
        return READ, action()
    except Fault as fault:
        return fault.kind, fault.detail
    except refusals as error:
        return judged(error, path)
    except BaseException as error:
        return "exception", f"{type(error).__name__}: {str(error)[:300]} ({_where(error)})"


def judged(error: Exception, path: Path) -> tuple[str, str]:
    """A refusal, or the fault that its message is: not of one line, too long, or without the name of the file."""
    message = str(error)
    shown = f"{type(error).__name__}: {message[:300]} ({_where(error)})"
    if path.name not in message:
        return "unnamed", shown
    if "\n" in message:
        return "many lines", shown
    if len(message) > _LONGEST_MESSAGE:
        return "long message", f"{len(message)} characters, {shown}"
    return REFUSED, f"{type(error).__name__}: {message[:300]}"


def _where(error: BaseException) -> str:
    """The last place of ours that the error went through, else the last of all."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if not _OF_LIBRARIES.search(frame.filename) and "/fuzz/" not in frame.filename]
    frame = (ours or frames)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
