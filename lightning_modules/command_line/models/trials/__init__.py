"""Each method, run once on a CLIP model: with weights, or without values, in no memory."""
