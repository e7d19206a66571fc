"""People: a face shape, with colours, hair and beard to it, drawn from a speaker number."""

import re

import numpy as np

from thlab.corpus.head import Head, macro_weights
from thlab.face.points import EYE_LEFT, EYE_RIGHT, INNER_LIP_BOTTOM, INNER_LIP_TOP

SKIN_TONES = (
    (255, 219, 196),
    (241, 194, 160),
    (224, 172, 125),
    (198, 134, 92),
    (141, 85, 54),
    (92, 56, 40),
)
HAIR = {
    "black": (22, 18, 17), "darkbrown": (48, 32, 22), "brown": (84, 54, 34),
    "lightbrown": (128, 90, 56),
    "blond": (190, 150, 96), "red": (130, 58, 28), "grey": (150, 146, 142),
    "white": (214, 210, 204),
}  # fmt: skip
EYES = {
    "darkbrown": (44, 26, 16), "brown": (78, 46, 24), "hazel": (112, 88, 44),
    "green": (84, 98, 66), "blue": (84, 108, 128), "grey": (116, 126, 134),
}  # fmt: skip
DARK_HAIR = ["black", "darkbrown"]
LIGHT_HAIR = ["darkbrown", "brown", "lightbrown", "blond", "red", "black"]
OLD_HAIR = ["grey", "white"]
STYLES = {
    "male": {"short": 0.45, "crop": 0.35, "bald": 0.10, "medium": 0.10},
    "female": {"long": 0.45, "bob": 0.30, "medium": 0.15, "short": 0.10},
}
# how far each part of the face varies: standard deviation of its sliders
VARIATION = {
    "head": 0.15, "eyes": 0.22, "nose": 0.24, "mouth": 0.15, "chin": 0.28, "cheek": 0.30,
    "eyebrows": 0.25, "forehead": 0.30, "ears": 0.30, "neck": 0.12,
}  # fmt: skip
OPPOSITES = (
    ("-decr", "-incr"), ("-down", "-up"), ("-in", "-out"), ("-concave", "-convex"),
    ("-backward", "-forward"), ("-decrease", "-increase"), ("-compress", "-uncompress"),
)  # fmt: skip
HEAD_FORMS = (
    "oval",
    "round",
    "square",
    "rectangular",
    "diamond",
    "triangular",
    "invertedtriangular",
)
FULLER_LIP = ("mouth/mouth-upperlip-volume-incr", "mouth/mouth-upperlip-height-incr")
EYE_DISTANCE = 0.58  # model units; people's own distances are kept near it


def linear(rgb) -> np.ndarray:
    """sRGB 0..255 to linear light 0..1 (IEC 61966-2-1)."""
    c = np.asarray(rgb, np.float32) / 255
    return np.where(c < 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4).astype(np.float32)


def is_male(speaker: int) -> bool:
    """Men and women take turns, so every split has both."""
    return speaker % 2 == 0


class Person:
    """The looks of a speaker number, always the same; colours are linear RGB."""

    def __init__(self, head: Head, speaker: int, male: bool) -> None:
        rng = np.random.default_rng([1000, speaker])
        self.seed, self.male = speaker, male
        race = rng.dirichlet([0.25] * 3) * 0.9 + np.eye(3)[rng.integers(3)] * 0.35
        race /= race.sum()
        self.old = 0.9 * rng.beta(1.3, 2.2)  # 0 young .. 1 old
        weights = macro_weights(
            male=0.82 + 0.18 * rng.random() if male else 0.18 * rng.random(),
            old=self.old,
            race=race,
            muscle=rng.uniform(-0.4, 0.5),
            weight=float(np.clip(rng.normal(0, 0.45), -0.8, 0.8)),
        )
        weights |= draw_sliders(head, rng)
        # (n, 3) neutral face, model units
        self.vertices = normalize(head, close_lips(head, weights))
        dark = race[0] + race[1] > 0.55
        hair_names = DARK_HAIR if dark else LIGHT_HAIR
        if self.old > 0.55 and rng.random() < 0.7:
            hair_names = OLD_HAIR
        self.hair_name = str(rng.choice(hair_names))
        self.hair = linear(HAIR[self.hair_name])
        # 1 is dark
        self.tone = float(np.clip(race @ [0.80, 0.30, 0.16] + rng.normal(0, 0.07), 0.08, 0.95))
        shade = self.tone * (len(SKIN_TONES) - 1)
        tones = range(len(SKIN_TONES))
        self.skin = linear([np.interp(shade, tones, c) for c in zip(*SKIN_TONES, strict=True)])
        self.eyes = linear(EYES[str(rng.choice(list(EYES)[:2] if dark else list(EYES)[1:]))]) * 1.3
        styles = STYLES["male" if male else "female"]
        self.style = str(rng.choice(list(styles), p=list(styles.values())))
        # 0 shaven .. 1 full
        beard = rng.choice([0, 0.2, 0.45, 0.8], p=[0.45, 0.3, 0.15, 0.1])
        self.beard = float(beard) * male
        self.cloth = linear(rng.integers(20, 235, 3))
        self.collar = rng.uniform(-1.42, -1.20)  # height of the neckline
        self.hairline = rng.uniform(-0.1, 0.1) - 0.12 * self.old * male  # its shift, up is positive


