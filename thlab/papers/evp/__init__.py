"""[ji2021]: speech as content and emotion, and emotional portraits of a person."""
