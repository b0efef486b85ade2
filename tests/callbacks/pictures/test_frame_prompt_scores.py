import json
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.demos.boring_classes import BoringModel
from matplotlib.image import imread

from zsar.callbacks.pictures.chosen_videos import VideoChoice
from zsar.callbacks.pictures.frame_prompt_scores import FramePromptScores, prompt_scores
from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split, Text
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.recognition.scoring import Scoring

COLOURS = ("blue dance", "green dance", "red dance", "white dance")
GROUPED = ClassText(
    "test",
    ("run", "swim"),
    (("a road", "a runner", "legs move", "fast"), ("a pool", "a swimmer", "arms move", "slow")),
    "test",
    ("Scene", "Actor", "Body", "Body"),
    ("location", "who", "movement", "speed"),
)
# Three frames (one view) and the four prompts of "swim"; frames 0 and 2 are best matched by body prompts.
SIMILARITIES = torch.tensor([[[0.1, 0.2, 0.7, 0.3], [0.5, 0.4, 0.0, 0.1], [0.1, 0.2, 0.3, 0.9]]])


# --- the numbers ------------------------------------------------------------------------------------------------------


def test_shares_are_those_of_the_frames_that_a_group_is_best_for() -> None:
    scores = prompt_scores(SIMILARITIES, GROUPED, 1, k=2)
    assert scores["group_shares"] == pytest.approx({"Scene": 1 / 3, "Actor": 0, "Body": 2 / 3})
    assert scores["attribute_shares"] == pytest.approx({"location": 1 / 3, "who": 0, "movement": 1 / 3, "speed": 1 / 3})
    assert scores["attribute_best_means"] == pytest.approx({"location": 0.5, "who": 0.4, "movement": 0.7, "speed": 0.9})
    assert scores["group_best_means"] == pytest.approx({"Scene": 0.5, "Actor": 0.4, "Body": 0.8})


def test_the_best_prompts_of_each_frame_come_first() -> None:
    scores = prompt_scores(SIMILARITIES, GROUPED, 1, k=2)
    found = [[(p["prompt"], p["attribute"], p["score"]) for p in frame["best"]] for frame in scores["frames"]]
    assert found == [
        [("arms move", "movement", 0.7), ("slow", "speed", 0.3)],
        [("a pool", "location", 0.5), ("a swimmer", "who", 0.4)],
        [("slow", "speed", 0.9), ("arms move", "movement", 0.3)],
    ]


def test_the_two_halves_of_late_interaction_are_given() -> None:
    scores = prompt_scores(SIMILARITIES, GROUPED, 1, k=1)
    assert scores["v2t"] == pytest.approx((0.7 + 0.5 + 0.9) / 3)
    assert scores["t2v"] == pytest.approx((0.5 + 0.4 + 0.7 + 0.9) / 4)
    assert scores["late_interaction"] == pytest.approx((0.7 + 0.625) / 2)


def test_prompts_that_tie_divide_the_frame() -> None:
    scores = prompt_scores(torch.tensor([[[0.5, 0.5, 0.5, 0.1]]]), GROUPED, 0, k=1)
    assert scores["group_shares"] == pytest.approx({"Scene": 1 / 3, "Actor": 1 / 3, "Body": 1 / 3})


def test_shares_sum_to_one_over_all_views_and_k_is_at_most_all_prompts() -> None:
    scores = prompt_scores(torch.randn(3, 5, 4), GROUPED, 0, k=9)
    assert sum(scores["group_shares"].values()) == pytest.approx(1)
    assert sum(scores["attribute_shares"].values()) == pytest.approx(1)
    assert [(f["view"], f["frame"]) for f in scores["frames"]] == [(v, t) for v in range(3) for t in range(5)]
    assert {len(f["best"]) for f in scores["frames"]} == {4}


def test_class_text_without_attributes_has_no_shares() -> None:
    text = ClassText("test", ("run", "swim"), (("run",), ("swim",)), "test")
    scores = prompt_scores(torch.randn(1, 2, 1), text, 0, k=5)
    assert "group_shares" not in scores
    assert "attribute_shares" not in scores
    assert scores["frames"][0]["best"] == [{"prompt": "run", "score": scores["frames"][0]["best"][0]["score"]}]


