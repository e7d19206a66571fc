"""Edge-to-video of [ji2021], Sect. 3.3: one target person's frames from guidance maps."""
