"""Test clips and those who look on: what a talking head is scored by, and what it must beat."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from thlab.audio import add_noise
from thlab.data.tensors import ClipTensors
from thlab.face.align import mouth
from thlab.face.landmarks import to_68
from thlab.media import SAMPLES_A_FRAME
from thlab.metrics.image import psnr, sharpness, ssim
from thlab.metrics.judges import mediapipe_points
from thlab.metrics.landmark import correlation, lmd, mouth_opening

Video = Float[Tensor, "_ 3 h w"]
Hear = Callable[[Tensor, int], Tensor]  # (n,), frames -> (frames, *d)
Paint = Callable[[Tensor, Tensor], Tensor]
Speaker = Callable[[Tensor, Tensor], Video]  # a picture (3, h, w) and sound (n,)


def seen_by_mediapipe(video: Video) -> Float[np.ndarray, "_ 478 2"]:
    """mediapipe's points of a video; NaN where it finds no face, as of some real ones that are cut at brow and chin.

    Chapter: book/latent-kl.ipynb
    """
    try:
        return mediapipe_points((255 * video).round().byte().permute(0, 2, 3, 1).numpy())
    except ValueError:
        return np.full((len(video), 478, 2), np.nan, np.float32)


class TestSet:
    """About n_clips test clips, of each the first open-eyed frame as the image, and the landmark judge that looks on.

    Chapter: book/content-to-video.ipynb
    """

    __test__ = False  # pytest, which collects classes by this name

    def __init__(self, memory: ClipTensors, judge: nn.Module, n_clips: int, device: Any = "cpu"):
        self.memory, self.device, self.judge = memory, device, judge.to(device).eval()
        assert memory.frames is not None
        assert memory.landmarks is not None
        # an odd step: with an even number of sentences, neighbours, from which shuffled audio comes, say different ones
        self.clips = list(range(0, len(memory.ids), max(1, len(memory.ids) // n_clips) | 1))
        spans = [slice(*memory.start[clip : clip + 2].tolist()) for clip in self.clips]
        self.real = [memory.frames[span].permute(0, 3, 1, 2) / 255 for span in spans]
        self.exact = [memory.landmarks[span] for span in spans]
        self.image = [int(memory.blink[span].eq(memory.blink[span].min()).nonzero()[0]) for span in spans]
        self.seen = [self.look(real) for real in self.real]
        self.true_by_mediapipe: dict[int, np.ndarray] = {}  # of the truth, as far as it was asked for

    @torch.no_grad()
    def look(self, video: Video) -> Float[Tensor, "_ 68 2"]:
        """What the judge sees."""
        return torch.cat([self.judge(part.to(self.device)).cpu() for part in video.split(256)])

    def contents(self, hear: Hear, db: float | None = None) -> list[Float[Tensor, "_ *d"]]:
        """What hear(audio (n,), frames) makes of each clip's sound, with noise that is always the same for a clip."""
        audio = [self.memory.audio[clip] for clip in self.clips]
        if db is not None:
            noise = [torch.Generator().manual_seed(clip) for clip in self.clips]
            audio = [add_noise(sound, db, rng) for sound, rng in zip(audio, noise, strict=True)]
        return [hear(sound, len(sound) // SAMPLES_A_FRAME) for sound in audio]

    def shuffled(self, hear: Hear) -> list[Float[Tensor, "_ *d"]]:
        """What is heard in another clip for each clip, begun at a random place and turned round where it ends.

        All clips begin and end in silence; content that was not turned would shut the mouth when the truth does.
        """
        others = self.contents(hear)
        others = others[1:] + others[:1]
        begin = torch.rand(len(others), generator=torch.Generator().manual_seed(0)).tolist()
        return [
            z[(int(u * len(z)) + torch.arange(len(real))) % len(z)]
            for z, real, u in zip(others, self.real, begin, strict=True)
        ]

    def videos(self, paint: Paint, contents: Sequence[Float[Tensor, "_ *d"]], batch: int = 16) -> list[Video]:
        """paint(images (b, 3, h, w), contents (b, t, *d)) -> (b, t, 3, h, w) of all clips, some side by side."""
        images = torch.stack([real[i] for real, i in zip(self.real, self.image, strict=True)])
        made = []
        for first in range(0, len(contents), batch):
            part = contents[first : first + batch]
            padded = pad_sequence(list(part), batch_first=True).to(self.device)
            fake = paint(images[first : first + batch].to(self.device), padded)
            made += [video[: len(z)].cpu() for video, z in zip(fake, part, strict=True)]
        return made

    def trivial(self) -> dict[str, list[Video]]:
        """What must be beaten: the image repeated, and the mean of the true frames."""
        repeated = [real[[i]].expand_as(real) for real, i in zip(self.real, self.image, strict=True)]
        return {"repeated frame": repeated, "mean frame": [real.mean(0).expand_as(real) for real in self.real]}

    def mouths(self, videos: list[Video]) -> dict[str, list[float]]:
        """A number a clip: LMD by the judge on both, LMD against exact landmarks, correlation of the lips' opening."""
        scores = defaultdict(list)
        for video, seen, exact in zip(videos, self.seen, self.exact, strict=True):
            found = self.look(video)
            scores["LMD"].append(lmd(seen, found))
            scores["LMD, exact"].append(lmd(exact, found))
            scores["opening"].append(correlation(mouth_opening(found), mouth_opening(exact)).item())
        return dict(scores)

    def pictures(self, videos: list[Video]) -> dict[str, list[float]]:
        """A number a clip: PSNR and SSIM of all frames but the image's own, and sharpness of the mouth."""
        scores = defaultdict(list)
        for video, real, i in zip(videos, self.real, self.image, strict=True):
            others = torch.arange(len(real)) != i
            x, y = video[others], real[others]
            scores["PSNR"].append(psnr(x, y).mean().item())
            scores["SSIM"].append(ssim(x, y).mean().item())
            scores["sharpness"].append(sharpness(mouth(x), mouth(y)).mean().item())
        return dict(scores)

    def means(self, videos: list[Video]) -> dict[str, float]:
        """The mean over clips of each score of mouths and pictures."""
        scores = self.mouths(videos) | self.pictures(videos)
        return {name: sum(values) / len(values) for name, values in scores.items()}

    def mediapipe(self, videos: list[Video], n: int) -> dict[str, list[float]]:
        """LMD by mediapipe, which no one here trained, on both videos of n clips; NaN for the others."""
        found = [math.nan] * len(videos)
        for i in torch.linspace(0, len(videos) - 1, min(n, len(videos))).long().tolist():
            if i not in self.true_by_mediapipe:
                self.true_by_mediapipe[i] = to_68(seen_by_mediapipe(self.real[i]))
            found[i] = lmd(self.true_by_mediapipe[i], to_68(seen_by_mediapipe(videos[i])))
        return {"LMD, mediapipe": found}

    @property
    def over(self) -> str:
        """What a table's interval is over: test speakers, or clips where there are fewer than three of those."""
        return "test speakers" if len(self.memory.speaker[self.clips].unique()) > 2 else "test clips"

    def by_speaker(self, values: list[float]) -> list[float]:
        """Numbers of clips as means of speakers, or as they are: what `over` says. Those that are NaN are left out."""
        speaker, x = self.memory.speaker[self.clips], torch.tensor(values)
        if self.over == "test speakers":
            x = torch.stack([x[speaker == one].nanmean() for one in speaker.unique()])
        return x[~x.isnan()].tolist()
