import json
from pathlib import Path
from typing import Any

import av
import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.demos.boring_classes import BoringModel
from matplotlib.image import imread

from tests.makers.models.every_recognizer import RECOGNIZERS, recognizer
from tests.makers.models.saved_models import saved
from tests.makers.models.timm_towers import timm_config
from tests.makers.results.map_runs import draw, small_data, tuning
from zsar.callbacks.pictures.attention import attention_maps
from zsar.callbacks.pictures.attention.attention_maps import AttentionMaps
from zsar.callbacks.pictures.chosen_videos import VideoChoice
from zsar.callbacks.pictures.embedding_map.embedding_map import EmbeddingMap
from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.tower_hash import tower_record
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.run_folders.picture_files import read_pictures
from zsar.lightning_modules.t2l import T2L
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError

ONE = VideoChoice(videos=["red dance/3.mp4"])


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "weights.pt"
    torch.save(OpenClipBackbone("tiny-clip", "random").clip.state_dict(), path)
    return path


def data(video_tree: Path, *, image_size: int = 32, n_test_clips: int = 1) -> VideoFolder:
    return VideoFolder(
        train=video_tree,
        test=video_tree,
        loading=Loading(4, n_workers=0, on_decode_error="count_as_wrong"),
        clips=Clips(n_frames=4, image_size=image_size, n_test_clips=n_test_clips),
    )


def run(
    folder: Path, model: Any, module: VideoFolder, callback: AttentionMaps | None, **arguments: Any
) -> dict[str, float]:
    settings: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    callbacks = [] if callback is None else [callback]
    trainer = Trainer(accelerator="cpu", default_root_dir=folder, callbacks=callbacks, **{**settings, **arguments})
    trainer.test(model, datamodule=module, verbose=False)
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def content_of(folder: Path) -> dict[str, Any]:
    """The numbers of the only video."""
    (path,) = [p for p in (folder / "pictures" / "attention" / "test").glob("*.json") if "_frames_" not in p.name]
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def assert_whole(model: dict[str, Any], *, n_maps: int, n_views: int = 1) -> None:
    """All shares of each frame sum to 1, or to 0 without relevance; so does attention, but what neighbours share."""
    has_neighbours = "maps_of" in model
    assert len(model["maps"]) == n_maps
    for one in model["maps"]:
        assert len(one["views"]) == n_views
        for view in one["views"]:
            patches = torch.tensor(view["patches"])
            assert patches.shape == (4, *model["tokens"]["grid"])
            others = [f"{name}_share" for name in ("class_token", "register", "temporal_token")]
            total = patches.sum(dim=(1, 2)) + torch.tensor([view[name] for name in others]).sum(dim=0)
            expected = (torch.tensor(view["total"]) > 0).float()
            torch.testing.assert_close(total, expected, atol=1e-5, rtol=0)
            if one["map"] != "gradient" and has_neighbours:  # a part goes to what is not there
                assert 0 < sum(view["total"]) < 4
            elif one["map"] != "gradient":
                torch.testing.assert_close(torch.tensor(view["total"]), torch.ones(4), atol=1e-5, rtol=0)


# --- what is written --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", RECOGNIZERS)
def test_every_recognizer_has_maps_and_its_figures_stay_the_same(
    name: str, tmp_path: Path, video_tree: Path, weights: Path
) -> None:
    torch.manual_seed(0)  # T2L draws its temporal tokens
    model, module = recognizer(name, weights), data(video_tree)
    metrics = run(tmp_path, model, module, AttentionMaps(videos=ONE))
    content = content_of(tmp_path)
    (shown,) = content["models"]
    assert shown["name"] == f"{type(model).__name__} (tested)"
    assert (shown["predicted"], shown["probability"]) == (
        content["predicted"],
        pytest.approx(content["probability"], abs=1e-5),
    )
    assert_whole(shown, n_maps=3 if content["correct"] else 4)
    classes = [one["class"] for one in shown["maps"] if one["map"] == "gradient"]
    assert classes == list(dict.fromkeys([content["predicted"], content["true"]]))
    assert (len(shown["frame_attention"]) == 3) == (name in ("T2L", "OpenVCLIP"))
    assert ("maps_of" in shown) == (name == "OpenVCLIP")
    assert not any(p.grad is not None for p in model.parameters())
    torch.manual_seed(0)
    assert metrics == run(tmp_path / "without", recognizer(name, weights), module, None)


