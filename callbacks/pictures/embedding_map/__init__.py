"""Maps of embeddings in two dimensions: videos by class, frames in time, class texts before and after tuning."""
