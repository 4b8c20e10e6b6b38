"""``python -m recommendations.evaluate --help``."""

import sys

from recommendations.evaluate.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
