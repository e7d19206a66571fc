"""Prepare LRS3: python data_scripts/lrs3.py <root> <out> [--size 128 --workers 2].

root holds {pretrain,trainval,test}/<talk>/00001.mp4 with its .txt, as the archives of
https://www.robots.ox.ac.uk/~vgg/data/lip_reading/lrs3.html unpacked.
"""

import sys

from command_line import main

if __name__ == "__main__":
    sys.exit(main("lrs3", __doc__))
