"""Hair: the scalp pushed outwards, and for long hair a curtain of strands behind the face."""

import math

import numpy as np
from scipy.ndimage import gaussian_filter

from thlab.corpus.head import SKIN, Head
from thlab.corpus.identity import Person
from thlab.corpus.texture import smoothstep

THICKNESS = {"short": 0.10, "crop": 0.035, "bald": 0.0, "medium": 0.17, "long": 0.13, "bob": 0.16}
CURTAIN_BOTTOM = {"long": -1.75, "bob": -0.78, "medium": -1.15}
SKULL_CENTRE = np.array([0, 0.15, -0.72])
COLUMNS, ROWS = 49, 14
STRAND_ROWS, STRAND_COLUMNS = 256, 768
# the hairline's height over depth (z, from the nape to the brow), model units
HAIRLINE = (
    (-1.6, -1.25, -0.95, -0.62, -0.45, -0.1, 0.05, 0.3),
    (-0.55, -0.5, -0.28, 0.02, 0.10, 0.42, 0.62, 0.70),
)


def scalp(head: Head, person: Person) -> np.ndarray:
    """Hairiness of each vertex, 0..1; the hairline is where it passes one half."""
    x, y, z = head.reference.T
    if person.style == "bald":
        return np.zeros(len(x), np.float32)
    line = np.interp(z, *HAIRLINE) + person.hairline
    near_ear = (np.abs(x) > 0.70) & (y < 0.18) & (y > -0.45) & (z > -0.95) & (z < -0.45)
    weight = smoothstep(-0.09, 0.09, y - line) * (1 - head.ears)
    weight[near_ear | (head.inside_mouth > 0.3)] = 0
    return weight.astype(np.float32)


def grow(head: Head, person: Person, weight: np.ndarray) -> np.ndarray:
    """The person's vertices with the hair's thickness on the scalp."""
    x, y, z = head.reference.T
    outwards = head.reference - SKULL_CENTRE
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    lumps = 1 + 0.15 * np.sin(9 * x + person.seed) * np.sin(7 * z + 2 * person.seed)
    # flat at the hairline, full above
    rising = smoothstep(-0.1, 0.55, y - np.interp(z, *HAIRLINE) - person.hairline)
    thickness = THICKNESS[person.style] * lumps * (0.3 + 0.9 * rising)
    return (person.vertices + outwards * (weight * thickness)[:, None]).astype(np.float32)


def curtain(head: Head, person: Person) -> tuple[np.ndarray, np.ndarray]:
    """Long hair as a sheet around the back of the head; nothing for the short styles.

    Returns vertices and triangles.
    """
    if person.style not in CURTAIN_BOTTOM or person.male:
        return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32)
    rng = np.random.default_rng([3000, person.seed])
    skin = person.vertices[head.vertices_of(SKIN)]
    level = np.abs(head.reference[head.vertices_of(SKIN), 1] - 0.2) < 0.18
    width = np.abs(skin[level, 0]).max()
    back = -skin[level, 2].min()
    t = np.linspace(0, 1, ROWS)[:, None]
    # falls behind the shoulders
    behind = 1 - 0.3 * smoothstep(0.35, 0.9, t)
    reach = math.radians(rng.uniform(118, 128)) * behind
    angle = np.linspace(-1, 1, COLUMNS) * reach
    flare = 0.96 + 0.20 * smoothstep(0, 0.7, t) - 0.08 * smoothstep(0.6, 1, t)
    lock = 1 + 0.025 * np.sin(np.arange(COLUMNS) * 1.9 + person.seed) * t
    x = np.sin(angle) * width * flare * lock * 1.02
    lumps = 0.05 * np.sin(np.arange(COLUMNS) * 2.7) * t
    y = 0.55 * (1 - t) + CURTAIN_BOTTOM[person.style] * t + lumps
    z = -back * 0.53 - np.cos(angle) * back * 0.52 * (1 - 0.25 * t) * lock
    q = (np.arange(ROWS - 1)[:, None] * COLUMNS + np.arange(COLUMNS - 1)).reshape(-1, 1)
    halves = np.array([0, COLUMNS, 1]), np.array([1, COLUMNS, COLUMNS + 1])
    triangles = np.concatenate([q + half for half in halves])
    return np.stack([x, y, z], -1).reshape(-1, 3).astype(np.float32), triangles.astype(np.int32)


def strands(person: Person) -> np.ndarray:
    """Texture of hair, about 0..1: locks, and single hairs in them.

    (STRAND_ROWS, STRAND_COLUMNS)
    """
    rng = np.random.default_rng([3100, person.seed])
    field = np.zeros((STRAND_ROWS, STRAND_COLUMNS), np.float32)
    for along, across, strength in ((60, 7, 0.45), (40, 2.5, 0.35), (24, 0.8, 0.35)):
        waves = gaussian_filter(rng.standard_normal(field.shape), (along, across), mode="wrap")
        field += strength * (waves / waves.std())
    return np.clip(0.5 + 0.25 * field, 0, 1).astype(np.float32)


def strand_place(person: Person, points: np.ndarray) -> np.ndarray:
    """Where each point (n, 3) lies on the texture of strands.

    Around the head and down it, swept to one side.
    """
    x, y, z = points.T
    sweep = 0.06 * np.sin(person.seed)
    return np.stack([np.arctan2(x, z + 0.45) / (2 * np.pi) + 0.5 + sweep * y, 0.45 - y / 4.5], 1)
