"""The sweep monitor: the runs of a sweep, live, with buttons to stop one or to run one again."""

from segnet_nb.widgets.sweep_monitor.explorer import SweepMonitor

__all__ = ["SweepMonitor"]
