"""Prepare RAVDESS: python data_scripts/ravdess.py <root> <out> [--size 128 --workers 2].

root holds what the archives of https://zenodo.org/records/1188976 unpack to:
Video_Speech_Actor_XX/Actor_XX/*.mp4, or Audio_Speech_Actors_01-24/Actor_XX/*.wav. Without video,
sound and labels alone are prepared. The two statements are known from the names, so words, phones
and visemes are aligned by force.
"""

import sys

from command_line import main

if __name__ == "__main__":
    sys.exit(main("ravdess", __doc__))
