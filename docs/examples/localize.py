"""Finds when actions happen in a long video, and reads a frame of each."""

import zsar

VIDEO = "match.mp4"
MODEL = "ViT-B-16-quickgelu"
WEIGHTS = "openai"
CLASSES = ["corner kick", "penalty kick", "throw-in"]

model = zsar.load(MODEL, weights=WEIGHTS)
found = zsar.localize(VIDEO, CLASSES, model=model)
print(f"{found.duration_seconds:.1f} s, adapted to {', '.join(found.pseudo_labels or ())}")
for segment in found.segments:
    middle = (segment.start_seconds + segment.end_seconds) / 2
    frame = zsar.read_frames(VIDEO, times=[middle])[0]
    height, width = frame.shape[1:]
    print(f"{segment.start_seconds:7.2f} to {segment.end_seconds:7.2f} s: {segment.class_name}, {segment.score:.2f}")
    print(f"        a frame of {width} x {height} px at {middle:.2f} s")
