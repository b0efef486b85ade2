"""T3AL as its paper writes it: one video, whole tensors, autograd through everything, and loops for what is picked.

Liberatori et al., "Test-Time Zero-Shot Temporal Action Localization" (CVPR 2024), Eq. 1 to 11, in zsar's letters: N
frames of width W, P prompts of width V, D embedding width, K selected frames of either kind, T steps. Every frame is
projected anew in each step, nothing is cached or batched, and nothing of the package is used. Results have the type of
what comes in. Nothing guards a division: scores or features that are all zero give NaN. Where there are two readings,
an argument chooses; `localize` is the paper's throughout, and `tests/reference/t3al_authors.py` that of its authors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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
    background: str,
    similarity: str,
) -> Tensor:
    """One score for each frame, [N], before any smoothing (Eq. 3)."""
    frames, text = f @ p_v, text_embedding(u, p_l, bias)
    if background == "video_mean":
        frames = frames - frames.mean(dim=0)
    if background == "pseudo_label":
        frames = unit(frames) - text
    if similarity == "cosine":
        return unit(frames) @ text
    assert similarity == "dot"
    return log_scale.exp() * (frames @ text)


def smoothed(scores: Tensor, window: int, edges: str = "cut") -> Tensor:
    """The mean [N] of the scores around each; beyond the ends there are none, or the first and the last again."""
    rows = torch.zeros(len(scores), len(scores), dtype=scores.dtype, device=scores.device)
    for i, row in enumerate(rows):
        around = covered(i, window, edges)
        inside = [place for place in around if 0 <= place < len(scores)]
        for place in inside if edges == "cut" else around:
            row[min(max(place, 0), len(scores) - 1)] += 1 / len(inside if edges == "cut" else around)
    # The rows sum to 1 up to rounding only; what is equal for all frames is kept out, so that equal scores stay ties.
    return rows @ (scores - scores[0]) + scores[0]


def covered(place: int, window: int, edges: str) -> range:
    """The places of a window: of 20, 10 before and 9 after it where edges are cut, else 9 before and 10 after it."""
    before = window // 2 if edges == "cut" else (window - 1) // 2
    return range(place - before, place - before + window)


def select(
    scores: Tensor,
    k: int,
    draws_of_step: Tensor,
    inside: Tensor | None = None,
    *,
    pools: str = "halves",
    thinning: str = "middles",
) -> tuple[list[int], list[int]]:
    """Frames taken for the action and for the background, K each in order of their places in time.

    `draws_of_step` [3, K] has the noise of both in its first two rows. `inside` bool [N], for the oracle of selection,
    tells the frames in annotated instances. N must be at least 2; where a pool is small a frame may be there twice.
    """
    values = [float(score) for score in scores.detach()]
    order = sorted(range(len(values)), key=lambda frame: -values[frame])  # stable, so that the earlier of equals leads
    if inside is None or bool(inside.all()) or not bool(inside.any()):
        n = min(100 * k, len(order) // 2 if pools == "halves" else len(order))
        top, bottom = order[:n], order[len(order) - n :]
    else:
        within = [frame for frame in order if bool(inside[frame])]
        without = [frame for frame in order if not bool(inside[frame])]
        top = within[: min(100 * k, len(within))]
        bottom = without[len(without) - min(100 * k, len(without)) :]
    thin = spread if thinning == "middles" else spread_with_ends
    return thin(sorted(top), k, draws_of_step[0], len(values)), thin(sorted(bottom), k, draws_of_step[1], len(values))


def spread(pool: list[int], k: int, draws: Tensor, n_frames: int = 0) -> list[int]:
    """K frames of a pool in the middle of K equal parts of it, each moved by a little noise."""
    n = len(pool)
    largest = min(10, max(0, (n // k - 1) // 2))
    chosen = []
    for j in range(k):
        place = (2 * j + 1) * n // (2 * k)  # floor((j + 0.5) * n / k) in integers
        place += math.floor(float(draws[j]) * (2 * largest + 1)) - largest
        chosen.append(pool[min(max(place, 0), n - 1)])
    return chosen


def spread_with_ends(pool: list[int], k: int, draws: Tensor, n_frames: int) -> list[int]:
    """K frames from the first to the last of a pool, each moved by up to 10 frames of the video, out of it or not."""
    chosen = []
    for j in range(k):
        frame = pool[j * (len(pool) - 1) // (k - 1)] if k > 1 else pool[0]
        chosen.append(min(max(frame + math.floor(float(draws[j]) * 21) - 10, 0), n_frames - 1))
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


def text_loss(z: Tensor, text: Tensor) -> Tensor:
    """The authors' Representation loss: positives [K, D] are drawn to the text [D]; a sum divided by D, not by K."""
    return sum((2 - 2 * unit(frame) @ unit(text.detach()) for frame in z), torch.zeros(())) / z.shape[1]


def separation_loss(scores: Tensor, smoothing: float = 0.0) -> Tensor:
    """Eq. 10 for the scores [2K] of positives, then negatives; smoothed targets are not brought to length 1 again."""
    b = targets_like(scores)
    return 2 - 2 * unit(scores) @ ((1 - smoothing) * unit(b) + smoothing / len(b))


def targets_like(scores: Tensor) -> Tensor:
    """Eq. 9: K ones and K zeros."""
    k = len(scores) // 2
    return torch.tensor([1.0] * k + [0.0] * k, dtype=scores.dtype, device=scores.device)


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
    assert loss == "authors"
    return text_loss(z, text) + separation_loss(scores, smoothing=0.2)


