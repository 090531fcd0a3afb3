"""Freed memory is kept for the next step, in training only."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import keras
import pytest

from segnet_nb import model
from segnet_nb.training import initialization, optimization, train
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
