from pathlib import Path

import pytest
import torch
from torch.nn.functional import normalize

from tests.makers.models.text_towers import ALL, OF_TRANSFORMERS, WITH_OWN_BLOCKS, text_backbone
from zsar.callbacks.prompt_tuning.prompt_learner import ClassPosition, PromptLearner, Saliency, phrase_tokens
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.scorers.token_rows import token_rows

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def backbone() -> OpenClipBackbone:
    torch.manual_seed(0)
    made = OpenClipBackbone("tiny-clip", "random")
    with torch.no_grad():
        made.clip.token_embedding.weight.mul_(20)
    return made.requires_grad_(False)


def learner(backbone: OpenClipBackbone, texts: list[list[str]], position: ClassPosition = "end") -> PromptLearner:
    return PromptLearner(backbone.text, texts, phrase="a photo of a", n_context=4, class_position=position, device=CPU)


def embeddings(made: PromptLearner, contexts: torch.Tensor) -> torch.Tensor:
    return made.assemble([made.encode(contexts, part) for part in made.parts()])


@pytest.mark.parametrize(
    ("position", "sentences"),
    [
        ("end", ["a photo of a red circle.", "a photo of a big dog runs."]),
        ("middle", ["a photo red circle of a.", "a photo big dog runs of a."]),
        ("front", ["red circle a photo of a.", "big dog runs a photo of a."]),
    ],
)
def test_an_untuned_prompt_is_the_sentence(
    backbone: OpenClipBackbone, position: ClassPosition, sentences: list[str]
) -> None:
    context = backbone.text.embed_tokens(phrase_tokens(backbone.text, "a photo of a"))
    found = embeddings(learner(backbone, [["red circle"], ["big dog runs"]], position), context[None])
    expected = normalize(backbone.encode_text(backbone.tokenize(sentences)), dim=-1)
    assert found.shape == (1, 2, 1, 64)
    torch.testing.assert_close(found[0, :, 0], expected, atol=1e-5, rtol=0)


def test_several_prompts_of_a_class_stay_with_it_whatever_their_length(backbone: OpenClipBackbone) -> None:
    texts = [["one two three four", "one"], ["two", "three four five"], ["a b", "c d e f g"]]
    context = backbone.text.embed_tokens(phrase_tokens(backbone.text, "a photo of a"))[None]
    found = embeddings(learner(backbone, texts), context)
    assert found.shape == (1, 3, 2, 64)
    for label, of_class in enumerate(texts):
        for prompt, text in enumerate(of_class):
            alone = embeddings(learner(backbone, [[text]]), context)
            torch.testing.assert_close(found[0, label, prompt], alone[0, 0, 0], atol=1e-5, rtol=0)


def test_each_video_has_its_context_and_gradients_do_not_mix(backbone: OpenClipBackbone) -> None:
    made = learner(backbone, [["red circle"], ["big dog runs"]])
    contexts = torch.randn(3, 4, 64, requires_grad=True)
    together = embeddings(made, contexts)
    torch.testing.assert_close(together[1:2], embeddings(made, contexts[1:2]), atol=1e-5, rtol=0)
    (gradient,) = torch.autograd.grad(together[1].sum() * 100, contexts)
    assert gradient[1].abs().max() > 0
    assert gradient[[0, 2]].abs().max() == 0


def test_taking_apart_undoes_assembling(backbone: OpenClipBackbone) -> None:
    made = learner(backbone, [["one two three"], ["one"], ["one two"]])
    parts = made.parts(most_bytes=1)
    pieces = [torch.randn(2, part.stop - part.start, 5) for part in parts]
    whole = made.assemble(pieces)
    assert whole.shape == (2, 3, 1, 5)
    for piece, part in zip(pieces, parts, strict=True):
        assert torch.equal(made.split_part(whole, part), piece)


def test_long_texts_do_not_lengthen_short_ones(backbone: OpenClipBackbone) -> None:
    texts = [["dog"]] * 20 + [["one two three four five six seven"]] * 20
    parts = learner(backbone, texts).parts()
    assert [(part.start, part.stop) for part in parts] == [(0, 20), (20, 40)]