def stops_after(losses: Sequence[float], rule: str, patience: int | None) -> bool:
    """Whether the last steps in a row, as many as the patience, all failed to bring the loss down."""
    if rule == "none":
        return False
    assert patience is not None
    if len(losses) <= patience:
        return False
    last = range(len(losses) - patience, len(losses))
    if rule == "no_fall":
        return all(losses[i] >= losses[i - 1] for i in last)
    assert rule == "no_new_lowest"
    return all(losses[i] >= min(losses[:i]) for i in last)


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
    early_stop: str,
    patience_steps: int | None,
    background: str,
    smoothed_scores: str,
    window_frames: int,
    window_edges: str,
    similarity: str,
    pools: str,
    thinning: str,
    inside: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor, list[float], int]:
    """Adapts copies of both projections and of the temperature to one video.

    `f` [N, W], `u` [P, V] of the pseudo-label, `p_v` [W, D], `p_l` [V, D], `bias` [D], `log_scale` a scalar; `draws`
    [T, 3, K] from 0 up to 1, of the positives, the negatives and the pairs. What a loss does not depend on stays, also
    under weight decay.

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
    n_updates = 0
    for step in range(n_steps if len(f) >= 2 else 0):
        model = (f, u, p_v, p_l, bias, log_scale)
        if similarity == "authors":
            selecting = raw_scores(*model, background=background, similarity="dot")
            scores = log_scale.exp() * raw_scores(*model, background="none", similarity="cosine")
        else:
            selecting = scores = raw_scores(*model, background=background, similarity=similarity)
        if smoothed_scores != "final":
            selecting = smoothed(selecting, window_frames, window_edges)
        if smoothed_scores == "all":
            scores = smoothed(scores, window_frames, window_edges)
        positives, negatives = select(selecting, n_selected, draws[step], inside, pools=pools, thinning=thinning)
        value = loss_of(
            loss, (f @ p_v)[positives], scores[positives + negatives], text_embedding(u, p_l, bias), draws[step, 2]
        )
        losses.append(value.item())
        if stops_after(losses, early_stop, patience_steps):
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
        around = [raw[place] for place in covered(i, window, "cut") if 0 <= place < len(raw)]
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


def probability(cosines: Tensor, log_scale: Tensor, label: int) -> float:
    """The softmax probability of a class from cosines [C] times the temperature: a segment's score."""
    return float((log_scale.exp() * cosines).softmax(dim=0)[label])


def keep_regions(captions: Sequence[Tensor], alpha: float, beta: float, votes: str = "all") -> list[bool]:
    """Whether each region agrees with enough of them, in cosines of at least beta (4.4).

    `captions` has for each region the embeddings [n, D] of its captions, of any length above 0. Of "all" regions,
    itself included, the share must not be below alpha, or it must be "more_than_share"; or of the "others", from three
    regions on, it must be more than alpha.
    """
    if len(captions) <= (2 if votes == "others" else 1):
        return [True] * len(captions)
    regions = [unit(torch.stack([unit(caption) for caption in of_region]).mean(dim=0)) for of_region in captions]
    kept = []
    for i, region in enumerate(regions):
        others = [float(region @ other) >= beta for j, other in enumerate(regions) if j != i]
        share_of_all = Fraction(sum(others) + 1, len(regions))
        if votes == "others":
            kept.append(sum(others) / len(others) > alpha)
        else:
            kept.append(share_of_all >= alpha if votes == "all" else share_of_all > alpha)
    return kept


def localize(
    f: Tensor,
    class_texts: Sequence[Tensor],
    p_v: Tensor,
    p_l: Tensor,
    bias: Tensor | None,
    log_scale: Tensor,
    draws: Callable[[int], Tensor],
    captions: Sequence[Tensor],
    *,
    n_steps: int,
    n_selected: int,
    learning_rate: float,
    window: int = 20,
    background: str = "video_mean",
) -> list[tuple[int, int, int, float, bool]]:
    """All of the paper: the first and the last frame of each segment, its class, its score, and whether it is kept.

    `class_texts` has the prompts [P, V] of each class, `draws` gives those of a pseudo-label, and `captions` has for
    each frame the features [V] of its caption.
    """
    label = pseudo_label(f, class_texts, p_v, p_l, bias)
    p_v, p_l, log_scale, _, _ = tune(
        *(f, class_texts[label], p_v, p_l, bias, log_scale, draws(label)),
        n_steps=n_steps,
        n_selected=n_selected,
        loss="paper",
        trained="both",
        learning_rate=learning_rate,
        visual_learning_rate=None,
        weight_decay=0.0,
        early_stop="no_fall",
        patience_steps=5,
        background=background,
        smoothed_scores="final",
        window_frames=window,
        window_edges="cut",
        similarity="cosine",
        pools="halves",
        thinning="middles",
    )
    scores = raw_scores(f, class_texts[label], p_v, p_l, bias, log_scale, background=background, similarity="cosine")
    regions = segments(scores, window)
    labels = region_classes(f, regions, class_texts, p_v, p_l, bias)
    embedded = [
        torch.stack([text_embedding(captions[i][None], p_l, bias) for i in range(first, last + 1)])
        for first, last in regions
    ]
    kept = keep_regions(embedded, alpha=0.5, beta=0.75)
    found = []
    for (first, last), named, is_kept in zip(regions, labels, kept, strict=True):
        mean = unit(f[first : last + 1].mean(dim=0) @ p_v)
        cosines = torch.stack([mean @ text_embedding(u, p_l, bias) for u in class_texts])
        found.append((first, last, named, probability(cosines, log_scale, named), is_kept))
    return found
