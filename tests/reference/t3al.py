"""T3AL as its paper writes it: one video, whole tensors, autograd through everything, and loops for what is picked.

Liberatori et al., "Test-Time Zero-Shot Temporal Action Localization" (CVPR 2024), Eq. 1 to 11, in zsar's letters: N
frames of width W, P prompts of width V, D embedding width, K selected frames of either kind, T steps. Every frame is
projected anew in each step, nothing is cached or batched, and nothing of the package is used. Results have the type of
what comes in. Nothing guards a division: scores or features that are all zero give NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor
from torch.nn import functional


def unit(vectors: Tensor) -> Tensor:
    """Vectors [..., D] divided by their lengths."""
    return vectors / (vectors * vectors).sum(dim=-1, keepdim=True).sqrt()


def text_embedding(u: Tensor, p_l: Tensor, bias: Tensor | None) -> Tensor:
    """The embedding [D], of length 1, of the prompts [P, V] of one class."""
    embeddings = [unit(prompt @ p_l if bias is None else prompt @ p_l + bias) for prompt in u]
    return unit(torch.stack(embeddings).mean(dim=0))


def raw_scores(
    f: Tensor,
    u: Tensor,
    p_v: Tensor,
    p_l: Tensor,
    bias: Tensor | None,
    log_scale: Tensor,
    *,
    remove_background: bool,
    similarity: str,
) -> Tensor:
    """One score for each frame, [N], before any smoothing (Eq. 3)."""
    frames = f @ p_v
    if remove_background:
        frames = frames - frames.mean(dim=0)
    if similarity == "cosine":
        frames = unit(frames)
    else:
        assert similarity == "dot"
    return log_scale.exp() * (frames @ text_embedding(u, p_l, bias))


def smoothed(scores: Tensor, window: int) -> Tensor:
    """The mean [N] of the scores around each: window // 2 before, itself, and the rest of the window after it."""
    places = [covered(i, len(scores), window) for i in range(len(scores))]
    rows = torch.zeros(len(scores), len(scores), dtype=scores.dtype, device=scores.device)
    for row, around in zip(rows, places, strict=True):
        row[around.start : around.stop] = 1 / len(around)
    # The rows sum to 1 up to rounding only; what is equal for all frames is kept out, so that equal scores stay ties.
    return rows @ (scores - scores[0]) + scores[0]


def covered(place: int, n: int, window: int) -> range:
    """The places that a window at a place covers, of those from 0 to n - 1."""
    before = window // 2
    return range(max(0, place - before), min(n, place - before + window))


