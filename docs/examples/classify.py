"""Names the action in a video, among names of your own."""

import zsar

VIDEO = "holiday.mp4"
MODEL = "ViT-B-16-quickgelu"
WEIGHTS = "openai"
CLASSES = ["surfing", "building a sandcastle", "playing volleyball"]

model = zsar.load(MODEL, weights=WEIGHTS)
answer = zsar.classify(VIDEO, CLASSES, model=model)
for name, probability in answer.ranked:
    print(f"{100 * probability:5.1f} %  {name}")
