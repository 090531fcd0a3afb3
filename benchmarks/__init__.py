"""Benchmarks against other implementations; not part of the tests."""
