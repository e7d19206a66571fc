"""The readers, by the name that open_corpus takes."""

from thlab.data.readers.acted import CremaD, Mead, Ravdess
from thlab.data.readers.base import Reader
from thlab.data.readers.embedded import Embedded
from thlab.data.readers.grid import Grid
from thlab.data.readers.wild import Hdtf, Lrs3, Lrw, VoxCeleb2

READERS: dict[str, type[Reader]] = {
    "grid": Grid,
    "cremad": CremaD,
    "ravdess": Ravdess,
    "mead": Mead,
    "lrw": Lrw,
    "lrs3": Lrs3,
    "voxceleb2": VoxCeleb2,
    "hdtf": Hdtf,
    "embedded": Embedded,
}
