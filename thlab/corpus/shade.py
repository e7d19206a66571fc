"""Deferred shading: one pass over the pixels, in linear light, after the rasteriser has said what each shows."""

import math

import numba as nb
import numpy as np

from thlab.corpus.head import LEFT_EYE, RIGHT_EYE, SKIN, TEETH, TONGUE

# columns of the vertex attributes: normal, colour, texture place, openness to the sky, place on the body part,
# hairiness, clothing
NORMAL, COLOUR, UV, SKY, PLACE, HAIR, CLOTH, ATTRIBUTES = 0, 3, 6, 8, 9, 12, 13, 14
# what a shaded point is, as one small array: red, green, blue, gloss, sharpness of the gloss, sky
GLOSS, SHARP, OPEN, SURFACE = 3, 4, 5, 6


@nb.njit(cache=True)
def _interpolate(attributes, i0, i1, i2, a, b, at):
    c = 1 - a - b
    for k in range(ATTRIBUTES):
        at[k] = a * attributes[i0, k] + b * attributes[i1, k] + c * attributes[i2, k]
    length = math.sqrt(at[0] * at[0] + at[1] * at[1] + at[2] * at[2]) + 1e-9
    for k in range(3):
        at[k] /= length


@nb.njit(cache=True)
def _texel(texture, u, v, out):
    """Bilinear sample at u, v in 0..1, clamped at the border."""
    height, width, channels = texture.shape
    x = min(max(u * width - 0.5, 0.0), width - 1.001)
    y = min(max(v * height - 0.5, 0.0), height - 1.001)
    i, j = int(x), int(y)
    dx, dy = x - i, y - j
    for k in range(channels):
        top = texture[j, i, k] * (1 - dx) + texture[j, i + 1, k] * dx
        out[k] = top * (1 - dy) + (texture[j + 1, i, k] * (1 - dx) + texture[j + 1, i + 1, k] * dx) * dy


@nb.njit(cache=True)
def _mix(surface, r, g, b, gloss, sharp, cover):
    keep = 1 - cover
    surface[0] = surface[0] * keep + r * cover
    surface[1] = surface[1] * keep + g * cover
    surface[2] = surface[2] * keep + b * cover
    surface[GLOSS] = surface[GLOSS] * keep + gloss * cover
    surface[SHARP] = surface[SHARP] * keep + sharp * cover


@nb.njit(cache=True)
def _skin(at, texture, cloth, hair, seed, surface):
    _texel(texture, at[UV], at[UV + 1], surface)
    gloss = surface[3]
    for k in range(3):
        surface[k] *= at[COLOUR + k]
    surface[GLOSS], surface[SHARP] = 0.1 * (0.6 + gloss), 14 + 30 * gloss
    cover = min(8 * at[CLOTH] + 0.5, 1.0)
    if cover > 0:
        _mix(surface, cloth[0], cloth[1], cloth[2], 0.0, 14.0, cover)
    if at[HAIR] > 0:
        strand = _strand(at[PLACE], at[PLACE + 1], at[PLACE + 2], seed)
        cover = min(1.0, max(0.0, (at[HAIR] - 0.5 + 0.22 * (strand - 0.5)) * 4.5 + 0.5))
        light = 0.62 + 0.72 * strand
        _mix(surface, hair[0] * light, hair[1] * light, hair[2] * light, 0.12 * strand, 30.0, cover)


@nb.njit(cache=True)
def _strand(x, y, z, seed):
    """Brightness of the hair, about 0..1: waves around the head that run down it."""
    angle = math.atan2(x, z + 0.3) * 11 + 2.2 * math.sin(y * 2.3 + seed) + 0.8 * math.sin(x * 9 + seed)
    waves = 0.2 * math.sin(angle * 2.3 + seed) + 0.15 * math.sin(angle * 5.9 + y * 3 + 2 * seed)
    return 0.5 + waves + 0.15 * math.sin(angle * 13.7 - y * 7 + 3 * seed)


