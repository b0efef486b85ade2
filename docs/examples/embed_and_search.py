"""Embeds a folder of videos once, one frame a second, and searches it by text."""

import zsar
from zsar.lightning_modules.command_line.embed.embed import main as embed

VIDEOS = "clips"
MODEL = "ViT-B-16-quickgelu"
WEIGHTS = "openai"
OUTPUT = "embeddings"
QUERIES = ["someone opens a door", "a dog runs on grass"]

# The same as `zsar embed clips --output embeddings --stride_seconds 1`; a second run keeps what is there.
embed([VIDEOS, "--output", OUTPUT, "--stride_seconds", "1", "--architecture", MODEL, "--weights", WEIGHTS])

for result in zsar.search(OUTPUT, QUERIES, top_k=3):
    print(result.query)
    for hit in result.hits:
        print(f"  {hit.rank}. {hit.video} {hit.start_seconds:.0f} to {hit.end_seconds:.0f} s (score {hit.score:.3f})")
