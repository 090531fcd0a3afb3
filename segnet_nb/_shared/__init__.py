"""Helpers for the whole package: errors, files, versions, class ids, typed values, the framework."""
