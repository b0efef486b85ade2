import torch

from zsar.api.answers import ranking
from zsar.datamodules.choices.none_of_these import NONE_OF_THESE
from zsar.lightning_modules.command_line.classify.classify_options import COMMAND
from zsar.lightning_modules.recognition.class_probabilities import ClassProbabilities


def test_the_answer_is_the_one_that_the_help_names() -> None:
    assert ranking("a.mp4", ClassProbabilities(torch.tensor([0.4, 0.6])), ["a", "b"], 0.7).answer == NONE_OF_THESE
    assert f'answer "{NONE_OF_THESE}"' in " ".join(COMMAND.parser().format_help().split())