def test_the_phrase_is_not_said_twice_and_a_full_stop_is_added_once(backbone: OpenClipBackbone) -> None:
    context = torch.randn(1, 4, 64)
    plain = embeddings(learner(backbone, [["red circle"]]), context)
    for other in ("A photo of a red circle", "red circle.", "a photo of a red circle. "):
        assert torch.equal(embeddings(learner(backbone, [[other]]), context), plain)
    assert not torch.equal(embeddings(learner(backbone, [["red circle!"]]), context), plain)


def test_a_text_too_long_beside_the_context_is_cut_at_a_sentence_end_or_refused(backbone: OpenClipBackbone) -> None:
    long = "one two three four five six. seven eight nine ten"
    with pytest.warns(UserWarning, match="reads 12 tokens"):
        cut = learner(backbone, [[long]])
    context = torch.randn(1, 4, 64)
    assert torch.equal(
        embeddings(cut, context), embeddings(learner(backbone, [["one two three four five six."]]), context)
    )
    with pytest.raises(ValueError, match="but the model reads 12"):
        learner(backbone, [["one two three four five six seven eight nine ten eleven"]])


def test_a_context_has_a_token_for_each_of_its_phrases_tokens(backbone: OpenClipBackbone) -> None:
    assert len(phrase_tokens(backbone.text, "a photo of a")) == 4
    assert len(phrase_tokens(backbone.text, "an unpronounceable")) > 2  # tokens are no words
    with pytest.raises(ValueError, match="has no tokens"):
        phrase_tokens(backbone.text, " ")


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("position", ["end", "front"])
def test_an_untuned_prompt_is_the_sentence_for_every_kind_of_text_tower(
    kind: str, position: ClassPosition, tmp_path: Path
) -> None:
    made = text_backbone(tmp_path, kind)
    texts = [["playing guitar"], ["a big dog runs"], ["chess"]]
    sentences = [f"a photo of a {text}." if position == "end" else f"{text} a photo of a." for (text,) in texts]
    tokens = phrase_tokens(made.text, "a photo of a", position)
    prompts = PromptLearner(
        made.text, texts, phrase="a photo of a", n_context=len(tokens), class_position=position, device=CPU
    )
    context = made.text.embed_tokens(tokens)
    with torch.no_grad():
        expected = normalize(made.clip.encode_text(made.tokenize(sentences), normalize=False), dim=-1)
        torch.testing.assert_close(embeddings(prompts, context[None])[0, :, 0], expected, atol=1e-5, rtol=1e-5)
        alone = prompts.assemble([prompts.encode(context[None], part) for part in prompts.parts(most_bytes=1)])
        torch.testing.assert_close(alone[0, :, 0], expected, atol=1e-5, rtol=1e-5)
    contexts = torch.stack([context, context + 0.1]).requires_grad_()
    (gradient,) = torch.autograd.grad(embeddings(prompts, contexts)[1].square().sum() * 100, contexts)
    assert gradient[0].abs().max() == 0  # of the other video
    assert (embeddings(prompts, contexts)[1] - expected).abs().max() > 1e-4


def test_where_padding_is_seen_a_prompt_fills_the_context(tmp_path: Path) -> None:
    text = text_backbone(tmp_path, "siglip").text
    tokens = phrase_tokens(text, "a photo of a")
    made = PromptLearner(
        text, [["chess"]], phrase="a photo of a", n_context=len(tokens), class_position="end", device=CPU
    )
    assert made._tokens.shape == (1, text.context_length)
    assert (made._tokens[0, -5:] == text.frame.padding).all()
    assert (made._tokens < 0).sum() == len(tokens)  # nothing but the context is learnable
    assert text.tower.reads == (
        "at the last position, and padding is seen: a text always fills the context of 40 tokens"
    )


@pytest.mark.parametrize("position", ["end", "middle", "front"])
def test_without_a_full_stop_a_prompt_is_the_sentence_without_one(
    backbone: OpenClipBackbone, position: ClassPosition
) -> None:
    """A mark that a text has of its own stays, and stays last."""
    prompts = PromptLearner(
        backbone.text,
        [["red circle"], ["big dog runs!"]],
        phrase="a photo of a",
        n_context=4,
        class_position=position,
        device=CPU,
        full_stop=False,
    )
    sentences = {
        "end": ["a photo of a red circle", "a photo of a big dog runs!"],
        "middle": ["a photo red circle of a", "a photo big dog runs of a!"],
        "front": ["red circle a photo of a", "big dog runs a photo of a!"],
    }[position]
    context = backbone.text.embed_tokens(phrase_tokens(backbone.text, "a photo of a"))
    expected = normalize(backbone.encode_text(backbone.tokenize(sentences)), dim=-1)
    torch.testing.assert_close(embeddings(prompts, context[None])[0, :, 0], expected, atol=1e-5, rtol=0)


