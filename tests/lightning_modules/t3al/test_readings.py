"""T3AL as published and as its authors' code: whole, on random features, against the two restatements."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor
from torch.nn import functional

from tests.makers.source_tree import ROOT
from tests.makers.videos.embedded_videos import class_text
from tests.reference import freezad
from tests.reference import t3al as paper
from tests.reference import t3al_authors as authors
from zsar.lightning_modules.localization.contract import Localization, UntrimmedFeatures
from zsar.lightning_modules.localization.frame_scoring import Projections
from zsar.lightning_modules.localization.stored.caption_files import SUFFIX, write_captions
from zsar.lightning_modules.localization.stored.video_captions import VideoCaptions
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_captions import CaptionSettings
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning, draw_selection
from zsar.lightning_modules.t3al.region_proposals import RegionProposals
from zsar.lightning_modules.t3al.t3al import T3AL
from zsar.lightning_modules.t3al.text_guided_suppression import TextGuidedSuppression
from zsar.runtime.seeds import derive_seed

W, V, D = 20, 14, 12
NAMES = tuple(f"action {i}" for i in range(5))
CAPTIONS = ("a man jumps", "a dog", "an empty street")
FPS = 25.0


class RandomT3AL(T3AL):
    """T3AL with random projections and a random vector for each text, all float64."""

    def __init__(self, seed: int, log_scale: float, **settings: Any) -> None:
        super().__init__(**settings)
        generator = torch.Generator().manual_seed(seed)
        visual, text = (torch.randn(n, D, generator=generator, dtype=torch.float64) / n**0.5 for n in (W, V))
        self._random = Projections(
            visual=visual, text=text, text_bias=None, log_scale=torch.tensor(log_scale, dtype=torch.float64)
        )

    @property
    def projections(self) -> Projections:
        return self._random if "_random" in self.__dict__ else super().projections

    def text_features(self, texts: Sequence[str], *, cut_anywhere: bool = False) -> Tensor:
        return torch.stack([vector_of(text) for text in texts])


def vector_of(text: str) -> Tensor:
    generator = torch.Generator().manual_seed(zlib.crc32(text.encode()))
    return torch.randn(V, generator=generator, dtype=torch.float64)


def features_of(n_frames: int, seed: int, *, slowness: int = 12) -> Tensor:
    """Features [N, W] that change slowly, around a mean."""
    generator = torch.Generator().manual_seed(seed)
    knots = torch.randn(1, W, max(n_frames // slowness, 2), generator=generator, dtype=torch.float64)
    slow = functional.interpolate(knots, n_frames, mode="linear")[0].T
    noise = torch.randn(n_frames, W, generator=generator, dtype=torch.float64)
    return slow + 0.3 * noise + torch.randn(W, generator=generator, dtype=torch.float64)


def captions_of(n_frames: int, every: int, seed: int) -> dict[int, str]:
    """The captioned frames and their captions, which change every 60 frames."""
    generator = torch.Generator().manual_seed(seed)
    blocks = torch.randint(len(CAPTIONS), (n_frames // 60 + 1,), generator=generator).tolist()
    return {i: CAPTIONS[blocks[i // 60]] for i in range(0, n_frames, every)}


def video_of(features: Tensor, captions: dict[int, str], folder: Path) -> UntrimmedFeatures:
    times = torch.arange(len(features), dtype=torch.float64) / FPS
    stored = VideoCaptions(times[list(captions)].numpy().astype(np.float64), tuple(captions.values()), source=None)
    write_captions(folder / f"v{SUFFIX}", stored)
    return UntrimmedFeatures("v", features, times, len(features) / FPS, captions_folder=folder)


def settings_of(config: str) -> dict[str, Any]:
    """The settings of a shipped model configuration, but for its backbone."""
    stated = yaml.safe_load((ROOT / "configs" / "model" / config).read_text())["init_args"]
    suppression = stated["suppression"]
    if suppression is not None:
        suppression["generation"] = CaptionSettings(**suppression["generation"])
    return {
        "tuning": ProjectionTuning(**stated["tuning"]),
        "suppression": None if suppression is None else TextGuidedSuppression(**suppression),
        "proposals": RegionProposals(**stated["proposals"]),
        "region_class": stated["region_class"],
        "segment_score": stated["segment_score"],
    }


@pytest.fixture
def made(tiny_weights: Path) -> Any:
    def model(seed: int, log_scale: float, **settings: Any) -> RandomT3AL:
        return RandomT3AL(seed, log_scale, backbone=ClipSettings("tiny-clip", str(tiny_weights)), **settings)

    return model


def parts(model: T3AL, features: Tensor, tuning: ProjectionTuning) -> dict[str, Any]:
    """What both restatements take."""
    own = model.projections
    prompts = [vector_of(f"a video of {name}")[None] for name in NAMES]

    def draws(label: int) -> Tensor:
        return draw_selection(tuning, derive_seed("t3al", 0, "v", NAMES[label]))

    model_parts = {"p_v": own.visual, "p_l": own.text, "bias": own.text_bias, "log_scale": own.log_scale}
    return {"f": features, "class_texts": prompts, **model_parts, "draws": draws}


def rows_of(localization: Localization) -> list[tuple[int, int, int, float, bool]]:
    found = [(d.segment, d.label, True) for d in localization.detections]
    found += [(d.segment, d.label, False) for d in localization.suppressed]
    rows = [(s.first_frame, s.last_frame, label, s.score, is_kept) for s, label, is_kept in found]
    return sorted(rows)


def assert_same(ours: list[tuple[int, int, int, float, bool]], expected: list[Any]) -> None:
    assert [(*row[:3], row[4]) for row in ours] == [(*row[:3], row[4]) for row in expected]
    assert [row[3] for row in ours] == pytest.approx([row[3] for row in expected], abs=1e-6)


PAPER, AUTHORS = settings_of("t3al.yaml"), settings_of("t3al_authors.yaml")
ACTIVITYNET, ACTIVITYNET_AUTHORS = settings_of("t3al_activitynet.yaml"), settings_of("t3al_activitynet_authors.yaml")
# Below 100 K frames, where the authors' pools are the same; below 200 K, where they overlap; above. K is 4.
LENGTHS = [300, 700, 1000]


@pytest.mark.parametrize("n_frames", LENGTHS)
@pytest.mark.parametrize("seed", [0, 1])
def test_thumos14_as_published(n_frames: int, seed: int, made: Any, tmp_path: Path) -> None:
    tuning = replace(PAPER["tuning"], learning_rate=3e-3)
    model = made(seed, math.log(8.0), **{**PAPER, "tuning": tuning})
    features, captions = features_of(n_frames, seed), captions_of(n_frames, 1, seed)
    ours = model.localize([video_of(features, captions, tmp_path)], [class_text(NAMES)])[0][0]
    expected = paper.localize(
        **parts(model, features, tuning),
        captions=[vector_of(captions[i]) for i in range(n_frames)],
        n_steps=50,
        n_selected=4,
        learning_rate=3e-3,
    )
    assert ours.n_steps > 5
    assert len(expected) > 1
    assert_same(rows_of(ours), expected)


@pytest.mark.parametrize("n_frames", LENGTHS)
@pytest.mark.parametrize("seed", [0, 1])
def test_thumos14_as_the_authors_do(n_frames: int, seed: int, made: Any, tmp_path: Path) -> None:
    tuning = replace(AUTHORS["tuning"], learning_rate=3e-3, visual_learning_rate=3e-6)
    model = made(seed, math.log(8.0), **{**AUTHORS, "tuning": tuning})
    # Every 90th frame leaves short segments without captions: these are dropped.
    features, captions = features_of(n_frames, seed), captions_of(n_frames, 90 if n_frames == 300 else 9, seed)
    ours = model.localize([video_of(features, captions, tmp_path)], [class_text(NAMES)])[0][0]
    expected = authors.localize(
        **parts(model, features, tuning),
        captions=[(i, vector_of(caption)) for i, caption in captions.items()],
        data_set=authors.THUMOS14,
        learning_rate=3e-3,
    )
    assert ours.n_steps == 60
    assert len(expected) > 1
    assert_same(rows_of(ours), expected)


def test_activitynet_as_published(made: Any, tmp_path: Path) -> None:
    tuning = replace(ACTIVITYNET["tuning"], learning_rate=3e-3)
    model = made(0, math.log(8.0), **{**ACTIVITYNET, "tuning": tuning})
    features, captions = features_of(1500, 0), captions_of(1500, 1, 0)
    ours = model.localize([video_of(features, captions, tmp_path)], [class_text(NAMES)])[0][0]
    expected = paper.localize(
        **parts(model, features, tuning),
        captions=[vector_of(captions[i]) for i in range(1500)],
        n_steps=25,
        n_selected=20,
        learning_rate=3e-3,
        background="none",
    )
    assert_same(rows_of(ours), expected)


def test_freezad_as_its_authors_do(made: Any, tmp_path: Path) -> None:
    """Label, curve, segments and scores; of small features, so that the actionness is not 1."""
    model = made(0, math.log(8.0), **settings_of("freezad.yaml"))
    features = 0.02 * features_of(400, 0, slowness=60)
    found = model.localize([video_of(features, {0: ""}, tmp_path)], [class_text(NAMES)])[0][0]
    own = model.projections
    texts = functional.normalize(torch.stack([vector_of(f"a video of {name}") for name in NAMES]) @ own.text, dim=1)
    label = int((texts @ (features @ own.visual).mean(dim=0)).argmax())
    raw, frames = freezad.raw_scores(features.numpy(), own.visual.numpy(), texts[label].numpy(), 8.0, removes_mean=True)
    segments = freezad.segments(freezad.moving_average(raw, 20), stride=20)
    assert [(d.segment.first_frame, d.segment.last_frame) for d in found.detections] == segments
    assert {d.label for d in found.detections} == {label}
    energies = [freezad.actionness(frames[a:b]) for a, b in segments]
    assert min(energies) < 0.99
    expected = [freezad.log_oic(raw, a, b) * energy for (a, b), energy in zip(segments, energies, strict=True)]
    assert [d.segment.score for d in found.detections] == pytest.approx(expected, abs=1e-9)
    assert len(segments) > 1


SHARE, NEAREST, BETA = {"votes": "all"}, {"without_captions": "nearest"}, {"similarity": 0.75}


# K is 20. In each case one or two rows of the page decide: with the paper's reading of them other segments are kept.
@pytest.mark.parametrize(
    ("n_frames", "seed", "every", "suppressed_by", "keeps_single_frames"),
    [(1500, 3, 40, BETA, False), (3000, 1, 40, SHARE, False), (4500, 3, 90, NEAREST, False), (4500, 3, 90, {}, True)],
)
def test_activitynet_as_the_authors_do(
    n_frames: int,
    seed: int,
    every: int,
    suppressed_by: dict[str, Any],
    keeps_single_frames: bool,
    made: Any,
    tmp_path: Path,
) -> None:
    tuning = replace(ACTIVITYNET_AUTHORS["tuning"], learning_rate=1e-3, visual_learning_rate=1e-6)
    settings = {**ACTIVITYNET_AUTHORS, "tuning": tuning}
    features, captions = features_of(n_frames, seed, slowness=300), captions_of(n_frames, every, seed)
    if n_frames == 4500:
        features[100] = features[4300]  # a single frame of the action, far from the others
    video = video_of(features, captions, tmp_path)
    ours = made(seed, math.log(1.6), **settings).localize([video], [class_text(NAMES)])[0][0]
    expected = authors.localize(
        **parts(made(seed, math.log(1.6), **settings), features, tuning),
        captions=[(i, vector_of(caption)) for i, caption in captions.items()],
        data_set=authors.ACTIVITYNET,
        learning_rate=1e-3,
    )
    assert ours.n_steps == 15
    assert len(expected) > 1
    assert_same(rows_of(ours), expected)
    settings["suppression"] = replace(settings["suppression"], **suppressed_by)
    settings["proposals"] = replace(settings["proposals"], keeps_single_frames=keeps_single_frames)
    read_otherwise = made(seed, math.log(1.6), **settings).localize([video], [class_text(NAMES)])[0][0]
    assert rows_of(read_otherwise) != rows_of(ours)


def test_the_readings_find_other_segments(made: Any, tmp_path: Path) -> None:
    features, captions = features_of(700, 0), captions_of(700, 9, 0)
    video = video_of(features, captions, tmp_path)
    published, as_the_authors = (
        rows_of(made(0, math.log(8.0), **settings).localize([video], [class_text(NAMES)])[0][0])
        for settings in (PAPER, AUTHORS)
    )
    assert [row[:2] for row in published] != [row[:2] for row in as_the_authors]
    assert {row[4] for row in published} == {True, False}  # suppression has something to decide
