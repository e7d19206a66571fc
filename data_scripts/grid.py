"""Prepare GRID: python data_scripts/grid.py <root> <out> [--size 128 --workers 2].

root holds s1/video/*.mpg and s1/align/*.align, or s1/*.mpg and alignments/s1/*.align
(https://zenodo.org/records/3625687). Where a sentence has no .align file, its words are known from
its name and are aligned by force.
"""

import sys

from command_line import main

if __name__ == "__main__":
    sys.exit(main("grid", __doc__))
