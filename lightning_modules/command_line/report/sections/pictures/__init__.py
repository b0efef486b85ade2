"""Sections on what callbacks wrote: pictures, clips of mistakes, time lines and errors of detections."""
