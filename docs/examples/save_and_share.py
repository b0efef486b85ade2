"""Saves a model as a folder and loads it again."""

import zsar

MODEL = "ViT-B-16-quickgelu"
WEIGHTS = "openai"
OUTPUT = "my_model"

model = zsar.load(MODEL, weights=WEIGHTS)
model.save_pretrained(OUTPUT)  # weights, config.json and a model card, README.md

loaded = zsar.load(OUTPUT)  # or "ORG/NAME" on the Hugging Face hub, after push_to_hub
print(type(loaded).__name__, loaded.backbone.architecture)
