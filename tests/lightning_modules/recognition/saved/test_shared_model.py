from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from tests.makers.models.every_recognizer import recognizer


def test_a_card_that_is_there_is_kept(tmp_path: Path, tiny_weights: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    recognizer("T2L", tiny_weights).save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_model_is_uploaded_whole(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uploaded: dict[str, Any] = {}

    class Api:
        def __init__(self, token: str | None = None) -> None:
            uploaded["token"] = token

        def create_repo(self, *, repo_id: str, private: bool | None, exist_ok: bool) -> Any:
            assert exist_ok
            return type("Url", (), {"repo_id": repo_id})

        def upload_folder(self, *, folder_path: Path, **options: Any) -> str:
            uploaded.update(options, files=sorted(path.name for path in folder_path.iterdir()))
            return "https://huggingface.co/org/name/commit/1"

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    address = recognizer("T2L", tiny_weights).push_to_hub("org/name", token="t", branch="b")
    assert address.endswith("commit/1")
    assert uploaded["files"] == ["README.md", "backbone.safetensors", "config.json", "model.safetensors"]
    assert (uploaded["repo_id"], uploaded["token"], uploaded["revision"]) == ("org/name", "t", "b")


def test_a_name_on_the_hub_needs_no_prefix(tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = recognizer("T2L", tiny_weights)
    folder = model.save_pretrained(tmp_path / "cache")
    asked: list[Any] = []
    monkeypatch.setattr(
        huggingface_hub, "snapshot_download", lambda name, **o: asked.append((name, o["revision"])) or str(folder)
    )
    type(model).from_pretrained("org/name", revision="v1")
    assert asked == [("org/name", "v1")]
