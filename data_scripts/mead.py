"""Prepare MEAD: python data_scripts/mead.py <root> <out> [--size 128 --workers 2].

root holds M003/video/front/angry/level_1/001.mp4 and M003/audio/angry/level_1/001.m4a, as the
archives of https://wywu.github.io/projects/MEAD/MEAD.html unpack.
"""

import sys

from command_line import main

if __name__ == "__main__":
    sys.exit(main("mead", __doc__))
