"""Helpers that every room may use: class ids, typed values, the framework; they use no other room."""