def select(scores: Tensor, k: int, draws_of_step: Tensor, inside: Tensor | None = None) -> tuple[list[int], list[int]]:
    """Frames taken for the action and for the background, K each in order of their places in time.

    `draws_of_step` [3, K] has the noise of both in its first two rows. `inside` bool [N], for the oracle of selection,
    tells the frames in annotated instances. N must be at least 2; where a pool is small a frame may be there twice.
    """
    values = [float(score) for score in scores.detach()]
    order = sorted(range(len(values)), key=lambda frame: -values[frame])  # stable, so that the earlier of equals leads
    if inside is None or bool(inside.all()) or not bool(inside.any()):
        n = min(100 * k, len(order) // 2)
        top, bottom = order[:n], order[len(order) - n :]
    else:
        within = [frame for frame in order if bool(inside[frame])]
        without = [frame for frame in order if not bool(inside[frame])]
        top = within[: min(100 * k, len(within))]
        bottom = without[len(without) - min(100 * k, len(without)) :]
    return spread(sorted(top), k, draws_of_step[0]), spread(sorted(bottom), k, draws_of_step[1])


def spread(pool: list[int], k: int, draws: Tensor) -> list[int]:
    """K frames of a pool in the middle of K equal parts of it, each moved by a little noise."""
    n = len(pool)
    largest = min(10, max(0, (n // k - 1) // 2))
    chosen = []
    for j in range(k):
        place = (2 * j + 1) * n // (2 * k)  # floor((j + 0.5) * n / k) in integers
        place += math.floor(float(draws[j]) * (2 * largest + 1)) - largest
        chosen.append(pool[min(max(place, 0), n - 1)])
    return chosen


def pairs_of(draws: Tensor) -> list[tuple[int, int]]:
    """The pairs of positives: each with the one after it in a random circle."""
    values = [float(draw) for draw in draws]
    circle = sorted(range(len(values)), key=lambda place: values[place])
    return [(circle[i], circle[(i + 1) % len(circle)]) for i in range(len(circle))]


def representation_loss(z: Tensor, draws: Tensor) -> Tensor:
    """Eq. 7 for positives [K, D], the mean over the pairs; 0 where there is but one frame."""
    if len(z) == 1:
        return torch.zeros((), dtype=z.dtype, device=z.device)
    losses = [2 - 2 * unit(z[i]) @ unit(z[j]) for i, j in pairs_of(draws)]
    return torch.stack(losses).mean()


def separation_loss(scores: Tensor, smoothing: float = 0.0) -> Tensor:
    """Eq. 10 for the scores [2K] of positives, then negatives; the targets are moved by half the smoothing."""
    return 2 - 2 * unit(scores) @ unit(targets_like(scores, smoothing))


def targets_like(scores: Tensor, smoothing: float = 0.0) -> Tensor:
    """Eq. 9: K ones and K zeros."""
    k = len(scores) // 2
    values = [1 - smoothing / 2] * k + [smoothing / 2] * k
    return torch.tensor(values, dtype=scores.dtype, device=scores.device)


def loss_of(loss: str, z: Tensor, scores: Tensor, text: Tensor, draws: Tensor) -> Tensor:
    """The loss of one step, a scalar.

    From the embeddings of the positives, not centred, `z` [K, D], the `scores` [2K] of positives, then negatives, the
    embedding of the pseudo-label `text` [D], and the `draws` [K] that put the positives into a random order.
    """
    if loss == "paper":
        return representation_loss(z, draws) + separation_loss(scores)
    if loss == "representation":
        return representation_loss(z, draws)
    if loss == "separation":
        return separation_loss(scores)
    if loss == "binary_cross_entropy":
        targets = targets_like(scores)
        return -(targets * functional.logsigmoid(scores) + (1 - targets) * functional.logsigmoid(-scores)).mean()
    assert loss == "reference"
    pulled = [2 - 2 * unit(frame) @ unit(text.detach()) for frame in z]
    return torch.stack(pulled).mean() + separation_loss(scores, smoothing=0.2)


def tune(
    f: Tensor,
    u: Tensor,
    p_v: Tensor,
    p_l: Tensor,
    bias: Tensor | None,
    log_scale: Tensor,
    draws: Tensor,
    *,
    n_steps: int,
    n_selected: int,
    loss: str,
    trained: str,
    learning_rate: float,
    visual_learning_rate: float | None,
    weight_decay: float,
    patience_steps: int,
    remove_background: bool,
    smooth_selection: bool,
    window_frames: int,
    similarity: str,
    inside: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor, list[float], int]:
    """Adapts copies of both projections and of the temperature to one video.

    `f` [N, W], `u` [P, V] of the pseudo-label, `p_v` [W, D], `p_l` [V, D], `bias` [D], `log_scale` a scalar; `draws`
    [T, 3, K] from 0 up to 1, of the positives, the negatives and the pairs. `patience_steps` is the number of steps in
    a row without a new lowest loss that end it. What a loss does not depend on stays, also under weight decay.

    Returns:
        Adapted `p_v`, `p_l` and `log_scale`, the loss of each step, also of the one at which it ended, and the number
        of updates.
    """
    p_v, p_l, log_scale = (tensor.detach().clone() for tensor in (p_v, p_l, log_scale))
    rate = learning_rate if visual_learning_rate is None else visual_learning_rate
    rates = {"both": [(p_v, rate), (p_l, learning_rate)], "visual": [(p_v, rate)], "text": [(p_l, learning_rate)]}
    parameters = [*rates[trained], (log_scale, learning_rate)]
    optimizer = torch.optim.Adam(
        [{"params": [p.requires_grad_(True)], "lr": lr} for p, lr in parameters], weight_decay=weight_decay
    )
    losses: list[float] = []
    best, waited, n_updates = math.inf, 0, 0
    for step in range(n_steps if len(f) >= 2 else 0):
        scores = raw_scores(f, u, p_v, p_l, bias, log_scale, remove_background=remove_background, similarity=similarity)
        if smooth_selection:
            scores = smoothed(scores, window_frames)
        positives, negatives = select(scores, n_selected, draws[step], inside)
        value = loss_of(
            loss, (f @ p_v)[positives], scores[positives + negatives], text_embedding(u, p_l, bias), draws[step, 2]
        )
        losses.append(value.item())
        if losses[-1] < best:
            best, waited = losses[-1], 0
        else:
            waited += 1
        if waited == patience_steps:
            break
        optimizer.zero_grad()
        if value.requires_grad:
            value.backward()
        optimizer.step()
        n_updates += 1
    return p_v.detach(), p_l.detach(), log_scale.detach(), losses, n_updates


def segments(scores: Tensor, window: int) -> list[tuple[int, int]]:
    """First and last frame of each run of frames above the mean, from raw scores [N]; exactly, in fractions."""
    raw = [Fraction(float(score)) for score in scores]
    averaged = []
    for i in range(len(raw)):
        around = [raw[place] for place in covered(i, len(raw), window)]
        averaged.append(sum(around, Fraction(0)) / len(around))
    low, high = min(averaged), max(averaged)
    scaled = [(score - low) / (high - low) if high > low else Fraction(0) for score in averaged]
    threshold = sum(scaled, Fraction(0)) / len(scaled)
    found: list[tuple[int, int]] = []
    for i, score in enumerate(scaled):
        if score > threshold:
            if found and found[-1][1] == i - 1:
                found[-1] = (found[-1][0], i)
            else:
                found.append((i, i))
    return found


def nearest_class(feature: Tensor, class_texts: Sequence[Tensor], p_v: Tensor, p_l: Tensor, bias: Tensor | None) -> int:
    """The class whose text [P, V] is nearest to the embedding of a feature [W]."""
    cosines = [float(unit(feature @ p_v) @ text_embedding(u, p_l, bias)) for u in class_texts]
    return cosines.index(max(cosines))


def pseudo_label(f: Tensor, class_texts: Sequence[Tensor], p_v: Tensor, p_l: Tensor, bias: Tensor | None) -> int:
    """The class of the mean frame (Eq. 1 and 2); the projections are the original ones."""
    return nearest_class(f.mean(dim=0), class_texts, p_v, p_l, bias)


def region_classes(
    f: Tensor,
    regions: Sequence[tuple[int, int]],
    class_texts: Sequence[Tensor],
    p_v: Tensor,
    p_l: Tensor,
    bias: Tensor | None,
) -> list[int]:
    """The class of each region, given by its first and last frame; the projections are the adapted ones."""
    return [nearest_class(f[first : last + 1].mean(dim=0), class_texts, p_v, p_l, bias) for first, last in regions]


def keep_regions(captions: Sequence[Tensor], alpha: float, beta: float) -> list[bool]:
    """Whether each region agrees with more than the share alpha of the others, in cosines of at least beta (4.4).

    `captions` has for each region the embeddings [n, D] of its captions, of any length above 0.
    """
    if len(captions) <= 2:
        return [True] * len(captions)
    regions = [unit(torch.stack([unit(caption) for caption in of_region]).mean(dim=0)) for of_region in captions]
    kept = []
    for i, region in enumerate(regions):
        others = [float(region @ other) for j, other in enumerate(regions) if j != i]
        kept.append(sum(cosine >= beta for cosine in others) / len(others) > alpha)
    return kept
