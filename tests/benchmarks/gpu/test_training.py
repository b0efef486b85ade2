from pathlib import Path

from benchmarks.gpu.training import _kinetics_prompts
from zsar.datamodules.class_text.text_files import read_class_text
from zsar.datamodules.data_sets import Kinetics400


def test_all_classes_of_kinetics_have_their_36_prompts(tmp_path: Path) -> None:
    (text,) = Kinetics400(data_root=tmp_path).class_text("fit")
    prompts = read_class_text("fit", text.names, _kinetics_prompts(tmp_path), lead="a video of {}.").prompts
    assert (len(prompts), {len(of_class) for of_class in prompts}) == (400, {36})
