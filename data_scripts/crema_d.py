"""Prepare CREMA-D: python data_scripts/crema_d.py <root> <out> [--size 128 --workers 2].

root holds VideoFlash/*.flv and AudioWAV/*.wav, as https://github.com/CheyneyComputerScience/CREMA-D
unpacks (Git LFS). The twelve sentences are known from the names, so words, phones and visemes are
aligned by force.
"""

import sys

from command_line import main

if __name__ == "__main__":
    sys.exit(main("cremad", __doc__))
