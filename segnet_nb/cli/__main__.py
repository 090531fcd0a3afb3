"""``python -m segnet_nb.cli``."""

import sys

from segnet_nb.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
