"""Training the talking head of [mittal2020], Sect. 3.2 to 3.4: first what the frames are, then what the critics say."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from thlab.audio.visemes import VISEMES
from thlab.data.sampler import open_eyed, within
from thlab.data.tensors import ClipTensors
from thlab.media import SAMPLES_A_FRAME
from thlab.nn.augment import jitter
from thlab.nn.face_encoder import FaceEncoder
from thlab.papers.priors import gan_losses
from thlab.papers.priors.content import SOURCES, Recogniser, Source, make_source
from thlab.papers.priors.critics import FrameCritic, VideoCritic
from thlab.papers.priors.generator import Generator, GeneratorConfig, to_box
from thlab.papers.priors.temporal import NOISE
from thlab.papers.priors.train import Speech
from thlab.training import Run, from_card, load_weights, my_part, read_card, save_weights, step_generator
from thlab.training.optim import build_seeded, optimizer_step

MISS = 0.4  # 32nds of the mouth box: what is found in an image is off by about that
CANDIDATES, NOSE = 6, slice(27, 36)  # images tried for the one whose head is turned alike, seen by these landmarks


@dataclass(frozen=True)
class GANConfig:
    """How the generator is trained; its sizes are GeneratorConfig's."""

    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    weights: gan_losses.Weights = field(default_factory=gan_losses.Weights)
    steps: int = 2000
    critics_from: int = 1500  # the step at which the critics join; `steps` or more: never
    clips: int = 24  # painted a step, a frame of each
    clips_seen: int = 8  # painted a step with the critics, who cost more
    frames_seen: int = 3  # of each, one after another
    frames_unseen: int = 20  # at most, painted before those to begin amid a clip
    clips_heard: int = 64  # whose content says where the lips go, which is cheap
    frames_heard: int = 8  # of each, one after another
    learning_rate: float = 3e-3
    late_rate: float = 2e-4  # with the critics
    critic_rate: float = 4e-4
    critic_steps: int = 3  # of the critics for one of the generator, who else runs away from them
    posed_alike: bool = True  # the image is turned as the frames are, so that what differs is the mouth

    @classmethod
    def fast(cls) -> "GANConfig":
        """Seconds, for tests."""
        return cls(
            GeneratorConfig.fast(), steps=20, critics_from=10, clips=2, clips_seen=2, frames_unseen=2, clips_heard=4
        )

    @classmethod
    def book(cls) -> "GANConfig":
        """What the committed weights were trained with."""
        return cls()

    @classmethod
    def paper(cls) -> "GANConfig":
        """Adam at 1e-4 throughout; steps and batch are not known."""
        return cls(GeneratorConfig.paper(), steps=100_000, critics_from=0, late_rate=1e-4, critic_rate=1e-4)


class TalkingHead(nn.Module):
    """A content source and a generator, trained and saved as one. Chapter: book/content-to-video.ipynb"""

    source: Source
    generator: Any  # Generator or TemporalGenerator

    def __init__(self, source: Source, generator: nn.Module):
        super().__init__()
        self.source, self.generator = source, generator

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Frames (B, T, 3, H, W), the content (B, T, d) they were made from, and where what is heard moves lips."""
        z_c, rest = self.listen(batch["rows"], batch["noise"])
        heard, _ = self.listen(batch["heard"], batch["heard_noise"])
        moves, unseen = self.generator.moves(heard, batch["points"]), z_c.shape[1] - batch["real"].shape[1]
        return self.generator(batch["image"], z_c, rest, batch["goal"], unseen), z_c[:, unseen:], moves

    def listen(self, rows: Float[Tensor, "b t *row"], noise: Float[Tensor, "b t n"]) -> tuple[Tensor, Tensor]:
        """Content of rows, and the noise that is left for the generator: its first numbers are the source's."""
        own, rest = noise.split([self.source.width, NOISE], -1)
        return self.source(rows.flatten(0, 1), own.flatten(0, 1)).unflatten(0, rows.shape[:2]), rest


