import json
from collections.abc import Callable
from dataclasses import asdict

import pytest
from jsonargparse import ArgumentParser

from zsar.datamodules.settings import Augmentation, Clips, Loading, Text
from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.multi_rate_views import MultiRateViews
from zsar.datamodules.views.transforms import TrainTransform


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (lambda: Clips(n_frames=0), "n_frames must be at least 1; got 0"),
        (lambda: Clips(n_test_clips=0), "n_test_clips must be at least 1; got 0"),
        (lambda: Clips(n_test_crops=0), "n_test_crops must be at least 1; got 0"),
        (lambda: Clips(image_size=0), "image_size must be at least 1; got 0"),
        (lambda: Clips(test_short_side_px=0), "test_short_side_px must be at least 1; got 0"),
        (lambda: Clips(geometry="pad"), "geometry must be one of model, crop, squash; got 'pad'"),  # type: ignore[arg-type]
        (lambda: Clips(resize_filter="box"), "resize_filter must be one of model, bilinear, bicubic; got 'box'"),  # type: ignore[arg-type]
        (lambda: Loading(batch_size=0), "batch_size must be at least 1; got 0"),
        (lambda: Loading(test_batch_size=-2), "test_batch_size must be at least 1; got -2"),
        (lambda: Loading(test_batch_size=0), "test_batch_size must be at least 1; got 0"),
        (lambda: Text(lead="a video of {}."), "lead is 'a video of {}.', but there are no text.descriptions"),
        (lambda: Text(names="described"), "names is described, .* but there are no text.descriptions; name a file"),
        (
            lambda: Text(names="described", descriptions="t.json", lead="{}:"),
            "names is described, .* but text.lead is '{}:'; leave out the lead",
        ),
        (lambda: Text(groups=["Scene"]), r"groups is \['Scene'\], but there are no text.descriptions to choose from"),
        (lambda: Text(descriptions="t.json", groups=[]), r"one or more of Scene, Actor, Body, each once; got \[\]"),
        (
            lambda: Clips(sampling="open_vclip", views=MultiRateViews()),
            "sampling is open_vclip, .* MultiRateViews take stretches at several rates; set sampling to t2l",
        ),
        (
            lambda: Clips(sampling="open_vclip", train_sampling="random_shared_ends"),
            "train_sampling is random_shared_ends, but of clips.sampling open_vclip there are no segments",
        ),
        (lambda: Loading(n_workers=-1), "n_workers must not be negative; got -1"),
    ],
)
def test_numbers_out_of_range_are_refused(settings: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings()


def test_every_augmentation_is_an_argument_of_the_transform() -> None:
    assert TrainTransform(32, **(asdict(Augmentation()) | {"flip": 0.5})).steps is not None


def parsed(*arguments: str) -> Clips:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--clips", type=Clips, default=Clips())
    return parser.instantiate(parser.parse_args(list(arguments))).clips


def test_views_are_chosen_on_the_command_line() -> None:
    assert parsed().views is None
    chosen = "--clips.views=zsar.datamodules.views.MultiRateViews"
    views = parsed(chosen, "--clips.views.init_args.n_samples=3", "--clips.views.rates=[1.0,0.2]").views
    assert isinstance(views, MultiRateViews)
    assert (views.n_samples, views.rates) == (3, (1.0, 0.2))
    assert parsed(chosen, "--clips.views=null").views is None


def test_views_are_written_in_a_configuration_as_a_result_describes_them() -> None:
    described = AugmentedViews(n_views=64, crop=True, flip=None, augmix="none").described()
    views = parsed(f"--clips={json.dumps({'views': described})}").views
    assert isinstance(views, AugmentedViews)
    assert views.described() == described
