"""Deferred shading: one pass over the pixels, in linear light, after the rasteriser."""

import math

import numpy as np

from thlab.compiled import compiled
from thlab.corpus.head import LEFT_EYE, RIGHT_EYE, SKIN, TEETH, TONGUE

# columns of the vertex attributes: normal, colour, texture place, openness to the sky, place on the
# body part (hair: along the texture of strands; eye: unit sphere; teeth: along the arch, height),
# hairiness, clothing
NORMAL, COLOUR, UV, SKY, PLACE, HAIR, CLOTH, ATTRIBUTES = 0, 3, 6, 8, 9, 12, 13, 14
FROM_LIP = HAIR  # of teeth: model units from the lip that hides their gum
# a shaded point as one small array: red, green, blue, gloss, its sharpness (as a power of two), sky
GLOSS, SHARP, OPEN, STRAND, SURFACE = 3, 4, 5, 6, 7
GUM = 0.75, 0.33, 0.36  # the gums' colour over the teeth's
LIP_SHADOW = 0.045  # how far a lip's shadow reaches over the teeth, model units
DEPTH_STEP = 1e-3  # of inverse depth: about a tenth of a model unit
LEVELS = 4096
_LIGHT = np.arange(LEVELS) / (LEVELS - 1)
_BENT = np.where(_LIGHT < 0.0031308, 12.92 * _LIGHT, 1.055 * _LIGHT ** (1 / 2.4) - 0.055)
SRGB = np.round(255 * _BENT).astype(np.uint8)

# the parts of the one kernel, written into it: calls per pixel would nearly double its time
part_of_kernel = compiled(error_model="numpy", inline="always")


@part_of_kernel
def _interpolate(attributes, triangles, t, a, b, at):
    """Attributes at a point of a triangle; the normal has length 1 and faces the camera."""
    i0, i1, i2 = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    c = 1 - a - b
    for k in range(ATTRIBUTES):
        at[k] = a * attributes[i0, k] + b * attributes[i1, k] + c * attributes[i2, k]
    length = math.sqrt(at[0] * at[0] + at[1] * at[1] + at[2] * at[2]) + np.float32(1e-9)
    # a sheet is lit on the side that shows
    scale = -1 / length if at[2] < -0.05 * length else 1 / length
    for k in range(3):
        at[k] *= scale


@part_of_kernel
def _texel(texture, u, v, out):
    """Bilinear sample at u, v in 0..1, clamped at the border."""
    height, width, channels = texture.shape
    x = min(max(u * width - 0.5, 0.0), width - 1.001)
    y = min(max(v * height - 0.5, 0.0), height - 1.001)
    i, j = int(x), int(y)
    dx, dy = np.float32(x - i), np.float32(y - j)
    for k in range(channels):
        top = texture[j, i, k] + (texture[j, i + 1, k] - texture[j, i, k]) * dx
        low = texture[j + 1, i, k] + (texture[j + 1, i + 1, k] - texture[j + 1, i, k]) * dx
        out[k] = top + (low - top) * dy


@part_of_kernel
def _strand(strands, u, v):
    """Nearest sample of the strands; they wrap around the head."""
    column, row = int(u * strands.shape[1]) % strands.shape[1], int(v * strands.shape[0])
    return strands[min(max(row, 0), strands.shape[0] - 1), column]


@part_of_kernel
def _skin(at, skin, strands, cloth, hair, surface):
    _texel(skin, at[UV], at[UV + 1], surface)
    for k in range(3):
        surface[k] *= at[COLOUR + k]
    surface[GLOSS], surface[SHARP] = np.float32(0.1) * (np.float32(0.6) + surface[GLOSS]), 4
    cover = min(8 * at[CLOTH] + np.float32(0.5), np.float32(1))
    if cover > 0:
        for k in range(3):
            surface[k] += (cloth[k] - surface[k]) * cover
        surface[GLOSS] *= 1 - cover
    if at[HAIR] > 0:
        strand = _strand(strands, at[PLACE], at[PLACE + 1])
        cover = min(1.0, max(0.0, (at[HAIR] - 0.5 + 0.4 * (strand - 0.5)) * 4.5 + 0.5))
        for k in range(3):
            surface[k] += (hair[k] * (0.45 + 1.1 * strand) - surface[k]) * cover
        surface[GLOSS] *= 1 - cover
        surface[STRAND] = strand * cover


