"""The readers, by the name that open_corpus takes."""

from thlab.data.readers.base import Reader
from thlab.data.readers.grid import Grid

READERS: dict[str, type[Reader]] = {"grid": Grid}
