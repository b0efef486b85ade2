"""Architectures of tiny models with some settings of their towers changed."""

import json
from pathlib import Path

from zsar.lightning_modules.open_clip_towers.weights import open_clip_weights


def changed_config(path: Path, *, source: str = "tiny-clip", **changes: dict[str, object]) -> Path:
    """A tiny model with some settings of its towers changed, as a JSON config of its own."""
    architectures = Path(open_clip_weights.__file__).parent / "architectures"
    config = json.loads((architectures / f"{source}.json").read_text())
    for tower, settings in changes.items():
        config[tower].update(settings)
    path.write_text(json.dumps(config))
    return path
