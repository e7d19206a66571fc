"""The nets that only score: where the landmarks of a face are, and who it is."""