def draw_sliders(head: Head, rng: np.random.Generator) -> dict[str, float]:
    """Weights of the local shape targets, nearly but not quite the same on both sides.

    They are normally distributed.
    """
    drawn: dict[str, float] = {}
    weights: dict[str, float] = {}
    for low, high in slider_pairs(head):
        part = low.split("/")[0]
        side_free = re.sub("([/-])[lr]-", r"\1x-", low)
        if side_free not in drawn:
            # these alter the whole face
            halved = 0.5 if "scale-depth-" in low or "eye-scale" in low else 1.0
            drawn[side_free] = float(np.clip(rng.normal(), -1.8, 1.8)) * VARIATION[part] * halved
        value = drawn[side_free] * (1 + 0.04 * rng.standard_normal())
        weights[high if value > 0 else low] = abs(value)
    forms = 0.5 * rng.dirichlet([0.5] * (len(HEAD_FORMS) + 1))
    for form, weight in zip(HEAD_FORMS, forms[:-1], strict=True):
        weights[f"head/head-{form}"] = weight
    # or rest looks like sulking
    weights["mouth/mouth-angles-up"] = weights.get("mouth/mouth-angles-up", 0) + 0.25
    for name in head.targets:
        if name.startswith("asym/"):
            weights[name] = abs(rng.normal(0, 0.03))
    return weights


def slider_pairs(head: Head) -> list[tuple[str, str]]:
    """Names of the targets that are each other's opposite, as (less, more), in a fixed order."""
    pairs = [
        (name, name.removesuffix(low) + high)
        for name in sorted(head.targets)
        for low, high in OPPOSITES
        if name.endswith(low) and name.split("/")[0] in VARIATION
    ]
    return [(name, partner) for name, partner in pairs if partner in head.targets]


def close_lips(head: Head, weights: dict[str, float]) -> np.ndarray:
    """Vertices of a face whose upper lip reaches down to the lower one.

    MakeHuman's mouths stand a little open.
    """
    upper, lower = head.landmarks[[INNER_LIP_TOP, INNER_LIP_BOTTOM]]
    fuller = head.shape(weights | {name: weights.get(name, 0) + 1 for name in FULLER_LIP})
    vertices = head.shape(weights)
    gap = vertices[upper, 1] - vertices[lower, 1]
    share = np.clip(gap / (vertices[upper, 1] - fuller[upper, 1]), 0, 1.5)
    return vertices + share * (fuller - vertices)


def normalize(head: Head, vertices: np.ndarray) -> np.ndarray:
    """Scale a face so that its eyes lie near EYE_DISTANCE apart.

    A person's own distance may differ by 7 %.
    """
    landmarks = vertices[head.landmarks]
    distance = np.linalg.norm(landmarks[EYE_LEFT].mean(0) - landmarks[EYE_RIGHT].mean(0))
    return (vertices / np.clip(distance / EYE_DISTANCE, 0.93, 1.07)).astype(np.float32)
