"""Prepare LRW: python data_scripts/lrw.py <root> <out> [--size 128 --workers 2].

root holds lipread_mp4/WORD/{train,val,test}/WORD_00001.mp4 with its .txt, as the BBC's archives
unpack (https://www.robots.ox.ac.uk/~vgg/data/lip_reading/lrw1.html, by agreement).
"""

import sys

from command_line import main

if __name__ == "__main__":
    sys.exit(main("lrw", __doc__))
