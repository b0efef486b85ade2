"""Paths of frames: numbers of each video and model, and one scale."""

import numpy as np
import pytest

from zsar.callbacks.pictures.embedding_map.frame_content import ShownFrames, frame_content
from zsar.callbacks.pictures.embedding_map.numbers.frame_spread import frame_spread, mean_spread
from zsar.callbacks.pictures.embedding_map.numbers.projection import Projection

DRAWS = np.random.default_rng(0)


def frames_of(n: int = 3, n_frames: int = 5) -> ShownFrames:
    still = [np.ones((2, n_frames, 8)) * (i + 1) + 0.01 * DRAWS.normal(size=(2, n_frames, 8)) for i in range(n)]
    moving = [np.ones((2, n_frames, 8)) * (i + 1) + DRAWS.normal(size=(2, n_frames, 8)) for i in range(n)]
    names = [f"class {i}" for i in range(n)]
    models = {"tested model": [f.astype(np.float32) for f in moving], "still": [f.astype(np.float32) for f in still]}
    return ShownFrames("novel", [f"v{i}.mp4" for i in range(n)], names, [*names[:-1], "other"], models)


def test_each_video_has_its_numbers_and_its_path_by_each_model() -> None:
    shown, spreads = frames_of(), [frame_spread(f) for f in frames_of().frames["tested model"]]
    content = frame_content(shown, Projection(), seed=0, all_videos=spreads)
    tested, still = content.numbers["models"]
    assert [(m["model"], len(m["videos"])) for m in (tested, still)] == [("tested model", 3), ("still", 3)]
    for i, video in enumerate(tested["videos"]):
        assert {k: video[k] for k in ("step", "spread", "variance", "difference")} == frame_spread(
            shown.frames["tested model"][i]
        ).to_dict()
        assert (np.shape(video["path"]), np.shape(video["motion"])) == ((5, 2), (5, 2))
        np.testing.assert_allclose(np.mean(video["motion"], axis=0), 0, atol=1e-4)
    assert tested["videos"][2]["predicted"] == "other"
    assert tested["mean_of_shown_videos"]["spread"] > 10 * still["mean_of_shown_videos"]["spread"]
    assert content.numbers["mean_of_all_videos"] == mean_spread(spreads).to_dict()
    assert content.shown.title == "novel: 5 frames of each of 3 videos, by PCA"


def test_t_sne_has_no_scale_to_share_but_shows_motion_by_pca() -> None:
    content = frame_content(frames_of(), Projection("tsne"), seed=0, all_videos=[frame_spread(np.ones((1, 2, 3)))])
    assert not content.shown.same_scale
    assert content.shown.models[0].described.startswith("t-SNE")
    assert content.shown.title.endswith("by t-SNE")


@pytest.mark.parametrize(
    ("n", "n_frames", "title"),
    [(1, 4, "novel: 4 frames of 1 video"), (2, 1, "novel: 1 frame of each of 2 videos, by PCA")],
)
def test_one_video_and_one_frame_have_a_map(n: int, n_frames: int, title: str) -> None:
    shown = frames_of(n, n_frames)
    content = frame_content(shown, Projection(), seed=0, all_videos=[frame_spread(shown.frames["still"][0])])
    assert content.shown.title.startswith(title)
    assert "nan" not in content.alt
