"""The embedded corpus: talking heads made on your machine, with every factor known exactly."""

from thlab.audio.visemes import VISEMES
from thlab.corpus.build import build, ensure, verify
from thlab.corpus.clip import retakes
from thlab.corpus.expression import EMOTIONS
from thlab.corpus.grammar import GRAMMAR, WORDS
from thlab.corpus.performance import Performance, perform, replay
from thlab.corpus.scene import Scene
from thlab.corpus.settings import PRESETS, Preset
from thlab.corpus.show import contact_sheet
from thlab.corpus.still_pictures import Stills, stills
from thlab.corpus.swapped_scenes import neutral_face, swap
from thlab.corpus.version import CORPUS_VERSION

__all__ = [
    "CORPUS_VERSION",
    "EMOTIONS",
    "GRAMMAR",
    "PRESETS",
    "VISEMES",
    "WORDS",
    "Performance",
    "Preset",
    "Scene",
    "Stills",
    "build",
    "contact_sheet",
    "ensure",
    "neutral_face",
    "perform",
    "replay",
    "retakes",
    "stills",
    "swap",
    "verify",
]
