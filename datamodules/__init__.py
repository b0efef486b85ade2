"""Video data: files on disk in, `VideoBatch` and `ClassText` out."""
