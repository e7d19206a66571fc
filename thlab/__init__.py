"""thlab: how speech and faces are taken apart and put together again."""

__version__ = "0.1.0"