class Footage:
    """Batches: frames of random clips, and of each clip an open-eyed image. Chapter: book/content-to-video.ipynb"""

    def __init__(self, memory: ClipTensors, source: Source, config: GANConfig):
        if memory.frames is None or memory.landmarks is None:
            raise ValueError("the clips were loaded without pictures: load_clips(..., frames=True)")
        self.memory, self.source, self.config = memory, source, config
        self.frames, self.nose = memory.frames, memory.landmarks[:, NOSE]
        self.points = to_box(memory.landmarks, memory.frames.shape[1])
        self.rows = None if source.fresh else memory.per_frame(source.features)
        least = max(config.frames_unseen + config.frames_seen, config.frames_heard)
        self.clips = (memory.start.diff() >= least).nonzero()[:, 0]
        if len(self.clips) == 0:
            raise ValueError(f"no clip has {least} frames: train on longer ones")
        self.open_frames, self.open_start = open_eyed(memory)

    def draw(self, n: int, k: int, rng: torch.Generator) -> dict[str, Tensor]:
        """n clips of k frames to paint and others to hear, with the noise and the mixtures that a step will need.

        Of more than one frame a clip, rows and noise begin with those of the unseen frames, some random number.
        """
        config, width = self.config, self.source.width + NOISE
        unseen = int(torch.randint(config.frames_unseen + 1, (), generator=rng)) if k > 1 else 0
        clips, frames, rows = self.stretch(n, unseen + k, rng)
        frames = frames[:, unseen:]
        image = self.image(frames[:, k // 2], clips, rng)
        pictures = jitter(self.frames[torch.cat([image[:, None], frames], 1)].permute(0, 1, 4, 2, 3) / 255, rng)
        batch = {"image": pictures[:, 0], "real": pictures[:, 1:], "viseme": self.memory.viseme[frames]}
        batch |= {"goal": self.points[frames], "rows": rows}
        batch["noise"] = torch.randn((n, unseen + k, width), generator=rng)
        clips, frames, batch["heard"] = self.stretch(config.clips_heard, config.frames_heard, rng)
        points = self.points[self.open_image(clips, rng)]
        batch["moves"] = self.points[frames] - points[:, None]
        batch["heard_noise"] = torch.randn((*frames.shape, width), generator=rng)
        # what is found in an image is off a little, all points alike for the most part
        batch["points"] = points + MISS * torch.randn((len(points), 1, 2), generator=rng)
        return batch | {"mix": torch.rand((n, config.critic_steps), generator=rng)}

    def stretch(self, n: int, k: int, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """k frames of n random clips: the clips, the frames (n, k), and the source's rows of these."""
        clips = self.clips[torch.randint(len(self.clips), (n,), generator=rng)]
        start, end = self.memory.start[clips], self.memory.start[clips + 1]
        first = within(start, end - k + 1, rng)
        frames = first[:, None] + torch.arange(k)
        if self.rows is not None:
            return clips, frames, self.rows[frames]
        rows = []
        for clip, at in zip(clips.tolist(), (first - start).tolist(), strict=True):
            audio = self.source.augmented(self.memory.audio[clip], rng)
            rows.append(self.source.features(audio, len(audio) // SAMPLES_A_FRAME)[at : at + k])
        return clips, frames, torch.stack(rows)

    def open_image(self, clips: Int[Tensor, "*n"], rng: torch.Generator) -> Int[Tensor, "*n"]:
        """A random open-eyed frame of each clip."""
        return self.open_frames[within(self.open_start[clips], self.open_start[clips + 1], rng)]

    def image(self, frames: Int[Tensor, "n"], clips: Int[Tensor, "n"], rng: torch.Generator) -> Int[Tensor, "n"]:
        """Of a few random open-eyed frames of the clip, the one whose nose is turned most like this frame's."""
        tried = self.open_image(clips.repeat(CANDIDATES if self.config.posed_alike else 1, 1), rng)  # (candidates, n)
        distance = (self.nose[tried] - self.nose[frames]).square().sum((-1, -2))
        return tried.gather(0, distance.argmin(0, keepdim=True))[0]


def rate(config: GANConfig, step: int) -> float:
    """The generator's learning rate: a cosine down to a tenth in each of the two phases."""
    begin, end, top = 0, min(config.critics_from, config.steps), config.learning_rate
    if step >= end:
        begin, end, top = end, config.steps, config.late_rate
    return top * (0.55 + 0.45 * math.cos(math.pi * (step - begin) / (end - begin)))


def train_generator(
    config: GANConfig, source: Source, memory: ClipTensors, out: str | Path, fabric: Any, seed: int = 0,
    faces: FaceEncoder | None = None, make: Callable[[GeneratorConfig], Any] = Generator,
) -> TalkingHead:  # fmt: skip
    """Train a generator and its source on a memory's clips; goes on where a run in `out` stopped.

    faces: a trained encoder; without it the perceptual term is left out. make: which generator. FileNotFoundError where
    the weights of the landmark net are missing, which finds the lips in an image. Chapter: book/content-to-video.ipynb
    """
    faces = faces and faces.to(fabric.device).eval().requires_grad_(False)
    generator = build_seeded(lambda: make(replace(config.generator, content=source.width)), seed)
    load_weights("landmarks", generator.painter.finder)
    head = fabric.setup_module(TalkingHead(source, generator))
    d_frame = fabric.setup_module(build_seeded(lambda: FrameCritic(source.width, len(VISEMES)), seed))
    d_video = fabric.setup_module(build_seeded(lambda: VideoCritic(source.width), seed))
    critics = nn.ModuleList([d_frame, d_video])
    optimizer, critic_optimizer = fabric.setup_optimizers(
        torch.optim.Adam((p for p in head.parameters() if p.requires_grad), config.learning_rate, betas=(0.5, 0.99)),
        torch.optim.Adam(critics.parameters(), config.critic_rate, betas=(0.0, 0.9)),
    )
    footage = Footage(memory, source, config)
    run = Run(fabric, out, config, config.steps, seed=seed, corpus=memory.facts)
    parts = {"head": head, "d_frame": d_frame, "d_video": d_video}
    start = run.resume(**parts, optimizer=optimizer, critic_optimizer=critic_optimizer)
    for step in run.steps(start):
        n, k = (config.clips, 1) if step < config.critics_from else (config.clips_seen, config.frames_seen)
        batch = my_part(fabric, footage.draw(n, k, step_generator(seed, step)))
        fake, z_c, moves = head(batch)
        terms = {"points": gan_losses.landmark_l2(moves, batch["moves"])}
        terms |= gan_losses.likeness(config.weights, fake, batch["real"], batch["goal"], faces)
        critic_terms: gan_losses.Terms = {}
        if step >= config.critics_from:
            shown = fake, z_c, batch["viseme"], batch["goal"]
            critics.requires_grad_(True)
            for mix in batch["mix"].unbind(1):
                critic_terms = gan_losses.critic_phase(config.weights, d_frame, d_video, batch["real"], *shown, mix)
                run.check(step, critic_terms)
                optimizer_step(fabric, critic_optimizer, critic_terms["critics"])
            critics.requires_grad_(False)  # the generator's phase moves none of them, so their gradients are not needed
            terms |= gan_losses.generator_phase(d_frame.module, d_video.module, *shown)
        terms = gan_losses.generator_loss(config.weights, terms)
        run.check(step, terms)
        for group in optimizer.param_groups:
            group["lr"] = rate(config, step)
        optimizer_step(fabric, optimizer, terms["total"])
        run.log(step, terms | critic_terms)
    return head.module


def save_head(path: str | Path, head: TalkingHead, card: dict[str, Any]) -> None:
    """Weights and a card from which `load_head` builds the same head. Chapter: book/content-to-video.ipynb"""
    source = next(name for name, kind in SOURCES.items() if type(head.source) is kind)
    save_weights(path, head, card | {"source": source, "generator": asdict(head.generator.config)})


def load_head(name: str | Path = "priors-head", net: nn.Module | None = None) -> TalkingHead:
    """A trained head; net as in `make_source`; FileNotFoundError where none is. Chapter: book/content-to-video.ipynb"""
    card = read_card(name)
    head = TalkingHead(make_source(card["source"], net), Generator(from_card(GeneratorConfig, card["generator"])))
    return load_weights(name, head).eval()


@dataclass(frozen=True)
class RecogniserConfig:
    """How the recogniser is trained."""

    steps: int = 1500
    batch: int = 64
    learning_rate: float = 1e-3


def train_recogniser(
    config: RecogniserConfig, memory: ClipTensors, out: Path, fabric: Any, seed: int = 0
) -> Recogniser:
    """Train the recogniser of `ASRContent` on clean speech. Chapter: book/content-to-video.ipynb"""
    speech, net = Speech(memory), build_seeded(Recogniser, seed)
    net, optimizer = fabric.setup(net, torch.optim.Adam(net.parameters(), config.learning_rate))
    run = Run(fabric, out, config, config.steps, seed=seed, corpus=memory.facts)
    for step in run.steps(run.resume(net=net, optimizer=optimizer)):
        frames = torch.randint(len(memory.clip_of), (config.batch,), generator=step_generator(seed, step))
        batch = my_part(fabric, speech.batch(frames))
        loss = cross_entropy(net(batch["x"]), batch["viseme"])
        run.check(step, {"viseme": loss})
        optimizer_step(fabric, optimizer, loss)
        run.log(step, {"viseme": loss})
    return net.module
