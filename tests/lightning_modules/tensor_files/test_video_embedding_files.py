"""Files of one embedding for each video, read by safetensors alone."""

import json
from pathlib import Path

import torch
from safetensors import safe_open

from zsar.lightning_modules.tensor_files.video_embedding_files import write_video_embeddings


def test_embeddings_and_what_they_are_of_are_read_back(tmp_path: Path) -> None:
    embeddings, rows, labels = torch.randn(3, 4), torch.tensor([0, 2, 5]), torch.tensor([1, 0, 1])
    path = write_video_embeddings(
        tmp_path / "of" / "videos.safetensors",
        embeddings,
        rows=rows,
        labels=labels,
        set_name="novel",
        class_names=["run", "跑步"],
        videos=["a.mp4", "b.mp4", "c d.mp4"],
    )
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
        torch.testing.assert_close(file.get_tensor("embeddings"), embeddings)
        torch.testing.assert_close(file.get_tensor("rows"), rows)
        torch.testing.assert_close(file.get_tensor("labels"), labels)
    assert (header["format"], header["format_version"], header["set"]) == ("zsar video embeddings", "1", "novel")
    assert json.loads(header["classes"]) == ["run", "跑步"]
    assert json.loads(header["videos"]) == ["a.mp4", "b.mp4", "c d.mp4"]
    assert list(tmp_path.rglob("*")) == [path.parent, path]
