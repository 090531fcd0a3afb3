"""Layouts of datasets on disk: recognised by their folders and files, and read without decoding images."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
