"""The model of [yadav2020], Fig. 2: what is heard and what is seen meet in a latent z_t, which becomes a frame."""

from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle, silu

from thlab.audio.features import mfcc_windows
from thlab.face.align import eyes
from thlab.nn.blocks import GROUPS, Down
from thlab.nn.gaussian import Gaussian
from thlab.nn.warp import repaint
from thlab.papers.stochastic.config import StochasticConfig

COARSE = 4  # pixels a side of the coarsest map
FIRST_LOGVAR = -2.0  # of both posteriors
FIRST_OUTLET = 0.1  # of the first weights of a decoder that bends
CLEARER = 4.0  # than in the pictures is what sound alone gets wrong of them
GAIN = 3.0  # of the first weights between embeddings and decoder


def hear(audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames 28 12"]:
    """MFCC windows of a clip, 280 ms a video frame, each coefficient about 1. Chapter: book/latent-kl.ipynb"""
    return mfcc_windows(audio, n_frames) / torch.linspace(40, 8, 12)


class AudioEncoder(nn.Module):
    """Enc_a of Eq. 3: four convolutions and two linear layers on an MFCC window. Chapter: book/latent-kl.ipynb"""

    def __init__(self, config: StochasticConfig):
        super().__init__()
        act = nn.ReLU if config.rectify else nn.Identity
        # with no norm what tanh is given grew to 1000 in 2800 steps, and a tanh that is 1 everywhere hears nothing
        norm = nn.LayerNorm if config.rectify else nn.Identity
        convs = [(nn.Conv2d(a, b, 3, padding=1), act()) for a, b in pairwise((1, *config.audio_widths))]
        self.net = nn.Sequential(
            *convs[0], *convs[1], nn.MaxPool2d(3, (1, 2)),  # 26 x 5
            *convs[2], *convs[3], nn.MaxPool2d(3, 2), nn.Flatten(),  # 12 x 2
            nn.Linear(24 * config.audio_widths[-1], config.audio_hidden), nn.ReLU(),
            nn.Linear(config.audio_hidden, config.embed), norm(config.embed), nn.Tanh(),
        )  # fmt: skip
        for layer in self.net:  # He's: six layers of PyTorch's own leave of the differences between sounds 1 %
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu" if config.rectify else "linear")

    def forward(self, rows: Float[Tensor, "b t 28 12"]) -> Float[Tensor, "b t d"]:
        """h_a of windows."""
        return self.net(rows.flatten(0, 1)[:, None]).unflatten(0, rows.shape[:2])


class FrameEncoder(nn.Module):
    """Enc_f of Eq. 3, and its maps from fine to coarse, which are the skips where the frame is F_1.

    The finest map has no norm, which would take from the picture how bright it is. Chapter: book/latent-kl.ipynb
    """

    def __init__(self, config: StochasticConfig):
        super().__init__()
        self.fold, self.compares, widths = config.fold, config.compares, config.widths
        self.stem = nn.Conv2d((6 if config.compares else 3) * config.fold**2, widths[0], 3, padding=1)
        self.downs = nn.ModuleList(Down(fine, coarse) for fine, coarse in pairwise(widths))
        self.embed = nn.Sequential(nn.Linear(widths[-1] * COARSE**2, config.embed), nn.LayerNorm(config.embed))
        pixels = 3 * eyes(torch.empty(config.size, config.size)).numel()
        self.glance = nn.Linear(pixels, config.embed, bias=False) if config.fine else None

    def forward(
        self, pictures: Float[Tensor, "b 3 h w"], expected: Float[Tensor, "b 3 h w"]
    ) -> tuple[Float[Tensor, "b d"], list[Tensor]]:
        """h_f of pictures in [0, 1], and their maps. expected: what sound alone makes of them; of frame 1 itself."""
        x = pictures - 0.5
        if self.compares:
            x = torch.cat([x, CLEARER * (pictures - expected)], 1)
        maps = [silu(self.stem(pixel_unshuffle(x, self.fold)))]
        for down in self.downs:
            maps.append(down(maps[-1]))
        linear, norm = self.embed
        h = linear(maps.pop().flatten(1))
        if self.glance:
            h = h + self.glance(CLEARER * eyes(pictures - expected).flatten(1))
        return torch.tanh(norm(h)), maps


class FrameDecoder(nn.Module):
    """p(f_t | g_t) with skips from frame 1; g_t is all that differs between the frames of a clip, but for a fine z_t.

    A convolution of two maps side by side is the sum of one of each, so the skips' are computed once a clip. That which
    bends begins as a copier of frame 1: its finest skip is the picture. Chapter: book/latent-kl.ipynb
    """

    def __init__(self, config: StochasticConfig):
        super().__init__()
        self.fold, self.bends, widths = config.fold, config.decoder == "bend", config.widths
        self.grow = nn.Linear(config.embed, widths[-1] * COARSE**2)
        self.carried = nn.ModuleList(nn.Conv2d(c, c, 3, padding=1) for c in widths[:-1])
        self.ups = nn.ModuleList(nn.Conv2d(b, a, 3, padding=1, bias=False) for a, b in pairwise(widths))
        self.norms = nn.ModuleList([nn.Identity(), *(nn.GroupNorm(GROUPS, c) for c in widths[1:-1])])
        self.scales = nn.ModuleList(nn.Linear(config.z, c, bias=False) for c in widths[:-1]) if config.fine else None
        self.outlet = nn.Conv2d(widths[0], (5 if self.bends else 3) * config.fold**2, 3, padding=1)
        if self.bends:
            for weight in self.outlet.parameters():  # nearly a copier, but none whose gradients are all zero
                weight.data *= FIRST_OUTLET

    def carry(self, image: Float[Tensor, "b 3 h w"], maps: list[Tensor]) -> list[Tensor]:
        """Frame 1, and what its maps add to each level, from fine to coarse."""
        return [image, *(conv(skip) for conv, skip in zip(self.carried, maps, strict=True))]

    def forward(
        self, g: Float[Tensor, "b t d"], skips: list[Tensor], z: Float[Tensor, "b t z"]
    ) -> Float[Tensor, "b t 3 h w"]:
        """Frames in [0, 1] of clips with the same skips; those of one clip serve all. z is read where it is fine."""
        x = self.grow(g.flatten(0, 1)).unflatten(1, (-1, COARSE, COARSE))
        x = silu(x).contiguous(memory_format=torch.channels_last)
        image, *skips = (skip.repeat_interleave(len(x) // len(skip), 0) for skip in skips)
        for level in reversed(range(len(skips))):
            x = self.norms[level](self.ups[level](interpolate(x, scale_factor=2)) + skips[level])
            if self.scales:
                x = x * (1 + self.scales[level](z.flatten(0, 1))[..., None, None])
            x = silu(x)
        x = pixel_shuffle(self.outlet(x), self.fold)
        return (repaint(image, x) if self.bends else torch.sigmoid(x)).unflatten(0, g.shape[:2])


class Recurrent(nn.LSTM):
    """An LSTM over (b, t, d), `width` numbers a step; with a shortcut what it is given goes on beside what it gives.

    Without memory each step is a sequence of its own. Chapter: book/latent-kl.ipynb
    """

    def __init__(self, inputs: int, config: StochasticConfig, layers: int = 1):
        super().__init__(inputs, config.hidden, layers, batch_first=True)
        self.shortcut, self.memory = config.shortcut, config.memory
        self.width = config.hidden + inputs * config.shortcut

    def forward(self, x: Float[Tensor, "b t d"], state: tuple[Tensor, Tensor] | None = None):  # type: ignore[override]
        """What is given on at each step, and the state after the last."""
        if self.memory:
            hidden, state = super().forward(x, state)
        else:
            hidden = super().forward(x.flatten(0, 1)[:, None])[0].view(*x.shape[:2], -1)
        return (torch.cat([hidden, x], -1) if self.shortcut else hidden), state


class Inference(nn.Module):
    """LSTM of Eq. 3: the posterior of each z_t given all embeddings up to t. Chapter: book/latent-kl.ipynb"""

    def __init__(self, config: StochasticConfig):
        super().__init__()
        self.lstm = Recurrent(config.embed, config)
        self.head = nn.Linear(self.lstm.width, 2 * config.z)
        # no N(0, 1) asks for noise of size 1: the KL is the same at any scale of z, and noise would drown the mean
        nn.init.constant_(self.head.bias[config.z :], FIRST_LOGVAR)

    def forward(self, h: Float[Tensor, "b t d"]) -> Gaussian:
        """q(z_t | h_1 … h_t). The second half is a log-variance; the public code takes a sigma for one."""
        mean, logvar = self.head(self.lstm(h)[0]).chunk(2, -1)
        return Gaussian(mean, logvar.clamp(-8, 4))


def of_each(x: Shaped[Tensor, "b t *rest"], shown: Int[Tensor, "b k"] | None) -> Shaped[Tensor, "b k *rest"]:
    """Some frames of each clip; None: all. Chapter: book/latent-kl.ipynb"""
    return x if shown is None else x[torch.arange(len(x), device=x.device)[:, None], shown]


class Output(NamedTuple):
    """Frames made from samples of q_f, and both posteriors; no q_f where there is no chance. alone: clips with z 0."""

    frames: Float[Tensor, "b t 3 h w"]
    q_a: Gaussian | None
    q_f: Gaussian | None
    alone: Bool[Tensor, "b"] | None = None


class TalkingFace(nn.Module):
    """Encoders, two posteriors, frame predictor and decoder of Fig. 2. Chapter: book/latent-kl.ipynb"""

    def __init__(self, config: StochasticConfig):
        super().__init__()
        self.config = config
        self.audio_encoder, self.frame_encoder = AudioEncoder(config), FrameEncoder(config)
        self.q_f = Inference(config) if config.stochastic else None
        self.q_a = Inference(config) if config.stochastic or config.decode != "latent+audio" else None
        inputs = config.z + (config.embed if config.decode != "latent" else 0)
        self.predictor = Recurrent(inputs, config, config.predictor_layers)
        norm = nn.LayerNorm(config.embed) if config.shortcut else nn.Identity()
        self.to_g = nn.Sequential(nn.Linear(self.predictor.width, config.embed), norm)
        self.decoder = FrameDecoder(config)
        # what chance did in training clips, (N, T, z), as `record` finds it after training
        self.register_buffer("chance", torch.zeros(*config.recorded, config.z) if config.stochastic else None)
        self.chance: Tensor
        if not config.stochastic and config.decode != "predictor":  # only the maps of frame 1 are read
            self.frame_encoder.downs[-1].requires_grad_(False)
            self.frame_encoder.embed.requires_grad_(False)
        # PyTorch's own weights make what differs between frames smaller at each LSTM, until only the skips are heard
        for part in (self.q_a, self.q_f, self.predictor, self.to_g, self.decoder.grow, self.frame_encoder.glance):
            for name, weight in part.named_parameters() if part else ():
                if weight.ndim == 2 and "weight_hh" not in name and "head" not in name:  # what recurs may not grow
                    nn.init.uniform_(weight, -GAIN * weight.shape[1] ** -0.5, GAIN * weight.shape[1] ** -0.5)

    def predict(
        self, h_before: Float[Tensor, "b t d"], z: Float[Tensor, "b t z"], h_a: Float[Tensor, "b t d"],
        state: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Float[Tensor, "b t d"], tuple[Tensor, Tensor] | None]:  # fmt: skip
        """What the decoder is told of each frame, g_t, and the LSTM's state after the last; `decode` says from what."""
        given = {"predictor": (h_before, z), "latent": (z,), "latent+audio": (z, h_a)}[self.config.decode]
        hidden, after = self.predictor(torch.cat(given, -1), state)
        return torch.tanh(self.to_g(hidden)), after

    def unroll(
        self, h: Float[Tensor, "b d"], skips: list[Tensor], z: Float[Tensor, "b t z"], h_a: Float[Tensor, "b t d"]
    ) -> Float[Tensor, "b t 3 h w"]:
        """Frame after frame, each from the encoding of the one made before; h is that of frame 1."""
        frames, state = [], None
        for z_t, a_t in zip(z.split(1, 1), h_a.split(1, 1), strict=True):
            g, state = self.predict(h[:, None], z_t, a_t, state)
            frames.append(self.decoder(g, skips, z_t))
            if self.config.decode == "predictor":
                h, _ = self.frame_encoder(frames[-1][:, 0], frames[-1][:, 0])
        return torch.cat(frames, 1)

    def forward(
        self, image: Float[Tensor, "b 3 h w"], real: Float[Tensor, "b t 3 h w"], rows: Float[Tensor, "b t 28 12"],
        noise: Float[Tensor, "b t z"] | float = 0.0, shown: Int[Tensor, "b k"] | None = None,
        alone: Bool[Tensor, "b"] | None = None,
    ) -> Output:  # fmt: skip
        """A pass of training: z_t is sampled from q_f, which has seen the frame that it is to make.

        image: frame 1. shown: which frames of each clip to paint; all of them are seen and heard. alone: clips to be
        painted from sound, with z 0. With teacher forcing h_{t-1} is of the true frame before (of frame 1 for the
        first). At test it is of the frame that the model made, whose faults it never met: they may add up over a clip.
        """
        h_a, feeds_back = self.audio_encoder(rows), self.config.decode == "predictor"
        h, maps = self.frame_encoder(image, image)
        skips, before, q_f = self.decoder.carry(image, maps), h[:, None].expand(*h_a.shape[:2], -1), None
        if self.q_f or feeds_back:
            expected = self.by_sound(before, h_a, skips) if self.config.compares else real
            seen = self.frame_encoder(real.flatten(0, 1), expected.flatten(0, 1))[0].unflatten(0, real.shape[:2])
            before = torch.cat([before[:, :1], seen[:, :-1]], 1)
            q_f = self.q_f and self.q_f(seen)
        q_a = self.q_a and self.q_a(self.overheard(h_a))
        z = q_f.sample(noise) if q_f else self.heard(q_a, h_a)
        z = z if alone is None else z * ~alone[:, None, None]
        if self.config.teacher_forcing or not feeds_back:
            frames = self.decoder(of_each(self.predict(before, z, h_a)[0], shown), skips, of_each(z, shown))
        else:
            frames = of_each(self.unroll(h, skips, z, h_a), shown)
        return Output(frames, q_a, q_f, alone)

    @torch.no_grad()
    def by_sound(
        self, before: Float[Tensor, "b t d"], h_a: Float[Tensor, "b t d"], skips: list[Tensor]
    ) -> Float[Tensor, "b t 3 h w"]:
        """The frames that sound alone makes, with z 0."""
        z = h_a.new_zeros((*h_a.shape[:2], self.config.z))
        return self.decoder(self.predict(before, z, h_a)[0], skips, z)

    def overheard(self, h_a: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        """h_a as q_a reads it: where the decoder hears too, the likelihood alone teaches Enc_a.

        Else the KL, whose first gradients are by far the larger, makes Enc_a forget what lips do.
        """
        return h_a.detach() if self.config.decode == "latent+audio" else h_a

    def heard(self, q_a: Gaussian | None, h_a: Float[Tensor, "b t d"]) -> Float[Tensor, "b t z"]:
        """z without chance: the mean of q_a, or 0 where there is none, for the predictor hears for itself."""
        return q_a.mean if q_a else h_a.new_zeros((*h_a.shape[:2], self.config.z))


@torch.inference_mode()
def roll_out(
    model: TalkingFace, image: Float[Tensor, "b 3 h w"], rows: Float[Tensor, "b t 28 12"],
    noise: Float[Tensor, "n t z"] | None = None, temperature: float = 1.0,
    latent_offset: Float[Tensor, "z"] | None = None,
) -> Float[Tensor, "n t 3 h w"]:  # fmt: skip
    """Videos in [0, 1] of a face image and sound alone: z_t = mean + temperature · sigma · noise of q(z_t | a_1 … a_t).

    noise: for as many videos as clips, or many for one clip, which are then takes of it; None or temperature 0: the
    mean prediction. latent_offset is added to each z_t. Chapter: book/latent-kl.ipynb
    """
    h_a = model.eval().audio_encoder(rows)
    q_a = model.q_a and model.q_a(h_a)
    if q_a is None or noise is None or not model.config.stochastic:
        z = model.heard(q_a, h_a)
    else:
        z = q_a.sample(temperature * noise)  # (N, T, z)
    z = z if latent_offset is None else z + latent_offset
    h, maps = model.frame_encoder(image, image)
    skips = [s.expand(len(z), -1, -1, -1) for s in model.decoder.carry(image, maps)]
    return model.unroll(h.expand(len(z), -1), skips, z, h_a.expand(len(z), -1, -1))
