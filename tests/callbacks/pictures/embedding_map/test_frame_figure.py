"""The figure of paths of frames."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from zsar.callbacks.pictures.embedding_map.frame_content import FrameMapShown, FramePaths
from zsar.callbacks.pictures.embedding_map.frame_figure import draw_frames
from zsar.callbacks.pictures.embedding_map.numbers.frame_spread import FrameSpread
from zsar.callbacks.pictures.figures import save_figure


def map_of(
    n_videos: int = 3, n_frames: int = 4, *, models: tuple[str, ...] = ("tested model", "other")
) -> FrameMapShown:
    draws = np.random.default_rng(0)
    paths = [
        FramePaths(
            name,
            "PCA",
            FrameSpread(0.1, 0.2, 0.3, 0.4),
            *[list(scale * draws.normal(size=(n_videos, n_frames, 2)))] * 2,
        )
        for scale, name in zip((1, 5), models, strict=False)
    ]
    names = [f"class {i} <b>" for i in range(n_videos)]
    return FrameMapShown(
        "novel: frames", ["a line"], paths, True, [f"{n}.mp4" for n in names], names, ["class 0 <b>"] * n_videos
    )


def test_each_model_has_two_maps_with_the_path_of_each_video() -> None:
    figure = draw_frames(map_of())
    assert len(figure.axes) == 4
    for axes in figure.axes:
        assert [len(np.asarray(line.get_xdata())) for line in axes.lines] == [4, 4, 4]
        assert [text.get_text() for text in axes.texts] == ["1", "2", "3"]


def test_the_maps_of_both_models_have_one_scale_where_distances_have_a_meaning() -> None:
    above, _, other, _ = draw_frames(map_of()).axes
    assert np.ptp(above.get_xlim()) == pytest.approx(np.ptp(other.get_xlim()))


def test_the_legend_says_which_predictions_are_wrong() -> None:
    written = [text.get_text() for text in draw_frames(map_of()).texts]
    assert written.count("right") == 1
    assert written.count("predicted: class 0 <b>") == 2


@pytest.mark.slow
@pytest.mark.parametrize(("n_videos", "n_frames"), [(1, 1), (40, 8)])
def test_a_picture_of_one_and_of_many_videos_can_be_written(tmp_path: Path, n_videos: int, n_frames: int) -> None:
    figure = draw_frames(map_of(n_videos, n_frames, models=("tested model",)))
    picture = imread(save_figure(figure, tmp_path / "map.png", dots_per_inch=50))
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 20
