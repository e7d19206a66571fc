"""Skin: a painted square on the front of the reference head.

It shows lips, brows, beard and the marks of age.
Coordinates are the reference head's own, x to the picture's right and y up, in model units; the
square is SPAN wide. Channels: linear red, green, blue and glossiness.
"""

import functools

import numpy as np
from scipy.ndimage import gaussian_filter

from thlab.corpus.head import SKIN, load_head
from thlab.corpus.identity import Person
from thlab.corpus.raster import BOTH_SIDES, rasterize

SIZE, SPAN, TOP = 512, 3.0, 1.45
# colours of lips over the skin's; the second of the women's is lipstick
MALE_LIPS = (0.82, 0.50, 0.50)
FEMALE_LIPS = (0.85, 0.48, 0.48), (0.80, 0.30, 0.33)
X = ((np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE * SPAN - SPAN / 2)[None, :]
Y = (TOP - (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE * SPAN)[:, None]


def uv(reference: np.ndarray) -> np.ndarray:
    """Texture coordinates (n, 2), 0..1, of the reference head's vertices."""
    return np.stack([reference[:, 0] / SPAN + 0.5, (TOP - reference[:, 1]) / SPAN], 1)


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """0 below low, 1 above high, a cubic between; low may be the larger."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def spot(x: float, y: float, width: float, height: float) -> np.ndarray:
    """A Gaussian blob on the texture."""
    return np.exp(-(((X - x) / width) ** 2)) * np.exp(-(((Y - y) / height) ** 2))


def both_sides(x: float, y: float, width: float, height: float) -> np.ndarray:
    """The same blob left and right."""
    return spot(x, y, width, height) + spot(-x, y, width, height)


def noise(rng: np.random.Generator, low: float, high: float, slope: float) -> np.ndarray:
    """Unit-variance noise with waves of low..high periods a side.

    Its amplitude falls as frequency**-slope.
    """
    wave = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE)[None])
    radius = wave.astype(np.float32) * SIZE
    shape = np.where((radius >= low) & (radius <= high), np.maximum(radius, 1) ** -slope, 0)
    phase = rng.random(radius.shape, np.float32) * np.float32(2 * np.pi)
    field = np.fft.irfft2(shape * np.exp(1j * phase), (SIZE, SIZE)).astype(np.float32)
    return field / field.std()


@functools.cache
def painted(attribute: str) -> np.ndarray:
    """A per-vertex mask of the head, spread over the texture."""
    head = load_head()
    triangles = head.triangles[head.material == SKIN]
    place = uv(head.reference) * SIZE
    screen = np.column_stack([place, 1 / (20 - head.reference[:, 2])]).astype(np.float32)
    depth = np.zeros((SIZE, SIZE), np.float32)
    which = np.zeros((SIZE, SIZE), np.int32)
    bary = np.zeros((SIZE, SIZE, 2), np.float32)
    rasterize(screen, triangles, np.full(len(triangles), BOTH_SIDES, np.int8), depth, which, bary)
    corner = getattr(head, attribute).astype(np.float32)[triangles[which]]
    weights = np.concatenate([bary, 1 - bary.sum(-1, keepdims=True)], -1)
    return np.where(which >= 0, (corner * weights).sum(-1), 0)


def paint(person: Person) -> np.ndarray:
    """The person's skin texture, (SIZE, SIZE, 4) float32."""
    rng = np.random.default_rng([2000, person.seed])
    mottle = noise(rng, 4, 180, 0.9)
    pores = noise(rng, 60, 256, 0.4)
    skin = person.skin * complexion(person, rng, mottle, pores)
    red = MALE_LIPS if person.male else FEMALE_LIPS[rng.integers(2)]
    lips = person.skin * np.array(red, np.float32) * (1 + 0.05 * pores[..., None])
    skin = blend(skin, lips, gaussian_filter(painted("lips"), 0.8))
    if person.beard:
        skin = blend(skin, person.hair * 0.9 + person.skin * 0.05, beard(person, rng, pores))
    brow_colour = np.minimum(person.hair * 0.8, 0.25)
    if person.hair_name in ("white", "grey"):
        brow_colour = person.hair * 0.5
    skin = blend(skin, brow_colour, brows(person, rng, mottle, pores))
    gloss = 0.25 * painted("lips") + 0.12 * spot(0, -0.38, 0.09, 0.2)
    gloss += 0.08 * spot(0, 0.5, 0.4, 0.2)
    return np.ascontiguousarray(np.concatenate([skin, gloss[..., None]], -1), np.float32)


def blend(below: np.ndarray, above: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Lay a colour over another."""
    return below + (above - below) * cover[..., None]


def complexion(
    person: Person,
    rng: np.random.Generator,
    mottle: np.ndarray,
    pores: np.ndarray,
) -> np.ndarray:
    """Factors on the base skin colour: blood, unevenness, tired eyes, wrinkles, freckles, moles."""
    blood = 0.10 * both_sides(0.45, -0.36, 0.26, 0.22) + 0.12 * spot(0, -0.36, 0.13, 0.12)
    blood += 0.08 * spot(0, -0.66, 0.35, 0.16) + 0.025 * noise(rng, 3, 12, 0.5)
    blood *= (1 - 0.6 * person.tone) * rng.uniform(0.6, 1.5)
    factors = 1 + blood[..., None] * np.array([0.25, -1.1, -1.1], np.float32)
    factors *= (1 + 0.022 * mottle + 0.018 * pores * (1 + person.old))[..., None]
    socket = (0.22 + 0.25 * person.old) * both_sides(0.27, -0.17, 0.16, 0.07)
    socket = socket + 0.16 * painted("eyelids")
    factors *= 1 - socket[..., None] * np.array([0.45, 0.7, 0.6], np.float32)
    for height in (0.42, 0.52, 0.62) if person.old > 0.3 else ():
        line = np.exp(-(((Y - height - 0.02 * np.cos(X * 5)) / 0.014) ** 2))
        crease = line * np.exp(-((X / 0.36) ** 4))
        factors *= 1 - 0.5 * (person.old - 0.3) * crease[..., None]
    if person.tone < 0.35 and rng.random() < 0.35:
        dots = np.clip(
            6 * gaussian_filter((rng.random((SIZE, SIZE)) > 0.992).astype(np.float32), 1),
            0,
            1,
        )
        freckles = dots * np.exp(-(((Y + 0.25) / 0.3) ** 2))
        factors *= 1 - freckles[..., None] * np.array([0.18, 0.3, 0.35], np.float32)
    for _ in range(rng.poisson(1.5)):
        x, y = rng.uniform(-0.55, 0.55), rng.uniform(-0.8, 0.6)
        factors *= 1 - 0.6 * spot(x, y, 0.013, 0.013)[..., None]
    return factors


def brows(
    person: Person,
    rng: np.random.Generator,
    mottle: np.ndarray,
    pores: np.ndarray,
) -> np.ndarray:
    """Cover of the eyebrows: strokes of hair along an arch."""
    thickness = rng.uniform(0.026, 0.05) * (1.25 if person.male else 0.85)
    height = 0.185 + rng.uniform(-0.015, 0.02)
    arch = rng.uniform(0.02, 0.06)
    along = (np.abs(X) - 0.11) / 0.42  # 0 at the inner end, 1 at the outer
    inside = np.clip(along, 0, 1)
    middle = height + arch * np.sin(inside * np.pi * 0.8) - 0.06 * np.clip(along - 0.6, 0, 1)
    half = thickness * np.sqrt(np.clip(along * 8, 0, 1)) * np.clip((1.02 - along) * 1.8, 0, 1)
    cover = smoothstep(1.25, 0.4, np.abs(Y - middle) / np.maximum(half, 1e-3))
    cover = cover * ((along > 0) & (along < 1.02))
    strokes = np.clip(
        0.88 + 0.10 * np.sin(np.abs(X) * 190 + Y * 120 + 2.5 * mottle) + 0.08 * pores,
        0,
        1,
    )
    return cover * strokes * rng.uniform(0.8, 0.97)


def beard(person: Person, rng: np.random.Generator, pores: np.ndarray) -> np.ndarray:
    """Cover of beard and moustache, up to the sideburns, thin near the lips."""
    jaw = smoothstep(-0.42, -0.56, Y - 0.30 * (np.abs(X) / 0.6) ** 2) * smoothstep(-1.30, -1.02, Y)
    moustache = 0.95 * smoothstep(0.10, 0.02, np.abs(Y + 0.535)) * smoothstep(0.30, 0.2, np.abs(X))
    near_lips = smoothstep(0.02, 0.4, gaussian_filter(painted("lips"), 2))
    region = np.maximum(jaw, moustache) * (1 - near_lips)
    region = gaussian_filter(region * smoothstep(0.66, 0.60, np.abs(X)), 5)
    stubble = np.clip(0.7 + 0.09 * pores + 0.09 * noise(rng, 128, 256, 0), 0, 1)
    return np.clip(region * person.beard * (0.55 + 0.6 * stubble), 0, 0.93)
