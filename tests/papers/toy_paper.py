"""A whole paper in few lines: one linear layer from sound to how far the mouth is open."""

from dataclasses import dataclass

import torch
from torch import nn

from thlab.audio import mfcc_windows
from thlab.data.tensors import load_clips
from thlab.evaluation.claims import Claim
from thlab.evaluation.comparison import more
from thlab.metrics.landmark import correlation, mouth_opening
from thlab.nn.warp import Changes, apply_changes
from thlab.papers import PAPERS
from thlab.papers.paper import Job, Paper, Stage, TableSpec
from thlab.training import Run, load_weights, my_part, step_generator, weights_path
from thlab.training.optim import build_seeded, optimizer_step


@dataclass(frozen=True)
class ToyConfig:
    steps: int = 400
    fast = book = paper = classmethod(lambda cls: cls())


class ToyHead(nn.Module):
    """Darkens the middle of the mouth's place as far as the mouth sounds open."""

    size = 64

    def __init__(self):
        super().__init__()
        self.opening = nn.Linear(28 * 12, 1)

    @torch.no_grad()
    def content(self, speech):
        return self.opening(hear(speech.audio, speech.n_frames))

    def render(self, image, content, controls=None):
        colour = torch.zeros(len(content), 3, 64, 64)
        colour[:, :, 42:50, 26:38] = -content[:, :, None, None]
        changes = Changes(torch.zeros(len(content), 2, 64, 64), colour)
        return apply_changes(image.expand_as(colour), changes)


def hear(audio, n_frames):
    return mfcc_windows(audio, n_frames).flatten(1) / 40


def train(job: Job) -> nn.Module:
    head = build_seeded(ToyHead, job.seed)
    rows = job.data.per_frame(hear)
    openings = mouth_opening(job.data.landmarks)
    adam = torch.optim.Adam(head.opening.parameters(), 1e-2)
    net, optimizer = job.fabric.setup(head.opening, adam)
    facts = job.data.facts
    run = Run(job.fabric, job.folder, job.config, job.config.steps, seed=job.seed, corpus=facts)
    for step in run.steps(run.resume(net=net, optimizer=optimizer)):
        frames = torch.randint(len(rows), (64,), generator=step_generator(job.seed, step))
        batch = my_part(job.fabric, {"rows": rows[frames], "opening": openings[frames]})
        terms = {"opening": (net(batch["rows"])[:, 0] - batch["opening"]).square().mean()}
        run.check(step, terms)
        optimizer_step(job.fabric, optimizer, terms["opening"])
        run.log(step, terms)
    return head


def measure(experiment, row, seed):
    job = experiment.job("head", experiment.config(ToyConfig), experiment.train, seed)
    head = experiment.trained(job, train)
    clips = load_clips(experiment.splits["val"])
    made = []
    for k, (start, end) in enumerate(clips.start.unfold(0, 2, 1).tolist()):
        heard = hear(clips.audio[k if row == "ours" else k - 1], end - start)
        follows = correlation(head.opening(heard)[:, 0], mouth_opening(clips.landmarks[start:end]))
        made.append((row, "opening", clips.speakers[0], clips.ids[k], follows.item()))
    return made


def load_head(weights):
    return load_weights(weights / "toy-head" if weights else weights_path("toy-head"), ToyHead())


ROWS = ("ours", "shuffled audio")
PAPER = Paper(
    "toy",
    "a linear layer opens the mouth",
    {"head": Stage(ToyConfig, train, half=False)},
    {"opening": TableSpec("is it heard?", measure, ROWS, {"opening": "opening"})},
    {"toy.hears": Claim("opening", (more(*ROWS, "opening", paper=0.4),))},
    default_table="opening",
    head=load_head,
)
PAPERS["toy"] = __name__
