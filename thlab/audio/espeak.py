"""A small ctypes binding to espeak-ng that tells when each phone sounds."""

import contextlib
import ctypes
import shutil
import tempfile
from _ctypes import dlclose
from collections.abc import Iterator
from ctypes import c_int
from pathlib import Path
from typing import NamedTuple

import numpy as np

from thlab.audio.visemes import ESPEAK_TO_VISEME
from thlab.optional import require

SYNCHRONOUS = 2
PHONEME_EVENTS = 0x0001
DONT_EXIT = 0x8000
# types of events
LIST_END = 0
WORD = 1
PHONEME = 7
RATE = 1
VOLUME = 2
PITCH = 3
RANGE = 4
UTF8 = 1
STOPS = frozenset(["p", "b", "t", "d", "k", "g", "tS", "dZ", "t[", "t2", "t#", "?"])
ENGLISH_FILES = ("phondata", "phonindex", "phontab", "intonations", "en_dict")


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h; `name` is the union read as the phone's mnemonic."""

    _fields_ = (
        ("type", c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(c_int, ctypes.POINTER(ctypes.c_short), c_int, ctypes.POINTER(_Event))


class Utterance(NamedTuple):
    """Waveform of one sentence (float32, -1..1), and where each phone starts.

    A start is (sample, mnemonic, word index).
    """

    audio: np.ndarray
    rate: int
    phones: list[tuple[int, str, int]]


def english_data(folder: Path) -> Path:
    """Copy the English part of espeak-ng's data (1 MB of 19): voices can be written beside it."""
    source = Path(require("espeakng_loader", "corpus").get_data_path())
    (folder / "voices/!v").mkdir(parents=True)
    (folder / "lang/gmw").mkdir(parents=True)
    for file in (*map(source.joinpath, ENGLISH_FILES), *source.glob("lang/gmw/en*")):
        shutil.copy(file, folder / file.relative_to(source))
    return folder


@contextlib.contextmanager
def _fresh_library(data: Path, seed: int) -> Iterator[tuple[ctypes.CDLL, int]]:
    """The engine as at its first start.

    No call resets its static state, so a private copy is loaded (2 ms).
    """
    with tempfile.NamedTemporaryFile(suffix=".so") as copy:
        shutil.copyfile(require("espeakng_loader", "corpus").get_library_path(), copy.name)
        library = ctypes.CDLL(copy.name)
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, str(data).encode(), PHONEME_EVENTS | DONT_EXIT)
    if rate <= 0:
        raise RuntimeError(f"espeak-ng could not start with its data in {data}")
    library.espeak_ng_SetRandSeed(ctypes.c_long(seed))
    try:
        yield library, rate
    finally:
        library.espeak_Terminate()
        dlclose(library._handle)


def synthesize(text: str, voice: str, rate: float, data: Path, seed: int) -> Utterance:
    """Say `text` in `voice` at `rate` words a minute.

    The same seed gives the same samples, bit for bit. Raises ValueError where the engine knows no
    such voice.
    """
    chunks = []
    phones = []
    word = -1

    def receive(samples, count, events) -> int:
        nonlocal word
        if count > 0 and samples:
            chunks.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        i = 0
        while events[i].type != LIST_END:
            word += events[i].type == WORD
            if events[i].type == PHONEME:
                phones.append((events[i].sample, events[i].name.decode(), word))
            i += 1
        return 0

    with _fresh_library(data, seed) as (library, sample_rate):
        callback = _CALLBACK(receive)
        library.espeak_SetSynthCallback(callback)
        if library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"espeak-ng has no voice {voice!r} in {data}")
        for parameter, value in ((RATE, int(rate)), (VOLUME, 100), (PITCH, 50), (RANGE, 50)):
            library.espeak_SetParameter(parameter, value, 0)
        encoded = text.encode() + b"\0"
        library.espeak_Synth(encoded, ctypes.c_size_t(len(encoded)), 0, 1, 0, UTF8, None, None)
        library.espeak_Synchronize()
    return Utterance(np.concatenate(chunks).astype(np.float32) / 32768, sample_rate, phones)


def time_phones(said: Utterance) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Names, starts, ends (s) and word numbers of the phones, without the closing silence.

    Phones follow each other without gaps.
    """
    events = [(sample, _plain(name), word) for sample, name, word in said.phones if _plain(name)]
    while events[-2][1].startswith("_"):
        events.pop()
    *events, (end, _, _) = events
    phones = [name for _, name, _ in events]
    samples = np.array([sample for sample, _, _ in events] + [end])
    starts = _with_closures(said, phones, samples) / said.rate
    return phones, starts[:-1], starts[1:], np.array([word for _, _, word in events])


def _plain(mnemonic: str) -> str:
    """A mnemonic without its stress marks; empty for a mark that makes no sound."""
    phone = mnemonic.lstrip("',%=")
    return phone if phone in ESPEAK_TO_VISEME or phone.startswith("_") else phone.rstrip(":;|-")


def _with_closures(said: Utterance, phones: list[str], starts: np.ndarray) -> np.ndarray:
    """Move each stop's start back over the silence before it: the event marks the release."""
    hop = int(0.005 * said.rate)
    rms = np.sqrt(np.convolve(said.audio**2, np.ones(hop) / hop, "same"))
    quiet = 0.02 * rms.max()
    moved = starts.copy()
    for j in range(1, len(phones)):
        if phones[j] in STOPS:
            earliest = max(starts[j - 1] + int(0.03 * said.rate), starts[j] - int(0.12 * said.rate))
            while moved[j] > earliest and rms[max(0, moved[j] - hop)] < quiet:
                moved[j] -= hop // 2
    return moved
