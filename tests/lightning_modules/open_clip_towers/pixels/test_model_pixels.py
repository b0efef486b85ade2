from collections import Counter

import pytest

from zsar.datamodules.choices.frame_statistics import FrameStatistics
from zsar.lightning_modules.open_clip_towers.pixels.frame_statistics import NAMED
from zsar.lightning_modules.open_clip_towers.pixels.model_pixels import ModelPixels, model_pixels
from zsar.lightning_modules.open_clip_towers.pixels.preprocess_configs import PreprocessConfig
from zsar.lightning_modules.open_clip_towers.pixels.stated_pixels import stated_pixels
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import open_clip_names
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

CLIPS = PreprocessConfig(NAMED["openai"], "shortest", "bicubic")
SIGLIPS = PreprocessConfig(NAMED["half"], "squash", "bicubic")
PES = PreprocessConfig(NAMED["half"], "squash", "bilinear")
NO_WAY = PreprocessConfig(NAMED["half"], "longest", "bilinear")


def test_what_all_state_is_taken() -> None:
    assert model_pixels({"a": CLIPS}, "m") == ModelPixels(NAMED["openai"], "bicubic", "crop")
    assert model_pixels({"a": SIGLIPS, "b": SIGLIPS}, "m") == ModelPixels(NAMED["half"], "bicubic", "squash")
    assert model_pixels({"a": PES}, "m").geometry == "squash"


def test_what_differs_must_be_said_and_the_error_names_the_choices() -> None:
    both = {"a": CLIPS, "b": SIGLIPS, "c": CLIPS}
    with pytest.raises(
        BackboneError,
        match="^m: what frames were normalized with is not known, because published .*"
        "differ: a, c with openai but b with half; say which with --frame_statistics openai or half "
        ".fit and test: --model.backbone.frame_statistics.$",
    ):
        model_pixels(both, "m")
    said = model_pixels(both, "m", frame_statistics="half")
    assert said.statistics == NAMED["half"]
    with pytest.raises(
        BackboneError,
        match="how frames became square .* a, c with crop but b with squash; say which "
        "with --frame_geometry crop or squash .fit and test: --model.backbone.frame_geometry.$",
    ):
        said.geometry  # noqa: B018 - raises
    assert model_pixels(both, "m", frame_statistics="half", frame_geometry="squash").geometry == "squash"


def test_what_nothing_states_must_be_said() -> None:
    with pytest.raises(
        BackboneError,
        match="neither published weights nor a preprocess_cfg .* say it with "
        "--frame_statistics openai or imagenet or half or zero_one and --frame_geometry squash or crop "
        ".fit and test: --model.backbone.frame_statistics.$",
    ):
        model_pixels({}, "m")
    said = model_pixels({}, "m", frame_statistics="zero_one")
    assert (said.statistics, said.resize_filter, said.known_geometry) == (NAMED["zero_one"], "bicubic", None)
    with pytest.raises(
        BackboneError, match="--frame_geometry squash or crop .fit and test: --model.backbone.frame_geometry.$"
    ):
        said.geometry  # noqa: B018 - raises
    assert model_pixels({}, "m", frame_statistics="half", frame_geometry="crop").geometry == "crop"


@pytest.mark.parametrize("name", NAMED)
def test_what_the_user_says_replaces_what_is_stated(name: FrameStatistics) -> None:
    said = model_pixels({"a": PES}, "m", frame_statistics=name, frame_geometry="crop")
    assert said == ModelPixels(NAMED[name], "bilinear", "crop")


def test_untrained_weights_are_fed_as_clips_where_nothing_is_known() -> None:
    for stated in ({}, {"a": CLIPS, "b": SIGLIPS}):
        assert model_pixels(stated, "m", is_random=True) == ModelPixels(NAMED["openai"], "bicubic", "crop")
    assert model_pixels({"a": PES}, "m", is_random=True) == ModelPixels(NAMED["half"], "bilinear", "squash")


def test_a_way_to_make_frames_square_that_there_is_not_is_named() -> None:
    pixels = model_pixels({"a": NO_WAY}, "m")
    assert (pixels.statistics, pixels.resize_filter) == (NAMED["half"], "bilinear")
    with pytest.raises(
        BackboneError,
        match="^m: .* the resize mode 'longest', which zsar does not have; choose --frame_geometry squash or crop "
        ".fit and test: --model.backbone.frame_geometry.$",
    ):
        pixels.geometry  # noqa: B018 - raises
    assert model_pixels({"a": NO_WAY}, "m", frame_geometry="squash").geometry == "squash"


def test_the_filter_is_that_of_the_geometry() -> None:
    mixed = {"a": CLIPS, "b": PES}
    filters = {
        geometry: model_pixels(mixed, "m", frame_statistics="half", frame_geometry=geometry).resize_filter
        for geometry in ("crop", "squash")
    }
    assert filters == {"crop": "bicubic", "squash": "bilinear"}


def test_a_weights_file_of_each_architecture_is_fed_as_its_published_weights_or_refused() -> None:
    """The families that open_clip publishes; an architecture of a new family must be looked at."""
    ways = Counter()
    for architecture in open_clip_names():
        stated = stated_pixels(architecture, architecture, "weights.pt")
        try:
            pixels = model_pixels(stated, architecture)
        except BackboneError:
            assert not stated or architecture == "ViT-L-14"
            continue
        assert all(config.statistics == pixels.statistics for config in stated.values())
        assert {config.resize_filter for config in stated.values()} == {pixels.resize_filter}
        if pixels.known_geometry is None:
            assert architecture in ("ViT-H-14", "ViT-H-14-quickgelu")
        family = "SigLIP" if "siglip" in architecture.lower() else architecture.split("-")[0]
        ways[family, str(pixels.statistics), pixels.known_geometry, pixels.resize_filter] += 1
    assert ways["SigLIP", "half", "squash", "bicubic"] == sum("siglip" in n.lower() for n in open_clip_names())
    assert ways["PE", "half", "squash", "bilinear"] == sum(n.startswith("PE-") for n in open_clip_names())
    assert {way[1:] for way in ways if way[0] == "MobileCLIP"} == {("zero_one", "crop", "bilinear")}
    assert {way[1:] for way in ways if way[0] in ("EVA02", "coca_ViT", "ViTamin")} == {("openai", "crop", "bicubic")}
