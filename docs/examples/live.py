"""Names the action in live video, as it plays: a camera, an address, or a file in real time."""

import zsar

SOURCE = "/dev/video0"  # or "rtsp://192.168.0.10/stream", or "holiday.mp4"
MODEL = "ViT-B-16-quickgelu"
WEIGHTS = "openai"
CLASSES = ["waving", "drinking", "sitting still"]
SECONDS = 60

model = zsar.load(MODEL, weights=WEIGHTS)
with zsar.classify_stream(SOURCE, CLASSES, model=model, threshold=0.5) as answers:
    for answer in answers:
        print(f"{answer.time_seconds:6.1f} s  {answer.answer}  {100 * answer.probability:.1f} %")
        if answer.time_seconds > SECONDS:
            break
    print(f"{answers.n_dropped} frames dropped")
