"""The model of [yadav2020], Fig. 2: sound and frame meet in a latent z_t, which becomes a frame."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from thlab.audio.features import mfcc_windows
from thlab.nn.gaussian import Gaussian
from thlab.papers.stochastic.audio_encoder import AudioEncoder
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.frames import EMBED, FrameDecoder, FrameEncoder

PREDICTOR_LAYERS = 2
FIRST_LOGVAR = -2.0  # of both posteriors
LOGVAR_RANGE = (-8.0, 4.0)
GAIN = 3.0  # of the first weights between embeddings and decoder
# frames a pass of the decoder: 600 in one pass were a third slower (benchmarks/generate.py), and a
# long clip in one would fill the memory
PAINTED_AT_ONCE = 64

State = tuple[Tensor, Tensor]  # of an LSTM


def audio_features(audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames 28 12"]:
    """MFCC windows of a clip, 280 ms a video frame, each coefficient about 1.

    Chapter: book/latent-kl.ipynb
    """
    return mfcc_windows(audio, n_frames) / torch.linspace(40, 8, 12)


class Recurrent(nn.LSTM):
    """An LSTM over (b, t, d), `width` numbers a step.

    Unless as published, what it is given goes on beside what it gives. Without memory each step is
    a sequence of its own. Chapter: book/latent-kl.ipynb
    """

    def __init__(self, inputs: int, config: StochasticConfig, layers: int = 1):
        super().__init__(inputs, config.hidden, layers, batch_first=True)
        self.shortcut = not config.as_published
        self.memory = config.memory
        self.width = config.hidden + (inputs if self.shortcut else 0)

    def forward(  # type: ignore[override]
        self,
        x: Float[Tensor, "b t d"],
        state: State | None = None,
    ) -> tuple[Float[Tensor, "b t d2"], State | None]:
        """What is given on at each step, and the state after the last."""
        if self.memory:
            hidden, state = super().forward(x, state)
        else:
            hidden, _ = super().forward(x.flatten(0, 1)[:, None])
            hidden = hidden.view(*x.shape[:2], -1)
        if self.shortcut:
            hidden = torch.cat([hidden, x], -1)
        return hidden, state


class Inference(nn.Module):
    """LSTM of Eq. 3: the posterior of each z_t given all embeddings up to t.

    Chapter: book/latent-kl.ipynb
    """

    def __init__(self, config: StochasticConfig):
        super().__init__()
        self.lstm = Recurrent(EMBED, config)
        self.head = nn.Linear(self.lstm.width, 2 * config.z)
        # no N(0, 1) asks for noise of size 1: the KL is the same at any scale of z, and noise would
        # drown the mean
        nn.init.constant_(self.head.bias[config.z :], FIRST_LOGVAR)

    def forward(self, h: Float[Tensor, "b t d"]) -> Gaussian:
        """q(z_t | h_1 … h_t).

        The second half is a log-variance; the public code takes a sigma for one.

        """
        hidden, _ = self.lstm(h)
        mean, logvar = self.head(hidden).chunk(2, -1)
        return Gaussian(mean, logvar.clamp(*LOGVAR_RANGE))


def of_each(
    x: Shaped[Tensor, "b t *rest"],
    shown: Int[Tensor, "b k"] | None,
) -> Shaped[Tensor, "b k *rest"]:
    """Some frames of each clip; None: all. Chapter: book/latent-kl.ipynb"""
    if shown is None:
        return x
    clips = torch.arange(len(x), device=x.device)[:, None]
    return x[clips, shown]


class Output(NamedTuple):
    """Frames made from samples of q_f, and the posteriors that there are; alone: clips with z 0."""

    frames: Float[Tensor, "b t 3 h w"]
    q_a: Gaussian | None
    q_f: Gaussian | None
    alone: Bool[Tensor, "b"] | None = None


class Face(NamedTuple):
    """Frame 1 as the model reads it: its embedding, and what the decoder carries over from it."""

    h: Float[Tensor, "b d"]
    skips: list[Tensor]  # the picture, then the levels from fine to coarse

    def expand(self, n: int) -> "Face":
        """One face for n takes."""
        return Face(self.h.expand(n, -1), [skip.expand(n, -1, -1, -1) for skip in self.skips])


class TalkingFace(nn.Module):
    """Encoders, two posteriors, frame predictor and decoder of Fig. 2.

    Chapter: book/latent-kl.ipynb
    """

    def __init__(self, config: StochasticConfig):
        super().__init__()
        config.validate()
        self.config = config
        self.audio_encoder = AudioEncoder(config)
        self.frame_encoder = FrameEncoder(config)
        self.q_f = Inference(config) if config.stochastic else None
        # as published the predictor hears through z alone: even the baseline needs q_a's mean
        self.q_a = Inference(config) if config.stochastic or config.as_published else None
        self.predictor = Recurrent(config.z + EMBED, config, PREDICTOR_LAYERS)
        norm = nn.Identity() if config.as_published else nn.LayerNorm(EMBED)
        self.to_g = nn.Sequential(nn.Linear(self.predictor.width, EMBED), norm)
        self.decoder = FrameDecoder(config)
        # the residuals of training clips; called as it is in the files of weights
        empty = torch.zeros(*config.recorded, config.z) if config.stochastic else None
        self.register_buffer("chance", empty)
        self.chance: Tensor
        if not config.stochastic and not config.as_published:  # only the maps of frame 1 are read
            self.frame_encoder.downs[-1].requires_grad_(False)
            self.frame_encoder.embed.requires_grad_(False)
        self._widen_first_weights()

    def _widen_first_weights(self) -> None:
        """PyTorch's own shrink what differs between frames at each LSTM, until only skips count."""
        ends = (self.decoder.grow, self.frame_encoder.glance)
        for part in (self.q_a, self.q_f, self.predictor, self.to_g, *ends):
            if part is None:
                continue
            for name, weight in part.named_parameters():
                recurs = "weight_hh" in name  # what recurs may not grow
                if weight.ndim == 2 and not recurs and "head" not in name:
                    most = GAIN * weight.shape[1] ** -0.5
                    nn.init.uniform_(weight, -most, most)

    @property
    def residuals(self) -> Float[Tensor, "n t z"]:
        """What sound left open in training clips, as `record_residuals` finds it after training."""
        return self.chance

    def read_face(self, image: Float[Tensor, "b 3 h w"]) -> Face:
        """Frame 1, from which all frames of its clip are made."""
        h, maps = self.frame_encoder(image, image)
        return Face(h, self.decoder.carry(image, maps))

    def predict(
        self, context: Float[Tensor, "b t d"], z: Float[Tensor, "b t z"], state: State | None = None
    ) -> tuple[Float[Tensor, "b t d"], State | None]:
        """What the decoder is told of each frame, g_t, and the LSTM's state after the last.

        context: h_a of each frame; as published, the embedding of the frame before it.
        """
        both = (context, z) if self.config.as_published else (z, context)
        hidden, after = self.predictor(torch.cat(both, -1), state)
        return torch.tanh(self.to_g(hidden)), after

    def forward(
        self,
        image: Float[Tensor, "b 3 h w"],
        real: Float[Tensor, "b t 3 h w"],
        rows: Float[Tensor, "b t 28 12"],
        noise: Float[Tensor, "b t z"] | float = 0.0,
        shown: Int[Tensor, "b k"] | None = None,
        alone: Bool[Tensor, "b"] | None = None,
    ) -> Output:
        """A pass of training: z_t is sampled from q_f, which has seen the frame that it is to make.

        image: frame 1. shown: which frames of each clip to paint; all of them are seen and heard.
        alone: clips to be painted from sound, with z 0. As published h_{t-1} is of the true frame
        before (of frame 1 for the first). At test it is of the frame that the model made, whose
        faults it never met: they may add up over a clip.
        """
        h_a = self.audio_encoder(rows)
        face = self.read_face(image)
        q_a = self.posterior_of_sound(h_a)
        q_f = None
        context = h_a
        if self.q_f is not None or self.config.as_published:
            seen = self.see_frames(real, h_a, face)
            q_f = None if self.q_f is None else self.q_f(seen)
            if self.config.as_published:  # teacher forcing: h of the true frame before
                context = torch.cat([face.h[:, None], seen[:, :-1]], 1)
        z = self.latent_without_noise(q_a, h_a) if q_f is None else q_f.sample(noise)
        if alone is not None:
            z = z * ~alone[:, None, None]
        g, _ = self.predict(context, z)
        frames = self.decoder(of_each(g, shown), face.skips, of_each(z, shown))
        return Output(frames, q_a, q_f, alone)

    def see_frames(
        self, real: Float[Tensor, "b t 3 h w"], h_a: Float[Tensor, "b t d"], face: Face
    ) -> Float[Tensor, "b t d"]:
        """h_f of true frames, unless as published beside what sound alone makes of them."""
        expected = real if self.config.as_published else self.paint_from_sound(h_a, face)
        h, _ = self.frame_encoder(real.flatten(0, 1), expected.flatten(0, 1))
        return h.unflatten(0, real.shape[:2])

    @torch.no_grad()
    def paint_from_sound(
        self,
        h_a: Float[Tensor, "b t d"],
        face: Face,
    ) -> Float[Tensor, "b t 3 h w"]:
        """The frames that sound alone makes, with z 0."""
        z = h_a.new_zeros((*h_a.shape[:2], self.config.z))
        g, _ = self.predict(h_a, z)
        return self.decoder(g, face.skips, z)

    def posterior_of_sound(self, h_a: Float[Tensor, "b t d"]) -> Gaussian | None:
        """q(z_t | a_1 … a_t), where the model has it.

        Where the decoder hears too, the likelihood alone teaches Enc_a: the KL, whose first
        gradients are by far the larger, made it forget what lips do.
        """
        if self.q_a is None:
            return None
        return self.q_a(h_a if self.config.as_published else h_a.detach())

    def latent_without_noise(
        self,
        q_a: Gaussian | None,
        h_a: Float[Tensor, "b t d"],
    ) -> Float[Tensor, "b t z"]:
        """The mean of q_a; 0 where there is none, for then the predictor hears for itself."""
        if q_a is None:
            return h_a.new_zeros((*h_a.shape[:2], self.config.z))
        return q_a.mean

    def frames_of(self, face: Face, z: Float[Tensor, "b t z"], h_a: Float[Tensor, "b t d"]):
        """Frames (b, t, 3, h, w) from latents and sound alone.

        As published, frame after frame, each from the embedding of the one made before.
        """
        frames = []
        if not self.config.as_published:
            g, _ = self.predict(h_a, z)
            steps = max(1, PAINTED_AT_ONCE // len(z))
            for some_g, some_z in zip(g.split(steps, 1), z.split(steps, 1), strict=True):
                frames.append(self.decoder(some_g, face.skips, some_z))
            return torch.cat(frames, 1)
        h = face.h
        state = None
        for z_t in z.split(1, 1):
            g, state = self.predict(h[:, None], z_t, state)
            frame = self.decoder(g, face.skips, z_t)
            frames.append(frame)
            h, _ = self.frame_encoder(frame[:, 0], frame[:, 0])
        return torch.cat(frames, 1)


@torch.inference_mode()
def latents_of_sound(
    model: TalkingFace,
    h_a: Float[Tensor, "b t d"],
    noise: Float[Tensor, "n t z"] | None = None,
    temperature: float = 1.0,
    latent_offset: Float[Tensor, "z"] | None = None,
) -> Float[Tensor, "n t z"]:
    """z_t = mean + temperature · sigma · noise of q(z_t | a_1 … a_t), plus an offset.

    No noise, temperature 0, or a deterministic model: the mean. Chapter: book/latent-kl.ipynb
    """
    q_a = model.posterior_of_sound(h_a)
    if q_a is not None and noise is not None and model.config.stochastic:
        z = q_a.sample(temperature * noise)  # (N, T, z)
    else:
        z = model.latent_without_noise(q_a, h_a)
    return z if latent_offset is None else z + latent_offset


@torch.inference_mode()
def generate(
    model: TalkingFace,
    image: Float[Tensor, "b 3 h w"],
    rows: Float[Tensor, "b t 28 12"],
    noise: Float[Tensor, "n t z"] | None = None,
    temperature: float = 1.0,
    latent_offset: Float[Tensor, "z"] | None = None,
) -> Float[Tensor, "n t 3 h w"]:
    """Videos in [0, 1] of a face image and sound alone; z_t as `latents_of_sound` draws it.

    noise: for as many videos as clips, or many for one clip, which are then takes of it.
    Chapter: book/latent-kl.ipynb
    """
    h_a = model.eval().audio_encoder(rows)
    z = latents_of_sound(model, h_a, noise, temperature, latent_offset)
    face = model.read_face(image).expand(len(z))
    return model.frames_of(face, z, h_a.expand(len(z), -1, -1))
