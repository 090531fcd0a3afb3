"""Faster training steps on TensorFlow's CPU, put on a network for a training."""
