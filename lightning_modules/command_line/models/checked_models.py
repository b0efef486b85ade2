"""`zsar models --check NAME`: builds an architecture with random weights and runs each method on it once."""

from __future__ import annotations

import gc
import time

import torch
from rich.table import Table

from zsar.lightning_modules.command_line.models.method_names import METHODS, MethodName
from zsar.lightning_modules.command_line.models.model_table import millions
from zsar.lightning_modules.command_line.models.models_options import ModelsOptions
from zsar.lightning_modules.command_line.models.trials.needed_memory import free_bytes, needed_bytes, shown_gb
from zsar.lightning_modules.command_line.models.trials.supported_methods import Support, tried_methods
from zsar.lightning_modules.command_line.models.trials.tried_clip import TriedClip, tried_clip
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import RANDOM_WEIGHTS
from zsar.runtime.terminal import message_console, print_json, print_whole, result_console, say, styled, tracked

_RESULTS = {"yes": "ok", "partly": "ok, in part", "no": "refused", "failed": "FAILED"}
_STYLES = {"yes": "green", "partly": "yellow", "no": "dim", "failed": "red"}


def check_models(options: ModelsOptions) -> int:
    """Checks each architecture of `--check`.

    Args:
        options: The parsed command line.

    Returns:
        0; 1 if a method fails that does not refuse the model.

    Raises:
        ValueError: A model needs more memory than there is.
        BackboneError: A model cannot be built.
    """
    methods = options.chosen_methods
    found: dict[str, list[Support]] = {}
    for name in options.check:
        found[name] = _checked(name, methods, options)
        gc.collect()
    if options.printing.json:
        print_json({name: {one.method: _to_dict(one) for one in support} for name, support in found.items()})
    return int(any(one.status == "failed" for support in found.values() for one in support))


def _checked(name: str, methods: tuple[MethodName, ...], options: ModelsOptions) -> list[Support]:
    as_json = options.printing.json
    with torch.device("meta"):
        without_values = OpenClipBackbone(name, RANDOM_WEIGHTS)
    _check_memory(tried_clip(without_values, own_tokenizer=False), methods, options)
    torch.manual_seed(0)
    tried = tried_clip(OpenClipBackbone(name, RANDOM_WEIGHTS), own_tokenizer=True)
    if tried.missing_tokenizer:
        say(f"{name}: its tokenizer is not here, so a stand-in makes tokens ({tried.missing_tokenizer})", error=True)
    began, support, seconds = time.perf_counter(), [], []
    trials = tried_methods(tried, methods)
    for one in tracked(trials, "trying", console=message_console(), total=len(methods)):
        support.append(one)
        seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
    if not as_json:
        _print(name, support, seconds)
    return support


def _check_memory(without_values: TriedClip, methods: tuple[MethodName, ...], options: ModelsOptions) -> None:
    """Says the size of a model before it is built.

    Raises:
        ValueError: It needs more memory than there is, or than was allowed.
    """
    name, needed = without_values.backbone.architecture, needed_bytes(without_values, methods)
    n_parameters = sum(parameter.numel() for parameter in without_values.backbone.parameters())
    most = free_bytes() if options.max_memory is None else options.max_memory * 1e9
    say(f"{name}: {millions(n_parameters)} M parameters, about {shown_gb(needed)} of memory", error=True)
    if needed > most:
        what = "are free" if options.max_memory is None else "are allowed by --max_memory"
        raise ValueError(
            f"{name} with {', '.join(METHODS[method] for method in methods)} needs about {shown_gb(needed)} of memory, "
            f"but {shown_gb(most)} {what}; try methods that train no tower (--methods zero_shot --methods t2l), or a "
            "smaller architecture of its kind"
        )


def _print(name: str, support: list[Support], seconds: list[float]) -> None:
    table = Table("method", "result", "seconds", "reason", title=name)
    table.columns[2].justify = "right"
    for one, duration in zip(support, seconds, strict=True):
        table.add_row(
            METHODS[one.method], styled(_RESULTS[one.status], _STYLES[one.status]), f"{duration:.1f}", one.reason
        )
    print_whole(result_console(), table)


def _to_dict(support: Support) -> dict[str, str]:
    return {"result": support.status, "reason": support.reason}
