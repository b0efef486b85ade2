"""`zsar share`: a trained model as a folder, or on the Hugging Face hub."""