@pytest.mark.slow
def test_a_tower_of_timm_has_maps(tmp_path: Path, video_tree: Path) -> None:
    torch.manual_seed(0)
    model = ZeroShotCLIP(backbone=ClipSettings(str(timm_config(tmp_path)), "random"))
    run(tmp_path, model, data(video_tree, image_size=160), AttentionMaps(videos=ONE, class_name="white dance"))
    (shown,) = content_of(tmp_path)["models"]
    assert shown["tokens"] == {"class": 1, "registers": 0, "grid": [10, 10], "pooling": "token"}
    assert_whole(shown, n_maps=3)
    assert shown["maps"][2]["class"] == "white dance"


@pytest.mark.slow
def test_models_are_shown_on_the_same_frames(tmp_path: Path, video_tree: Path, weights: Path) -> None:
    adapters = saved(T2L(backbone=TrainedClipSettings("tiny-clip", str(weights)), temporal_tokens="none"), tmp_path)
    compare = {"frozen CLIP": "frozen", "adapters alone": str(adapters)}
    callback = AttentionMaps(videos=ONE, maps=["last", "gradient"], compare=compare)
    run(tmp_path, recognizer("T2L", weights), data(video_tree), callback)
    content = content_of(tmp_path)
    assert [shown["name"] for shown in content["models"]] == [*compare, "T2L (tested)"]
    for shown in content["models"]:
        assert [one["map"] for one in shown["maps"]][:2] == ["last", "gradient"]
        assert shown["maps"][1]["class"] == content["predicted"]  # of the tested model, for all
    frozen, same, tested = (torch.tensor(s["maps"][0]["views"][0]["patches"]) for s in content["models"])
    torch.testing.assert_close(frozen, same)  # adapters start as the identity
    assert (frozen - tested).abs().max() > 1e-3
    alone = tmp_path / "alone"
    run(
        alone,
        ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(weights))),
        data(video_tree),
        AttentionMaps(videos=ONE, maps=["last"]),
    )
    (zero_shot,) = content_of(alone)["models"]
    torch.testing.assert_close(torch.tensor(zero_shot["maps"][0]["views"][0]["patches"]), frozen)
    assert zero_shot["predicted"] == content["models"][0]["predicted"]


@pytest.mark.slow
def test_frozen_clip_beside_a_fine_tuned_one_has_the_original_weights(
    tmp_path: Path, video_tree: Path, weights: Path
) -> None:
    tuned = recognizer("FineTunedCLIP", weights)
    run(tmp_path, tuned, data(video_tree), AttentionMaps(videos=ONE, maps=["last"], compare={"CLIP": "frozen"}))
    frozen, shown = (torch.tensor(s["maps"][0]["views"][0]["patches"]) for s in content_of(tmp_path)["models"])
    assert (frozen - shown).abs().max() > 1e-3
    original = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(weights)))
    alone = tmp_path / "alone"
    run(alone, original, data(video_tree), AttentionMaps(videos=ONE, maps=["last"]))
    (zero_shot,) = content_of(alone)["models"]
    torch.testing.assert_close(torch.tensor(zero_shot["maps"][0]["views"][0]["patches"]), frozen)


@pytest.mark.slow
def test_picture_numbers_and_video_are_listed_and_described(tmp_path: Path, video_tree: Path, weights: Path) -> None:
    module = data(video_tree, n_test_clips=2)
    run(tmp_path, recognizer("T2L", weights), module, AttentionMaps(videos=ONE))
    maps, between = read_pictures(tmp_path)
    assert maps.kind == between.kind == "attention"
    assert maps.title.startswith("red dance/3.mp4: ")
    assert "T2L (tested), last block: patches" in maps.alt
    assert "layer 3: " in between.alt
    paths = {role: maps.path(tmp_path, role) for role in ("picture", "numbers", "video")}
    assert all(path is not None and path.is_file() for path in paths.values())
    image = imread(str(paths["picture"]))
    assert image.shape[1] > 700
    assert len(set(map(tuple, image[::7, ::7].reshape(-1, image.shape[2]).tolist()))) > 100
    with av.open(str(paths["video"])) as video:
        assert sum(1 for _ in video.decode(video=0)) == 4
    content = content_of(tmp_path)
    assert (content["n_views"], content["n_frames_per_view"]) == (2, 4)
    assert_whole(content["models"][0], n_maps=3 if content["correct"] else 4, n_views=2)
    (layers,) = [json.loads(p.read_text())["layers"] for p in (tmp_path / "pictures").rglob("*_frames_*.json")]
    for layer in layers:
        weights_of = torch.tensor(layer["views"])
        assert weights_of.shape == (2, 4, 4)
        torch.testing.assert_close(weights_of.sum(dim=2), torch.ones(2, 4))


