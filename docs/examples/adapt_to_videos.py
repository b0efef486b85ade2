"""Tunes a prompt to each of your videos before it is classified, and shows what the answer was before."""

import zsar

VIDEO = "holiday.mp4"
MODEL = "ViT-B-16-quickgelu"
WEIGHTS = "openai"
CLASSES = ["surfing", "building a sandcastle", "playing volleyball"]
ADAPTATION = "tpt"  # a name of configs/adaptation, or a YAML file like those

model = zsar.load(MODEL, weights=WEIGHTS)
answer = zsar.classify(VIDEO, CLASSES, model=model, adaptation=ADAPTATION)
before = dict(answer.untuned.ranked)
for name, probability in answer.ranked:
    print(f"{100 * probability:5.1f} %  {name} (untuned {100 * before[name]:.1f} %)")
