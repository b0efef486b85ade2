import torch
from torch.nn import functional
from torch.testing import assert_close

from zsar.api.export.onnx_graph import direct_late_interaction
from zsar.lightning_modules.recognition.scorers.late_interaction import late_interaction


def test_the_direct_form_gives_the_scores_of_the_operator() -> None:
    frames = torch.randn(3, 10, 16, generator=torch.Generator().manual_seed(0))
    classes = functional.normalize(torch.randn(5, 4, 16, generator=torch.Generator().manual_seed(1)), dim=-1)
    assert_close(direct_late_interaction(frames, classes), late_interaction(frames, classes))
