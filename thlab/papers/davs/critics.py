"""What learns against the model of [zhou2019]: three classifiers and a discriminator of videos."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from thlab.nn.gan import PatchDiscriminator
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.model import SEEN, Frames, Output, classifier


class CriticOutput(NamedTuple):
    """Logits of those that learn against the model; None where there is nothing to read."""

    person: Float[Tensor, "m p"]  # C_w^p of each f_w^v
    modality_v: Float[Tensor, "b 2"]
    modality_a: Float[Tensor, "b 2"]
    word: Float[Tensor, "b k"] | None  # C_p^w of F_p
    fake_v: Float[Tensor, "b 1 h w"] | None  # D_seq
    fake_a: Float[Tensor, "b 1 h w"] | None
    real: Float[Tensor, "b 1 h w"] | None


class Critics(nn.Module):
    """C_w^p, the classifier of modalities, C_p^w and D_seq: what learns to find what the encoders
    and G must hide.

    C_p^w reads f_p minus its mean over the clip's frames: the mean tells who it is and drowns what
    is said. Chapter: book/davs.ipynb
    """

    def __init__(self, config: DAVSConfig, n_words: int, n_people: int):
        super().__init__()
        of_person = config.adversary_frames * config.dim
        self.c_w_p = classifier(config.dim, config, n_people)
        self.modality = classifier(SEEN * config.dim, config, 2)
        self.c_p_w = classifier(of_person, config, n_words) if config.painted else None
        adds_gan = config.painted and config.gan
        self.d_seq = PatchDiscriminator(config.painted, config.critic_widths) if adds_gan else None

    def forward(self, out: Output, real: Frames | None = None) -> CriticOutput:
        """What they say of a pass, and D_seq of true frames where these are given."""
        word = None
        if self.c_p_w is not None and out.F_p is not None:
            word = self.c_p_w(out.F_p - out.F_p.mean(1, keepdim=True))
        return CriticOutput(
            person=self.c_w_p(out.F_w_v.flatten(0, 1)),
            modality_v=self.modality(out.F_w_v),
            modality_a=self.modality(out.F_w_a),
            word=word,
            fake_v=self._is_real(out.fake_v),
            fake_a=self._is_real(out.fake_a),
            real=self._is_real(real),
        )

    def _is_real(self, video: Frames | None) -> Tensor | None:
        return None if video is None or self.d_seq is None else self.d_seq(video)
