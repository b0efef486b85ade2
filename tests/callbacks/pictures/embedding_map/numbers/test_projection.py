"""Projections: PCA beside a plain restatement, t-SNE seeded, and what each says of itself."""

import numpy as np
import pytest

from zsar.callbacks.pictures.embedding_map.numbers import projection
from zsar.callbacks.pictures.embedding_map.numbers.projection import Projection, principal_components, project

POINTS = np.random.default_rng(0).normal(size=(40, 7)) * np.array([5, 3, 1, 1, 1, 1, 1])


def test_points_on_a_line_are_placed_by_their_distance_along_it() -> None:
    placed = project(np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]), Projection(), seed=0)
    np.testing.assert_allclose(placed.points, [[-5, 0], [0, 0], [5, 0]], atol=1e-9)
    assert placed.numbers == {"method": "pca", "explained_variance": [1.0, 0.0]}
    assert placed.described == "PCA; the axes hold 100.0 % and 0.0 % of the variance"


def test_principal_components_are_those_of_a_singular_value_decomposition() -> None:
    _, values, rows = np.linalg.svd(POINTS - POINTS.mean(axis=0), full_matrices=False)
    _, axes, shares = principal_components(POINTS, 3)
    np.testing.assert_allclose(np.abs(axes.T), np.abs(rows[:3]), atol=1e-9)
    np.testing.assert_allclose(shares, values[:3] ** 2 / (values**2).sum())


def test_each_component_points_to_its_largest_entry() -> None:
    _, axes, _ = principal_components(POINTS, 5)
    _, of_flipped, _ = principal_components(-POINTS, 5)
    assert (axes[np.abs(axes).argmax(axis=0), np.arange(5)] > 0).all()
    np.testing.assert_allclose(axes, of_flipped, atol=1e-9)


def test_further_points_do_not_move_the_axes() -> None:
    alone, both = project(POINTS, Projection(), seed=0), project(POINTS, Projection(), seed=0, further=100 + POINTS[:3])
    np.testing.assert_allclose(alone.points, both.points)
    assert (len(alone.further), both.further.shape) == (0, (3, 2))
    mean, axes, _ = principal_components(POINTS, 2)
    np.testing.assert_allclose(both.further, (100 + POINTS[:3] - mean) @ axes)


@pytest.mark.parametrize("points", [np.ones((1, 5)), np.ones((6, 5)), np.ones((3, 1))])
def test_equal_points_and_a_single_axis_have_a_map(points: np.ndarray) -> None:
    placed = project(points, Projection(), seed=0)
    np.testing.assert_allclose(placed.points, np.zeros((len(points), 2)), atol=1e-9)
    assert placed.numbers["explained_variance"] == [0.0, 0.0]


def test_t_sne_keeps_two_groups_apart_and_repeats() -> None:
    groups = np.concatenate([POINTS, POINTS + 100])
    first, again = (project(groups, Projection("tsne", 10), seed=3).points for _ in range(2))
    np.testing.assert_array_equal(first, again)
    distances = np.linalg.norm(first[:, None] - first[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert ((distances.argmin(axis=1) < 40) == (np.arange(80) < 40)).all()


def test_a_perplexity_above_a_third_of_the_points_is_reduced_and_said() -> None:
    placed = project(POINTS[:10], Projection("tsne"), seed=1)
    assert placed.numbers == {"method": "tsne", "perplexity": 3.0, "seed": 1}
    assert placed.described.startswith("t-SNE, perplexity 3, a third of the points, instead of 30")
    assert "instead" not in project(POINTS, Projection("tsne", 5), seed=1).described


def test_t_sne_places_equal_points_and_many_dimensions() -> None:
    assert np.isfinite(project(np.ones((6, 3)), Projection("tsne"), seed=0).points).all()
    wide = np.random.default_rng(0).normal(size=(20, 80))
    placed = project(wide, Projection("tsne"), seed=0, further=wide[:2])
    assert (placed.points.shape, placed.further.shape) == ((20, 2), (2, 2))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "umap"}, "method must be one of pca, tsne; got 'umap'"),
        ({"perplexity": 5.0}, "perplexity 5 is for method tsne, not pca; leave it null"),
        ({"method": "tsne", "perplexity": 0.0}, "perplexity must be at least 1 and finite; got 0"),
        ({"method": "tsne", "perplexity": float("nan")}, "perplexity must be at least 1 and finite; got nan"),
    ],
)
def test_impossible_settings_are_errors(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Projection(**settings)


def test_too_few_points_are_an_error() -> None:
    with pytest.raises(ValueError, match="a map by t-SNE needs 4 points; got 3"):
        project(POINTS[:3], Projection("tsne"), seed=0)


def test_missing_scikit_learn_is_said_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "find_spec", lambda name: None)
    Projection().check_installed()
    with pytest.raises(ValueError, match=r"run `pip install 'zsar\[pictures\]'`, or set projection.method to pca"):
        Projection("tsne").check_installed()
