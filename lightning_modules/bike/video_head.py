"""BIKE's video head: six transformer layers over the frame embeddings of a view, around which a residual leads.

    x = f + P;  x += MHA(LN(x)), x += MLP(LN(x)) in each layer;  y = x + f

The layers have full attention over the frames, without mask, class token, dropout or a last layer norm. Their layer
norms have an eps of 1e-12, where CLIP's have 1e-5.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

EPS = 1e-12
HEAD_WIDTH = 64  # of one attention head, in CLIP's text tower and here: there are as many of them as in the text tower
_STD = 0.02


class VideoHead(nn.Module):
    """Frame embeddings -> frame embeddings that know of each other."""

    def __init__(self, width: int, *, n_heads: int, n_positions: int, n_layers: int = 6) -> None:
        """Creates the layers as the authors do: N(0, 0.02), biases 0, and PyTorch's own weights of q, k and v.

        Args:
            width: D.
            n_heads: Attention heads.
            n_positions: Most frames of a view.
            n_layers: Number of layers.
        """
        super().__init__()
        self.positions = nn.Parameter(_STD * torch.randn(n_positions, width))
        layers = [
            nn.TransformerEncoderLayer(
                width,
                n_heads,
                4 * width,
                dropout=0.0,
                activation=quick_gelu,
                layer_norm_eps=EPS,
                batch_first=True,
                norm_first=True,
            )
            for _ in range(n_layers)
        ]
        self.layers = nn.ModuleList(layers)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=_STD)
                nn.init.zeros_(module.bias)

    def forward(self, frames: Tensor) -> Tensor:
        """Frame embeddings [B, T, D], not normalized -> [B, T, D].

        Raises:
            ValueError: A view has more frames than there are positions.
        """
        n_frames = frames.shape[1]
        if n_frames > len(self.positions):
            raise ValueError(
                f"a view has {n_frames} frames, but BIKE's video head has {len(self.positions)} positions; take fewer "
                "frames (data.clips.n_frames)"
            )
        x = frames + self.positions[:n_frames]
        for layer in self.layers:
            x = layer(x)
        return x + frames


def quick_gelu(x: Tensor) -> Tensor:
    """OpenAI's approximation of GELU, x sigmoid(1.702 x): any shape -> the same."""
    return x * torch.sigmoid(1.702 * x)
