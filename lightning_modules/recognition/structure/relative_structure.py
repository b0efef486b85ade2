"""Relative structure: videos and classes described by their cosines with random anchors (TACO, Zhu et al. 2026).

With v and t the unit embeddings of videos and classes, A the anchors, s the factor of the cosines, and ' for the
teacher:

    Z = (v A^T)(A t^T)      q = softmax(s Z'),  r = softmax(s Z)      loss = mean over videos of KL(q || r)

A^T A is a random matrix of mean (K / D) I, with K anchors and width D. So Z is (K / D) v.t plus noise that teacher and
student share, and K / D sets the temperature: 200 anchors are 0.39 for D = 512, but 3.1 for D = 64.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from zsar.runtime.seeds import derive_seed


def draw_anchors(n_anchors: int, width: int, *, seed: int) -> Tensor:
    """Draws directions that are uniform on the sphere.

    Args:
        n_anchors: K.
        width: D.
        seed: Of the step's batch. The draw has its own generator and so does not change the other draws of the step.

    Returns:
        float32 [K, D] on the CPU, each of length 1.
    """
    generator = torch.Generator("cpu").manual_seed(derive_seed(seed, "anchors of relative structure"))
    return functional.normalize(torch.randn(n_anchors, width, generator=generator, device="cpu"), dim=-1)


def structure_similarities(videos: Tensor, classes: Tensor, anchors: Tensor) -> Tensor:
    """The inner products of videos and classes, each described by its cosines with the anchors.

    Args:
        videos: v, L2-normalized, [B, D].
        classes: t, L2-normalized, [C, D].
        anchors: A, [K, D].

    Returns:
        Z, [B, C].
    """
    return (videos @ anchors.T) @ (classes @ anchors.T).T


def structure_loss(student: Tensor, teacher: Tensor, logit_scale: Tensor) -> Tensor:
    """The KL divergence of the student's distributions over the classes from the teacher's.

    Args:
        student: Z of the model in training, [B, C].
        teacher: Z of the teacher, [B, C].
        logit_scale: s, the student's, a scalar. It gets a gradient through both distributions, as in the authors'
            code.

    Returns:
        KL(teacher || student), averaged over the videos; a scalar.
    """
    of_teacher = (logit_scale * teacher).log_softmax(dim=-1)
    of_student = (logit_scale * student).log_softmax(dim=-1)
    return (of_teacher.exp() * (of_teacher - of_student)).sum(dim=-1).mean()
