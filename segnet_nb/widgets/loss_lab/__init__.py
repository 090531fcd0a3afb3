"""The loss lab: four losses and their gradients for one object and one prediction."""

from segnet_nb.widgets.loss_lab.explorer import LossLab

__all__ = ["LossLab"]
