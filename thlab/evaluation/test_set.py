"""Test clips, evaluators and baselines: what a talking head is scored by, and beside what."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.audio import add_noise
from thlab.data.tensors import ClipTensors
from thlab.evaluation.experiment import Measurements
from thlab.face.align import mouth
from thlab.face.landmarks import to_68
from thlab.inference import Speech, TalkingHead
from thlab.metrics.image import psnr, sharpness, ssim
from thlab.metrics.judges import mediapipe_points
from thlab.metrics.landmark import correlation, lmd, mouth_opening
from thlab.metrics.lip_sync import Sync, lip_sync_scores
from thlab.metrics.mouth import contrast_inside, pattern_inside
from thlab.nn.syncnet import SyncNet
from thlab.training import load_weights

Video = Float[Tensor, "_ 3 h w"]
UNJUDGED = Sync(math.nan, math.nan, 0, math.nan)
Scores = dict[str, list[float]]  # by column, a number a clip; NaN where it was not measured


def seen_by_mediapipe(video: Video) -> Float[np.ndarray, "_ 478 2"]:
    """mediapipe's points of a video; NaN where it finds no face.

    Some real ones are cut at brow and chin.
    Chapter: book/latent-kl.ipynb
    """
    try:
        return mediapipe_points((255 * video).round().byte().permute(0, 2, 3, 1).numpy())
    except ValueError:
        return np.full((len(video), 478, 2), np.nan, np.float32)


class TestSet:
    """About n_clips test clips, an image of each, and a landmark net as evaluator.

    The image is the clip's first open-eyed frame. clips: their numbers in `tensors`. real, exact:
    the true frames and landmarks of each. image: the number of the frame that a head is given.
    seen: what the net sees in the true frames.
    Chapter: book/content-to-video.ipynb
    """

    __test__ = False  # pytest, which collects classes by this name

    def __init__(
        self, tensors: ClipTensors, landmark_net: nn.Module, n_clips: int, device: Any = "cpu"
    ):
        self.tensors = tensors
        self.device = device
        self.landmark_net = landmark_net.to(device).eval()
        assert tensors.frames is not None
        assert tensors.landmarks is not None
        # an odd step: with an even number of sentences, neighbours, from which shuffled audio
        # comes, say different ones
        self.clips = list(range(0, len(tensors.ids), max(1, len(tensors.ids) // n_clips) | 1))
        spans = [slice(*tensors.start[clip : clip + 2].tolist()) for clip in self.clips]
        self.real = [tensors.frames[span].permute(0, 3, 1, 2) / 255 for span in spans]
        self.exact = [tensors.landmarks[span] for span in spans]
        self.image = []
        for span in spans:
            blink = tensors.blink[span]
            self.image.append(int(blink.eq(blink.min()).nonzero()[0]))
        self.seen = [self.look(real) for real in self.real]
        # of the truth, as far as it was asked for
        self.true_by_mediapipe: dict[int, np.ndarray] = {}

    @torch.no_grad()
    def look(self, video: Video) -> Float[Tensor, "_ 68 2"]:
        """The landmarks that the net sees."""
        found = []
        for part in video.split(256):
            found.append(self.landmark_net(part.to(self.device)).cpu())
        return torch.cat(found)

    def images(self) -> list[Float[Tensor, "3 h w"]]:
        """The picture of each clip that a head is given."""
        return [real[i] for real, i in zip(self.real, self.image, strict=True)]

    def speeches(self, db: float | None = None) -> list[Speech]:
        """What is said in each clip, with noise (dB relative to speech), the same at every call."""
        said = []
        for clip, real in zip(self.clips, self.real, strict=True):
            audio = self.tensors.audio[clip]
            if db is not None:
                audio = add_noise(audio, db, torch.Generator().manual_seed(clip))
            said.append(Speech(audio, real))
        return said

    def contents(self, head: TalkingHead, db: float | None = None) -> list[Float[Tensor, "_ *d"]]:
        """The speech of each clip, as a head takes it."""
        return [head.content(speech) for speech in self.speeches(db)]

    def shuffled(self, contents: Sequence[Float[Tensor, "_ *d"]]) -> list[Float[Tensor, "_ *d"]]:
        """For each clip the audio features of another, from a random frame on.

        Turned round where they end. All clips begin and end in silence; content that was not turned
        would shut the mouth when the truth does.
        """
        others = [*contents[1:], *contents[:1]]
        begin = torch.rand(len(others), generator=torch.Generator().manual_seed(0)).tolist()
        turned = []
        for z, real, u in zip(others, self.real, begin, strict=True):
            turned.append(z[(int(u * len(z)) + torch.arange(len(real))) % len(z)])
        return turned

    def videos(
        self,
        head: TalkingHead,
        contents: Sequence[Float[Tensor, "_ *d"]],
        controls: Callable[[int], Any] = lambda clip: None,
    ) -> list[Video]:
        """A head's video of each clip's image; controls: of a clip's number."""
        made = []
        for clip, image, content in zip(self.clips, self.images(), contents, strict=True):
            made.append(head.render(image, content, controls(clip)))
        return made

    def baselines(self) -> dict[str, list[Video]]:
        """What a head must beat: its image repeated, and the mean of the true frames."""
        repeated = []
        mean = []
        for image, real in zip(self.images(), self.real, strict=True):
            repeated.append(image.expand_as(real))
            mean.append(real.mean(0).expand_as(real))
        return {"repeated frame": repeated, "mean frame": mean}

    def mouths(self, videos: Sequence[Video]) -> Scores:
        """LMD by the net on both videos, LMD against exact landmarks, correlation of openings."""
        scores = defaultdict(list)
        for video, seen, exact in zip(videos, self.seen, self.exact, strict=True):
            found = self.look(video)
            scores["LMD"].append(lmd(found, seen))
            scores["LMD, exact"].append(lmd(found, exact))
            scores["opening"].append(correlation(mouth_opening(found), mouth_opening(exact)).item())
        return dict(scores)

    def pictures(self, videos: Sequence[Video]) -> Scores:
        """PSNR and SSIM of all frames but the image's own, and sharpness of the mouth."""
        scores = defaultdict(list)
        for video, real, i in zip(videos, self.real, self.image, strict=True):
            others = torch.arange(len(real)) != i
            prediction = video[others]
            target = real[others]
            scores["PSNR"].append(psnr(prediction, target).mean().item())
            scores["SSIM"].append(ssim(prediction, target).mean().item())
            scores["sharpness"].append(sharpness(mouth(prediction), mouth(target)).mean().item())
        return dict(scores)

    def insides(self, videos: Sequence[Video]) -> Scores:
        """Light and dark between the true lips: how much, and whether it lies where it must."""
        scores = defaultdict(list)
        for video, real, exact in zip(videos, self.real, self.exact, strict=True):
            scores["contrast inside"].append(contrast_inside(video, real, exact))
            scores["pattern inside"].append(pattern_inside(video, real, exact))
        return dict(scores)

    @cached_property
    def sync_net(self) -> SyncNet:
        """The evaluator of lips and sound; loaded when it is first asked."""
        return load_weights("sync", SyncNet()).eval()

    @torch.no_grad()
    def lip_sync(self, videos: Sequence[Video]) -> Scores:
        """By SyncNet, whether lips go with the clip's own sound.

        NaN where that cannot be judged: the mouth stands still, or the clip is too short.
        """
        scores = defaultdict(list)
        for clip, video in zip(self.clips, videos, strict=True):
            lips, sound = self.sync_net.embed(mouth(video).clamp(0, 1), self.tensors.audio[clip])
            try:
                found = lip_sync_scores(lips, sound)
            except ValueError:
                found = UNJUDGED
            scores["sync confidence"].append(found.confidence)
            scores["LSE-D"].append(found.distance)
        return dict(scores)

    def mediapipe(self, videos: Sequence[Video], n: int) -> Scores:
        """LMD by mediapipe, which no one here trained, on both videos of n clips.

        NaN for the others.
        """
        found = [math.nan] * len(videos)
        for i in torch.linspace(0, len(videos) - 1, min(n, len(videos))).long().tolist():
            if i not in self.true_by_mediapipe:
                self.true_by_mediapipe[i] = to_68(seen_by_mediapipe(self.real[i]))
            found[i] = lmd(to_68(seen_by_mediapipe(videos[i])), self.true_by_mediapipe[i])
        return {"LMD, mediapipe": found}

    def scores(self, videos: Sequence[Video], mediapipe: int = 0) -> Scores:
        """All scores of the videos of all clips; mediapipe: on how many of them it looks."""
        found = self.mouths(videos) | self.pictures(videos)
        found |= self.insides(videos) | self.lip_sync(videos)
        return found | self.mediapipe(videos, mediapipe) if mediapipe else found

    def measurements(self, row: str, scores: Scores) -> Measurements:
        """Scores a clip as measurements of a row; those that are NaN are left out."""
        made = []
        for column, values in scores.items():
            for clip, value in zip(self.clips, values, strict=True):
                if not math.isnan(value):
                    name = self.tensors.ids[clip]
                    made.append((row, column, self.speaker(clip), name, float(value)))
        return made

    def speaker(self, clip: int) -> str:
        """Who speaks in a clip."""
        return self.tensors.speakers[int(self.tensors.speaker[clip])]

    def score(
        self,
        head: TalkingHead,
        row: str = "ours",
        controls: Callable[[int], Any] = lambda clip: None,
        levels: Sequence[float] = (),
        mediapipe: int = 0,
    ) -> Measurements:
        """A head in one call: as it is, from shuffled audio, at noise levels (dB), and baselines.

        Chapter: book/content-to-video.ipynb
        """
        contents = self.contents(head)
        videos = {row: self.videos(head, contents, controls)}
        videos[f"{row}, shuffled audio"] = self.videos(head, self.shuffled(contents), controls)
        for db in levels:
            videos[f"{row}, {db:g} dB"] = self.videos(head, self.contents(head, db), controls)
        videos |= self.baselines()
        made = []
        for name, of_clips in videos.items():
            made += self.measurements(name, self.scores(of_clips, mediapipe))
        return made
