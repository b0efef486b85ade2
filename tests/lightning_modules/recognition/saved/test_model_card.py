import json
from pathlib import Path

from tests.makers.results.recognition_results import described, record, write_result, write_several_labels
from zsar.lightning_modules.recognition.saved.model_card import model_card

ABOUT = {
    "class_path": "zsar.lightning_modules.t2l.T2L",
    "init_args": {"n_frames": 8, "backbone": {"weights": "/home/me/secret/clip.pt"}},
    "architecture": "ViT-B-16",
    "backbone_hash": "0123",
    "weights_hash": "4567",
}


def test_the_card_has_the_figures_of_the_results(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "run", {"base": 80.0, "novel": 60.0}, top5=95.5)
    results = json.loads((folder / "results.json").read_text())
    about = {**ABOUT, "training": record(training=True), "trained_on": described("kinetics400")}
    card = model_card(about, name="mine", results=results)
    assert "| base | 80.00 | 95.50 | - |" in card
    assert "Harmonic mean of base and novel classes: 68.57." in card
    for text in ("# mine", "kinetics400", "ucf101", "bf16-mixed", "batch_in_total 70", "torch 2.9.0", "ours.json"):
        assert text in card
    assert "/home/me" not in card


def test_what_is_not_known_is_said_and_not_invented() -> None:
    card = model_card(ABOUT, name="mine")
    assert "## Test\n\nNot tested." in card
    assert "## Training\n\nNot recorded." in card
    assert "Nothing was trained." in model_card(ABOUT, name="mine", is_trained=False)
    assert "\nlicense:" not in card  # the author's choice


def test_text_of_others_stays_in_its_cell() -> None:
    about = {**ABOUT, "architecture": "a | b\n# <script>"}
    assert "| architecture | a \\| b # &lt;script> |" in model_card(about, name="mine")


def test_how_frames_are_embedded_and_scored_is_said_where_it_was_recorded() -> None:
    usual = {**ABOUT, "training": record(training=True)}
    departing = {**usual["training"], "frame_variant": "without the head", "view_ensemble": "logit_sum"}
    assert "| frames embedded |" not in model_card(usual, name="mine")
    card = model_card({**usual, "training": departing}, name="mine")
    assert "| frames embedded | without the head |" in card
    assert "| views | logit_sum |" in card


def test_the_card_has_the_mean_average_precision_of_videos_with_several_labels(tmp_path: Path) -> None:
    results = json.loads((write_several_labels(tmp_path / "run", 30.0) / "results.json").read_text())
    card = model_card(ABOUT, name="mine", results=results)
    assert "Mean average precision in percent.\n\n| set | mAP over classes | videos |\n|---|---:|---:|" in card
    assert "| test | 30.00 | 100 |" in card
    assert "| protocol | multi_label |" in card
