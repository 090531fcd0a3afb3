"""SegNet-Basic and the full SegNet in PyTorch, and a function that copies the weights of a Keras model.

Written from the authors' Caffe files, not from ``segnet_nb.model``: plain loops over stages, PyTorch's own
pooling with indices and its own unpooling. Images come and logits go as ``(batch, channels, height, width)``.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is an optional independent reference")
nn, functional = torch.nn, torch.nn.functional


def _unit(before, after, kernel_size, *, bias, relu):
    """Convolution, batch normalisation and, optionally, ReLU."""
    convolution = nn.Conv2d(before, after, kernel_size, padding=kernel_size // 2, bias=bias)
    return nn.Sequential(convolution, nn.BatchNorm2d(after, eps=1e-5), nn.ReLU() if relu else nn.Identity())


class _SegNet(nn.Module):
    """``encoder`` and ``decoder`` in the order in which they run."""

    def __init__(self, prepare, encoder, decoder, classifier):
        super().__init__()
        self.prepare = prepare
        self.encoder, self.decoder = nn.ModuleList(encoder), nn.ModuleList(decoder)
        self.classifier = classifier

    def forward(self, x):
        x = self.prepare(x)
        sizes, positions = [], []
        for stage in self.encoder:
            x = stage(x)
            sizes.append(x.shape[2:])
            x, places = functional.max_pool2d(x, 2, 2, ceil_mode=True, return_indices=True)
            positions.append(places)
        for stage in self.decoder:
            x = functional.max_unpool2d(x, positions.pop(), 2, 2, output_size=sizes.pop())
            x = stage(x)
        return self.classifier(x)


def segnet_basic(num_classes):
    encoder = [_unit(before, 64, 7, bias=False, relu=True) for before in (3, 64, 64, 64)]
    decoder = [_unit(64, 64, 7, bias=False, relu=False) for _ in range(4)]
    prepare = nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0)
    return _SegNet(prepare, encoder, decoder, nn.Conv2d(64, num_classes, 1))


def segnet_vgg16(num_classes):
    def stage(*maps):
        return nn.Sequential(*(_unit(a, b, 3, bias=True, relu=True) for a, b in pairwise(maps)))

    encoder = [stage(3, 64, 64), stage(64, 128, 128), stage(128, 256, 256, 256)]
    encoder += [stage(256, 512, 512, 512), stage(512, 512, 512, 512)]
    decoder = [stage(512, 512, 512, 512), stage(512, 512, 512, 256), stage(256, 256, 256, 128)]
    decoder += [stage(128, 128, 64), stage(64, 64)]
    mean = torch.tensor([123.68, 116.779, 103.939], device="cpu")[:, None, None]
    classifier = nn.Conv2d(64, num_classes, 3, padding=1)
    return _SegNet(lambda x: x - mean, encoder, decoder, classifier)


def randomize(model, seed=0):
    """Set statistics, scales and shifts of a Keras model's normalisations to non-trivial values."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        weights = layer.get_weights()
        if layer.name.endswith("_norm"):
            low_high = ((0.5, 1.5), (-0.5, 0.5), (-0.5, 0.5), (0.5, 1.5))  # gamma, beta, mean, variance
            layer.set_weights([random.uniform(*bounds, weights[0].shape) for bounds in low_high])
        elif len(weights) == 2:  # biases start at zero, which would hide a lost one
            layer.set_weights([weights[0], random.uniform(-0.2, 0.2, weights[1].shape)])


def copy_weights(source, target):
    """Copy convolutions and normalisations of a Keras model to its PyTorch counterpart, in order."""
    ours = [layer for layer in source.layers if layer.get_weights()]
    theirs = [module for module in target.modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d)]
    with torch.no_grad():
        for layer, module in zip(ours, theirs, strict=True):
            values = [torch.tensor(weight, device="cpu") for weight in layer.get_weights()]
            if isinstance(module, nn.Conv2d):
                slots = [module.weight, *([] if module.bias is None else [module.bias])]
                values[0] = values[0].permute(3, 2, 0, 1)
            else:
                slots = [module.weight, module.bias, module.running_mean, module.running_var]
            for slot, value in zip(slots, values, strict=True):
                assert slot.shape == value.shape
                slot.copy_(value)