# --- a test run -------------------------------------------------------------------------------------------------------


def action_prompts(folder: Path) -> str:
    """One short text for each attribute: the tiny model reads few tokens."""
    words = {a.name: a.name.split("_")[0] for a in ATTRIBUTES}
    classes = {name: {a: [f"$ {word} {name}"] for a, word in words.items()} for name in COLOURS}
    path = folder / "prompts.json"
    path.write_text(json.dumps({"kind": "action_prompts", "data_set": "", "source": "", "classes": classes}))
    return str(path)


def data(video_tree: Path, **settings: Any) -> VideoFolder:
    return VideoFolder(
        train=video_tree,
        test=video_tree,
        loading=Loading(2, n_workers=0, on_decode_error="count_as_wrong"),
        **{"clips": Clips(n_frames=4, image_size=32), **settings},
    )


def run(path: Path, module: VideoFolder, callback: FramePromptScores | None, **arguments: Any) -> dict[str, float]:
    torch.manual_seed(0)
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"), scoring=Scoring("late_interaction", "embedding"))
    settings: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    callbacks = [] if callback is None else [callback]
    trainer = Trainer(accelerator="cpu", default_root_dir=path, callbacks=callbacks, **{**settings, **arguments})
    trainer.test(model, datamodule=module, verbose=False)
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def contents(path: Path, set_name: str) -> list[dict[str, Any]]:
    return [
        json.loads(p.read_text()) for p in sorted((path / "pictures" / "frame_prompt_scores" / set_name).glob("*.json"))
    ]


@pytest.mark.slow
def test_numbers_and_pictures_of_a_video_are_written_and_agree_with_the_model(tmp_path: Path, video_tree: Path) -> None:
    clips = Clips(n_frames=4, image_size=32, n_test_clips=2)
    module = data(video_tree, clips=clips, text=Text(descriptions=action_prompts(tmp_path)))
    metrics = run(tmp_path, module, FramePromptScores(videos=VideoChoice(videos=["red dance/3.mp4"]), k=3))
    (content,) = contents(tmp_path, "test")
    assert (content["video"], content["true"]["class"]) == ("red dance/3.mp4", "red dance")
    assert (content["n_views"], content["n_frames_per_view"], content["scorer"]) == (2, 4, "late_interaction")
    assert content["groups"] == ["Scene", "Actor", "Body"]
    for role in ("predicted", "true"):
        assert sum(content[role]["group_shares"].values()) == pytest.approx(1)
        assert (len(content[role]["frames"]), len(content[role]["prompts"])) == (8, 12)
        assert {len(frame["best"]) for frame in content[role]["frames"]} == {3}
        assert all(p["prompt"].endswith(content[role]["class"]) for p in content[role]["prompts"])
    torch.manual_seed(0)
    model = ZeroShotCLIP(
        backbone=ClipSettings("tiny-clip", "random"), scoring=Scoring("late_interaction", "embedding")
    ).eval()
    sample = module.test_dataloader()[0].dataset[content["row"]]
    text = module.class_text("test")[0]
    with torch.no_grad():
        logits = model(sample.frames[None], model.class_embeddings.cached(text.prompts, model.device))[0]
    assert content["predicted"]["class"] == text.names[int(logits.argmax())]
    expected = logits[text.names.index("red dance")] / model.backbone.logit_scale
    assert content["true"]["late_interaction"] == pytest.approx(float(expected), abs=1e-5)
    picture = imread(next((tmp_path / "pictures" / "frame_prompt_scores" / "test").glob("*.png")))
    assert picture.shape[1] > 1000
    assert len(set(map(tuple, picture[::7, ::7].reshape(-1, picture.shape[2]).tolist()))) > 20
    assert metrics == run(tmp_path / "without", module, None)


