"""The search that options request: names checked first, and each option in its place."""

from pathlib import Path
from typing import Any

import pytest

from tests.makers.models.saved_models import saved, small_t2l
from zsar.api.extraction.embedding_extraction import EmbeddingExtraction
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.command_line.localize.localize_options import COMMAND, LocalizeOptions
from zsar.lightning_modules.command_line.localize.requested_search import requested_names, requested_search
from zsar.lightning_modules.t2l import T2L
from zsar.lightning_modules.t3al.t3al import T3AL


@pytest.fixture
def parsed(tiny_weights: Path) -> Any:
    def parsing(*arguments: object) -> LocalizeOptions:
        fixed = ("--architecture", "tiny-clip", "--weights", tiny_weights, "--device", "cpu")
        chosen = arguments if "--checkpoint" in arguments else (*fixed, *arguments)
        return COMMAND.parse(["video.mp4", *map(str, chosen)])

    return parsing


def test_options_reach_the_search(parsed: Any, tmp_path: Path) -> None:
    options = parsed(
        *("--classes", "a, b", "--steps", 3, "--seed", 4, "--smooth-seconds", 0.5, "--stride", 2, "--geometry", "crop"),
        *("--batch-size", 7, "--n-workers", 0, "--on-damage", "accept", "--captions", tmp_path),
    )
    text = requested_names(options)
    search = requested_search(options, text)
    model = search.ready.localizer
    assert isinstance(model, T3AL)
    assert (model.tuning.n_steps, search.ready.smooth_seconds, search.seed, search.captions) == (3, 0.5, 4, tmp_path)
    features = search.features
    assert (features.stride, features.geometry, features.batch_size) == (FrameStride(frames=2), "crop", 7)
    assert (features.n_workers, features.on_damage, features.dtype) == (0, "accept", "fp16")
    assert search.text is text


def test_a_checkpoint_localizes_by_the_embeddings_of_its_model(parsed: Any, tmp_path: Path, tiny_weights: Path) -> None:
    t2l_checkpoint = saved(small_t2l(tiny_weights), tmp_path)
    options = parsed("--classes", "a, b", "--checkpoint", t2l_checkpoint, "--device", "cpu")
    search = requested_search(options, requested_names(options))
    assert isinstance(search.features, EmbeddingExtraction)
    assert isinstance(search.ready.recognizer, T2L)
    assert search.ready.weights == str(t2l_checkpoint)
    assert search.text.prompts == (("a video of a.",), ("a video of b.",))  # as in training


def test_a_method_that_cannot_use_a_checkpoint_says_so(parsed: Any, tmp_path: Path, tiny_weights: Path) -> None:
    t2l_checkpoint = saved(small_t2l(tiny_weights), tmp_path)
    options = parsed("--classes", "a, b", "--checkpoint", t2l_checkpoint, "--method", "t3al")
    with pytest.raises(ValueError, match="t3al adapts the projections of CLIP itself, so it cannot use a trained T2L"):
        requested_search(options, requested_names(options))


def test_there_are_as_many_names_as_the_method_needs(parsed: Any) -> None:
    assert requested_names(parsed("--classes", "a")).names == ("a",)
    for chosen in (("--method", "frame-wise"), ("--checkpoint", "c.ckpt")):
        with pytest.raises(ValueError, match="--method frame-wise needs at least 2 class names, as each frame is"):
            requested_names(parsed("--classes", "a", *chosen))
