"""One embedding for each video of a set in a safetensors file, as `EmbeddingMap` writes them.

Tensors: `embeddings` float32 [N, D], L2-normalized; `rows` int64 [N], the row of each video in its set; `labels` int64
[N], 0-based. The header holds as JSON the names of the set, the classes and the videos.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from zsar.runtime.files.whole_files import whole_file

FORMAT = "zsar video embeddings"
FORMAT_VERSION = 1


def write_video_embeddings(
    path: Path,
    embeddings: Tensor,
    *,
    rows: Tensor,
    labels: Tensor,
    set_name: str,
    class_names: Sequence[str],
    videos: Sequence[str],
) -> Path:
    """Writes a file atomically: a killed run leaves no partial file.

    Args:
        path: The file; its folder is created; an existing file is replaced.
        embeddings: float32 [N, D].
        rows: int64 [N].
        labels: int64 [N].
        set_name: The set.
        class_names: The C class names.
        videos: The N names of the videos.

    Returns:
        The path.
    """
    tensors = {"embeddings": embeddings.contiguous(), "rows": rows.contiguous(), "labels": labels.contiguous()}
    header = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "set": set_name,
        "classes": json.dumps(list(class_names)),
        "videos": json.dumps(list(videos)),
    }
    with whole_file(path) as unfinished:
        unfinished.write_bytes(save(tensors, metadata=header))
    return path
