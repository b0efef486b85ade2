from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torch.testing import assert_close

from zsar.lightning_modules.recognition.class_embeddings import MANY, ClassEmbeddings

CPU = torch.device("cpu")
PROMPTS = (("a", "bb"), ("ccc", "dddd"), ("e", "ff"))


class Encoder:
    """Embeds a text by its length, times a weight, and counts what it is asked."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.weight = torch.tensor([1.0, 2.0], requires_grad=True)

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        return torch.tensor([[len(text)] for text in texts])

    def encode(self, tokens: Tensor) -> Tensor:
        self.batches.append(len(tokens))
        embedded = torch.cat([tokens.float(), torch.ones(len(tokens), 1)], dim=1) * self.weight
        return functional.normalize(embedded, dim=-1)


def test_embeddings_are_as_encoded_and_in_order() -> None:
    encoder = Encoder()
    embeddings = ClassEmbeddings(encoder.tokenize, encoder.encode).cached(PROMPTS, CPU)
    assert embeddings.shape == (3, 2, 2)
    assert_close(embeddings[1, 1], torch.tensor([4.0, 2.0]) / (4**2 + 2**2) ** 0.5)
    assert not embeddings.requires_grad


def test_a_set_of_classes_is_encoded_once_until_forgotten() -> None:
    encoder = Encoder()
    cache = ClassEmbeddings(encoder.tokenize, encoder.encode)
    first = cache.cached(PROMPTS, CPU)
    assert cache.cached(PROMPTS, CPU) is first
    assert encoder.batches == [6]
    cache.forget()
    assert_close(cache.cached(PROMPTS, CPU), first)
    assert encoder.batches == [6, 6]


def test_chunks_bound_the_batch_and_change_nothing() -> None:
    encoder = Encoder()
    whole = ClassEmbeddings(encoder.tokenize, encoder.encode).cached(PROMPTS, CPU)
    chunked = ClassEmbeddings(encoder.tokenize, encoder.encode, chunk_size=4).cached(PROMPTS, CPU)
    assert encoder.batches == [6, 4, 2]
    assert_close(chunked, whole)


def test_with_gradient_takes_the_chosen_prompts() -> None:
    encoder = Encoder()
    cache = ClassEmbeddings(encoder.tokenize, encoder.encode)
    embeddings = cache.with_gradient(PROMPTS, torch.arange(3), torch.tensor([[1], [0], [1]]), CPU)
    assert embeddings.shape == (3, 1, 2)
    assert_close(embeddings[:, 0], cache.cached(PROMPTS, CPU)[torch.arange(3), torch.tensor([1, 0, 1])])
    some = cache.with_gradient(PROMPTS, torch.tensor([2, 0]), torch.tensor([[0, 1], [0, 1]]), CPU)
    assert_close(some, cache.cached(PROMPTS, CPU)[[2, 0]])
    embeddings.sum().backward()
    assert encoder.weight.grad is not None


def test_more_prompts_than_a_chunk_are_embedded_again_in_the_backward_pass_with_the_same_gradient() -> None:
    choice = torch.tensor([[0, 1]] * 3)
    gradients = []
    for recomputes, forward, backward in ((False, [6], []), (True, [4, 2], [2, 4])):
        encoder = Encoder()
        cache = ClassEmbeddings(encoder.tokenize, encoder.encode, chunk_size=4, recomputes=recomputes)
        embeddings = cache.with_gradient(PROMPTS, torch.arange(3), choice, CPU)
        assert_close(embeddings, cache.cached(PROMPTS, CPU))
        assert encoder.batches[: len(forward)] == forward
        encoder.batches.clear()
        (embeddings * torch.arange(12).view(3, 2, 2)).sum().backward()
        assert encoder.batches == backward
        gradients.append(encoder.weight.grad)
    assert_close(*gradients)
    few = ClassEmbeddings(encoder.tokenize, encoder.encode, chunk_size=6, recomputes=True)
    encoder.batches.clear()
    few.with_gradient(PROMPTS, torch.arange(3), choice, CPU).sum().backward()
    assert encoder.batches == [6]


def test_many_prompts_are_announced_once_and_few_never() -> None:
    announced: list[int] = []
    encoder = Encoder()
    cache = ClassEmbeddings(encoder.tokenize, encoder.encode, on_many=announced.append)
    many = tuple((f"class {i}", f"a video of {i}") for i in range(MANY // 2))
    for _ in range(2):  # training makes them stale every epoch
        cache.cached(many, CPU)
        cache.forget()
    assert announced == [MANY]
    cache.cached(many[:-1], CPU)
    cache.cached(PROMPTS, CPU)
    assert announced == [MANY]
