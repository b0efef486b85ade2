"""Embeds a folder of videos once, one frame a second, and searches it by text."""

import subprocess
import sys

import zsar

VIDEOS = "clips"
MODEL = "ViT-B-16-quickgelu"
WEIGHTS = "openai"
OUTPUT = "embeddings"
QUERIES = ["someone opens a door", "a dog runs on grass"]

# `zsar embed clips --output embeddings --stride_seconds 1 ...`; a second run keeps what is there.
command = [sys.executable, "-m", "zsar", "embed", VIDEOS, "--output", OUTPUT, "--stride_seconds", "1"]
subprocess.run([*command, "--architecture", MODEL, "--weights", WEIGHTS], check=True)

for result in zsar.search(OUTPUT, QUERIES, top_k=3):
    print(result.query)
    for hit in result.hits:
        print(f"  {hit.rank}. {hit.video} {hit.start_seconds:.0f} to {hit.end_seconds:.0f} s (score {hit.score:.3f})")
