from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from tests.makers.models.every_recognizer import recognizer
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.recognition.saved.hub_folders import downloaded, uploaded
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError


@pytest.mark.parametrize(
    ("name", "revision"),
    [("hf-hub:org/name", None), ("hf-hub:org/name@v1", "v1"), ("hf-hub:o.r-g/n_1@refs/pr/3", "refs/pr/3")],
)
def test_a_model_of_the_hub_is_loaded_from_its_cache(
    name: str, revision: str | None, tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recognizer("T2L", tiny_weights).save_pretrained(tmp_path / "cache")
    asked: list[Any] = []

    def snapshot_download(repository: str, **options: Any) -> str:
        asked.append((repository, options["revision"]))
        assert not any(pattern.endswith((".py", "*")) for pattern in options["allow_patterns"])
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert type(load_recognizer(name)).__name__ == "T2L"
    assert asked == [(name.removeprefix("hf-hub:").partition("@")[0], revision)]


def test_without_a_network_one_line_says_what_to_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> str:
        raise OSError("no network\nis there")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(CheckpointError, match="https://huggingface.co/org/name, into: .*give its path") as raised:
        downloaded("hf-hub:org/name")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "name", ["hf-hub:", "hf-hub:name", "hf-hub:../../etc", "hf-hub:a/b/c", "hf-hub:a/b@", "hf-hub:a/b c"]
)
def test_a_malformed_name_is_not_asked_for(name: str) -> None:
    with pytest.raises(CheckpointError, match="write hf-hub:ORG/NAME"):
        downloaded(name)


def test_a_folder_is_uploaded_to_a_repository_that_is_made_if_need_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    class Api:
        def __init__(self, token: str | None = None) -> None:
            asked["token"] = token

        def create_repo(self, **options: Any) -> Any:
            asked["new"] = options
            return type("Url", (), {"repo_id": "me/name"})

        def upload_folder(self, **options: Any) -> str:
            asked["upload"] = options
            return "https://huggingface.co/me/name/commit/1"

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    assert uploaded(tmp_path, "name", private=True, token="t").endswith("commit/1")
    assert (asked["token"], asked["new"]) == ("t", {"repo_id": "name", "private": True, "exist_ok": True})
    assert asked["upload"]["repo_id"] == "me/name", "as the hub calls it"
    assert (asked["upload"]["folder_path"], asked["upload"]["revision"]) == (tmp_path, None)
