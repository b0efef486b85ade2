from pathlib import Path

import torch

from tests.makers.files.embedding_files import some_embeddings, write_stored
from zsar.api.embeddings.archive import open_archive
from zsar.api.embeddings.stored_answers import stored_answers
from zsar.datamodules.class_text.templates import fill_templates
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings


def test_probabilities_are_those_of_the_model(tmp_path: Path, tiny_weights: Path) -> None:
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights))).eval()
    stored = some_embeddings(2, 4, model.backbone.embedding_width)
    write_stored(tmp_path, "a.mp4", stored)
    text = fill_templates("classify", ["red", "blue"], "video")
    (answer,) = stored_answers(open_archive(tmp_path), text, model)
    with torch.inference_mode():
        logits = model.score(stored[None], model.class_embeddings.cached(text.prompts, model.device))
    torch.testing.assert_close(answer.probabilities.relative, logits[0].softmax(0))
    assert (answer.video, answer.file, answer.n_damaged) == ("a.mp4", "/gone/a.mp4", 0)
