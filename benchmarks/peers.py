"""The same work in this package and in PyTorch, for the benchmarks.

PyTorch runs channels-last, its faster layout on CPUs; both sides use all processors and float32.
"""

from __future__ import annotations


def torch_basic(filters: int = 64, kernel: int = 7, classes: int = 11):
    """SegNet-Basic in PyTorch, with its own pooling indices and unpooling."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Basic(nn.Module):
        def __init__(self):
            super().__init__()
            pad = kernel // 2
            self.local_response = nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75)
            self.encoders = nn.ModuleList(
                [
                    nn.Conv2d(3 if i == 0 else filters, filters, kernel, padding=pad, bias=False)
                    for i in range(4)
                ]
            )
            self.decoders = nn.ModuleList(
                [nn.Conv2d(filters, filters, kernel, padding=pad, bias=False) for _ in range(4)]
            )
            self.norms = nn.ModuleList([nn.BatchNorm2d(filters) for _ in range(8)])
            self.classifier = nn.Conv2d(filters, classes, 1)

        def forward(self, x):
            x = self.local_response(x)
            stack = []
            for convolution, norm in zip(self.encoders, self.norms[:4], strict=True):
                x = F.relu(norm(convolution(x)))
                size = x.shape[2:]
                x, indices = F.max_pool2d(x, 2, return_indices=True, ceil_mode=True)
                stack.append((indices, size))
            for convolution, norm in zip(self.decoders, self.norms[4:], strict=True):
                indices, size = stack.pop()
                x = F.max_unpool2d(x, indices, 2, output_size=size)
                x = norm(convolution(x))
            return self.classifier(x)

    return Basic().to(memory_format=torch.channels_last)
