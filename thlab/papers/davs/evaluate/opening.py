"""Fig. 5 b of [zhou2019] in numbers: how far and how long mouths open, by the word space's losses.

The paper shows one sentence's pictures. Here a small decoder of each word space gives lips.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.landmark import correlation, opening_range
from thlab.nn.mouth import POINTS
from thlab.papers.davs.decoder import three_layers
from thlab.papers.davs.evaluate.experiment import LANDMARKS, test_words, trained, training_words
from thlab.papers.davs.model import DAVS
from thlab.papers.davs.reported import SUPERVISIONS
from thlab.papers.davs.words import MIDDLE, WordClips
from thlab.training import step_generator
from thlab.training.optim import build_seeded

TRUTH = "truth"
MEAN_MOUTH = "mean mouth"
ROWS = (*SUPERVISIONS, TRUTH, MEAN_MOUTH)
COLUMNS = {"range": "range of opening", "time open": "time open", "opening": "opening"}
STEPS = 1500
RATE = 1e-3  # of Adam
BATCH = 256  # frames
OPEN = 0.5  # of a recording's widest true opening: what is wider counts as open
INNER_LIPS = [POINTS.index(62), POINTS.index(66)]  # iBUG: upper and lower, in the middle


class Frames(NamedTuple):
    """All frames of some recordings: codes, the recording's first landmarks, their own."""

    f_w_v: Float[Tensor, "f d"]
    f_w_a: Float[Tensor, "f d"]
    rest: Float[Tensor, "f p2"]
    points: Float[Tensor, "f p2"]


def measure_openings(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Range of the mouth's opening and the time that it is open, as shares of the truth's, and
    their correlation over time: a value a recording, from sound.

    Chapter: book/davs.ipynb
    """
    train = training_words(experiment)
    test = test_words(experiment, train.words)
    true = openings(test.points(torch.arange(len(test.tensors.clip_of))[None])[0].flatten(1))
    if row == TRUTH:
        return opening_scores(row, true, true, test)
    if row == MEAN_MOUTH:
        return opening_scores(row, means(true, test), true, test)
    model = trained(experiment, LANDMARKS, row, seed)
    decoder = fit(model, encode_frames(model, train), seed)
    frames = encode_frames(model, test)
    with torch.no_grad():
        moved = decoder(torch.cat([frames.rest, frames.f_w_a], 1))
    return opening_scores(row, openings(frames.rest + moved), true, test)


@torch.no_grad()
def encode_frames(model: DAVS, clips: WordClips) -> Frames:
    """Codes and landmarks of every frame of the recordings. Chapter: book/davs.ipynb"""
    of_clip = clips.tensors.clip_of
    every = torch.arange(len(of_clip))
    points = clips.points(every[None])
    heard = clips.rows[every + (2 * of_clip + 1) * MIDDLE]
    f_w_a = torch.cat([model.e_w_a(some[None])[0] for some in heard.split(1024)])
    flat = points[0].flatten(1)
    return Frames(model.e_w_v(points)[0], f_w_a, flat[clips.tensors.start[of_clip]], flat)


def fit(model: DAVS, frames: Frames, seed: int) -> nn.Module:
    """A decoder from a mouth at rest and f_w, of sound or of lips, to how the mouth moved.

    It learns by L1 from both, as G does, and the codes stay as they are. Chapter: book/davs.ipynb
    """
    n_points = frames.points.shape[1]
    dim = frames.f_w_v.shape[1]
    decoder = build_seeded(lambda: three_layers(n_points + dim, n_points, 2 * dim), seed)
    optimizer = torch.optim.Adam(decoder.parameters(), RATE)
    for step in range(STEPS):
        some = torch.randint(len(frames.points), (BATCH,), generator=step_generator(seed, step))
        codes = torch.cat([frames.f_w_v[some], frames.f_w_a[some]])
        rest = frames.rest[some].repeat(2, 1)
        moved = decoder(torch.cat([rest, codes], 1))
        loss = (rest + moved - frames.points[some].repeat(2, 1)).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return decoder.eval()


def openings(points: Float[Tensor, "f p2"]) -> Float[Tensor, "f"]:
    """The gap between the inner lips in each frame. Chapter: book/davs.ipynb"""
    upper, lower = points.unflatten(1, (-1, 2))[:, INNER_LIPS].unbind(1)
    return (lower - upper).norm(dim=1)


def means(opening: Float[Tensor, "f"], clips: WordClips) -> Float[Tensor, "f"]:
    """The mean opening of each frame's recording."""
    parts = opening.split(clips.tensors.start.diff().tolist())
    return torch.cat([part.mean().expand(len(part)) for part in parts])


def opening_scores(
    row: str, made: Float[Tensor, "f"], true: Float[Tensor, "f"], clips: WordClips
) -> Measurements:
    """The three columns of each recording. Chapter: book/davs.ipynb"""
    lengths = clips.tensors.start.diff().tolist()
    scores = []
    for clip, (ours, wanted) in enumerate(
        zip(made.split(lengths), true.split(lengths), strict=True)
    ):
        wide = OPEN * wanted.max()
        of_clip = {
            "range": opening_range(ours, wanted),
            "time open": ((ours > wide).sum() / (wanted > wide).sum()).item(),
            "opening": correlation(ours, wanted).item(),
        }
        speaker = clips.tensors.speakers[int(clips.tensors.speaker[clip])]
        for column, value in of_clip.items():
            scores.append((row, column, speaker, clips.tensors.ids[clip], value))
    return scores
