"""What a run leaves behind: results.json, tables of predictions, files of detections."""
