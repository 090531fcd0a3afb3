"""The training monitor: curves and a prediction, live while a network trains."""

from segnet_nb.widgets.training_monitor.explorer import TrainingMonitor

__all__ = ["TrainingMonitor"]
