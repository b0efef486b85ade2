#!/bin/sh
# What zsar does on one GPU, in less than 8 minutes: one Markdown table, and results.json in ${OUT:-runs/gpu}.
#
#   sh benchmarks/gpu.sh                         # one CUDA GPU
#   sh benchmarks/gpu.sh --device cpu --small    # the same on tiny models, to try it
#
# Needs no weights, no data and no network, but zsar's packages: `pip install -e .` (or PYTHON=PATH of one that has
# them). torch.compile on a GPU needs a C compiler, too. Exit code 1: a row of the table failed; the others ran.
set -eu
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-python3}"
if ! problem="$("$PYTHON" -c 'import av, lightning, open_clip, torch, torchvision, jsonargparse, rich, zsar' 2>&1)"; then
  echo "$PYTHON lacks packages of zsar ($(echo "$problem" | tail -n 1)); run: $PYTHON -m pip install -e ." >&2
  exit 2
fi
exec "$PYTHON" -m benchmarks.gpu.all_parts --output "${OUT:-runs/gpu}" "$@"