@pytest.mark.slow
def test_without_video_there_is_none(tmp_path: Path, video_tree: Path, weights: Path) -> None:
    run(tmp_path, recognizer("ZeroShotCLIP", weights), data(video_tree), AttentionMaps(videos=ONE, video=False))
    assert not list(tmp_path.rglob("*.mp4.mp4"))
    assert "video" not in read_pictures(tmp_path)[0].files


@pytest.mark.slow
def test_with_prompt_tuning_the_picture_says_that_its_rows_are_untuned(
    tmp_path: Path, video_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_print: list[list[str]] = []
    draw_attention = attention_maps.draw_attention
    monkeypatch.setattr(
        attention_maps,
        "draw_attention",
        lambda *args, **named: small_print.append(named["lines"]) or draw_attention(*args, **named),
    )
    for callbacks in ([], [tuning()]):
        module = small_data(video_tree, n_further_views=2)
        draw(tmp_path, module, EmbeddingMap(), AttentionMaps(videos=ONE, maps=["last"], video=False), *callbacks)
    assert [len(lines) for lines in small_print] == [1, 2]
    assert "the rows below are of the class text as it is before tuning" in small_print[1][1]
    assert content_of(tmp_path)["probability"] != content_of(tmp_path)["models"][0]["probability"]


def test_a_video_that_cannot_be_decoded_is_left_out(
    tmp_path: Path, video_tree: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (video_tree / "red dance" / "1.mp4").write_bytes(b"broken")
    callback = AttentionMaps(videos=VideoChoice(videos=["red dance/1.mp4"]))
    run(tmp_path, recognizer("ZeroShotCLIP", weights), data(video_tree), callback)
    said = capsys.readouterr().out
    assert "wrote 0 pictures" in said
    assert "no picture, it could not be decoded: test: red dance/1.mp4" in said


@pytest.mark.parametrize("by", ["mistakes", "doubtful"])
def test_there_may_be_no_mistakes_or_no_right_answers(by: Any, tmp_path: Path, video_tree: Path, weights: Path) -> None:
    callback = AttentionMaps(videos=VideoChoice(n=1, by=by), maps=["last"], video=False)
    run(tmp_path, recognizer("ZeroShotCLIP", weights), data(video_tree), callback, limit_test_batches=1)
    for path in (tmp_path / "pictures").rglob("*.json"):
        content = json.loads(path.read_text())
        assert content.get("correct", by == "doubtful") == (by == "doubtful")


# --- what is an error -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"maps": []}, "maps is an empty list; name some of last, rollout, gradient"),
        ({"maps": ["first"]}, "maps must be one of last, rollout, gradient; got 'first'"),
    ],
)
def test_maps_that_there_are_not(settings: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        AttentionMaps(**settings)


def test_a_class_that_is_in_no_set_is_named(tmp_path: Path, video_tree: Path, weights: Path) -> None:
    callback = AttentionMaps(class_name="skiing")
    with pytest.raises(
        ValueError, match="class_name is 'skiing', but no test set has this class; there are 4, such as"
    ):
        run(tmp_path, recognizer("ZeroShotCLIP", weights), data(video_tree), callback)


def test_another_kind_of_model_is_named(tmp_path: Path) -> None:
    trainer = Trainer(accelerator="cpu", default_root_dir=tmp_path, callbacks=[AttentionMaps()], logger=False)
    with pytest.raises(ValueError, match="AttentionMaps needs an ActionRecognizer, .*, not a BoringModel"):
        trainer.test(BoringModel(), verbose=False)


def first_batch(tmp_path: Path, model: ActionRecognizer, module: VideoFolder, **settings: Any) -> None:
    run(tmp_path, model, module, AttentionMaps(**settings), limit_test_batches=1)


def test_a_tower_without_attention_is_named_after_the_first_batch(tmp_path: Path, video_tree: Path) -> None:
    model = ZeroShotCLIP(backbone=ClipSettings(str(timm_config(tmp_path, model="test_resnet", pool="avg")), "random"))
    with pytest.raises(
        ValueError, match=r"no attention maps: the visual tower of .* is timm's ResNet, not one of its ViTs"
    ):
        first_batch(tmp_path, model, data(video_tree, image_size=160))


def test_stored_embeddings_have_no_frames(weights: Path, tmp_path: Path, video_tree: Path) -> None:
    model, module = recognizer("ZeroShotCLIP", weights), data(video_tree)
    run(tmp_path, model, module, None, limit_test_batches=1)  # fetches the class text
    record = tower_record(model)
    frames, rows = torch.zeros(1, 1, 4, 3, 0, 0, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64)
    batch = VideoBatch(frames, rows, rows, rows.bool(), embeddings=torch.zeros(1, 1, 4, 64), embedded_by=record)
    callback = AttentionMaps()
    callback.tested.start(model, needed_by="AttentionMaps")
    with pytest.raises(
        ValueError, match=r"need frames, but the test reads stored embeddings; leave out --data\.embeddings"
    ):
        callback.on_test_batch_end(Trainer(logger=False), model, {"probabilities": torch.ones(1, 4)}, batch, 0)


@pytest.mark.slow
def test_gradient_maps_are_computed_in_full_precision(tmp_path: Path, video_tree: Path, weights: Path) -> None:
    """Mixed precision has too few digits for small gradients."""
    totals = []
    for precision in ("32-true", "bf16-mixed"):
        settings: dict[str, Any] = {"videos": ONE, "maps": ["gradient"], "class_name": "red dance", "video": False}
        folder = tmp_path / precision
        run(folder, recognizer("APCLIP", weights), data(video_tree), AttentionMaps(**settings), precision=precision)
        totals.append(torch.tensor(content_of(folder)["models"][0]["maps"][0]["views"][0]["total"]))
    # The embeddings of the class text are cached in the precision of the test.
    torch.testing.assert_close(totals[0], totals[1], rtol=0.02, atol=1e-6)


def test_a_model_that_takes_other_frames_is_named(tmp_path: Path, video_tree: Path, weights: Path) -> None:
    config = str(timm_config(tmp_path))
    torch.save(OpenClipBackbone(config, "random").clip.state_dict(), tmp_path / "timm.pt")
    other = saved(ZeroShotCLIP(backbone=ClipSettings(config, str(tmp_path / "timm.pt"))), tmp_path)
    with pytest.raises(ValueError, match=r"no attention maps: compare, larger: .*160"):
        first_batch(tmp_path, recognizer("ZeroShotCLIP", weights), data(video_tree), compare={"larger": str(other)})


def test_a_checkpoint_that_is_none_is_named_before_the_test(tmp_path: Path, video_tree: Path, weights: Path) -> None:
    (tmp_path / "broken.ckpt").write_bytes(b"no checkpoint")
    for path, error in (("broken.ckpt", "broken.ckpt"), ("missing.ckpt", "missing.ckpt")):
        with pytest.raises((CheckpointError, FileNotFoundError), match=error):
            first_batch(
                tmp_path,
                recognizer("ZeroShotCLIP", weights),
                data(video_tree),
                compare={"other": str(tmp_path / path)},
            )


def test_a_clip_that_was_trained_from_random_weights_has_no_frozen_one(tmp_path: Path, video_tree: Path) -> None:
    model = FineTunedCLIP(backbone=TrainedClipSettings("tiny-clip", "random"))
    with pytest.raises(ValueError, match="was trained from random weights, so that there is no frozen CLIP"):
        first_batch(tmp_path, model, data(video_tree), compare={"frozen CLIP": "frozen"})
