"""Draws an answer onto a copy of a video."""

import zsar

VIDEO = "holiday.mp4"
MODEL = "ViT-B-16-quickgelu"
WEIGHTS = "openai"
CLASSES = ["surfing", "building a sandcastle", "playing volleyball"]
OUTPUT = "holiday_answer.mp4"

model = zsar.load(MODEL, weights=WEIGHTS)
answer = zsar.classify(VIDEO, CLASSES, model=model)  # or zsar.localize, for what happens when
copy = zsar.draw(VIDEO, answer, OUTPUT, top_k=2, progress=True)
print(f"{copy.path}: {copy.n_frames} frames, sound: {copy.sound}")
