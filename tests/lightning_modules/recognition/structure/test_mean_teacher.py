import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from tests.reference import taco as page
from zsar.lightning_modules.clip.clip import FineTunedCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.structure.mean_teacher import MeanTeacher
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError


class Net(nn.Module):
    """A trained and a frozen parameter, and dropout."""

    def __init__(self, *, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.trained = nn.Parameter(torch.ones(3, dtype=dtype))
        self.frozen = nn.Parameter(torch.full((3,), 2.0, dtype=dtype), requires_grad=False)
        self.dropout = nn.Dropout(0.5)

    def forward(self) -> Tensor:
        """The product, partly dropped in training."""
        dropped: Tensor = self.dropout(self.trained * self.frozen)
        return dropped


def moved(net: Net, values: list[float]) -> None:
    with torch.no_grad():
        net.trained.copy_(torch.tensor(values))


def test_the_average_by_hand_and_by_the_restatement() -> None:
    net = Net()
    teacher = MeanTeacher(net)
    moved(net, [2.0, 3.0, -1.0])
    teacher.follow(net, momentum=0.75, step=0)
    assert_close(teacher.values["trained"], torch.tensor([1.25, 1.5, 0.5], dtype=torch.float64))
    expected = {"trained": teacher.values["trained"].clone()}
    for step in (1, 2, 3):
        moved(net, [step, step**2, 0.5])
        teacher.follow(net, momentum=0.9998, step=step)
        expected = page.averaged(expected, {"trained": net.trained.detach()}, 0.9998)
    assert_close(teacher.values, expected, atol=1e-15, rtol=1e-15)


def test_it_nears_a_model_that_does_not_move_by_the_momentum_each_update_and_once_an_update() -> None:
    net = Net()
    teacher = MeanTeacher(net)
    moved(net, [2.0, 3.0, -1.0])
    distance = teacher.values["trained"] - net.trained
    for step in range(5):
        for _ in range(2):  # batches whose gradients are accumulated
            teacher.follow(net, momentum=0.9, step=step)
    assert_close(teacher.values["trained"] - net.trained, 0.9**5 * distance)


def test_half_precision_loses_no_update() -> None:
    net = Net(dtype=torch.bfloat16)
    teacher = MeanTeacher(net)
    moved(net, [2.0, 2.0, 2.0])
    teacher.follow(net, momentum=0.9998, step=0)
    assert_close(teacher.values["trained"], torch.full((3,), 1.0002))
    assert teacher.run(net, net).dtype == torch.bfloat16


def test_a_call_sees_the_average_in_evaluation_mode_and_leaves_weights_modes_and_graphs_alone() -> None:
    net = Net().train()
    net.dropout.eval()
    teacher = MeanTeacher(net)
    moved(net, [5.0, 6.0, 7.0])
    graph = net().sum()
    net.dropout.train()
    seen = teacher.run(net, lambda: (net(), net.training, net.dropout.training, torch.is_grad_enabled()))
    assert_close(seen[0], torch.full((3,), 2.0, dtype=torch.float64))
    assert not seen[0].requires_grad
    assert seen[1:] == (False, False, False)
    assert (net.training, net.dropout.training) == (True, True)
    graph.backward()
    assert_close(net.trained.grad, net.frozen.detach())
    with pytest.raises(ZeroDivisionError):
        teacher.run(net, lambda: 1 / 0)
    assert net.training
    assert_close(net.trained.detach(), torch.tensor([5.0, 6.0, 7.0], dtype=torch.float64))


@pytest.mark.parametrize("architecture", ["tiny-clip", "tiny-coca"])
def test_all_of_a_tower_that_is_trained_is_the_teachers(architecture: str) -> None:
    """CoCa's text tower has a class token, which must not stay the model's."""
    torch.manual_seed(0)
    model = FineTunedCLIP(backbone=TrainedClipSettings(architecture, "random")).eval()
    frames, tokens = torch.randn(2, 2, 3, 32, 32), model.backbone.tokenize(["a", "two words"])
    with torch.no_grad():
        before = model.embed_frames(frames), model.embed_text(tokens)
        teacher = MeanTeacher(model)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter))
    assert_close(teacher.run(model, lambda: (model.embed_frames(frames), model.embed_text(tokens))), before)


def test_it_is_restored_as_it_was_and_another_models_is_refused() -> None:
    net = Net()
    teacher = MeanTeacher(net)
    moved(net, [2.0, 3.0, 4.0])
    teacher.follow(net, momentum=0.5, step=7)
    other = MeanTeacher(Net())
    other.load_state_dict(teacher.state_dict(), path="last.ckpt")
    assert_close(other.values, teacher.values)
    other.follow(net, momentum=0.5, step=7)  # a batch that is repeated
    assert_close(other.values, teacher.values)
    for state, message in (
        ({"values": {"trained": torch.ones(2)}, "step": 1}, r"last.ckpt has a teacher of other weights .* \(trained\)"),
        ({"values": {}, "step": 1}, r"of other weights than are trained here \(trained\); resume with"),
        ({"values": None, "step": 1}, "last.ckpt is damaged: its teacher is incomplete"),
        ({"values": {}}, "its teacher is incomplete"),
    ):
        with pytest.raises(CheckpointError, match=message):
            other.load_state_dict(state, path="last.ckpt")
