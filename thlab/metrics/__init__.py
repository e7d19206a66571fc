"""How close a generated video is to the truth, and what a code knows."""
