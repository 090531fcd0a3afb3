"""The command line ``segnet-nb``: one file per command, found by ``main``."""

# Not lazy: importing the module ``main`` would put the module in the place of the function.
from segnet_nb.cli.main import main

__all__ = ["main"]
