"""The settings of memories of test videos as their authors' code has them: what is not named in a run's method.

TDA's alpha and beta are those of its ImageNet experiments; for other data sets the code has others, which were chosen
on their test sets. DMN's weight is ours: the authors search it on the labels of each test set.
"""

from __future__ import annotations

_TDA = {
    "capacity": "3",
    "alpha": "2.0",
    "beta": "5.0",
    "negative_capacity": "2",
    "negative_alpha": "0.117",
    "negative_beta": "1.0",
    "entropy_window": "0.2, 0.5",
    "mask": "0.03, 1.0",
    "confident_share": "0.1",
}
_DMN = {"capacity": "50", "beta": "5.5", "weight": "1.0", "confident_share": "0.1"}
MEMORIES: dict[str, dict[str | None, dict[str, str]]] = {
    **{name: {None: _TDA} for name in ("TDA", "TDA (stream)")},
    **{name: {None: _DMN} for name in ("DMN", "DMN (stream)")},
}
"""Method -> variant -> settings as texts; the name says a stream, so that it never stands beside two passes unsaid."""
