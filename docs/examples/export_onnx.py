"""Writes frozen CLIP with fixed class names as an ONNX file, and classifies frames with it."""

import json

import numpy
import onnxruntime

import zsar

MODEL = "ViT-B-16-quickgelu"
WEIGHTS = "openai"
CLASSES = ["surfing", "building a sandcastle", "playing volleyball"]
OUTPUT = "beach.onnx"

model = zsar.load(MODEL, weights=WEIGHTS, device="cpu")
written = zsar.export_onnx(model, CLASSES, OUTPUT)
print(f"largest difference from PyTorch: {written.largest_difference:.1e}")

# From here on, only numpy and onnxruntime are needed.
session = onnxruntime.InferenceSession(OUTPUT)
names = json.loads(session.get_modelmeta().custom_metadata_map["class_names"])
shape = session.get_inputs()[0].shape  # B, views, frames, 3, height, width
frames = numpy.random.default_rng(0).integers(256, size=(1, *shape[1:]), dtype=numpy.uint8)  # RGB
(probabilities,) = session.run(["probabilities"], {"frames": frames})
for name, probability in zip(names, probabilities[0], strict=True):
    print(f"{name}: {probability:.3f}")
