"""Clips a second: sound and pictures decoded, against other readers; and into memory.

All read the same files in one process.

    python benchmarks/data.py [--clips 24] [--rounds 5]

Reads the tiny embedded corpus, which is built where it is missing, and, where THLAB_REAL_DATA is
set, GRID and RAVDESS. The readers take turns, a round each, on one thread. Printed: the median
clips a second of the process's CPU time, in which a busy machine's other work does not count, the
median over the rounds of thlab's speed over the peer's, and the difference between what thlab and
the peer read. Loading is timed by the clock.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and torch load

import cv2
import imageio.v3
import librosa
import numpy as np
import soundfile
import torch
import torchaudio

from thlab.corpus import ensure
from thlab.data import open_corpus, read_audio, read_video
from thlab.data.tensors import load_clips


def opencv_video(path):
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (got := capture.read())[0]:
        frames.append(cv2.cvtColor(got[1], cv2.COLOR_BGR2RGB))
    return np.stack(frames)


def soundfile_torchaudio(path):
    audio, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    return torchaudio.functional.resample(torch.from_numpy(audio.mean(1)), rate, 16000).numpy()


SOUND = {
    "thlab": read_audio,
    "librosa.load": lambda path: librosa.load(path, sr=16000)[0],
    "soundfile + torchaudio": soundfile_torchaudio,
}
PICTURES = {
    "thlab": lambda path: read_video(path)[0],
    "opencv": opencv_video,
    "imageio (PyAV)": lambda path: imageio.v3.imread(path, plugin="pyav"),
}


def rounds_of(readers, paths, rounds):
    """CPU seconds of each reader in each round, (reader, round), and what each first read."""
    first = {name: reader(paths[0]) for name, reader in readers.items()}  # also warms caches
    seconds = {name: [] for name in readers}
    for i in range(rounds):
        for name in np.roll(list(readers), i):
            start = time.process_time()
            for path in paths:
                readers[name](path)
            seconds[name].append(time.process_time() - start)
    return {name: np.array(times) for name, times in seconds.items()}, first


def difference(ours, theirs):
    """Largest difference, and "other length" where the two do not even agree in that."""
    if ours.shape != theirs.shape:
        return f"other length: {ours.shape} against {theirs.shape}"
    gap = np.abs(ours.astype(np.float64) - theirs)
    return f"{gap.max():.2g} at most, {gap.mean():.2g} on average"


def report(title, readers, paths, rounds):
    seconds, first = rounds_of(readers, paths, rounds)
    print(f"\n{title} ({len(paths)} files)")
    for name, times in seconds.items():
        line = f"  {name:24}{len(paths) / np.median(times):8.1f} clips/s"
        if name != "thlab":
            line += f"   thlab is {np.median(times / seconds['thlab']):.2f}x as fast; differs by "
            line += difference(first["thlab"], first[name])
        print(line)


def report_loading(corpus):
    """Clips a second into memory, sound alone and with pictures, as trainings load them."""
    print(f"\n{corpus.name} into memory")
    for title, frames in {"sound": False, "sound and pictures": True}.items():
        start = time.perf_counter()
        load_clips(corpus, frames)
        print(f"  {title:24}{len(corpus) / (time.perf_counter() - start):8.1f} clips/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {torch.get_num_threads()} thread"
    )
    tiny = ensure("tiny", view="face")
    corpus = open_corpus("embedded", tiny, check="none")[: args.clips]
    report(
        "Pictures, embedded corpus: 64 px H.264",
        PICTURES,
        [clip.path for clip in corpus],
        args.rounds,
    )
    report(
        "Sound, embedded corpus: 16 kHz .wav",
        SOUND,
        [clip.audio_path for clip in corpus],
        args.rounds,
    )
    if root := os.environ.get("THLAB_REAL_DATA"):
        grid = sorted(Path(root, "grid/s1/video").glob("*.mpg"))[: args.clips]
        report("Pictures, GRID: 360 x 288 MPEG-1", PICTURES, grid, args.rounds)
        report("Sound, GRID: 44.1 kHz stereo in .mpg", {"thlab": read_audio}, grid, args.rounds)
        flac = sorted(Path(root, "ravdess").glob("*/Actor_*/*.flac"))[: args.clips]
        report("Sound, RAVDESS: 16 kHz .flac", SOUND, flac, args.rounds)
    report_loading(corpus)
    print(f"\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
