"""Spectrograms and MFCCs against librosa, torchaudio and scipy.

Same inputs, one process, one thread, interleaved.

    python benchmarks/features.py [--rounds 20]

Prints the median of the milliseconds for all clips of an input; how many times slower than thlab
each peer is, as the median over the rounds of the ratio within a round and as the ratio of each
one's fastest round; and the largest difference between thlab's numbers and the peer's. Times are
the process's CPU time, in which a busy machine's other work counts only by the cache it takes;
every function runs on one thread.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and torch load

import librosa
import numpy as np
import scipy.signal
import torch
import torchaudio

from thlab.audio import log_spectrogram, mfcc

FRAME = {"n_fft": 400, "hop_length": 160}
TO_SPECTRUM = torchaudio.transforms.Spectrogram(**FRAME, power=1.0, pad_mode="constant")
TO_MFCC = torchaudio.transforms.MFCC(
    n_mfcc=13,
    melkwargs={
        **FRAME,
        "n_mels": 40,
        "norm": "slaney",
        "mel_scale": "slaney",
        "pad_mode": "constant",
    },
)
TO_SHORT_TIME = scipy.signal.ShortTimeFFT(scipy.signal.windows.hann(400, sym=False), 160, 16000)


def librosa_log(audio):
    return np.log(np.maximum(np.abs(librosa.stft(audio, **FRAME)), 1e-3))[..., 1:, :].swapaxes(
        -1, -2
    )


def torchaudio_log(audio):
    return (
        TO_SPECTRUM(torch.from_numpy(audio))
        .clamp(min=1e-3)
        .log()[..., 1:, :]
        .swapaxes(-1, -2)
        .numpy()
    )


def scipy_log(audio):
    spectrum = TO_SHORT_TIME.stft(audio, p0=0, p1=1 + audio.shape[-1] // 160)
    return np.log(np.maximum(np.abs(spectrum), 1e-3))[..., 1:, :].swapaxes(-1, -2)


def librosa_mfcc(audio):
    return librosa.feature.mfcc(y=audio, sr=16000, n_mfcc=13, n_mels=40, **FRAME).swapaxes(-1, -2)


def torchaudio_mfcc(audio):
    return TO_MFCC(torch.from_numpy(audio)).swapaxes(-1, -2).numpy()


JOBS = {
    "log-magnitude spectrogram": {
        "thlab": lambda audio: log_spectrogram(audio).numpy(),
        "librosa": librosa_log,
        "torchaudio": torchaudio_log,
        "scipy": scipy_log,
    },
    "MFCC": {
        "thlab": lambda audio: mfcc(audio).numpy(),
        "librosa": librosa_mfcc,
        "torchaudio": torchaudio_mfcc,
    },
}


def speech_like(*shape: int) -> np.ndarray:
    """Noise whose loudness rises and falls four times a second, as syllables do."""
    loudness = 0.02 + np.sin(np.pi * 4 * np.arange(shape[-1]) / 16000) ** 2
    return (0.05 * loudness * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)


def interleaved(functions: dict, clips: list[np.ndarray], rounds: int) -> dict[str, np.ndarray]:
    """CPU seconds each function takes for all clips in each round, in an order drawn anew."""
    seconds = {name: [] for name in functions}
    rng = np.random.default_rng(0)
    for _ in range(rounds + 2):
        for name in rng.permutation(list(functions)):
            start = time.process_time()
            for clip in clips:
                functions[name](clip)
            seconds[name].append(time.process_time() - start)
    return {name: np.array(each[2:]) for name, each in seconds.items()}


def report(job: str, label: str, clips: list[np.ndarray], rounds: int) -> None:
    seconds = interleaved(JOBS[job], clips, rounds)
    for name, function in JOBS[job].items():
        ratio = np.median(seconds[name] / seconds["thlab"])
        at_best = seconds[name].min() / seconds["thlab"].min()
        difference = max(np.abs(function(clip) - JOBS[job]["thlab"](clip)).max() for clip in clips)
        middle = 1e3 * np.median(seconds[name])
        numbers = f"{middle:8.2f}{ratio:8.2f}{at_best:9.2f}{difference:12.1e}"
        print(f"{job:26s}{label:12s}{name:12s}{numbers}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print(
        f"threads: torch {torch.get_num_threads()}, OMP {os.environ['OMP_NUM_THREADS']}; "
        f"load {os.getloadavg()}"
    )
    print(f"{'':26s}{'input':12s}{'':12s}{'ms':>8s}{'ratio':>8s}{'fastest':>9s}{'max |diff|':>12s}")
    batch = speech_like(16, 48000)
    inputs = {
        "16 of 3 s": list(batch),
        "batch of 16": [batch],
        "2 of 30 s": list(speech_like(2, 480000)),
    }
    for job in JOBS:
        for label, clips in inputs.items():
            report(job, label, clips, rounds)
    print(f"load at the end {os.getloadavg()}")


if __name__ == "__main__":
    main()