@part_of_kernel
def _eye(at, iris, surface):
    """Iris, pupil and white; the place is a point of the unit sphere that looks along z."""
    x, y = at[PLACE], at[PLACE + 1]
    radius = math.sqrt(x * x + y * y) if at[PLACE + 2] > 0 else 1.0
    surface[GLOSS], surface[SHARP], surface[OPEN] = 1, 6, 0.95 * at[SKY]
    if radius < 0.18:
        surface[0], surface[1], surface[2] = 0.004, 0.004, 0.004
    elif radius < 0.45:
        q = radius / 0.45
        light = 0.75 + 0.105 * math.sin(math.atan2(y, x) * 17) + 0.3 * q
        light *= 1 - 5.5 * max(0.0, q - 0.86)  # the dark ring around the iris
        for k in range(3):
            surface[k] = iris[k] * light
    else:
        shadow = 1 - 0.55 * min(1.0, max(0.0, radius - 0.55))
        surface[0], surface[1], surface[2] = 0.72 * shadow, 0.64 * shadow, 0.58 * shadow


@part_of_kernel
def _teeth(at, surface):
    """A smooth band: faint lines between teeth, gums that reach down there, the lip's shadow."""
    # 0 at a tooth's middle, 1 between two
    across = 2 * abs(at[PLACE] - math.floor(at[PLACE]) - 0.5)
    line = across**6
    gum = min(1.0, max(0.0, (at[PLACE + 1] - 0.66 + 0.12 * across * across) * 14))
    light = 0.5 + 0.5 * min(1.0, max(0.0, at[FROM_LIP] / LIP_SHADOW))
    for k in range(3):
        surface[k] *= light * (1 - 0.13 * line) * (1 + (GUM[k] - 1) * gum)
    surface[OPEN] *= light
    surface[GLOSS], surface[SHARP] = 0.12, 4


@part_of_kernel
def _hair_gloss(at, lamp, strength):
    """Highlight across the strands, which run down the head (Kajiya & Kay 1989)."""
    along = math.sqrt(1.0 - min(at[1] * at[1], np.float32(0.99)))
    hx, hy, hz = lamp[0], lamp[1], lamp[2] + 1
    facing = at[0] * hx + at[1] * hy + at[2] * hz
    tangent = (hy - at[1] * facing) / along
    sine = max(0.0, 1 - tangent * tangent / (hx * hx + hy * hy + hz * hz))
    return 0.08 * strength * strength * sine**8 * max(0.0, facing)


@part_of_kernel
def _light(at, surface, is_skin, lamp, lamp_colour):
    """Turn colour into light: wrapped lamp, sky by openness, gloss and a little rim light."""
    ambient, sky = lamp[3], surface[OPEN]
    toward = at[0] * lamp[0] + at[1] * lamp[1] + at[2] * lamp[2]
    diffuse = max(np.float32(0), (toward + np.float32(0.22)) / np.float32(1.22))
    half = math.sqrt(lamp[0] * lamp[0] + lamp[1] * lamp[1] + (lamp[2] + 1) ** 2)
    shine = max(np.float32(0), (toward + at[2]) / half)
    for _ in range(int(surface[SHARP])):
        shine *= shine
    extra = surface[GLOSS] * shine
    if surface[STRAND] > 0:
        extra += _hair_gloss(at, lamp, surface[STRAND])
    rim = 1 - max(np.float32(0), at[2])
    rim = np.float32(0.1) * ambient * rim * rim * rim * rim if is_skin else np.float32(0)
    around = ambient * sky * (np.float32(0.7) + np.float32(0.3) * at[1])
    direct = np.float32(0.35) + np.float32(0.65) * sky
    for k in range(3):
        lit = diffuse
        if is_skin and k == 0:  # red light bleeds through skin
            lit = max(np.float32(0), (toward + np.float32(0.34)) / np.float32(1.34))
        matt = surface[k] * (around + lit * direct * lamp_colour[k])
        surface[k] = matt + (extra * lamp_colour[k] + rim) * sky