def rows_of(backbone: OpenClipBackbone, texts: list[list[str]], *, saliency: Saliency = "exact") -> PromptLearner:
    """Prompts whose every token is read."""
    return PromptLearner(
        backbone.text,
        texts,
        phrase="a photo of a",
        n_context=len(phrase_tokens(backbone.text, "a photo of a")),
        class_position="end",
        device=CPU,
        reads_tokens=True,
        saliency=saliency,
    )


@pytest.mark.parametrize("kind", WITH_OWN_BLOCKS)
def test_where_tokens_are_read_a_prompt_is_the_row_of_the_sentence(kind: str, tmp_path: Path) -> None:
    """Up to the end of the context, whether its beginning is shared or not, and in parts as at once."""
    texts = [["playing guitar"], ["a big dog runs"], ["chess"]]
    made = text_backbone(tmp_path, kind)
    prompts = rows_of(made, texts)
    context = made.text.embed_tokens(phrase_tokens(made.text, "a photo of a"))[None].detach()
    with torch.no_grad():
        expected = token_rows(made.encode_text_tokens(made.tokenize([f"a photo of a {text}." for (text,) in texts])))
        for most_bytes, n_parts in ((None, 1), (1.0, 3)):
            parts = prompts.parts(most_bytes=most_bytes)
            assert len(parts) == n_parts
            pieces = [prompts.encode(context, part) for part in parts]
            whole = prompts.assemble(pieces)
            torch.testing.assert_close(whole[0, :, 0], expected, atol=1e-4, rtol=1e-4)
            for piece, part in zip(pieces, parts, strict=True):
                assert torch.equal(prompts.split_part(whole, part), piece)


def test_a_tower_without_states_of_its_tokens_is_told(tmp_path: Path) -> None:
    made = text_backbone(tmp_path, OF_TRANSFORMERS[0])
    prompts = rows_of(made, [["chess"]])
    with pytest.raises(BackboneError, match=r"no states of its tokens to read \(concept_spotting\)"):
        prompts.encode(made.text.embed_tokens(phrase_tokens(made.text, "a photo of a"))[None], slice(0, 1))


def test_tokens_held_constant_have_no_gradient_and_the_same_values(backbone: OpenClipBackbone) -> None:
    """What is left is the gradient of the ends, for the memory of these."""
    texts = [["red circle"], ["big dog runs"]]
    exact, constant = (rows_of(backbone, texts, saliency=saliency) for saliency in ("exact", "constant"))
    ends = learner(backbone, texts)
    contexts = torch.randn(2, 4, 64, requires_grad=True)
    rows = embeddings(exact, contexts), embeddings(constant, contexts)
    torch.testing.assert_close(rows[0], rows[1], atol=1e-5, rtol=0)
    weights = torch.randn(rows[0].shape)
    held, whole = (torch.autograd.grad((weights * one).sum(), contexts)[0] for one in rows[::-1])
    of_ends = torch.autograd.grad((weights[..., :64] * embeddings(ends, contexts)).sum(), contexts)[0]
    torch.testing.assert_close(held, of_ends, atol=1e-4, rtol=1e-4)
    assert (whole - of_ends).abs().max() > 0.1 * of_ends.abs().max()
    assert constant.bytes_per_video == ends.bytes_per_video < exact.bytes_per_video
    with pytest.raises(ValueError, match="saliency is 'constant', but only the scorer concept_spotting has one"):
        PromptLearner(
            backbone.text, texts, phrase=None, n_context=4, class_position="end", device=CPU, saliency="constant"
        )


def test_prompts_whose_tokens_are_read_cost_the_whole_context(backbone: OpenClipBackbone) -> None:
    """The memory that decides how many videos are tuned at a time: all positions behind the shared ones."""
    texts = [["dog"], ["red circle"]]
    short, whole = learner(backbone, texts), rows_of(backbone, texts)
    shared, length = whole._n_shared, backbone.text.context_length
    longest = backbone.text.n_tokens("a photo of a red circle.")
    assert whole.bytes_per_video / short.bytes_per_video == pytest.approx((length - shared) / (longest - shared))
