"""FrameNorms: lengths of projected frames, computed again only where the choice of frames depends on them.

A cosine needs |(f_i - m) P_v|, and P_v changes in each step: projecting all frames for that would be nearly all of an
adaptation's cost. When P_v moves by the distance d (Frobenius norm), the length of a frame changes by at most
|f_i - m| d. So each length is kept with a bound on its error, scores become intervals, and only the frames whose
interval leaves open whether they are among the best or worst ones are projected again. The choice is exact.
"""

from __future__ import annotations

from copy import copy

import torch
from torch import Tensor

from zsar.lightning_modules.localization.frame_scoring import FRAMES_AT_ONCE, projected_lengths
from zsar.lightning_modules.t3al.frame_selection import Pools, pool_sizes

_MARGIN = 1.001  # for rounding in the bounds


class FrameNorms:
    """The lengths of one video's projected frames while the projection is adapted.

    Attributes:
        n_projected: Number of frames projected so far, also repeatedly.
    """

    def __init__(self, features: Tensor, background: Tensor, visual: Tensor) -> None:
        """Projects all frames once.

        Args:
            features: [N, W].
            background: What is subtracted from them, [W].
            visual: P_v, [W, D].
        """
        self._features, self._background = features, background
        self._lengths = projected_lengths(features, background, visual)
        self._sizes = torch.cat([(chunk - background).norm(dim=1) for chunk in features.split(FRAMES_AT_ONCE)])
        self._errors = torch.zeros_like(self._lengths)
        self.n_projected = len(features)

    def copied(self) -> FrameNorms:
        """The same lengths for another adaptation to the same video, without projecting a frame."""
        other = copy(self)
        other._lengths, other._errors, other.n_projected = self._lengths.clone(), self._errors.clone(), 0
        return other

    def moved(self, distance: Tensor) -> None:
        """Notes an update of P_v.

        Args:
            distance: Frobenius norm of its change, a scalar.
        """
        self._errors += _MARGIN * distance * self._sizes

    def scores(
        self, products: Tensor, visual: Tensor, n_selected: int, inside: Tensor | None = None, *, rule: Pools = "halves"
    ) -> Tensor:
        """Cosines whose order decides the pools as exact ones would.

        Args:
            products: `frame_products` of the current P_v, [N].
            visual: The current P_v, [W, D].
            n_selected: K of `frame_selection.pools`.
            inside: `inside` of `frame_selection.pools`.
            rule: `rule` of `frame_selection.pools`.

        Returns:
            [N], exact for each frame on whose score a pool depends.
        """
        while True:
            scores = products / self._lengths.clamp_min(1e-12)
            lowest, highest = self._bounds(products)
            is_open = torch.zeros_like(scores, dtype=torch.bool)
            for members, n, sign in pool_sizes(len(scores), n_selected, inside, rule=rule):
                low, high = (lowest, highest) if sign > 0 else (-highest, -lowest)
                is_open |= _undecided(low, high, members, n)
            again = (is_open & (self._errors > 0)).nonzero()[:, 0]
            if not len(again):
                return scores
            self._lengths[again] = projected_lengths(self._features[again], self._background, visual)
            self._errors[again] = 0
            self.n_projected += len(again)

    def _bounds(self, products: Tensor) -> tuple[Tensor, Tensor]:
        """The lowest and the highest cosine that each frame may have."""
        shortest = (self._lengths - self._errors).clamp_min(0)
        longest = self._lengths + self._errors
        far, near = products / shortest.clamp_min(1e-12), products / longest.clamp_min(1e-12)
        far = torch.where(shortest > 0, far, products.sign() * float("inf"))
        far = torch.where(products == 0, 0, far)
        return torch.minimum(near, far), torch.maximum(near, far)


def _undecided(lowest: Tensor, highest: Tensor, members: Tensor | None, n: int) -> Tensor:
    """Which frames may or may not be among the n best.

    Args:
        lowest: Lower bounds of their scores, [N].
        highest: Upper bounds, [N].
        members: Frames that compete, bool [N]; None for all.
        n: How many are taken; at most as many as compete.

    Returns:
        bool [N].
    """
    if members is not None:
        lowest, highest = (bound.masked_fill(~members, -float("inf")) for bound in (lowest, highest))
    n_members = len(lowest) if members is None else int(members.sum())
    if n >= n_members:
        return torch.zeros_like(lowest, dtype=torch.bool)
    surely_out = highest < lowest.topk(n).values[-1]
    surely_in = lowest > highest.topk(n + 1).values[-1]
    undecided = ~(surely_out | surely_in)
    return undecided if members is None else undecided & members
