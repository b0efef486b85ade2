"""The second loss, at weights between: by hand, against a plain restatement, in a training, and in two processes."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, distributed
from torch.func import functional_call
from torch.nn.parallel import DistributedDataParallel
from torch.testing import assert_close

from tests.reference.interpolated_step import Weights, first_update, interpolated_gradients
from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split
from zsar.lightning_modules.clip.clip import FineTunedCLIP
from zsar.lightning_modules.clip.interpolated_regularization import InterpolatedRegularization
from zsar.lightning_modules.clip.original_weights import OriginalWeights
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.training.optimization import Optimization

ROOT = Path(__file__).parents[3]


class Net(torch.nn.Module):
    """A little network with a vector, a matrix and a scalar; its dropout is on."""

    def __init__(self, drop: float = 0.0) -> None:
        super().__init__()
        self.matrix, self.vector = (torch.nn.Parameter(torch.randn(*shape)) for shape in ((3, 4), (3,)))
        self.scale = torch.nn.Parameter(torch.tensor(1.5))
        self.drop = torch.nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        """A loss."""
        return (self.scale * torch.tanh(self.drop(x @ self.matrix.T + self.vector))).pow(2).mean()


def tuned(drop: float = 0.0) -> tuple[Net, OriginalWeights]:
    net = Net(drop).double()
    original = OriginalWeights(net, keeps=True)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return net, original


def whole_loss(net: torch.nn.Module, x: Tensor, original: OriginalWeights, **settings: Any) -> Tensor:
    regularization = InterpolatedRegularization(**settings)
    term = regularization.term(lambda: net(x), original, seed=5)
    loss: Tensor = term + net(x)
    return loss


def test_a_hand_computed_example() -> None:
    class Square(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(1.0))

        def forward(self, _: Tensor) -> Tensor:
            return self.weight**2

    net = Square()
    original = OriginalWeights(net, keeps=True)
    with torch.no_grad():
        net.weight.fill_(3.0)
    # Half way between 1 and 3 the loss is 4 with the gradient 4, half of which counts; at 3 it is 9 with 6.
    loss = whole_loss(net, torch.empty(0), original, share=(0.5, 0.5), weight=0.5)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss == 0.5 * 4 + 9
    assert net.weight.grad == 0.5 * 4 + 6
    assert net.weight == 3


def test_a_step_is_that_of_the_restatement() -> None:
    net, original = tuned()
    x, r = torch.randn(5, 4, dtype=torch.float64), 0.37
    theta = {name: p.detach().clone() for name, p in net.named_parameters()}

    def loss(weights: Weights) -> Tensor:
        found: Tensor = functional_call(net, weights, (x,))
        return found

    by_hand = interpolated_gradients(loss, theta, original.values, r=r, weight=0.5)
    whole_loss(net, x, original, share=(r, r), weight=0.5).backward()  # type: ignore[no-untyped-call]
    for name, p in net.named_parameters():
        assert_close(p.grad, by_hand[name], rtol=1e-12, atol=1e-14)
    recipe = Optimization(1e-2, weight_decay=0.1, betas=(0.9, 0.999), warmup_fraction=0, decay_on="all_but_vectors")
    optimizer = recipe.configure([(list(net.parameters()), None)], 10)["optimizer"]
    torch.nn.utils.clip_grad_norm_(net.parameters(), 0.01)
    optimizer.step()
    updated = first_update(theta, by_hand, max_norm=0.01, rate=1e-2, betas=(0.9, 0.999), decay=0.1)
    for name, p in net.named_parameters():
        assert_close(p.detach(), updated[name], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("drop", [0.0, 0.5])
def test_at_the_tuned_weights_themselves_the_gradient_is_one_and_a_half_times_as_large(drop: float) -> None:
    net, original = tuned(drop)
    x = torch.randn(5, 4, dtype=torch.float64)
    torch.manual_seed(1)
    whole_loss(net, x, original, share=(0.0, 0.0), weight=0.5).backward()  # type: ignore[no-untyped-call]
    found = [p.grad for p in net.parameters()]
    net.zero_grad()
    torch.manual_seed(1)
    net(x).backward()
    for both, one in zip(found, net.parameters(), strict=True):
        assert one.grad is not None
        assert_close(both, 1.5 * one.grad, rtol=1e-12, atol=0)  # also what is dropped is the same


def test_in_mixed_precision_both_gradients_are_computed_alike() -> None:
    """What the forward pass does in 32 bits is not done in 16 in the backward pass of the second loss."""

    class Mixed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.randn(8, 8))

        def forward(self, x: Tensor) -> Tensor:
            with torch.autocast("cpu", enabled=False):
                return (x @ self.weight @ self.weight).pow(2).mean()

    net, x = Mixed(), torch.randn(5, 8)
    original = OriginalWeights(net, keeps=True)
    with torch.autocast("cpu", torch.bfloat16):
        loss = whole_loss(net, x, original, share=(0.0, 0.0), weight=0.5)
    loss.backward()  # type: ignore[no-untyped-call]
    (alone,) = torch.autograd.grad(net(x), [net.weight])
    assert net.weight.grad is not None
    assert_close(net.weight.grad, 1.5 * alone, rtol=1e-5, atol=1e-6)


def test_in_mixed_precision_each_loss_is_of_its_own_weights() -> None:
    """Autocast keeps the 16-bit copies of weights for a whole step, in which they change twice."""
    net, x = torch.nn.Linear(1, 1, bias=False), torch.ones(1, 1)
    torch.nn.init.constant_(net.weight, 1.0)
    original = OriginalWeights(net, keeps=True)
    torch.nn.init.constant_(net.weight, 3.0)
    term = InterpolatedRegularization(share=(0.5, 0.5), weight=0.5)
    with torch.autocast("cpu", torch.bfloat16):
        before = net(x)
        second = term.term(lambda: net(x).float().pow(2).sum(), original, seed=0)
        first = net(x).float().pow(2).sum()
    assert [float(found.detach()) for found in (before, second, first)] == [3.0, 0.5 * 2.0**2, 3.0**2]
    (second + first).backward()  # type: ignore[no-untyped-call]
    assert net.weight.grad is not None
    assert float(net.weight.grad) == 0.5 * 2 * 2 + 2 * 3


def test_a_vanishing_weight_leaves_nothing_of_it_and_a_parameter_that_is_not_used_has_no_gradient() -> None:
    net, original = tuned()
    net.unused = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
    original = OriginalWeights(net, keeps=True)
    x = torch.randn(5, 4, dtype=torch.float64)
    alone = torch.autograd.grad(net(x), [net.matrix, net.vector, net.scale])
    whole_loss(net, x, original, share=(0.0, 0.6), weight=1e-30).backward()  # type: ignore[no-untyped-call]
    for p, expected in zip((net.matrix, net.vector, net.scale), alone, strict=True):
        assert p.grad is not None
        assert torch.equal(p.grad, expected)
    assert net.unused.grad is None


def test_the_share_is_drawn_in_its_range_anew_for_each_batch_and_disturbs_no_other_draw() -> None:
    regularization = InterpolatedRegularization(share=(0.1, 0.6))
    state = torch.get_rng_state()
    drawn = torch.tensor([regularization.draw(seed) for seed in range(400)])
    assert torch.equal(torch.get_rng_state(), state)
    assert drawn.min() >= 0.1
    assert drawn.max() <= 0.6
    assert_close(drawn.mean(), torch.tensor(0.35), atol=0.03, rtol=0)
    assert_close(drawn.std(), torch.tensor(0.5 / 12**0.5), atol=0.015, rtol=0)
    assert regularization.draw(7) == regularization.draw(7)


def test_small_gradients_of_16_bits_survive_as_those_of_the_loss_do() -> None:
    """A gradient of 3e-9 is 0 in 16 bits, but not if the loss is scaled first; added, it is scaled as the other one."""
    net = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(net.weight, 1.0)
    original, scaler = OriginalWeights(net, keeps=True), torch.amp.GradScaler("cpu", init_scale=2.0**16)

    def loss() -> Tensor:
        return (net.weight.half() * 1e-4).float().sum() * 6e-5

    def second(scaler: torch.amp.GradScaler | None) -> Tensor:
        net.zero_grad()
        term = InterpolatedRegularization((0.0, 0.0)).term(loss, original, seed=1, scaler=scaler)
        (term * 2.0**16).backward()  # type: ignore[no-untyped-call]
        assert net.weight.grad is not None
        return net.weight.grad / 2.0**16

    assert_close(float(second(scaler)), 0.5 * 6e-9, rtol=1e-2, atol=0.0)
    assert abs(float(second(None)) - 0.5 * 6e-9) > 1e-10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"share": (0.0, 1.2)}, r"from 0 to 1 in rising order; got \[0.0, 1.2\]"),
        ({"share": (0.6, 0.0)}, r"rising order; got \[0.6, 0.0\]"),
        ({"weight": 0.0}, "weight must be positive and finite; got 0.0; .* --model.interpolated_regularization null"),
        ({"weight": float("nan")}, "weight must be positive and finite; got nan"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InterpolatedRegularization(**settings)


# --- a training -------------------------------------------------------------------------------------------------------


def fine_tuned(*, recomputes: bool, **settings: Any) -> FineTunedCLIP:
    torch.manual_seed(0)
    return FineTunedCLIP(
        backbone=TrainedClipSettings("tiny-clip", "random", gradient_checkpointing=recomputes),
        scoring=Scoring("mean_pooled_cosine", "embedding"),
        n_negative_classes=1,
        optimization=Optimization(learning_rate=1e-2, warmup_fraction=0),
        **settings,
    )


class Expected(Callback):
    """The gradient of each update by the restatement, beside that which the optimizer gets."""

    def __init__(self, regularization: InterpolatedRegularization, original: Weights) -> None:
        self.regularization, self.original = regularization, original
        self.sums: Weights = {}
        self.updates: list[tuple[Weights, Weights]] = []

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: VideoBatch, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, FineTunedCLIP)
        pl_module.on_train_batch_start(batch, batch_idx)  # which Lightning calls after the callbacks
        seed = torch.initial_seed()
        alone = fine_tuned(recomputes=False)  # as functional_call takes the weights away before the backward pass
        alone.load_state_dict(pl_module.state_dict())
        alone.class_texts = pl_module.class_texts
        loss = Loss(alone, batch)
        theta = {name: p.detach() for name, p in loss.named_parameters() if p.requires_grad}

        def of(weights: Weights) -> Tensor:
            torch.manual_seed(seed)  # the same prompts, classes, and videos that are mixed
            found: Tensor = functional_call(loss, weights)
            return found

        theta_0 = {f"model.{name}": value for name, value in self.original.items()}
        r, weight = self.regularization.draw(seed), self.regularization.weight
        for name, gradient in interpolated_gradients(of, theta, theta_0, r=r, weight=weight).items():
            part = gradient / trainer.accumulate_grad_batches
            self.sums[name] = self.sums[name] + part if name in self.sums else part

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: object) -> None:
        found = {f"model.{n}": p.grad.clone() for n, p in pl_module.named_parameters() if p.grad is not None}
        self.updates.append((found, self.sums))
        self.sums = {}


class Loss(torch.nn.Module):
    """The loss of a batch as a module without arguments."""

    def __init__(self, model: FineTunedCLIP, batch: VideoBatch) -> None:
        super().__init__()
        self.model, self.batch = model, batch

    def forward(self) -> Tensor:
        """The sum."""
        return torch.stack(list(self.model.training_losses(self.batch)[0].values())).sum()


def test_the_updates_of_a_training_that_accumulates_and_recomputes_are_those_of_the_restatement(
    video_tree: Path, tmp_path: Path
) -> None:
    regularization = InterpolatedRegularization(share=(0.2, 0.9), weight=0.7)
    model = fine_tuned(recomputes=True, interpolated_regularization=regularization)
    original = {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
    expected = Expected(regularization, original)
    trainer = Trainer(
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        callbacks=[expected],
        max_steps=2,
        accumulate_grad_batches=2,
        limit_val_batches=0,
        default_root_dir=tmp_path,
    )
    data = VideoFolder(
        train=video_tree,
        clips=Clips(n_frames=1, image_size=32),
        split=Split(held_out_fraction=0.2),
        loading=Loading(batch_size=3, n_workers=0),
    )
    trainer.fit(model, datamodule=data)
    assert len(expected.updates) == 2  # the second is no longer at the original weights
    for found, due in expected.updates:
        assert found.keys() == {name for name, value in due.items() if value.any()}
        for name in found:
            assert_close(found[name], due[name], atol=2e-6, rtol=1e-3, msg=name)
    assert float(trainer.callback_metrics["train/interpolated"]) > 0


# --- two processes ----------------------------------------------------------------------------------------------------


class Shared(torch.nn.Module):
    """The whole loss as DDP has it: with a forward pass for the second loss within the first one's."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()
        self.original = OriginalWeights(self, keeps=True)
        with torch.no_grad():
            for parameter in self.net.parameters():
                parameter.add_(0.3)

    def forward(self, x: Tensor, seed: int) -> Tensor:
        """The sum."""
        return InterpolatedRegularization().term(lambda: self.net(x), self.original, seed=seed) + self.net(x)


