"""What all localizers share: the base, its contract, segments, temporal mAP, and files of features and captions."""
