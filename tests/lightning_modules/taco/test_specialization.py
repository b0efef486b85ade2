import torch
from torch.testing import assert_close

from tests.reference import taco as page
from zsar.lightning_modules.taco.specialization import Specialization


def test_it_changes_nothing_at_first_and_is_then_the_map_of_the_page() -> None:
    torch.manual_seed(0)
    specialization, embeddings = Specialization(8).double(), torch.randn(2, 3, 8, dtype=torch.float64)
    assert torch.equal(specialization(embeddings), embeddings)
    wide, narrow = specialization.widen, specialization.narrow
    assert (wide.weight.shape, narrow.weight.shape) == ((16, 8), (8, 16))
    assert 0 < wide.weight.abs().max() <= 8**-0.5  # uniform, as torch begins
    torch.nn.init.normal_(narrow.weight)
    torch.nn.init.normal_(narrow.bias)
    weights = {"W_A": wide.weight, "b_A": wide.bias, "W_B": narrow.weight, "b_B": narrow.bias}
    of_frames = specialization(embeddings)
    assert_close(of_frames[1, 2], page.projected(embeddings[1, 2], weights))
    assert_close(of_frames.mean(dim=1), specialization(embeddings.mean(dim=1)))