def shared_gradients(ranks: list[int], wrap: Callable[[torch.nn.Module], torch.nn.Module] = lambda net: net) -> Weights:
    """The mean over ranks, each with a batch of its own and a draw of its own."""
    torch.manual_seed(0)
    net = Shared()
    batches, step = torch.randn(2, 5, 4), wrap(net)
    for rank in ranks:
        (step(batches[rank], 11 + rank) / len(ranks)).backward()
    return {name: p.grad for name, p in net.named_parameters() if p.grad is not None}


def run_process(rank: int, port: int, path: Path) -> None:
    """One of two processes."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    torch.save(shared_gradients([rank], DistributedDataParallel), path / f"{rank}.pt")
    distributed.destroy_process_group()


@pytest.mark.slow
def test_each_process_draws_its_own_share_and_the_sum_of_both_gradients_is_averaged(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    name = "tests.lightning_modules.clip.test_interpolated_regularization"
    program = f"import sys, pathlib; from {name} import run_process as run;"
    program += "run(int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3]))"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(r), str(port), str(tmp_path)], env=environment, cwd=ROOT)
        for r in range(2)
    ]
    assert [process.wait(timeout=300) for process in processes] == [0, 0]
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    expected = shared_gradients([0, 1])
    assert set(expected) == {"net.matrix", "net.vector", "net.scale"}
    for name, value in expected.items():
        assert torch.equal(first[name], second[name]), name
        assert_close(first[name], value, msg=name)
