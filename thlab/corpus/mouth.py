"""What is seen between the lips: teeth, gums, tongue, the dark behind, and what lights them."""

import numpy as np

from thlab.corpus import shade as sh
from thlab.corpus.head import TONGUE, Head
from thlab.corpus.identity import Person
from thlab.corpus.teeth import Arch, band, band_places
from thlab.corpus.texture import smoothstep

COLOUR = slice(sh.COLOUR, sh.COLOUR + 3)
IVORY = np.array([0.86, 0.80, 0.70])  # linear red, green, blue, as all colours here
YELLOWING = np.array([0.06, 0.11, 0.20])  # with age
IN_SHADE = np.array([0.40, 0.24, 0.19])  # warm: what light the teeth get there comes off red walls
LOWER_SKY, UPPER_SKY = 0.35, 0.95  # how open each arch is to the sky
# over the skin's colour: a closed mouth shows no teeth, only the lips' own shadow
UNLIT = np.array([0.42, 0.20, 0.19])
UNLIT_SKY = 0.35
# vertices of the lips' inner edges, one above the other, from the picture's left to its right
UPPER_LIP = np.array([418, 469, 470, 462, 468, 2875, 2880, 2879, 2832])
LOWER_LIP = np.array([418, 519, 518, 534, 540, 2933, 2919, 2920, 2832])
MIDDLE = slice(3, 6)
# model units between the lips: light starts to get in, and all of it is in
CLOSED, LIT = 0.008, 0.030


class Mouth:
    """The inside of one person's mouth; it paints vertex attributes of the whole mesh."""

    def __init__(self, head: Head, person: Person, attributes: np.ndarray) -> None:
        self.arches = head.arches
        paint_cavity(head, person, attributes)
        ivory = IVORY * (1 - person.old * YELLOWING)
        for arch, sky in zip(self.arches, (LOWER_SKY, UPPER_SKY), strict=True):
            paint_arch(arch, ivory, sky, attributes)
        self.bands = np.concatenate([arch.vertices for arch in self.arches])
        self.colour = attributes[self.bands, COLOUR].copy()
        self.sky = attributes[self.bands, sh.SKY].copy()
        self.unlit = UNLIT * person.skin
        self.is_upper = np.isin(self.bands, self.arches[1].vertices)

    def let_light_in(self, vertices: np.ndarray, turn: np.ndarray, attributes: np.ndarray) -> None:
        """Light each tooth as far as the lips are apart in front of it.

        A closed mouth and the corners get none. Near the lip that hides its gum a tooth lies in its
        shadow. vertices (N, 3): the mesh in this frame, turned by turn (3, 3).
        """
        side, up = turn[:, 0], turn[:, 1]
        upper, lower = vertices[UPPER_LIP], vertices[LOWER_LIP]
        across = (upper + lower) @ side / 2
        gap = (upper - lower) @ up
        x, height = vertices[self.bands] @ side, vertices[self.bands] @ up
        before = np.interp(x, across, gap, left=0, right=0)
        # lips that meet in the middle are closed, even where rolled lips leave a slit at the sides
        light = smoothstep(CLOSED, LIT, np.minimum(before, gap[MIDDLE].mean()))
        attributes[self.bands, sh.SKY] = UNLIT_SKY + (self.sky - UNLIT_SKY) * light
        attributes[self.bands, COLOUR] = self.unlit + (self.colour - self.unlit) * light[:, None]
        below_upper = np.interp(x, across, upper @ up) - height
        above_lower = height - np.interp(x, across, lower @ up)
        attributes[self.bands, sh.FROM_LIP] = np.where(self.is_upper, below_upper, above_lower)


def paint_cavity(head: Head, person: Person, attributes: np.ndarray) -> None:
    """Dark red walls, and a tongue that fades into the dark behind it."""
    z = head.reference[:, 2]
    walls = np.flatnonzero(head.inside_mouth > 0.4)
    attributes[walls, COLOUR] = np.array([0.20, 0.035, 0.035]) / np.maximum(person.skin, 0.05)
    attributes[walls, sh.SKY] = 0.30 * np.clip(smoothstep(-0.5, 0.15, z[walls]), 0.1, 1)
    tongue = head.vertices_of(TONGUE)
    back = 1 - smoothstep(-0.22, 0.06, z[tongue])
    near = np.array([0.46, 0.13, 0.13])
    far = np.array([0.16, 0.03, 0.03])
    attributes[tongue, COLOUR] = near + (far - near) * back[:, None]
    attributes[tongue, sh.SKY] = 0.5 - 0.4 * back


def paint_arch(arch: Arch, ivory: np.ndarray, sky: float, attributes: np.ndarray) -> None:
    """Ivory (3,) in the middle, darker to the sides, where the cheeks keep the light out."""
    x = band(arch.measures)[:, 0]
    along, height = band_places(arch.measures)
    open_to = sky * (1 - 0.75 * smoothstep(0.06, 0.27, np.abs(x)))
    attributes[arch.vertices, sh.PLACE] = along
    attributes[arch.vertices, sh.PLACE + 1] = height
    lit = smoothstep(0, 0.75, open_to)[:, None]
    attributes[arch.vertices, COLOUR] = IN_SHADE + (ivory - IN_SHADE) * lit
    attributes[arch.vertices, sh.SKY] = open_to
