"""Prepare VoxCeleb2: python data_scripts/voxceleb2.py <root> <out> [--size 128 --workers 2].

root holds {dev,test}/mp4/id00012/<video>/00001.mp4, as the archives of
https://www.robots.ox.ac.uk/~vgg/data/voxceleb/vox2.html unpack. What is said is not known: no
words, no visemes.
"""

import sys

from command_line import main

if __name__ == "__main__":
    sys.exit(main("voxceleb2", __doc__))
