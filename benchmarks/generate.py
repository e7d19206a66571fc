"""Frames a second of the talking heads at 64 px, against the 25 of a video.

Many takes in a batch stand beside takes one by one.

    python benchmarks/generate.py [--frames 75] [--rounds 5]

The whole path is what `thlab generate` does between reading and writing files: spectrogram, content
of the VAE (book preset, untrained: the weights do not matter to the time), frames. Takes are those
of the stochastic model, from sound to frames. Of the model of words and persons: from sound, and
from the frames of another. Each number is the fastest of some rounds, in wall time; rounds of all
rows alternate, so that what else the machine does touches all of them.
"""

import argparse
import os
import time

import torch

from thlab.audio.visemes import VISEMES
from thlab.inference import Speech
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.model import DAVS, audio_features
from thlab.papers.priors.head.content import vae_source
from thlab.papers.priors.head.model import Generator, GeneratorConfig
from thlab.papers.priors.head.model import generate as frames_of
from thlab.papers.priors.model import SequenceVAE, VAEConfig
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.head import make_head, takes_of
from thlab.papers.stochastic.model import TalkingFace

TAKES = 8
LAYOUTS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}


def jobs(frames: int) -> dict:
    """What is timed, by name, layout and threads: frames made, and the function."""
    audio = 0.1 * torch.randn(frames * 640, generator=torch.Generator().manual_seed(0))
    image = torch.rand(3, 64, 64)
    made = generator_jobs(audio, frames)
    for threads in (1, 2):
        made |= take_jobs(audio, frames, image, threads)
        made |= word_jobs(audio, frames, image, threads)
    return made


def generator_jobs(audio: torch.Tensor, frames: int) -> dict:
    """The talking head of [mittal2020]: frames alone, and from sound on."""
    source = vae_source(SequenceVAE(VAEConfig.book(), len(VISEMES), 8, 10))

    def content_of_sound() -> torch.Tensor:
        return source.content(source.features(audio, frames))[None]

    content = content_of_sound()
    made = {}
    for layout, memory_format in LAYOUTS.items():
        generator = Generator(GeneratorConfig.book(), source.content.width)
        generator = generator.to(memory_format=memory_format)
        for threads in (1, 2):
            for clips in (1, 8):
                image = torch.rand(clips, 3, 64, 64)
                several = content.expand(clips, -1, -1)
                made[f"frames, {clips} clip{'s' * (clips > 1)}", layout, threads] = (
                    clips * frames,
                    lambda g=generator, i=image, c=several: frames_of(g, i, c),
                )
            made["sound to frames, 1 clip", layout, threads] = (
                frames,
                lambda g=generator: frames_of(g, torch.rand(1, 3, 64, 64), content_of_sound()),
            )
    return made


def take_jobs(audio: torch.Tensor, frames: int, image: torch.Tensor, threads: int) -> dict:
    """Takes of [yadav2020], from sound to frames."""
    head = make_head(TalkingFace(StochasticConfig.book()).eval())

    def takes(samples: int = 1, seed: int = 0) -> torch.Tensor:
        return head.takes(image, head.content(Speech(audio)), takes_of(samples, seed))

    def one_by_one() -> list[torch.Tensor]:
        return [takes(seed=k) for k in range(TAKES)]

    together = f"{TAKES} takes, one batch"
    apart = f"{TAKES} takes, one by one"
    return {
        ("1 take", "contiguous", threads): (frames, takes),
        (together, "contiguous", threads): (TAKES * frames, lambda: takes(TAKES)),
        (apart, "contiguous", threads): (TAKES * frames, one_by_one),
    }


def word_jobs(audio: torch.Tensor, frames: int, image: torch.Tensor, threads: int) -> dict:
    """Words of [zhou2019] in a face, from sound and from another's frames."""
    davs = DAVS(DAVSConfig.book(), 57, 20).eval().requires_grad_(False)
    lips = torch.rand(1, frames, 3, 64, 64)

    def from_sound() -> torch.Tensor:
        return davs.speak(image[None], davs.e_w_a(audio_features(audio, frames)[None]))

    def from_frames() -> torch.Tensor:
        return davs.speak(image[None], davs.e_w_v(lips))

    return {
        ("words, sound to frames", "contiguous", threads): (frames, from_sound),
        ("words, frames to frames", "contiguous", threads): (frames, from_frames),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--frames", type=int, default=75, help="of a clip (default: 75, three seconds)"
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    made = jobs(options.frames)
    seconds = dict.fromkeys(made, float("inf"))
    print(f"load {os.getloadavg()}")
    for _ in range(options.rounds):
        for name, (_, function) in made.items():
            torch.set_num_threads(name[2])
            start = time.perf_counter()
            function()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    print(
        f"{'':26s}{'layout':15s}{'threads':>8s}{'frames/s':>10s}{'ms/frame':>10s}{'x 25 fps':>10s}"
    )
    for name, (count, _) in made.items():
        rate = count / seconds[name]
        print(
            f"{name[0]:26s}{name[1]:15s}{name[2]:8d}"
            f"{rate:10.0f}{1000 / rate:10.1f}{rate / 25:10.1f}"
        )
    print(f"load at the end {os.getloadavg()}")


if __name__ == "__main__":
    main()
