"""Shared fixtures and the few things every test relies on."""

from __future__ import annotations

import os

# Before any framework is imported: quiet logs, and no window system for figures.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")
