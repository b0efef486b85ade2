"""One row of a profile: what was asked for is measured, and recorded as plain types."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from zsar.callbacks.cost.model_cost import arithmetic, n_parameters
from zsar.lightning_modules.command_line.profile.built_row import (
    RunSettings,
    build_model,
    build_trimmed,
    build_tuning,
    build_untrimmed,
    run_settings,
)
from zsar.lightning_modules.command_line.profile.measuring.class_texts import class_texts
from zsar.lightning_modules.command_line.profile.measuring.decoding import (
    ClipSource,
    clip_seconds,
    clip_source,
    n_processes,
    rate_record,
    untrimmed_seconds,
)
from zsar.lightning_modules.command_line.profile.measuring.host_memory import PeakMemory
from zsar.lightning_modules.command_line.profile.measuring.measured_localizer import (
    MINUTE_SECONDS,
    LocalizerProfile,
    minute_record,
)
from zsar.lightning_modules.command_line.profile.measuring.measured_recognizer import RecognizerProfile
from zsar.lightning_modules.command_line.profile.measuring.profiled_data import repeated_sample
from zsar.lightning_modules.command_line.profile.profile_options import Part, ProfileRequest
from zsar.lightning_modules.command_line.profile.requested_rows import RequestedRow
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

Record = dict[str, Any]


def measured_row(row: RequestedRow, request: ProfileRequest, rendered: Path) -> Record:
    """Measures a row.

    Args:
        row: The row.
        request: The command line.
        rendered: The rendered video; not needed if nothing but counts is asked for.

    Returns:
        Its name and settings, and an entry for each part that was measured.

    Raises:
        BackboneError: Its CLIP model cannot be built.
        ValueError: Training is asked for a model with nothing to train, or settings contradict each other.
    """
    parts = set(request.parts)
    if row.is_localizer and "train" in parts and request.states_parts:
        raise ValueError(f"{row.name} is a localizer, which is not trained; leave train out of --what")
    settings = run_settings(row, request)
    memory = PeakMemory(settings.device)
    model = build_model(row, random_weights=request.random_weights, is_empty=parts == {"count"})
    counts = n_parameters(model)
    if not counts["trained"]:
        if "train" in parts and request.states_parts:
            raise ValueError(f"{row.name}: {type(model).__name__} has nothing to train; leave train out of --what")
        parts.discard("train")
    measuring = _Measuring(row, request, settings, memory, frozenset(parts))
    record = {**_described(row, request), "parameters": counts, **_counted(row, model)}
    if parts == {"count"}:
        return record
    if isinstance(model, ActionLocalizer):
        return {**record, **measuring.of_localizer(model, rendered)}
    return {**record, **measuring.of_recognizer(model, rendered)}


def _described(row: RequestedRow, request: ProfileRequest) -> Record:
    weights = row.model_arguments["backbone"].get("weights")
    return {
        "name": row.name,
        "series": row.series,
        "arguments": list(row.given),
        "model": row.model_class.__name__,
        "architecture": row.architecture,
        "weights": "random" if request.random_weights else weights,
    }


def _counted(row: RequestedRow, model: ActionRecognizer | ActionLocalizer) -> Record:
    """The arithmetic of a view, and of all views of a video; of a localizer, of a frame."""
    if row.is_localizer:
        return arithmetic(model, 1)
    clips = row.data_arguments["clips"]
    n_views = clips["n_test_clips"] * clips["n_test_crops"]
    counted = arithmetic(model, clips["n_frames"])
    of_view = counted["gflops_per_view"]
    of_video = None if of_view is None else round(n_views * of_view, 6)
    return {**counted, "views_per_video": n_views, "gflops_per_video": of_video}


@dataclass(frozen=True)
class _Measuring:
    row: RequestedRow
    request: ProfileRequest
    settings: RunSettings
    memory: PeakMemory
    parts: frozenset[Part]

    # --- recognizers ----------------------------------------------------------------------------------------------

    def of_recognizer(self, model: ActionRecognizer, rendered: Path) -> Record:
        row, settings = self.row, self.settings
        module = build_trimmed(row, pixels=model.frame_pixels)
        classes = self.request.n_classes
        texts = class_texts(module, ("fit", "test"), n_classes=classes, is_stated=row.has_data)
        batches = {"test": settings.test_batch, "train": settings.train_batch}
        n_rows = max(*batches.values(), self.request.repeats + 1, module.loading.batch_size)
        source = clip_source(
            module,
            rendered,
            own_videos="decode" in self.parts,
            n_rows=n_rows,
            leave_colours=settings.device.type == "cuda",
        )
        n_classes = len(texts["test"].names)
        shown, record = source.test[0], dict[str, Any]()
        profiles = {
            stage: RecognizerProfile(
                model=model,
                module=module,
                batch=repeated_sample(shown, n_videos, n_classes),
                texts=texts,
                device=settings.device,
                precision=settings.precision,
                gradient_clip=settings.gradient_clip,
                repeats=self.request.repeats,
                memory=self.memory,
            )
            for stage, n_videos in batches.items()
        }
        if "forward" in self.parts:
            record |= self._forward(profiles["test"])
        if "train" in self.parts:
            record["train"] = self._trained(profiles["train"], source)
        if "decode" in self.parts:
            record["decode"] = self._decoded(source, record)
        return {"precision": str(settings.precision), "classes": _classes(texts), **record}

    def _forward(self, profile: RecognizerProfile) -> Record:
        steps, text_seconds = profile.forward()
        record = {"text_seconds": float(f"{text_seconds:.4g}"), "forward": steps.record()}
        tuning = build_tuning(self.row)
        if tuning is not None:
            tuned, of_parts = profile.tuned(tuning)
            record["tuned"] = {"method": tuning.method, **tuned.record(), **of_parts}
        return record

    def _trained(self, profile: RecognizerProfile, source: ClipSource) -> Record:
        one_view = repeated_sample(source.train[0], len(profile.batch), len(profile.texts["fit"].names))
        return replace(profile, batch=one_view).training().record()

    def _decoded(self, source: ClipSource, measured: Record) -> Record:
        record: Record = {"of": source.of, "why_rendered": source.why}
        record["test"] = rate_record(clip_seconds(source.test, repeats=self.request.repeats))
        if "train" in self.parts:
            record["train"] = rate_record(clip_seconds(source.train, repeats=self.request.repeats))
        for stage, step in (
            ("test", measured.get("tuned") or measured.get("forward")),
            ("train", measured.get("train")),
        ):
            if step is not None:
                needed = n_processes(step["videos_per_second"], record[stage]["clips_per_second"])
                record[stage]["processes_that_feed_the_model"] = needed
        return record

    # --- localizers -----------------------------------------------------------------------------------------------

    def of_localizer(self, model: ActionLocalizer, rendered: Path) -> Record:
        row, settings = self.row, self.settings
        module, size = build_untrimmed(row), model.backbone.image_size[0]
        classes = self.request.n_classes
        text = class_texts(module, ("test",), n_classes=classes, is_stated=row.has_data)["test"]
        frames = torch.randint(256, (settings.test_batch, 3, size, size), dtype=torch.uint8)
        repeats = self.request.repeats
        profile = LocalizerProfile(model, module, text, frames, settings.device, repeats, self.memory)
        record: Record = {"precision": settings.precision, "classes": _classes({"test": text})}
        features = search = decode = None
        if "forward" in self.parts:
            features, search = profile.features(), profile.search()
            record |= {"forward": features.record(), "search": search.record()}
        if "decode" in self.parts:
            seconds, shown, of, why = untrimmed_seconds(module, rendered, pixels=model.backbone.frame_pixels)
            decode = seconds * MINUTE_SECONDS / shown
            record["decode"] = {"of": of, "why_rendered": why, "seconds": seconds, "video_seconds": shown}
        return {**record, "minute_of_video": minute_record(features, search, profile.n_frames_of_minute, decode)}


def _classes(texts: Any) -> Record:  # noqa: ANN401 - class text by stage
    return {
        stage: {"n": len(text.names), "prompts_per_class": text.prompts_per_class, "source": text.source}
        for stage, text in texts.items()
    }
