"""Which methods work on a CLIP model, by trying each."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from zsar.lightning_modules.command_line.models.method_names import MethodName, Status
from zsar.lightning_modules.command_line.models.trials.method_trials import TRIALS
from zsar.lightning_modules.command_line.models.trials.tried_clip import TriedClip
from zsar.lightning_modules.command_line.models.trials.without_values import ValuesGiveWay
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


@dataclass(frozen=True)
class Support:
    """Whether a method works on a model.

    Attributes:
        method: The method.
        status: Whether it works.
        reason: Why not, or what of it does not; empty if all works.
    """

    method: MethodName
    status: Status
    reason: str = ""


def tried_methods(tried: TriedClip, methods: Sequence[MethodName]) -> Iterator[Support]:
    """Tries methods, one after another.

    Args:
        tried: The model.
        methods: Which; the order is that of `TRIALS`.

    Yields:
        What came of each.
    """
    for method in TRIALS:
        if method in methods:
            yield _tried(tried, method)


def _tried(tried: TriedClip, method: MethodName) -> Support:
    try:
        with warnings.catch_warnings(), nullcontext() if tried.has_values else ValuesGiveWay():
            warnings.simplefilter("ignore")
            remark = TRIALS[method](tried)
    except BackboneError as error:
        return Support(method, "no", str(error))
    except Exception as error:  # whatever a tower of any kind may raise is what is asked for
        first_line = (str(error).splitlines() or [""])[0]
        return Support(method, "failed", f"{type(error).__name__}: {first_line}")
    return Support(method, "yes") if remark is None else Support(method, "partly", remark)
