"""The model of [zhou2019], Fig. 2: a person space and a word space, and what decodes them."""

from itertools import pairwise
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

from thlab.audio.features import mfcc_windows
from thlab.nn.blocks import GROUPS, ConvBlock
from thlab.nn.mouth import POINTS
from thlab.nn.warp import Changes, changes_of
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.decoder import COARSE, Decoder, PointDecoder, three_layers

SEEN = 12  # of a word clip's 25 frames, at stride 2, that tell the word
AT_A_TIME = 256  # frames that are decoded together

Video = Float[Tensor, "b t 3 h w"]
Points = Float[Tensor, "b t p 2"]  # chin and mouth, as `WordClips.points` gives them
Frames = Video | Points
Image = Float[Tensor, "b 3 h w"] | Float[Tensor, "b p 2"]


def audio_features(audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames 20 12"]:
    """MFCC of 200 ms around each video frame, each coefficient about 1.

    As in the public code but for 10 ms: its columns 4l - 7 to 4l + 12 are ours from 4l - 8, about
    the frame's middle. Chapter: book/davs.ipynb
    """
    return mfcc_windows(audio, n_frames)[:, 4:24] / torch.linspace(40, 8, 12)


class Maxout(nn.Module):
    """A convolution to twice the channels, of which the larger of two goes on.

    Chapter: book/davs.ipynb
    """

    def __init__(self, cin: int, cout: int, kernel: int = 3, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(cin, 2 * cout, kernel, stride, kernel // 2)
        self.norm = nn.GroupNorm(GROUPS, 2 * cout)

    def forward(self, x: Float[Tensor, "b cin h w"]) -> Float[Tensor, "b cout h2 w2"]:
        first, second = self.norm(self.conv(x)).chunk(2, 1)
        return torch.maximum(first, second)


class PersonEncoder(nn.Module):
    """E_p^v, after VGG-M: f_p of pictures in [0, 1], and the maps of its levels.

    Chapter: book/davs.ipynb
    """

    def __init__(self, config: DAVSConfig):
        super().__init__()
        widths = config.person_widths
        self.levels = nn.ModuleList([Maxout(3, widths[0], 7, 2)])
        for cin, cout in pairwise(widths):
            self.levels.append(Maxout(cin, cout))
        self.embed = nn.Linear(widths[-1], config.dim)

    def forward(
        self, pictures: Float[Tensor, "b 3 h w"]
    ) -> tuple[Float[Tensor, "b d"], list[Tensor]]:
        x = 4 * pictures - 2
        maps = []
        for level in self.levels:
            x = max_pool2d(level(x), 2)
            maps.append(x)
        return self.embed(x.mean((2, 3))), maps


class Hourglass(nn.Module):
    """Down `depth` levels and up again, each level's own map added to what comes back (Newell et
    al. 2016).

    Chapter: book/davs.ipynb
    """

    def __init__(self, width: int, depth: int):
        super().__init__()
        self.beside = ConvBlock(width, width)
        self.down = ConvBlock(width, width)
        self.up = ConvBlock(width, width)
        self.inner = Hourglass(width, depth - 1) if depth > 1 else ConvBlock(width, width)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        low = self.down(max_pool2d(x, 2))
        low = self.up(self.inner(low))
        return self.beside(x) + interpolate(low, scale_factor=2)


class WordEncoder(nn.Module):
    """E_w^v, after FAN: an hourglass from size / 4 to 4 x 4 and back, its maps, and f_w^v of each
    frame.

    Chapter: book/davs.ipynb
    """

    def __init__(self, config: DAVSConfig):
        super().__init__()
        fine, coarse = config.word_widths
        depth = (config.size // 4 // COARSE).bit_length() - 1
        self.stem = nn.Conv2d(3, fine, 7, 2, 3)
        self.block = ConvBlock(fine, coarse)
        self.hourglass = Hourglass(coarse, depth)
        self.points = nn.Conv2d(coarse, config.points, 1)
        self.outlet = nn.Conv2d(config.points, config.outlets, 3, 2, 1)
        self.embed = nn.Linear(config.outlets * (config.size // 8) ** 2, config.dim)
        self.norm = standard(config)

    def forward(self, frames: Video) -> Float[Tensor, "b t d"]:
        x = self.stem(4 * frames.flatten(0, 1) - 2)  # (B T, C, H/2, W/2)
        x = max_pool2d(self.block(x), 2)
        x = torch.relu(self.points(self.hourglass(x)))
        x = self.outlet(x)
        return self.norm(self.embed(x.flatten(1))).unflatten(0, frames.shape[:2])


class PointWordEncoder(nn.Module):
    """E_w^v of landmarks of chin and mouth in place of pictures: f_w^v of each frame.

    It shows what the losses do where seeing is not what is hard. Chapter: book/davs.ipynb
    """

    def __init__(self, config: DAVSConfig):
        super().__init__()
        self.net = three_layers(2 * len(POINTS), config.dim, 2 * config.dim)
        self.norm = standard(config)

    def forward(self, frames: Points) -> Float[Tensor, "b t d"]:
        codes = self.net(frames.flatten(2))
        return self.norm(codes.flatten(0, 1)).unflatten(0, frames.shape[:2])


class PointPersonEncoder(nn.Module):
    """E_p^v of such landmarks; it has no maps. Chapter: book/davs.ipynb"""

    def __init__(self, config: DAVSConfig):
        super().__init__()
        self.net = three_layers(2 * len(POINTS), config.dim, 2 * config.dim)

    def forward(self, points: Float[Tensor, "b p 2"]) -> tuple[Float[Tensor, "b d"], list[Tensor]]:
        return self.net(points.flatten(1)), []


def standard(config: DAVSConfig) -> nn.BatchNorm1d:
    """Of each number of f_w the mean over all frames is 0, the variance 1.

    At first about a fiftieth of f_w's square is what differs between the frames of a clip, and
    words lie in that.
    """
    return nn.BatchNorm1d(config.dim, affine=False)


class AudioEncoder(nn.Module):
    """E_w^a, after SyncNet: f_w^a of each frame's 20 x 12 MFCC. Chapter: book/davs.ipynb"""

    def __init__(self, config: DAVSConfig):
        super().__init__()
        a, b, c = config.audio_widths
        self.net = nn.Sequential(
            ConvBlock(1, a),
            ConvBlock(a, b),
            nn.MaxPool2d(2),  # 10 x 6
            ConvBlock(b, c),
            ConvBlock(c, c),
            nn.MaxPool2d(2),  # 5 x 3
            nn.Flatten(),
            nn.Linear(15 * c, 2 * config.dim),
            nn.ReLU(),
            nn.Linear(2 * config.dim, config.dim),
            standard(config),
        )

    def forward(self, rows: Float[Tensor, "b t 20 12"]) -> Float[Tensor, "b t d"]:
        return self.net(rows.flatten(0, 1)[:, None]).unflatten(0, rows.shape[:2])


def classifier(inputs: int, config: DAVSConfig, classes: int) -> nn.Sequential:
    """C_w, C_p^w, C_w^p and the modalities' classifier: logits of a feature, or of several side by
    side.

    The feature is normed first; else an encoder could fool a classifier by making it small.
    Chapter: book/davs.ipynb
    """
    return nn.Sequential(
        nn.Flatten(),
        nn.LayerNorm(inputs),
        nn.Linear(inputs, 2 * config.dim),
        nn.ReLU(),
        nn.Linear(2 * config.dim, classes),
    )


class WordBatch(NamedTuple):
    """Word clips to train on; for the word space alone the last five are None.

    Chapter: book/davs.ipynb
    """

    frames: Frames  # those that tell the word
    rows: Float[Tensor, "b n 20 12"]  # what is heard about each of them
    word: Int[Tensor, "b"]
    person: Int[Tensor, "b"]
    image: Image | None = None  # the person's picture, at rest
    adversary_frames: Frames | None = None  # whose f_p C_p^w reads
    painted: Int[Tensor, "b t"] | None = None  # which of the frames G is to make
    real: Frames | None = None  # these
    lips: Float[Tensor, "b t p 2"] | None = None  # of these, in 32nds of the mouth's box

    def given(self) -> dict[str, Tensor]:
        """Those that are there, by name."""
        return {name: value for name, value in self._asdict().items() if value is not None}


class Output(NamedTuple):
    """What a pass of training makes; without pictures the last four are None."""

    F_w_v: Float[Tensor, "b n d"]  # f_w^v of the frames seen
    F_w_a: Float[Tensor, "b n d"]
    words_v: Float[Tensor, "b k"]  # logits of C_w
    words_a: Float[Tensor, "b k"]
    F_p: Float[Tensor, "b j d"] | None = None
    people: Float[Tensor, "b p"] | None = None  # logits of the person, from f_p of the image
    fake_v: Frames | None = None  # G(f_p, f_w^v)
    fake_a: Frames | None = None

    def detached(self) -> "Output":
        """The same values, through which nothing is learnt."""
        return self._replace(
            **{name: x.detach() for name, x in self._asdict().items() if x is not None}
        )


class DAVS(nn.Module):
    """E_w^v, E_w^a and C_w; with pictures also E_p^v, its classifier of persons, and G.

    Chapter: book/davs.ipynb
    """

    def __init__(self, config: DAVSConfig, n_words: int, n_people: int):
        super().__init__()
        self.config = config
        inputs = SEEN * config.dim
        self.e_w_v: Any = PointWordEncoder(config) if config.geometry else WordEncoder(config)
        self.e_w_a = AudioEncoder(config)
        self.c_w = classifier(inputs, config, n_words)
        self.c_w_a: Any = None if config.shared else classifier(inputs, config, n_words)
        person_encoder = PointPersonEncoder if config.geometry else PersonEncoder
        self.e_p_v: Any = person_encoder(config) if config.painted else None
        self.c_p: Any = classifier(config.dim, config, n_people) if config.painted else None
        decoder = PointDecoder if config.geometry else Decoder
        self.g: Any = decoder(config) if config.painted else None

    def forward(self, batch: WordBatch) -> Output:
        """A pass over what `thlab.papers.davs.words.WordClips.draw` gives."""
        out = self.embed(batch.frames, batch.rows)
        if batch.image is None or batch.adversary_frames is None or batch.painted is None:
            return out
        f_p, maps = self.e_p_v(batch.image)
        of_frames, _ = self.e_p_v(batch.adversary_frames.flatten(0, 1))
        return out._replace(
            F_p=of_frames.unflatten(0, batch.adversary_frames.shape[:2]),
            people=self.c_p(f_p),
            fake_v=self.g(f_p, take_frames(out.F_w_v, batch.painted), maps, batch.image),
            fake_a=self.g(f_p, take_frames(out.F_w_a, batch.painted), maps, batch.image),
        )

    def embed(self, frames: Frames, rows: Float[Tensor, "b n 20 12"]) -> Output:
        """Sect. 3.1: word features of frames and of their sound, and what C_w makes of both."""
        F_v = self.e_w_v(frames)
        F_a = self.e_w_a(rows)
        of_sound = self.c_w if self.c_w_a is None else self.c_w_a
        return Output(F_v, F_a, self.c_w(F_v), of_sound(F_a))

    @torch.inference_mode()
    def speak(self, image: Image, f_w: Float[Tensor, "b t d"]) -> Frames:
        """Sect. 3.3: videos of a person's image and the word features of sound or of frames, of the
        same person or not.

        Chapter: book/davs.ipynb
        """
        f_p, maps = self.e_p_v(image)
        parts = f_w.split(max(1, AT_A_TIME // len(f_w)), 1)
        return torch.cat([self.g(f_p, part, maps, image) for part in parts], 1)

    @torch.no_grad()
    def changes(self, image: Float[Tensor, "3 h w"], f_w: Float[Tensor, "t d"]) -> Changes:
        """How a G that bends changes the image in each frame; `speak` gives the frames of that.

        Chapter: book/davs.ipynb
        """
        f_p, maps = self.e_p_v(image[None])
        parts = [
            self.g.outlet_maps(f_p, part[None], maps, image[None]) for part in f_w.split(AT_A_TIME)
        ]
        return changes_of(torch.cat(parts))


def take_frames(x: Shaped[Tensor, "b t *d"], which: Int[Tensor, "b k"]) -> Shaped[Tensor, "b k *d"]:
    """Some of each clip's frames, by their numbers."""
    return x[torch.arange(len(x), device=x.device)[:, None], which]
