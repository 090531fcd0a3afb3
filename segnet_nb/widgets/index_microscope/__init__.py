"""The index microscope: the path of one pixel down through the poolings and back up."""

from segnet_nb.widgets.index_microscope.explorer import IndexMicroscope

__all__ = ["IndexMicroscope"]
