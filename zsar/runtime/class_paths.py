"""Import paths of classes, as configurations, checkpoints and results name them."""

from __future__ import annotations

import sys


def class_path(class_: type) -> str:
    """The shortest path that leads to a class, as jsonargparse writes it into configurations.

    Args:
        class_: A class. Where a package above its module offers it, that package is named, so that a class keeps
            its path when its file moves within the package.

    Returns:
        "zsar.lightning_modules.t2l.T2L" for the class in `zsar/lightning_modules/t2l/t2l.py`.
    """
    parts = class_.__module__.split(".")
    packages = (".".join(parts[:n]) for n in range(1, len(parts)))
    offered_by = (name for name in packages if getattr(sys.modules.get(name), class_.__qualname__, None) is class_)
    return f"{next(offered_by, class_.__module__)}.{class_.__qualname__}"
