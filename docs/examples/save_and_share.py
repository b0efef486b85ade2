"""Saves a model as a folder and loads it again."""

from zsar.lightning_modules.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings

MODEL = "ViT-B-16-quickgelu"
WEIGHTS = "openai"
OUTPUT = "my_model"

model = ZeroShotCLIP(backbone=ClipSettings(MODEL, WEIGHTS))
model.save_pretrained(OUTPUT)  # weights, config.json and a model card, README.md

loaded = ZeroShotCLIP.from_pretrained(OUTPUT)  # or "ORG/NAME" on the Hugging Face hub, after push_to_hub
print(type(loaded).__name__, loaded.backbone.architecture)