@nb.njit(cache=True)
def _eye(at, iris, surface):
    """Iris, pupil and white; the place is a point of the unit sphere that looks along z."""
    x, y = at[PLACE], at[PLACE + 1]
    radius = math.sqrt(x * x + y * y) if at[PLACE + 2] > 0 else 1.0
    surface[GLOSS], surface[SHARP], surface[OPEN] = 1.0, 90.0, 0.95 * at[SKY]
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


@nb.njit(cache=True)
def _light(at, surface, is_skin, lamp, lamp_colour, ambient, out):
    """Wrapped diffuse lamp, sky light by openness, a gloss and a little rim light; out is linear RGB."""
    toward = at[0] * lamp[0] + at[1] * lamp[1] + at[2] * lamp[2]
    diffuse = max(0.0, (toward + 0.22) / 1.22)
    half = math.sqrt(lamp[0] * lamp[0] + lamp[1] * lamp[1] + (lamp[2] + 1) ** 2)
    facing = max(0.0, (at[0] * lamp[0] + at[1] * lamp[1] + at[2] * (lamp[2] + 1)) / half)
    gloss = surface[GLOSS] * facing ** surface[SHARP]
    rim = 0.10 * ambient * (1 - max(0.0, at[2])) ** 4 if is_skin else 0.0
    sky = surface[OPEN]
    around, direct = ambient * sky * (0.7 + 0.3 * at[1]), 0.35 + 0.65 * sky
    for k in range(3):
        through = max(0.0, (toward + 0.34) / 1.34) if is_skin and k == 0 else diffuse  # red light bleeds through skin
        out[k] = surface[k] * (around + through * direct * lamp_colour[k]) + (gloss * lamp_colour[k] + rim) * sky


@nb.njit(cache=True)
def shade(image, shown, bary, triangles, material, attributes, texture, backdrop, to_backdrop, colours, seed, lamp):
    """Fill image (h, w, 3) with linear light.

    shown (h, w) and bary (h, w, 2) come from `rasterize`; colours (4, 3): iris, hair, cloth, lamp;
    lamp (4,): unit direction and ambient strength. Pixels that show nothing get the backdrop at
    to_backdrop (2, 3) of their place.
    """
    at, surface = np.zeros(ATTRIBUTES, np.float32), np.zeros(SURFACE, np.float32)
    for y in range(shown.shape[0]):
        for x in range(shown.shape[1]):
            t = shown[y, x]
            if t < 0:
                u = to_backdrop[0, 0] * (x + 0.5) + to_backdrop[0, 1] * (y + 0.5) + to_backdrop[0, 2]
                v = to_backdrop[1, 0] * (x + 0.5) + to_backdrop[1, 1] * (y + 0.5) + to_backdrop[1, 2]
                _texel(backdrop, u, v, image[y, x])
                continue
            i0, i1, i2 = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            _interpolate(attributes, i0, i1, i2, bary[y, x, 0], bary[y, x, 1], at)
            part = material[t]
            if at[2] < -0.05:
                for k in range(3):
                    at[k] = -at[k]
            for k in range(3):
                surface[k] = at[COLOUR + k]
            surface[OPEN] = at[SKY]
            if part == SKIN:
                _skin(at, texture, colours[2], colours[1], seed, surface)
            elif part == LEFT_EYE or part == RIGHT_EYE:
                _eye(at, colours[0], surface)
            else:
                surface[GLOSS] = 0.35 if part == TEETH else (0.2 if part == TONGUE else 0.0)
                surface[SHARP] = 40.0 if part == TEETH else 20.0
            _light(at, surface, part == SKIN, lamp, colours[3], lamp[3], image[y, x])


@nb.njit(cache=True)
def develop(image, out):
    """Average the samples of each pixel, bend the highlights and encode as sRGB; out (h, w, 3) uint8."""
    samples = image.shape[0] // out.shape[0]
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            for k in range(3):
                total = 0.0
                for j in range(samples):
                    for i in range(samples):
                        light = image[y * samples + j, x * samples + i, k]
                        total += 1.12 * light / (1 + 0.30 * light)
                value = min(max(total / samples**2, 0.0), 1.0)
                value = 12.92 * value if value < 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
                out[y, x, k] = np.uint8(value * 255 + 0.5)