@pytest.mark.slow
def test_pictures_are_of_the_chosen_groups_of_several_prompts_an_attribute(tmp_path: Path, video_tree: Path) -> None:
    """Three prompts for each attribute, as `zsar describe` asks for, without those of the body: 24 of 36."""
    path = Path(action_prompts(tmp_path))
    content = json.loads(path.read_text())
    for texts in content["classes"].values():
        texts.update({name: [f"{i} {text}" for i in "abc" for text in of_one] for name, of_one in texts.items()})
    path.write_text(json.dumps(content))
    text = Text(descriptions=str(path), groups=["Actor", "Scene"])
    run(tmp_path, data(video_tree, text=text), FramePromptScores(videos=VideoChoice(videos=["red dance/3.mp4"])))
    (written,) = contents(tmp_path, "test")
    assert written["groups"] == ["Scene", "Actor"]
    assert len(written["true"]["prompts"]) == 24
    assert set(written["true"]["group_shares"]) == {"Scene", "Actor"}
    assert len(written["true"]["attribute_shares"]) == 8
    assert len(list((tmp_path / "pictures" / "frame_prompt_scores" / "test").glob("*.png"))) == 1


@pytest.mark.slow
def test_videos_are_spread_evenly_over_each_set(tmp_path: Path, video_tree: Path) -> None:
    module = data(video_tree, split=Split(protocol="base_to_novel"), text=Text(templates="video"))
    run(tmp_path, module, FramePromptScores(videos=VideoChoice(n=2)))
    for name in ("base", "novel"):
        found = contents(tmp_path, name)
        assert [(c["set"], c["row"]) for c in found] == [(name, 0), (name, 9)]
        assert [c["video"] for c in found] == [module.sets[name].key(0), module.sets[name].key(9)]
        assert [(c["groups"], len(c["true"]["frames"][0]["best"])) for c in found] == [(None, 1)] * 2
        assert len(list((tmp_path / "pictures" / "frame_prompt_scores" / name).glob("*.png"))) == 2


def test_a_video_that_cannot_be_decoded_is_left_out_and_said_so(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (video_tree / "red dance" / "1.mp4").write_bytes(b"broken")
    run(
        tmp_path, data(video_tree), FramePromptScores(videos=VideoChoice(videos=["red dance/1.mp4", "red dance/2.mp4"]))
    )
    assert [c["video"] for c in contents(tmp_path, "test")] == ["red dance/2.mp4"]
    said = capsys.readouterr().out
    assert "wrote 1 of 2 pictures" in said
    assert "no picture, it could not be decoded: test: red dance/1.mp4" in said


def test_named_videos_that_a_limited_test_does_not_reach_are_counted(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = VideoChoice(videos=["blue dance/0.mp4", "white dance/2.mp4"])
    run(tmp_path, data(video_tree), FramePromptScores(videos=named), limit_test_batches=1)
    assert "wrote 1 of 2 pictures" in capsys.readouterr().out


@pytest.mark.slow
def test_odd_and_long_keys_make_safe_names_of_their_own(tmp_path: Path, video_tree: Path) -> None:
    folder = video_tree / "red dance"
    odd = ["a $b$ ü.mp4", "a _b_ ü.mp4", f"{'long' * 60}.mp4"]
    for name in odd:
        (folder / name).write_bytes((folder / "0.mp4").read_bytes())
    run(tmp_path, data(video_tree), FramePromptScores(videos=VideoChoice(videos=[f"red dance/{name}" for name in odd])))
    assert {c["video"] for c in contents(tmp_path, "test")} == {f"red dance/{name}" for name in odd}
    names = [path.name for path in (tmp_path / "pictures" / "frame_prompt_scores" / "test").iterdir()]
    assert len(names) == 6
    assert all(name.isascii() and len(name) < 140 and not set(name) & set(" $/") for name in names)


# --- what is refused --------------------------------------------------------------------------------------------------


def test_no_prompts_are_refused() -> None:
    with pytest.raises(ValueError, match="k must be at least 1; got -1"):
        FramePromptScores(k=-1)


def test_a_video_that_is_in_no_set_is_named(tmp_path: Path, video_tree: Path) -> None:
    with pytest.raises(
        ValueError, match=r"no test set \(test\) has the video\(s\) 'x.mp4'; .* such as 'blue dance/0.mp4'"
    ):
        run(tmp_path, data(video_tree), FramePromptScores(videos=VideoChoice(videos=["red dance/0.mp4", "x.mp4"])))


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path, callbacks=[FramePromptScores()])
    with pytest.raises(ValueError, match="needs an ActionRecognizer, .*, not a BoringModel"):
        trainer.test(BoringModel())
