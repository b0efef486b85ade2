"""ModelPixels: how the frames of a model are made and normalized, decided from what is stated and what the user says.

Weights that are given as a file do not say how their frames were made. They take what the published weights of their
architecture state. If these differ, or nothing is stated, the user must say it: a wrong guess costs accuracy, and
nothing would tell. Untrained ("random") weights then take CLIP's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar, get_args

from zsar.datamodules.choices.frame_pixels import ResizeFilter, StatedGeometry
from zsar.datamodules.choices.frame_statistics import FrameStatistics
from zsar.datamodules.choices.geometry import Geometry
from zsar.lightning_modules.open_clip_towers.pixels.frame_statistics import NAMED, Statistics
from zsar.lightning_modules.open_clip_towers.pixels.preprocess_configs import PreprocessConfig
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

_GEOMETRIES: Mapping[str, Geometry] = {"shortest": "crop", "squash": "squash"}  # by open_clip's resize mode
_MOST_TAGS = 3
_IN_EXPERIMENTS = " (fit and test: --model.backbone.{})"
V = TypeVar("V")


@dataclass(frozen=True)
class ModelPixels:
    """How the frames of a model are made and normalized.

    Attributes:
        statistics: Mean and standard deviation.
        resize_filter: How frames are resized.
        known_geometry: How they become square; None if that is not known.
        problem: Why it is not known, and what the user can do; empty if it is known.
    """

    statistics: Statistics
    resize_filter: ResizeFilter
    known_geometry: Geometry | None
    problem: str = ""

    @property
    def geometry(self) -> Geometry:
        """How frames become square.

        Raises:
            BackboneError: That is not known, or it is a way that zsar does not have.
        """
        if self.known_geometry is None:
            raise BackboneError(self.problem)
        return self.known_geometry


def model_pixels(
    stated: Mapping[str, PreprocessConfig],
    model: str,
    *,
    frame_statistics: FrameStatistics = "model",
    frame_geometry: StatedGeometry = "model",
    is_random: bool = False,
) -> ModelPixels:
    """Decides how the frames of a model are made.

    Args:
        stated: What is stated of them; see `stated_pixels`.
        model: Architecture and weights, for messages: "ViT-L-14 (weights.pt)".
        frame_statistics: What the user says; "model" for what is stated.
        frame_geometry: The same.
        is_random: Whether the weights are untrained: what is not known is CLIP's.

    Raises:
        BackboneError: The statistics are not known.
    """
    modes = _ways(stated, lambda config: config.resize_mode)
    if frame_statistics == "model":
        ways = _ways(stated, lambda config: config.statistics)
        if len(ways) != 1 and not is_random:
            names = [name for name in get_args(FrameStatistics) if name != "model"]
            problem = _unknown(model, ways, "what frames were normalized with", "frame_statistics", names)
            also = " and --frame_geometry squash or crop" if not modes and frame_geometry == "model" else ""
            raise BackboneError(problem + also + _IN_EXPERIMENTS.format("frame_statistics"))
        statistics = next(iter(ways)) if len(ways) == 1 else NAMED["openai"]
    else:
        statistics = NAMED[frame_statistics]
    if frame_geometry != "model":
        return ModelPixels(statistics, _filter(stated, frame_geometry), frame_geometry)
    return _of_modes(statistics, stated, modes, model, is_random=is_random)


def _of_modes(
    statistics: Statistics,
    stated: Mapping[str, PreprocessConfig],
    modes: Mapping[str, list[str]],
    model: str,
    *,
    is_random: bool,
) -> ModelPixels:
    """The pixels with the geometry that is stated."""
    if is_random and len(modes) != 1:
        return ModelPixels(statistics, _filter(stated, "crop"), "crop")
    if len(modes) != 1:
        shown = {_GEOMETRIES.get(mode, mode): tags for mode, tags in modes.items()}
        problem = _unknown(model, shown, "how frames became square", "frame_geometry", ["squash", "crop"])
        return ModelPixels(statistics, _filter(stated, None), None, problem + _IN_EXPERIMENTS.format("frame_geometry"))
    (mode,) = modes
    geometry = _GEOMETRIES.get(mode)
    if geometry is None:
        return ModelPixels(statistics, _filter(stated, None), None, _no_such_way(model, mode))
    return ModelPixels(statistics, _filter(stated, geometry), geometry)


def _ways(stated: Mapping[str, PreprocessConfig], of: Callable[[PreprocessConfig], V | None]) -> dict[V, list[str]]:
    """The different values that are stated, each with who states it."""
    ways: dict[V, list[str]] = {}
    for who, config in stated.items():
        if (value := of(config)) is not None:
            ways.setdefault(value, []).append(who)
    return ways


def _filter(stated: Mapping[str, PreprocessConfig], geometry: Geometry | None) -> ResizeFilter:
    """The filter that is stated with a geometry; bicubic, as everywhere in open_clip, if none or several are."""
    of_geometry = [c for c in stated.values() if geometry is None or _GEOMETRIES.get(c.resize_mode) == geometry]
    filters = {config.resize_filter for config in of_geometry or stated.values()}
    return next(iter(filters)) if len(filters) == 1 else "bicubic"


def _unknown(model: str, ways: Mapping[V, list[str]], what: str, option: str, choices: list[str]) -> str:
    if ways:
        differing = " but ".join(f"{_listed(tags)} with {way}" for way, tags in ways.items())
        return (
            f"{model}: {what} is not known, because published weights of this architecture differ: {differing}; say "
            f"which with --{option} {' or '.join(str(way) for way in ways)}"
        )
    return (
        f"{model}: {what} is not known, because neither published weights nor a preprocess_cfg in the model's config "
        f"state it; say it with --{option} {' or '.join(choices)}"
    )


def _listed(tags: list[str]) -> str:
    rest = len(tags) - _MOST_TAGS
    return ", ".join(tags[:_MOST_TAGS]) + (f" and {rest} more" if rest > 0 else "")


def _no_such_way(model: str, mode: str) -> str:
    return (
        f"{model}: its frames became square by the resize mode {mode!r}, which zsar does not have; choose "
        f"--frame_geometry squash or crop{_IN_EXPERIMENTS.format('frame_geometry')}"
    )
