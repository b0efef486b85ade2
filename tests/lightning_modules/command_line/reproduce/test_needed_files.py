import shlex
from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.reproduce.needed_files import Need, needs_of


def needs(*lines: str) -> list[tuple[str, str, str]]:
    return [(need.state, need.name, need.what) for need in needs_of([shlex.split(line) for line in lines])]


def test_a_test_needs_videos_lists_text_weights_and_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSAR_DATA", str(tmp_path))
    (tmp_path / "hmdb51" / "videos").mkdir(parents=True)
    command = (
        "zsar test --config experiment/t2l_few_shot_hmdb51_2 --config lists/vifi_clip_few_shot_hmdb51_2 "
        f"--ckpt_path {tmp_path}/none.ckpt"
    )
    found = needs(command)
    assert ("there", str(tmp_path / "hmdb51/videos"), "videos of HMDB51") in found
    assert ("missing", str(tmp_path / "none.ckpt"), "checkpoint") in found
    assert ("downloaded", "ViT-B-16-quickgelu openai", "weights of open_clip") in found
    assert ("shipped", "hmdb51_descriptions", "class text of zsar") in found
    assert "published list" in {what for state, _, what in found if state == "missing"}
    assert [state for state, _, _ in found] == sorted(
        (s for s, _, _ in found), key=["missing", "there", "downloaded", "shipped"].index
    )


def test_what_earlier_commands_make_is_not_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSAR_DATA", str(tmp_path))
    fit = "zsar fit --config experiment/moving_shapes_t2l --run_dir out/fit"
    test = "zsar test --config experiment/moving_shapes_t2l --ckpt_path out/fit/checkpoints/last.ckpt"
    assert ("made here", "out/fit/checkpoints/last.ckpt", "checkpoint") in needs(fit, test)
    assert ("missing", "out/fit/checkpoints/last.ckpt", "checkpoint") in needs(test)
    features = tmp_path / "features"
    extract = f"zsar extract videos --output {features}"
    localize = f"zsar test --config experiment/untrimmed_shapes_t3al --data.loading.features {features}"
    assert ("made here", str(features), "frame features") in needs(extract, localize)


def test_class_text_below_the_data_root_is_made_by_an_earlier_command_or_named_with_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSAR_DATA", str(tmp_path))
    path = tmp_path / "texts" / "mine.json"
    describe = f"zsar describe --vocabulary hmdb51 --kind direct --output {path}"
    test = "zsar test --config experiment/ap_clip_zero_shot_hmdb51 --data.text.descriptions texts/mine.json"
    assert ("made here", str(path), "class text") in needs(describe, test)
    assert ("missing", str(path), "class text") in needs(test)
    path.parent.mkdir()
    path.write_text("{}")
    assert ("there", str(path), "class text") in needs(test)


def test_texts_need_a_language_model_and_features_the_videos_and_weights_of_which_they_are_made(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    found = needs(
        "zsar describe --vocabulary hmdb51 --kind direct --model a-model --output x.json",
        f"zsar extract {tmp_path}/there {tmp_path}/not --architecture coca_ViT-L-14 --weights theirs --output f",
        f"zsar extract {tmp_path}/there --output g",
    )
    assert [(state, name, what.partition(":")[0]) for state, name, what in found] == [
        ("missing", f"{tmp_path}/not", "videos to extract"),
        ("asked", "a-model", "language model"),
        ("there", f"{tmp_path}/there", "videos to extract"),
        ("downloaded", "coca_ViT-L-14 theirs", "weights of open_clip"),
        ("downloaded", "ViT-B-16-quickgelu openai", "weights of open_clip"),
    ]


def test_untrimmed_videos_have_annotations_class_lists_features_and_captions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSAR_DATA", str(tmp_path))
    found = {what: state for state, _, what in needs("zsar test --config experiment/t3al_thumos14_50_50")}
    assert found["annotations of THUMOS14Untrimmed"] == "missing"
    assert found["class lists"] == "missing"
    assert found["frame features"] == "missing"


def test_one_s_own_videos_and_texts_are_files(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}")
    found = needs(
        f"zsar fit --config experiment/t2l_video_folder --data.data_root {tmp_path} "
        f"--data.text.descriptions {tmp_path}/mine.json --model.start_from {tmp_path}/start.ckpt"
    )
    assert ("missing", str(tmp_path / "my_videos"), "videos of VideoFolder") in found
    assert ("there", str(tmp_path / "mine.json"), "class text") in found
    assert ("missing", str(tmp_path / "start.ckpt"), "checkpoint that training starts from") in found


def test_rendered_videos_need_nothing_but_the_tiny_clip() -> None:
    (need,) = needs_of(
        [shlex.split("zsar test --config experiment/moving_shapes_zero_shot --model.backbone.weights x.pt")]
    )
    assert need == Need("x.pt", "weights of tiny-clip", "missing")
    assert needs_of([("zsar", "summarize", "x")]) == []
