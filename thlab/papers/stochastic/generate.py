"""From one recording and one picture of a face to many takes: .mp4s that say they are synthetic."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.inference import read_inputs, write_talking
from thlab.media import SAMPLES_A_FRAME
from thlab.papers.stochastic.model import TalkingFace, hear, roll_out
from thlab.papers.stochastic.train import load_model
from thlab.training import step_generator


def noises(
    seed: int, samples: int, frames: int, chance: Float[Tensor, "n t z"], lasting: bool = True
) -> Float[Tensor, "samples frames z"]:
    """Noise of takes 0 … samples - 1; that of take k follows from seed and k.

    chance: the model's, of which stretches are drawn, one fading into the next; without lasting, and in the paper, the
    noise is N(0, I), drawn for each frame alone. Chapter: book/latent-kl.ipynb
    """
    n, t, z = chance.shape
    fade = t // 8
    rise = (torch.pi / 2 * (torch.arange(fade) + 0.5) / fade).sin()  # its square and that of the fall add up to 1
    window = torch.cat([rise, torch.ones(t - 2 * fade), rise.flip(0)])[:, None]
    made = []
    for k in range(samples):
        rng = step_generator(seed, k)
        if not lasting:
            made.append(torch.randn((frames, z), generator=rng))
            continue
        noise = torch.zeros(frames + 2 * t, z)
        for at in range(int(torch.randint(fade, t - fade + 1, (1,), generator=rng)), frames + t, t - fade):
            noise[at : at + t] += window * chance[int(torch.randint(n, (1,), generator=rng))].cpu()
        made.append(noise[t : t + frames])
    return torch.stack(made)


def takes(
    model: TalkingFace, image: Float[Tensor, "3 h w"], audio: Float[Tensor, "n"], samples: int = 1, seed: int = 0,
    temperature: float = 1.0, latent_offset: Float[Tensor, "z"] | None = None, lasting: bool = True,
) -> Float[Tensor, "samples t 3 h w"]:  # fmt: skip
    """So many videos in [0, 1] of one face and one voice (640 samples a frame), made in one batch.

    Take k is the same however many are made, but for rounding. temperature scales the chance, 0 is the mean
    prediction; latent_offset as in `roll_out`, lasting as in `noises`. Raises ValueError where a number is out of
    range, or more than one take is asked of a model without chance. Chapter: book/latent-kl.ipynb
    """
    if samples < 1 or seed < 0 or temperature < 0:
        raise ValueError(f"samples={samples} must be at least 1, seed={seed} and temperature={temperature} at least 0")
    if samples > 1 and not model.config.stochastic:
        raise ValueError(f"samples={samples}: these weights have no latent, all takes would be the same; ask for 1")
    frames = len(audio) // SAMPLES_A_FRAME
    noise = noises(seed, samples, frames, model.chance, lasting) if model.config.stochastic else None
    return roll_out(model, image[None], hear(audio, frames)[None], noise, temperature, latent_offset)


def generate(
    audio_path: Path | str,
    image_path: Path | str,
    out_path: Path | str,
    model: TalkingFace | None = None,
    samples: int = 1,
    seed: int = 0,
    temperature: float = 1.0,
    overwrite: bool = False,
) -> list[Path]:
    """Make the face of a picture say what a recording says, in so many takes: .mp4s with the sound; their paths.

    One take is written to out.mp4, several to out-1.mp4, out-2.mp4, … model: a trained one, else the committed weights.
    Raises ValueError, and writes nothing, as `takes` and `thlab.inference.read_inputs` do.
    Chapter: book/latent-kl.ipynb
    """
    out_path = Path(out_path)
    paths = [out_path.with_stem(f"{out_path.stem}-{k + 1}") for k in range(samples)] if samples > 1 else [out_path]
    check_paths(paths, [audio_path, image_path], overwrite)
    model = model or load_model()
    audio, image = read_inputs(audio_path, image_path, model.config.size)
    videos = takes(model, image, audio, samples, seed, temperature)
    for path, frames in zip(paths, videos, strict=True):
        write_talking(path, frames, audio)
    return paths
