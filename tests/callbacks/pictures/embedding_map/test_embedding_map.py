"""A test run with EmbeddingMap: every model, adapted, from stored embeddings, in several processes."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional

from tests.makers.command_line.more_processes import ZSAR, run_apart
from tests.makers.configs.odd_experiment import write_odd_experiment
from tests.makers.models.every_recognizer import RECOGNIZERS, recognizer
from tests.makers.results.map_runs import draw, numbers, small_data, tiny_model, tuning
from zsar.callbacks.pictures.embedding_map.embedding_map import EmbeddingMap, Sets
from zsar.callbacks.pictures.embedding_map.numbers.projection import Projection
from zsar.callbacks.pictures.embedding_map.numbers.separation import separation
from zsar.datamodules.settings import Split, Text
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.run_folders.picture_files import read_pictures

ROOT = Path(__file__).parents[4]


@pytest.mark.slow
def test_the_map_is_of_the_embeddings_that_the_model_scores(tmp_path: Path, video_tree: Path) -> None:
    module, model = small_data(video_tree), tiny_model()
    metrics = draw(tmp_path, module, EmbeddingMap(class_texts=True), model=model)
    folder = tmp_path / "pictures" / "embedding_map" / "test"
    assert {path.name for path in folder.iterdir()} == {
        *(f"videos_pca.{suffix}" for suffix in ("png", "json", "csv")),
        "videos.safetensors",
    }
    stored = load_file(folder / "videos.safetensors")
    clips = module.test_dataloader()[0].dataset
    with torch.no_grad():
        frames = model.embed_views(torch.stack([clips[row].frames for row in range(len(clips))]))
    expected = functional.normalize(frames.mean(dim=(1, 2)), dim=-1)
    torch.testing.assert_close(stored["embeddings"], expected, rtol=1e-4, atol=1e-5)
    content, names = numbers(tmp_path, "test", "videos_pca"), module.class_text("test")[0].names
    assert content["n_videos"] == len(clips) == len(content["points"])
    assert content["points"][3]["video"] == module.sets["test"].key(3)
    found = separation(stored["embeddings"].numpy(), stored["labels"].numpy(), names)
    assert content["separation"] == json.loads(json.dumps(found.to_dict()))
    assert [entry["class"] for entry in content["texts"]] == list(names)
    with (folder / "videos_pca.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["name"]: int(row["n"]) for row in rows} == {c.name: c.n for c in found.classes}
    (picture,) = read_pictures(tmp_path)
    assert (picture.kind, picture.stage, picture.set_name) == ("embedding_map", "test", "test")
    assert set(picture.files) == {"picture", "numbers", "table", "embeddings"}
    assert metrics == draw(tmp_path / "without", module, model=model)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECOGNIZERS)
def test_every_model_has_a_map(name: str, tmp_path: Path, video_tree: Path, tiny_weights: Path) -> None:
    model = recognizer(name, tiny_weights)
    draw(tmp_path, small_data(video_tree), EmbeddingMap(class_texts=True), model=model)
    content = numbers(tmp_path, "test", "videos_pca")
    assert np.isfinite([[point["x"], point["y"]] for point in content["points"]]).all()
    assert 0 <= content["separation"]["neighbour_accuracy"] <= 100


@pytest.mark.slow
def test_prompt_tuning_moves_no_video(tmp_path: Path, video_tree: Path) -> None:
    for name, callbacks in (("tuned", [tuning()]), ("untuned", [])):
        module = small_data(video_tree, n_further_views=2)
        draw(tmp_path / name, module, EmbeddingMap(), *callbacks, model=tiny_model())
    tuned, untuned = (numbers(tmp_path / name, "test", "videos_pca") for name in ("tuned", "untuned"))
    assert tuned["separation"]["within"] == pytest.approx(untuned["separation"]["within"], abs=1e-5)


@pytest.mark.slow
def test_maps_by_two_methods_lie_side_by_side_and_are_replaced_by_the_next_test(
    tmp_path: Path, video_tree: Path
) -> None:
    module = small_data(video_tree)
    draw(tmp_path, module, EmbeddingMap(), EmbeddingMap(projection=Projection("tsne")))
    stems = [Path(picture.files["picture"]).stem for picture in read_pictures(tmp_path)]
    assert stems == ["videos_pca", "videos_tsne"]
    draw(tmp_path, module, EmbeddingMap())
    assert [Path(p.files["picture"]).stem for p in read_pictures(tmp_path)] == ["videos_tsne", "videos_pca"]
    assert all((tmp_path / "pictures" / p.files["embeddings"]).is_file() for p in read_pictures(tmp_path))


@pytest.mark.slow
def test_base_and_novel_classes_are_on_two_maps_or_on_one(tmp_path: Path, video_tree: Path) -> None:
    module = small_data(video_tree, split=Split(protocol="base_to_novel"), text=Text(templates="video of {}"))
    draw(tmp_path / "apart", module, EmbeddingMap())
    assert [p.set_name for p in read_pictures(tmp_path / "apart")] == ["base", "novel"]
    draw(tmp_path / "together", module, EmbeddingMap(sets="together"))
    (picture,) = read_pictures(tmp_path / "together")
    assert (picture.set_name, picture.title.split(":")[0]) == ("all_sets", "base and novel")
    content = numbers(tmp_path / "together", "all_sets", "videos_pca")
    apart = {name: numbers(tmp_path / "apart", name, "videos_pca") for name in ("base", "novel")}
    assert content["separation_of_sets"] == {name: one["separation"] for name, one in apart.items()}
    assert content["n_videos"] == sum(one["n_videos"] for one in apart.values())
    assert content["separation"]["n_classes"] == 4
    assert {role for role in picture.files if "embeddings" in role} == {"embeddings_base", "embeddings_novel"}


@pytest.mark.slow
@pytest.mark.parametrize("tests", [("apart", "together"), ("together", "apart")])
def test_the_index_lists_all_files_of_a_map_also_after_another_test(
    tests: tuple[Sets, ...], tmp_path: Path, video_tree: Path
) -> None:
    """What is not listed is not removed by --overwrite, and what another test listed is removed."""
    module = small_data(video_tree, split=Split(protocol="base_to_novel"), text=Text(templates="video of {}"))
    for sets in tests:
        draw(tmp_path, module, EmbeddingMap(sets=sets))
    root = tmp_path / "pictures"
    listed = {name for picture in read_pictures(tmp_path) for name in picture.files.values()}
    written = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert written == {*listed, "index.json"}
    assert {name for name in listed if name.endswith(".safetensors")} == {
        f"embedding_map/{name}/videos.safetensors" for name in ("base", "novel")
    }


@pytest.mark.slow
def test_undecodable_videos_are_left_out_and_counted(tmp_path: Path, video_tree: Path) -> None:
    (video_tree / "red dance" / "1.mp4").write_bytes(b"broken")
    draw(tmp_path, small_data(video_tree), EmbeddingMap())
    content = numbers(tmp_path, "test", "videos_pca")
    assert (content["n_undecodable"], content["n_videos"]) == (1, len(content["points"]))
    assert "red dance/1.mp4" not in {point["video"] for point in content["points"]}


def test_too_few_videos_have_no_map_and_that_is_said(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (video_tree / "list.csv").write_text("path,label\nred dance/0.mp4,red dance\n")
    module = small_data(video_tree, test=video_tree / "list.csv")
    draw(tmp_path, module, EmbeddingMap(projection=Projection("tsne")))
    assert "no embedding map of test: t-SNE needs 4 decoded videos, not 1" in capsys.readouterr().out
    assert read_pictures(tmp_path) == []


@pytest.mark.slow
def test_stored_embeddings_and_several_processes_give_the_same_numbers(
    tmp_path: Path, video_tree: Path, tiny_weights: Path
) -> None:
    write_odd_experiment(tmp_path / "experiment.yaml", video_tree, tiny_weights)
    experiment = ["--config", str(tmp_path / "experiment.yaml")]
    assert main(["embed", *experiment, "--output", str(tmp_path / "stored"), "--dtype", "fp32", "--device", "cpu"]) == 0
    fragments = [f for name in ("embedding_map", "frame_map") for f in ("--config", f"visualization/{name}")]
    tested = ["test", *experiment, *fragments]
    assert main([*tested, "--run_dir", str(tmp_path / "one")]) == 0
    assert (
        main([*tested, "--data.embeddings", str(tmp_path / "stored"), "--run_dir", str(tmp_path / "from_stored")]) == 0
    )
    two = ["--trainer.devices", "2", "--trainer.strategy", "ddp", "--run_dir", str(tmp_path / "two")]
    run_apart([*ZSAR, *tested, *two])
    for stem in ("videos_pca", "frames_pca"):
        one = numbers(tmp_path / "one", "test", stem)
        for name in ("two", "from_stored"):
            other = numbers(tmp_path / name, "test", stem)
            assert other.keys() == one.keys()
            assert _leaves(other) == pytest.approx(_leaves(one), abs=2e-3), (stem, name)


def _leaves(content: object) -> list[float]:
    """All numbers in a JSON content, in order."""
    if isinstance(content, dict):
        return [leaf for value in content.values() for leaf in _leaves(value)]
    if isinstance(content, list):
        return [leaf for value in content for leaf in _leaves(value)]
    return [float(content)] if isinstance(content, int | float) else []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sets": "both"}, "sets must be one of apart, together; got 'both'"),
        ({"most_points": 0}, "most_points must be at least 1; got 0"),
        ({"projection": Projection("tsne"), "most_points": 3}, "most_points must be at least 4; got 3"),
    ],
)
def test_impossible_settings_are_errors(settings: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=message):
        EmbeddingMap(**settings)
