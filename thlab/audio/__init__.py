"""Speech as numbers: features, noise, visemes, and the alignment of two recordings."""

from typing import TYPE_CHECKING, Any

from thlab.lazy import attribute_of

if TYPE_CHECKING:
    from thlab.audio.alignment import Alignment, align_pocketsphinx
    from thlab.audio.alignment_dtw import VOICES, align_dtw
    from thlab.audio.features import log_spectrogram, mfcc, mfcc_windows, segments
    from thlab.audio.noise import NOISE_LEVELS_DB, add_noise, babble, hum, speech_mask
    from thlab.audio.pairs import align
    from thlab.audio.stft import power_spectrogram
    from thlab.audio.time_warping import (
        DTWResult,
        accumulate,
        alignment_error,
        backtrack,
        band_mask,
        cost_matrix,
        dtw,
        dtw_batch,
        map_times,
        narrowest_band,
        warp,
    )
    from thlab.audio.time_warping_torch import dtw_torch
    from thlab.audio.visemes import (
        ARPABET_TO_VISEME,
        GRID_PRONUNCIATIONS,
        VISEMES,
        viseme_track,
        word_to_visemes,
        words_to_phones,
    )

# module -> names, imported when they are first asked for: torch takes seconds, and the corpus's
# workers need none of it
_HOMES = {
    "alignment": (
        "Alignment",
        "align_pocketsphinx",
    ),
    "alignment_dtw": (
        "VOICES",
        "align_dtw",
    ),
    "features": (
        "log_spectrogram",
        "mfcc",
        "mfcc_windows",
        "segments",
    ),
    "noise": (
        "NOISE_LEVELS_DB",
        "add_noise",
        "babble",
        "hum",
        "speech_mask",
    ),
    "pairs": ("align",),
    "stft": ("power_spectrogram",),
    "time_warping": (
        "DTWResult",
        "accumulate",
        "alignment_error",
        "backtrack",
        "band_mask",
        "cost_matrix",
        "dtw",
        "dtw_batch",
        "map_times",
        "narrowest_band",
        "warp",
    ),
    "time_warping_torch": ("dtw_torch",),
    "visemes": (
        "ARPABET_TO_VISEME",
        "GRID_PRONUNCIATIONS",
        "VISEMES",
        "viseme_track",
        "word_to_visemes",
        "words_to_phones",
    ),
}


def __getattr__(name: str) -> Any:
    return attribute_of(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


__all__ = [
    "ARPABET_TO_VISEME",
    "GRID_PRONUNCIATIONS",
    "NOISE_LEVELS_DB",
    "VISEMES",
    "VOICES",
    "Alignment",
    "DTWResult",
    "accumulate",
    "add_noise",
    "align",
    "align_dtw",
    "align_pocketsphinx",
    "alignment_error",
    "babble",
    "backtrack",
    "band_mask",
    "cost_matrix",
    "dtw",
    "dtw_batch",
    "dtw_torch",
    "hum",
    "log_spectrogram",
    "map_times",
    "mfcc",
    "mfcc_windows",
    "narrowest_band",
    "power_spectrogram",
    "segments",
    "speech_mask",
    "viseme_track",
    "warp",
    "word_to_visemes",
    "words_to_phones",
]
