"""The model of [zhou2019], Fig. 2: a person space and a word space, what decodes them, and what learns against them."""

from itertools import pairwise
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import interpolate, layer_norm, leaky_relu, max_pool2d

from thlab.audio.features import mfcc_windows
from thlab.nn.blocks import GROUPS, ConvBlock
from thlab.nn.warp import repaint
from thlab.papers.davs.config import DAVSConfig

SHORT = 16  # pixels a side of what a decoder's shortcut gives
COARSE = 4  # pixels a side of the coarsest map, in E_w^v and in G
FIRST_OUTLET = 0.1  # of the first weights of a decoder that bends: it begins nearly as a copier
AT_A_TIME = 256  # frames that are decoded together


def hear(audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames 20 12"]:
    """MFCC of 200 ms around each video frame, each coefficient about 1.

    As in the public code but for 10 ms: its columns 4l - 7 to 4l + 12 are ours from 4l - 8, about the frame's middle.
    Chapter: book/davs.ipynb
    """
    return mfcc_windows(audio, n_frames)[:, 4:24] / torch.linspace(40, 8, 12)


class Maxout(nn.Module):
    """A convolution to twice the channels, of which the larger of two goes on. Chapter: book/davs.ipynb"""

    def __init__(self, cin: int, cout: int, kernel: int = 3, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(cin, 2 * cout, kernel, stride, kernel // 2)
        self.norm = nn.GroupNorm(GROUPS, 2 * cout)

    def forward(self, x: Float[Tensor, "b cin h w"]) -> Float[Tensor, "b cout h2 w2"]:
        return torch.maximum(*self.norm(self.conv(x)).chunk(2, 1))


class PersonEncoder(nn.Module):
    """E_p^v, after VGG-M: f_p of pictures in [0, 1], and the maps of its levels. Chapter: book/davs.ipynb"""

    def __init__(self, config: DAVSConfig):
        super().__init__()
        widths = config.person_widths
        self.levels = nn.ModuleList([Maxout(3, widths[0], 7, 2), *(Maxout(a, b) for a, b in pairwise(widths))])
        self.embed = nn.Linear(widths[-1], config.dim)

    def forward(self, pictures: Float[Tensor, "b 3 h w"]) -> tuple[Float[Tensor, "b d"], list[Tensor]]:
        x, maps = 4 * pictures - 2, []
        for level in self.levels:
            x = max_pool2d(level(x), 2)
            maps.append(x)
        return self.embed(x.mean((2, 3))), maps


class Hourglass(nn.Module):
    """Down `depth` levels and up again, each level's own map added to what comes back (Newell et al. 2016).

    Chapter: book/davs.ipynb
    """

    def __init__(self, width: int, depth: int):
        super().__init__()
        self.beside, self.down, self.up = (ConvBlock(width, width) for _ in range(3))
        self.inner = Hourglass(width, depth - 1) if depth > 1 else ConvBlock(width, width)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        low = self.up(self.inner(self.down(max_pool2d(x, 2))))
        return self.beside(x) + interpolate(low, scale_factor=2)


class WordEncoder(nn.Module):
    """E_w^v, after FAN: an hourglass from size / 4 to 4 x 4 and back, its maps, and f_w^v of each frame.

    Chapter: book/davs.ipynb
    """

    def __init__(self, config: DAVSConfig):
        super().__init__()
        fine, coarse = config.word_widths
        self.stem, self.block = nn.Conv2d(3, fine, 7, 2, 3), ConvBlock(fine, coarse)
        self.hourglass = Hourglass(coarse, (config.size // 4 // COARSE).bit_length() - 1)
        self.points = nn.Conv2d(coarse, config.points, 1)
        self.outlet = nn.Conv2d(config.points, config.outlets, 3, 2, 1)
        self.embed = nn.Linear(config.outlets * (config.size // 8) ** 2, config.dim)
        self.norm = standard(config)

    def forward(self, frames: Float[Tensor, "b t 3 h w"]) -> Float[Tensor, "b t d"]:
        x = max_pool2d(self.block(self.stem(4 * frames.flatten(0, 1) - 2)), 2)
        x = self.outlet(torch.relu(self.points(self.hourglass(x))))
        return self.norm(self.embed(x.flatten(1))).unflatten(0, frames.shape[:2])


def standard(config: DAVSConfig) -> nn.BatchNorm1d:
    """Of each number of f_w the mean over all frames is 0, the variance 1.

    At first about a fiftieth of f_w's square is what differs between the frames of a clip, and words lie in that.
    """
    return nn.BatchNorm1d(config.dim, affine=False)


class AudioEncoder(nn.Module):
    """E_w^a, after SyncNet: f_w^a of each frame's 20 x 12 MFCC. Chapter: book/davs.ipynb"""

    def __init__(self, config: DAVSConfig):
        super().__init__()
        a, b, c = config.audio_widths
        self.net = nn.Sequential(
            ConvBlock(1, a), ConvBlock(a, b), nn.MaxPool2d(2),  # 10 x 6
            ConvBlock(b, c), ConvBlock(c, c), nn.MaxPool2d(2), nn.Flatten(),  # 5 x 3
            nn.Linear(15 * c, config.hidden), nn.ReLU(), nn.Linear(config.hidden, config.dim), standard(config),
        )  # fmt: skip

    def forward(self, rows: Float[Tensor, "b t 20 12"]) -> Float[Tensor, "b t d"]:
        return self.net(rows.flatten(0, 1)[:, None]).unflatten(0, rows.shape[:2])


class Decoder(nn.Module):
    """G of Sect. 3.3: frames in [0, 1] from f_p, with those of E_p^v's maps that `skips` names, and f_w of each.

    Doublings are bilinear. One that bends also sees the image at full size. Chapter: book/davs.ipynb
    """

    def __init__(self, config: DAVSConfig):
        super().__init__()
        self.bends, levels = config.decoder == "bend", len(config.widths)
        coarsest = levels - 3  # E_p^v's map k is as large as G's after doubling number coarsest - k, from 0
        self.skip_at = {coarsest - k: k for k in config.skips}
        beside = [config.person_widths[self.skip_at[i]] if i in self.skip_at else 0 for i in range(levels)]
        beside[-1] += 3 * self.bends
        self.grow = nn.Linear(2 * config.dim, config.widths[0] * COARSE**2)
        self.levels: Any = nn.ModuleList()
        before = config.widths[:1] + config.widths[:-1]
        for cin, more, cout, n in zip(before, beside, config.widths, config.convs, strict=True):
            inputs = [cin + more, *[cout] * (n - 1)]
            self.levels.append(nn.ModuleList(ConvBlock(each, cout, 2 * config.dim * config.film) for each in inputs))
        outlets = 5 if self.bends else 3
        self.outlet = nn.Conv2d(config.widths[-1], outlets, 3, padding=1)
        self.shortcut = nn.Linear(2 * config.dim, outlets * SHORT**2) if config.shortcut else None
        if self.bends:
            for weight in (*self.outlet.parameters(), *(self.shortcut.parameters() if self.shortcut else ())):
                weight.data *= FIRST_OUTLET

    def forward(
        self,
        f_p: Float[Tensor, "b d"],
        f_w: Float[Tensor, "b t d"],
        maps: list[Tensor],
        image: Float[Tensor, "b 3 h w"],
    ) -> Float[Tensor, "b t 3 h w"]:
        b, t, _ = f_w.shape
        image, f_p, *maps = (x.repeat_interleave(t, 0) for x in (image, f_p, *maps))
        # each normed for itself: f_p begins six times as large, and what differs between frames would hardly be seen
        codes = torch.cat([layer_norm(x, x.shape[1:]) for x in (f_p, f_w.flatten(0, 1))], 1)
        x = self.grow(codes).unflatten(1, (-1, COARSE, COARSE))
        for i, level in enumerate(self.levels):
            beside = [maps[self.skip_at[i]]] if i in self.skip_at else []
            beside += [image] if self.bends and i == len(self.levels) - 1 else []
            x = torch.cat([interpolate(x, scale_factor=2, mode="bilinear"), *beside], 1)
            for block in level:
                x = block(x, codes)
        x = self.outlet(x)
        if self.shortcut:
            coarse = self.shortcut(codes / codes.shape[1] ** 0.5).unflatten(1, (-1, SHORT, SHORT))
            x = x + interpolate(coarse, size=x.shape[2:], mode="bilinear")
        return (repaint(image, x) if self.bends else torch.sigmoid(x)).unflatten(0, (b, t))


class SequenceCritic(nn.Module):
    """D_seq of Eq. 7: logits of patches of frames that are stacked, real or generated. Chapter: book/davs.ipynb"""

    def __init__(self, config: DAVSConfig):
        super().__init__()
        widths = (3 * config.painted, *config.critic_widths)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(widths))
        self.score = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, frames: Float[Tensor, "b t 3 h w"]) -> Float[Tensor, "b 1 h2 w2"]:
        x = frames.flatten(1, 2) - 0.5  # (B, 3T, H, W)
        for conv in self.convs:
            x = leaky_relu(conv(x), 0.2)
        return self.score(x)


def classifier(inputs: int, config: DAVSConfig, classes: int) -> nn.Sequential:
    """C_w, C_p^w, C_w^p and the modalities' classifier: logits of a feature, or of several side by side.

    The feature is normed first; else an encoder could fool a classifier by making it small. Chapter: book/davs.ipynb
    """
    first = nn.Flatten(), nn.LayerNorm(inputs), nn.Linear(inputs, config.hidden)
    return nn.Sequential(*first, nn.ReLU(), nn.Linear(config.hidden, classes))


class Output(NamedTuple):
    """What a pass of training makes; without pictures the last four are None."""

    F_w_v: Float[Tensor, "b n d"]  # f_w^v of the frames seen
    F_w_a: Float[Tensor, "b n d"]
    words_v: Float[Tensor, "b k"]  # logits of C_w
    words_a: Float[Tensor, "b k"]
    F_p: Float[Tensor, "b j d"] | None = None
    people: Float[Tensor, "b p"] | None = None  # logits of the person, from f_p of the image
    fake_v: Float[Tensor, "b t 3 h w"] | None = None  # G(f_p, f_w^v)
    fake_a: Float[Tensor, "b t 3 h w"] | None = None

    def detached(self) -> "Output":
        """The same values, through which nothing is learnt."""
        return self._replace(**{name: x.detach() for name, x in self._asdict().items() if x is not None})


class DAVS(nn.Module):
    """E_w^v, E_w^a and C_w; with pictures also E_p^v, its classifier of persons, and G. Chapter: book/davs.ipynb"""

    def __init__(self, config: DAVSConfig, n_words: int, n_people: int):
        super().__init__()
        self.config, inputs = config, config.seen * config.dim
        self.e_w_v, self.e_w_a = WordEncoder(config), AudioEncoder(config)
        self.c_w = classifier(inputs, config, n_words)
        self.c_w_a: Any = None if config.shared else classifier(inputs, config, n_words)
        self.e_p_v: Any = PersonEncoder(config) if config.painted else None
        self.c_p: Any = classifier(config.dim, config, n_people) if config.painted else None
        self.g: Any = Decoder(config) if config.painted else None

    def forward(self, batch: dict[str, Tensor]) -> Output:
        """A pass over what `thlab.papers.davs.words.WordClips.draw` gives."""
        out = self.embed(batch["frames"], batch["rows"])
        if not self.config.painted:
            return out
        (f_p, maps), judged = self.e_p_v(batch["image"]), batch["judged"]
        F_p = self.e_p_v(judged.flatten(0, 1))[0].unflatten(0, judged.shape[:2])
        fakes = (self.g(f_p, of_each(F, batch["painted"]), maps, batch["image"]) for F in out[:2])
        return Output(*out[:4], F_p, self.c_p(f_p), *fakes)

    def embed(self, frames: Float[Tensor, "b n 3 h w"], rows: Float[Tensor, "b n 20 12"]) -> Output:
        """Sect. 3.1: word features of frames and of their sound, and what C_w makes of both."""
        F_v, F_a = self.e_w_v(frames), self.e_w_a(rows)
        return Output(F_v, F_a, self.c_w(F_v), (self.c_w_a or self.c_w)(F_a))

    @torch.inference_mode()
    def speak(self, image: Float[Tensor, "b 3 h w"], f_w: Float[Tensor, "b t d"]) -> Float[Tensor, "b t 3 h w"]:
        """Sect. 3.3: videos of a person's image and the word features of sound or of frames, of the same person or not.

        Chapter: book/davs.ipynb
        """
        f_p, maps = self.e_p_v(image)
        return torch.cat([self.g(f_p, part, maps, image) for part in f_w.split(max(1, AT_A_TIME // len(f_w)), 1)], 1)


def of_each(x: Float[Tensor, "b t *d"], which: Int[Tensor, "b k"]) -> Float[Tensor, "b k *d"]:
    """Some of each clip's frames, by their numbers."""
    return x[torch.arange(len(x), device=x.device)[:, None], which]


class Said(NamedTuple):
    """Logits of those that learn against the model; None where there is nothing to say."""

    person: Float[Tensor, "m p"]  # C_w^p of each f_w^v
    modality_v: Float[Tensor, "b 2"]
    modality_a: Float[Tensor, "b 2"]
    word: Float[Tensor, "b k"] | None  # C_p^w of F_p
    fake_v: Float[Tensor, "b 1 h w"] | None  # D_seq
    fake_a: Float[Tensor, "b 1 h w"] | None
    real: Float[Tensor, "b 1 h w"] | None


class Critics(nn.Module):
    """C_w^p, the classifier of modalities, C_p^w and D_seq: what learns to find what the encoders and G must hide.

    Chapter: book/davs.ipynb
    """

    def __init__(self, config: DAVSConfig, n_words: int, n_people: int):
        super().__init__()
        self.centred = config.centred
        self.c_w_p = classifier(config.dim, config, n_people)
        self.modality = classifier(config.seen * config.dim, config, 2)
        self.c_p_w: Any = classifier(config.judged * config.dim, config, n_words) if config.painted else None
        self.d_seq: Any = SequenceCritic(config) if config.painted and config.gan else None

    def forward(self, out: Output, real: Float[Tensor, "b t 3 h w"] | None = None) -> Said:
        """What they say of a pass, and D_seq of true frames where these are given."""
        videos = (out.fake_v, out.fake_a, real)
        looks = (None if video is None or self.d_seq is None else self.d_seq(video) for video in videos)
        word, F_p = None, out.F_p
        if self.c_p_w is not None and F_p is not None:
            word = self.c_p_w(F_p - F_p.mean(1, keepdim=True) if self.centred else F_p)
        return Said(
            self.c_w_p(out.F_w_v.flatten(0, 1)), self.modality(out.F_w_v), self.modality(out.F_w_a), word, *looks
        )
