"""Videos of many kinds: codecs and clocks, undecodable files, frames with chosen embeddings."""
