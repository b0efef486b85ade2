"""Two runs on the same videos: their difference, with an interval from paired resampling of the videos."""
