"""Tests of drawn answers."""
