"""Open-VCLIP (Weng et al. 2023): fine-tuned CLIP whose frames attend to the frames before and after, in every block.

There is no new parameter: queries, keys and values are CLIP's own. The visual tower and the logit scale are trained;
at test time, weights are between the tuned and the original ones (`tuned_share`).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from torch import Tensor

from zsar.lightning_modules.clip.clip import FineTunedCLIP
from zsar.lightning_modules.clip.interpolated_regularization import InterpolatedRegularization
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TowerBlock
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import RANDOM_WEIGHTS
from zsar.lightning_modules.open_vclip.author_checkpoints_open_vclip import read_open_vclip_checkpoint
from zsar.lightning_modules.recognition.mixing import Mixing
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.training.optimization import Optimization


class OpenVCLIP(FineTunedCLIP):
    """Fine-tuned CLIP with attention over neighbouring frames."""

    def __init__(
        self,
        *,
        backbone: TrainedClipSettings = TrainedClipSettings("ViT-B-16-quickgelu", "openai"),
        scoring: Scoring = Scoring("mean_frame_cosine", "embedding", "all", "logit_sum"),
        neighbour_attention: bool = True,
        interpolated_regularization: InterpolatedRegularization | None = InterpolatedRegularization(),
        tuned_share: float = 0.5,
        start_from: str | None = None,
        optimization: Optimization = Optimization(
            learning_rate=3.33e-6,
            weight_decay=0.01,
            betas=(0.9, 0.999),
            warmup_fraction=1 / 11,
            warmup_start_fraction=0.01,
            final_fraction=0.01,
            decay_on="all_but_vectors",
        ),
    ) -> None:
        """Builds the model; the defaults are the authors' for B/32 and B/16.

        Args:
            backbone: The CLIP model, with a ViT of open_clip's or timm's.
            scoring: How frames are compared with prompts: the mean of the frames' cosines with the mean of all
                templates, in training, too, and views by the sum of their logits.
            neighbour_attention: Whether frames see their neighbours. Where a clip has none, before its first and after
                its last frame, there are zero keys and values, so that a clip of one frame is not CLIP's, either; false
                for CLIP's own blocks, frame by frame.
            interpolated_regularization: A second loss in training, at weights between the tuned and CLIP's; null for
                none.
            tuned_share: At test time, share of the tuned weights, the logit scale included, in an average with CLIP's
                (the authors count CLIP's share: 0.5 for B/32 and B/16, 0.6 for L/14, which is 0.4 here).
            start_from: A checkpoint whose weights initialize training; null for CLIP.
            optimization: Optimizer and schedule; the default is the authors' for 22 epochs on Kinetics-400.

        Raises:
            ValueError: A value is out of range.
            BackboneError: The CLIP model cannot be built, or its visual tower is no ViT whose blocks are known.
        """
        super().__init__(
            backbone=backbone,
            scoring=scoring,
            tune="visual",
            logit_scale="trained",
            mixing=Mixing(mixup_alpha=0.0, cutmix_alpha=0.0),
            label_smoothing=0.0,
            interpolated_regularization=interpolated_regularization,
            tuned_share=tuned_share,
            start_from=start_from,
            optimization=optimization,
        )
        self.neighbour_attention = neighbour_attention
        if neighbour_attention:
            _ = self.backbone.visual_tower.blocks  # refuses towers that have none to run step by step

    @property
    def frame_variant(self) -> str:
        """Tells embeddings of frames that saw their neighbours from those of frames that did not."""
        return "" if self.neighbour_attention else "without neighbouring frames"

    def embed_frames(self, frames: Tensor) -> Tensor:
        """Embeds the frames of single views: normalized [B, T, 3, H, W] -> [B, T, D], not L2-normalized."""
        if not self.neighbour_attention:
            return super().embed_frames(frames)
        blocks = partial(_with_neighbours, n_frames=frames.shape[1])
        return self.backbone.encode_frames(frames.flatten(0, 1), blocks).unflatten(0, frames.shape[:2])

    @classmethod
    def load_author_checkpoint(
        cls,
        path: Path | str,
        *,
        architecture: str | None = None,
        weights: str = "openai",
        skips_objects: bool = False,
    ) -> OpenVCLIP:
        """Builds the model from a checkpoint of Open-VCLIP's authors: the mean of epochs, or that of one epoch.

        Such a file is not mixed with CLIP yet: the model does so, with the authors' share for its architecture.
        `zsar convert` does the same and saves the model.

        Args:
            path: The authors' file, {model_state}, or {epoch, model_state, optimizer_state, cfg, scaler_state}.
            architecture: The CLIP architecture; None to infer it from the shapes (ViT-B/32, B/16, L/14 of OpenAI).
            weights: Tag or file of the CLIP that was tuned.
            skips_objects: Whether to leave out Python objects, unread; otherwise they are an error.

        Returns:
            The model in evaluation mode, its weights those of the file: `prepare_inference` mixes them.

        Raises:
            AuthorCheckpointError: The file is of another kind, tensors are missing or unknown, or the CLIP differs.
            BackboneError: The weights are neither local nor downloadable, or not of this architecture.
            ValueError: The weights are "random".
        """
        if weights == RANDOM_WEIGHTS:
            raise ValueError(f"weights={weights!r} are not what was tuned; give those of the CLIP that was")
        content = read_open_vclip_checkpoint(Path(path), architecture=architecture, skips_objects=skips_objects)
        model = cls(backbone=TrainedClipSettings(content.architecture, weights), tuned_share=content.tuned_share)
        content.check_original(model.backbone.clip.state_dict(), weights)
        tuned = {f"backbone.clip.{name}": tensor for name, tensor in content.tuned.items()}
        incompatible = model.load_state_dict(tuned, strict=False)
        assert not incompatible.unexpected_keys, incompatible.unexpected_keys
        return model.eval()


def _with_neighbours(layer: int, block: TowerBlock, x: Tensor, mask: Tensor | None, *, n_frames: int) -> Tensor:
    """A block in which each frame attends to the tokens of its neighbours, too."""
    x = x + block.attend(x, mask, n_frames=n_frames)
    return x + block.feed_forward(x)
