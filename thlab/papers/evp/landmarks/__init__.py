"""Audio to landmarks, Sect. 3.3 of [ji2021]."""
