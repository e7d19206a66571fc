"""Prepare HDTF: python data_scripts/hdtf.py <root> <out> [--size 128 --workers 2].

root holds the clips that you cut by the lists of https://github.com/MRzzm/HDTF from videos that you
may use. What is said is not known: no words, no visemes.
"""

import sys

from command_line import main

if __name__ == "__main__":
    sys.exit(main("hdtf", __doc__))
