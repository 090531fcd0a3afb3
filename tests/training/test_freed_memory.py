"""Freed memory is kept for the next step, in training only, and compiled steps are released after it."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys

import keras
import numpy as np
import pytest

from segnet_nb import model
from segnet_nb.training import freed_memory, initialization, optimization, train
from tests.training_helpers import tiny_config, tiny_network, tiny_pair

LARGE_BLOCKS = """
import ctypes, sys

class Information(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd".split()]
    _fields_ += [(f"rest{k}", ctypes.c_size_t) for k in range(5)]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Information
libc.malloc.restype = ctypes.c_void_p
if sys.argv[1] == "kept":
    from segnet_nb.training import freed_memory

    freed_memory.keep_freed_memory()
elif sys.argv[1] == "package used":
    import segnet_nb as sn

    sn.layers, sn.training.train, sn.load_pretrained("small-synthetic")
    assert "segnet_nb.training.loop" in sys.modules
before = libc.mallinfo2().hblks
assert libc.malloc(ctypes.c_size_t(64 << 20))
print(libc.mallinfo2().hblks - before)
"""


@pytest.mark.skipif(
    not (sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "mallinfo2")),
    reason="only glibc 2.33 and later counts mapped blocks",
)
@pytest.mark.parametrize(("kind", "blocks"), [("given back", 1), ("kept", 0), ("package used", 1)])
def test_large_blocks_are_mapped_unless_freed_memory_is_kept(kind, blocks):
    # A mapped block returns to the system when it is freed; one on the heap is used again.
    done = subprocess.run(
        [sys.executable, "-c", LARGE_BLOCKS, kind], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == str(blocks), done.stderr


LOADED = """
import sys
import segnet_nb as sn

called = []
sys.addaudithook(lambda event, arguments: called.append(arguments) if event == "ctypes.dlsym" else None)
sn.layers, sn.load_pretrained("small-synthetic"), sn.training.train
print([arguments[1] for arguments in called if arguments[1] == "mallopt"])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems are left as they are")
def test_loading_the_package_does_not_change_how_memory_is_allocated():
    code = LOADED + "from segnet_nb.training.freed_memory import keep_freed_memory\nkeep_freed_memory()\n"
    code += "print([arguments[1] for arguments in called if arguments[1] == 'mallopt'])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    # The last line proves that a call would have been seen.
    assert done.stdout.splitlines() == ["[]", "['mallopt']"], done.stderr


def test_training_keeps_it_before_there_is_a_network(tmp_path, monkeypatch):
    order = []

    def noted(name, function):
        def call(*arguments, **options):
            order.append(name)
            return function(*arguments, **options)

        return call

    monkeypatch.setattr(initialization, "keep_freed_memory", noted("kept", lambda: None))
    monkeypatch.setattr(keras.utils, "set_random_seed", noted("seeded", keras.utils.set_random_seed))
    monkeypatch.setattr(model, "build_network", noted("built", tiny_network))
    monkeypatch.setattr(optimization, "compile_model", noted("compiled", optimization.compile_model))
    train(tiny_config(epochs=1), directory=tmp_path, progress=False, data=tiny_pair())
    assert order == ["kept", "seeded", "built", "compiled"]


def steps():
    """The graphs of compiled training steps that this process holds."""
    gc.collect()
    graphs = (each for each in gc.get_objects() if type(each).__name__ == "FuncGraph")
    return [each for each in graphs if each.name.startswith("one_step_on")]


def new_steps(known):
    return sum(all(each is not old for old in known) for each in steps())


def trained(tmp_path, number):
    return train(tiny_config(epochs=1), directory=tmp_path / f"{number}", progress=False, data=tiny_pair())


class TestReleased:
    def test_the_step_of_a_network_that_is_gone(self, tmp_path, monkeypatch):
        monkeypatch.setattr(model, "build_network", tiny_network)
        known = steps()
        for number in range(3):
            trained(tmp_path, number)
        assert new_steps(known) == 0

        monkeypatch.setattr("segnet_nb.training.loop.release_compiled_steps", lambda: None)
        trained(tmp_path, 4)
        assert new_steps(known) == 1, "TensorFlow frees them by itself now"

    def test_the_network_can_be_trained_on(self, tmp_path, monkeypatch):
        monkeypatch.setattr(model, "build_network", tiny_network)
        kept = []
        train(
            tiny_config(epochs=1),
            directory=tmp_path,
            progress=False,
            data=tiny_pair(),
            on_step=lambda run, *_: kept.append(run),
            on_epoch=lambda _, network: kept.append(network),
        )
        network = kept[-1]
        network.compile("sgd", "mse", jit_compile=False)
        before = [np.copy(weights) for weights in network.get_weights()]
        for batch in (1, 2):  # compiled for each size
            images = np.zeros((batch, 16, 24, 3), np.float32)
            network.train_on_batch(images, np.ones((batch, *network(images).shape[1:]), np.float32))
            freed_memory.release_compiled_steps()
        assert any((old != new).any() for old, new in zip(before, network.get_weights(), strict=True))

    def test_what_others_differentiate_keeps_its_gradient(self):
        import tensorflow as tf

        @tf.custom_gradient
        def doubled(x):
            return 2.0 * x, lambda above: 10.0 * above  # not the true gradient

        inner = tf.function(doubled)
        inner(tf.constant(1.0))
        freed_memory.release_compiled_steps()
        with tf.GradientTape() as tape:
            x = tf.Variable(3.0)
            y = inner(x)
        assert float(tape.gradient(y, x)) == 10.0

    def test_a_table_that_is_elsewhere_is_no_error(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "tensorflow.python.framework.ops", object())
        freed_memory.release_compiled_steps()