@part_of_kernel
def _point(at, part, skin, strands, colours, lamp, surface):
    """Shade one point of the mesh."""
    for k in range(3):
        surface[k] = at[COLOUR + k]
    surface[OPEN], surface[STRAND], surface[GLOSS], surface[SHARP] = at[SKY], 0, 0, 0
    if part == SKIN:
        _skin(at, skin, strands, colours[2], colours[1], surface)
    elif part == LEFT_EYE or part == RIGHT_EYE:  # noqa: SIM109 - numba unrolls no tuple test
        _eye(at, colours[0], surface)
    elif part == TEETH:
        _teeth(at, surface)
    elif part == TONGUE:
        surface[GLOSS], surface[SHARP] = 0.2, 4
    _light(at, surface, part == SKIN, lamp, colours[3])


@part_of_kernel
def _behind(backdrop, to_backdrop, x, y, surface):
    """The backdrop's colour behind a place of the picture."""
    u = to_backdrop[0, 0] * x + to_backdrop[0, 1] * y + to_backdrop[0, 2]
    v = to_backdrop[1, 0] * x + to_backdrop[1, 1] * y + to_backdrop[1, 2]
    _texel(backdrop, u, v, surface)


@part_of_kernel
def _alike(shown, depth, material, y, x, other):
    """Do two neighbouring samples show the same part of the body, with no step in depth?"""
    t, s = shown[y, x], shown[y, other]
    if t < 0 or s < 0 or material[t] != material[s]:
        return False
    return abs(depth[y, x] - depth[y, other]) < DEPTH_STEP


# _nrt: counting references to the arrays would take two thirds of the time; the kernel makes no
# array of its own
@compiled(cache=True, error_model="numpy", _nrt=False)
def shade(
    image,
    seen,
    triangles,
    material,
    attributes,
    skin,
    strands,
    backdrop,
    to_backdrop,
    colours,
    lamp,
    at,
    surface,
):
    """Fill image (h, w, 3), h and w even, with linear light.

    seen: (shown, bary, depth) of `rasterize`; skin, strands and backdrop are textures; colours (4,
    3): iris, hair, cloth, lamp; lamp (4,): unit direction and the sky's strength; at (ATTRIBUTES,)
    and surface (SURFACE,) are scratch space. Samples that show nothing get the backdrop at
    to_backdrop (2, 3) of their place. Of two samples side by side only the first is shaded where
    both show the same part; which one is first alternates by rows, so that a pixel of 2 x 2 is
    shaded at two opposite corners.
    """
    shown, bary, depth = seen
    for y in range(shown.shape[0]):
        for step in range(shown.shape[1]):
            x = step ^ (y & 1)
            t = shown[y, x]
            if step & 1 and _alike(shown, depth, material, y, x, x ^ 1):
                for k in range(3):
                    image[y, x, k] = image[y, x ^ 1, k]
                continue
            if t < 0:
                _behind(backdrop, to_backdrop, x + 0.5, y + 0.5, surface)
            else:
                _interpolate(attributes, triangles, t, bary[y, x, 0], bary[y, x, 1], at)
                _point(at, material[t], skin, strands, colours, lamp, surface)
            for k in range(3):
                image[y, x, k] = surface[k]


def develop(image: np.ndarray) -> np.ndarray:
    """Average each pixel's 2 x 2 samples, bend the highlights, encode as sRGB: (h, w, 3) uint8."""
    four = image[::2, ::2] + image[::2, 1::2] + image[1::2, ::2] + image[1::2, 1::2]
    light = four * np.float32(0.25)
    bent = np.float32(1.12) * light / (1 + (np.float32(0.30) * light).astype(float))
    return SRGB[(np.clip(bent, 0, 1) * (LEVELS - 1) + 0.5).astype(int)]
