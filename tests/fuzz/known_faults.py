"""Mutations that once were faults, by number; they are tried in each run of the tests."""

KNOWN_FAULTS: dict[str, tuple[tuple[str, int], ...]] = {
    "video": (
        # late time stamps, large pictures, a size that changes
        *(("fragmented.mp4", 6), ("flash.flv", 16), ("lossless.mkv", 14), ("vp8.webm", 2), ("vp8.webm", 1017)),
        ("animated.gif", 1025),
        # frames by index that are others than those read forward
        *(("index_in_front.mp4", 1), ("index_in_front.mp4", 5), ("index_in_front.mp4", 18), ("with_sound.mp4", 7)),
        *(("with_sound.mp4", 19), ("h264.mkv", 3), ("h264.mkv", 6), ("h264.mkv", 11), ("h264.mkv", 15)),
        *(("variable_rate.mkv", 9), ("variable_rate.mkv", 17), ("h264.ts", 10), ("h264.ts", 12)),
        *(("vp8.webm", 12), ("vp8.webm", 13), ("mjpeg.avi", 1), ("mjpeg.avi", 11), ("mjpeg.avi", 18)),
        *(("mpeg4.mov", 1006), ("mpeg2.mpg", 1027), ("lossless.mkv", 1002), ("fragmented.mp4", 1002)),
        # frames that are read by index, but not forward
        *(("h264.ts", 8), ("h264.ts", 11), ("h264.ts", 15), ("h264.ts", 18), ("h264.ts", 19), ("mpeg4.mov", 1013)),
        # a copy of what is not read
        *(("raw.h264", 0), ("raw.h264", 24), ("h264.ts", 16), ("with_sound.mp4", 24), ("fragmented.mp4", 24)),
        *(("mjpeg.avi", 27), ("h264.ts", 23), ("vp8.webm", 28), ("vp8.webm", 216)),
        # a decoder that computes with times of before a keyframe
        ("mpeg4.mov", 100_010),
        # of a later run, when the reader saw damage and had its limits
        *(
            ("fragmented.mp4", 79),
            ("h264.ts", 29),
            ("h264.ts", 4),
            ("h264.ts", 87),
            ("h264.ts", 91),
        ),
        *(
            ("index_behind.mp4", 95),
            ("index_in_front.mp4", 90),
            ("lossless.mkv", 49),
            ("lossless.mkv", 60),
            ("lossless.mkv", 71),
        ),
        *(
            ("lossless.mkv", 82),
            ("mjpeg.avi", 60),
            ("mjpeg.avi", 70),
            ("mjpeg.avi", 95),
            ("mpeg2.mpg", 32),
        ),
        *(
            ("vp8.webm", 62),
            ("vp8.webm", 80),
            ("vp8.webm", 85),
            ("vp8.webm", 99),
        ),
        # transport streams with missing parts
        *(("h264.ts", 65), ("h264.ts", 68), ("h264.ts", 157), ("h264.ts", 274)),
    ),
    "text": (
        *(
            ("kinetics.csv", 0),
            ("labels.csv", 2),
            ("activitynet.json", 0),
            ("activitynet.json", 1),
        ),
        *(("activitynet.json", 11), ("ssv2.json", 12), ("activitynet_untrimmed.json", 8), ("thumos14.json", 13)),
        *(("action_prompts.json", 5), ("videos.csv", 2), ("classes.txt", 1), ("answers.jsonl", 2)),
        *(("experiment.yaml", 1), ("experiment.yaml", 10), ("experiment.yaml", 11), ("architecture.json", 15)),
        *(("weights.pt", 0), ("weights.pt", 17), ("model.ckpt", 14), ("model.ckpt", 15), ("model.ckpt", 16)),
        *(
            ("model.ckpt", 23),
            ("model.ckpt", 30),
            ("model.ckpt", 38),
            ("model.ckpt", 39),
            ("model.ckpt", 45),
        ),
        *(
            ("weights.pt", 18),
            ("weights.pt", 25),
            ("weights.pt", 31),
            ("weights.pt", 35),
            ("weights.pt", 5),
        ),
        *(("weights.pt", 7),),
    ),
}
"""Family -> name of the sound file and number of the mutation, of the seed 0."""
