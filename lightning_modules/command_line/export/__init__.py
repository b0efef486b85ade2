"""`zsar export`: a recognizer as an ONNX file."""
