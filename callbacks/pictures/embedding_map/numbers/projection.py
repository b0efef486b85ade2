"""Projects embeddings to two dimensions: principal components, or t-SNE by scikit-learn (extra `pictures`).

The principal components are the eigenvectors of the covariance of the points, in fp64. Their signs are free; here the
entry of largest magnitude of each is positive, which makes a map the same on every machine. t-SNE starts from the
principal components and is seeded; more than 50 dimensions are reduced to 50 principal components first, as
scikit-learn recommends.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zsar.runtime.choices import check_choices

_PERPLEXITY = 30.0
_FEWEST_FOR_TSNE = 4
_DIMENSIONS_FOR_TSNE = 50


@dataclass(frozen=True)
class Projection:
    """How a map is made.

    Attributes:
        method: "pca", fast and the same in every run; or "tsne", which shows small groups and needs scikit-learn.
        perplexity: t-SNE's approximate number of neighbours; null for 30. At most a third of the points is used.
    """

    method: Literal["pca", "tsne"] = "pca"
    perplexity: float | None = None

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            ValueError: An unknown method; a perplexity that is below 1, or with another method than t-SNE.
        """
        check_choices(self)
        if self.perplexity is not None and self.method != "tsne":
            raise ValueError(f"perplexity {self.perplexity:g} is for method tsne, not {self.method}; leave it null")
        if self.perplexity is not None and not 1 <= self.perplexity < np.inf:
            raise ValueError(f"perplexity must be at least 1 and finite; got {self.perplexity:g}")

    @property
    def name(self) -> str:
        """The method as written in text."""
        return "t-SNE" if self.method == "tsne" else "PCA"

    @property
    def fewest_points(self) -> int:
        """The number of points that a map needs."""
        return _FEWEST_FOR_TSNE if self.method == "tsne" else 1

    def check_installed(self) -> None:
        """Checks that scikit-learn is there if t-SNE needs it, before any video is decoded.

        Raises:
            ValueError: It is not; the message says how to install it.
        """
        if self.method == "tsne" and find_spec("sklearn") is None:
            raise ValueError(
                "method tsne needs scikit-learn, which is not installed; run `pip install 'zsar[pictures]'`, or set "
                "projection.method to pca"
            )


@dataclass(frozen=True)
class Projected:
    """Points of a map.

    Attributes:
        points: float64 [N, 2].
        further: float64 [M, 2], the further points.
        described: The method and what it kept, in one line.
        numbers: The same for a JSON file: `explained_variance` (the shares of both axes) of PCA, `perplexity` and
            `seed` of t-SNE.
    """

    points: NDArray[np.float64]
    further: NDArray[np.float64]
    described: str
    numbers: dict[str, Any]


def project(
    embeddings: NDArray[np.floating[Any]],
    projection: Projection,
    *,
    seed: int,
    further: NDArray[np.floating[Any]] | None = None,
) -> Projected:
    """Projects embeddings.

    Args:
        embeddings: [N, D].
        projection: The method.
        seed: Seed of t-SNE.
        further: [M, D], points to place on the same map. The axes of PCA are those of `embeddings` alone; t-SNE, which
            has no axes, arranges both together.

    Returns:
        The points.

    Raises:
        ValueError: Fewer points than `Projection.fewest_points`.
    """
    points = np.asarray(embeddings, dtype=np.float64)
    beside = np.empty((0, points.shape[1])) if further is None else np.asarray(further, dtype=np.float64)
    if len(points) < projection.fewest_points:
        raise ValueError(f"a map by {projection.name} needs {projection.fewest_points} points; got {len(points)}")
    if projection.method == "tsne":
        return _tsne(points, beside, perplexity=projection.perplexity or _PERPLEXITY, seed=seed)
    mean, axes, shares = principal_components(points, 2)
    first, second = (round(float(share), 6) for share in shares)
    described = f"PCA; the axes hold {100 * first:.1f} % and {100 * second:.1f} % of the variance"
    numbers = {"method": "pca", "explained_variance": [first, second]}
    return Projected((points - mean) @ axes, (beside - mean) @ axes, described, numbers)


def principal_components(
    points: NDArray[np.float64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The first principal components.

    Args:
        points: [N, D], N at least 1.
        n: Number of components; those beyond D are zero.

    Returns:
        The mean [D], the components as columns [D, n], and the share of the variance along each, [n], which is 0 if all
        points are equal.
    """
    mean = points.mean(axis=0)
    centred = points - mean
    variances, vectors = np.linalg.eigh(centred.T @ centred / len(points))
    variances, vectors = np.clip(variances[::-1][:n], 0, None), vectors[:, ::-1][:, :n]
    largest = np.abs(vectors).argmax(axis=0)
    vectors = vectors * np.where(vectors[largest, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)
    total = float((centred**2).sum() / len(points))
    missing = n - vectors.shape[1]
    shares = variances / total if total > 0 else np.zeros_like(variances)
    return mean, np.pad(vectors, ((0, 0), (0, missing))), np.pad(shares, (0, missing))


def _tsne(points: NDArray[np.float64], further: NDArray[np.float64], *, perplexity: float, seed: int) -> Projected:
    from sklearn.manifold import TSNE

    every = np.concatenate([points, further])
    used = min(perplexity, (len(every) - 1) / 3)
    if every.shape[1] > _DIMENSIONS_FOR_TSNE:
        mean, axes, _ = principal_components(every, _DIMENSIONS_FOR_TSNE)
        every = (every - mean) @ axes
    is_flat = not every.std(axis=0).any()  # PCA's start divides by the spread
    start = "random" if is_flat else "pca"
    placed = TSNE(perplexity=used, init=start, random_state=seed).fit_transform(every).astype(np.float64)
    reduced = f", a third of the points, instead of {perplexity:g}" if used < perplexity else ""
    described = f"t-SNE, perplexity {used:.3g}{reduced}; distances between groups mean nothing"
    numbers = {"method": "tsne", "perplexity": round(used, 6), "seed": seed}
    return Projected(placed[: len(points)], placed[len(points) :], described, numbers)
