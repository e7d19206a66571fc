"""A portrait of [ji2021]: milliseconds a frame from sound to pixels, and training steps a second.

    python benchmarks/evp.py [--rounds 5] [--steps 20]

The weights are the committed ones: an invented person, 128 px, one thread, three seconds of sound.
librosa's MFCC stand beside ours, in one process and on one sound; thin plates are SciPy's.
No other package here paints a person from landmarks: frames and steps stand alone, beside the 25
frames of a second. Each number is the fastest of some rounds, and rounds of all rows alternate.
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy loads

import librosa
import numpy as np
import torch

from thlab.corpus import perform
from thlab.face.edges import edge_maps
from thlab.face.thin_plates import thin_plate_motion
from thlab.inference import Speech
from thlab.papers.evp.chain import driven_landmarks, portrait, there_and_back
from thlab.papers.evp.faces import read_face
from thlab.papers.evp.head import load_head
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.footage import footage_of, performances
from thlab.papers.evp.portrait.train import train
from thlab.papers.evp.speech import padded_mfcc
from thlab.training import make_fabric
from thlab.training.job import Job

VOICE = 851  # an invented person whom no weights have met
WORDS = ("put", "blue", "by", "u", "four", "now")
CELLS = 32
PLATES = 8  # frames for which plates are bent
STAGES = ("key frame", "painting", "after its own frames", "with critics")


def parts() -> dict[str, tuple[int, Callable[[], object]]]:
    """What is timed, by name: frames made, and the function."""
    head = load_head()
    face = read_face(None, head.person)
    target = face.target
    speech = Speech(torch.from_numpy(perform(VOICE, WORDS, "happy").audio))
    content = head.content(speech)
    n = len(content)
    heard = head.voice.hear(speech)
    ahead = head.voice.move(target.l_a, heard.content, heard.emotion)
    frames = there_and_back(target.footage.start, n)
    points = ahead.double().numpy()
    driven = driven_landmarks(target, points, frames, "gaussian").astype(np.float32)
    own = target.footage
    key = torch.from_numpy(own.landmarks[0]) / head.size
    some = torch.from_numpy(own.landmarks[:PLATES]) / head.size
    samples = speech.audio.numpy()
    return {
        "MFCC": (n, lambda: padded_mfcc(speech.audio)),
        "MFCC, librosa": (n, lambda: mfcc_of_librosa(samples)),
        "sound to codes": (n, lambda: head.content(speech)),
        "codes to landmarks": (
            n,
            lambda: head.voice.move(target.l_a, heard.content, heard.emotion),
        ),
        "3D alignment": (n, lambda: driven_landmarks(target, points, frames, "gaussian")),
        "guidance maps": (n, lambda: edge_maps(own.frames[frames], own.landmarks[frames], driven)),
        "thin plates": (PLATES, lambda: thin_plate_motion(some, key, CELLS)),
        "all that is painted": (n, lambda: portrait(head.generator, target, frames, ahead)),
        "sound to frames": (n, lambda: list(head.film(face, head.content(speech)))),
    }


def mfcc_of_librosa(samples: np.ndarray) -> np.ndarray:
    """13 coefficients a hop of 10 ms, windows of 25 ms."""
    return librosa.feature.mfcc(
        y=samples, sr=16_000, n_mfcc=13, n_fft=512, win_length=400, hop_length=160, n_mels=40
    )


def seconds_a_step(steps: int) -> dict[str, float]:
    """Seconds of a step of the book preset, in each of its four stages.

    Each stage is a training of its own, of so many steps; a training of one step less time is what
    comes before the first.
    """
    book = PortraitConfig.book()
    footage = footage_of(performances(book.speaker, book.sentences[:1]), book.size)
    found = {}
    for number, name in enumerate(STAGES):
        begins = [0 if number > k else steps for k in range(3)]
        config = replace(
            book, paint_from=begins[0], own_from=begins[1], critics_from=begins[2], steps=steps
        )
        found[name] = (timed(config, footage) - timed(replace(config, steps=1), footage)) / (
            steps - 1
        )
    return found


def timed(config: PortraitConfig, footage: object) -> float:
    """Seconds of a whole training."""
    fabric = make_fabric(accelerator="cpu", precision="32-true")
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        train(Job(config, footage, Path(folder), "portrait", fabric, 0))
        return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"threads 1; load {os.getloadavg()}")
    made = parts()
    seconds = dict.fromkeys(made, float("inf"))
    for _ in range(options.rounds):
        for name, (_, function) in made.items():
            start = time.perf_counter()
            function()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    print(f"{'':24s}{'ms a frame':>11s}{'x ours':>8s}{'frames/s':>10s}{'x 25 fps':>10s}")
    for name, (count, _) in made.items():
        one = seconds[name] / count
        ours = name.split(",")[0]
        ratio = one / (seconds[ours] / made[ours][0])
        print(f"{name:24s}{1000 * one:11.2f}{ratio:8.1f}{1 / one:10.0f}{1 / one / 25:10.1f}")
    print(f"\n{'training, book preset':24s}{'steps/s':>11s}")
    for name, one in seconds_a_step(options.steps).items():
        print(f"{name:24s}{1 / one:11.1f}")
    print(f"load at the end {os.getloadavg()}")


if __name__ == "__main__":
    main()
