"""The studio: a person's mesh, a lamp, a backdrop and a camera with two views of the head."""

import math
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from thlab.corpus import shade as sh
from thlab.corpus.hair import curtain, grow, scalp, strand_place, strands
from thlab.corpus.head import LASHES, LEFT_EYE, RIGHT_EYE, SKIN, TEETH, TONGUE, Head
from thlab.corpus.identity import Person, linear
from thlab.corpus.mouth import Mouth
from thlab.corpus.raster import BOTH_SIDES, FRONT_ONLY, deform, rasterize, vertex_normals
from thlab.corpus.texture import paint, smoothstep, uv
from thlab.face.points import TEMPLATE, anchors, similarity, transform

VIEWS = ("face", "portrait")
SUPERSAMPLING = 2
# model units; the field is the portrait's width
CAMERA_DISTANCE, FIELD, CAMERA_HEIGHT = 11.0, 2.75, -0.18
NECK = np.array([0, -1.0, -0.85], np.float32)  # the head turns about this point
BACKDROP = 64


class Lighting(NamedTuple):
    """A lamp and a backdrop, in linear light.

    direction and colour of the lamp (3,), the sky's strength, the backdrop (64, 64, 3).
    """

    direction: np.ndarray
    colour: np.ndarray
    ambient: float
    backdrop: np.ndarray


def draw_lighting(rng: np.random.Generator) -> Lighting:
    """A lamp from somewhere above the camera and a backdrop of two tones."""
    direction = np.array([rng.uniform(-0.7, 0.7), rng.uniform(0.2, 0.7), 0.8])
    strength = rng.uniform(0.85, 1.12)
    warmth = rng.uniform(-0.05, 0.05)
    colour = strength * np.array([0.8 * (1 + warmth), 0.77, 0.73 * (1 - warmth)])
    return Lighting(
        direction / np.linalg.norm(direction),
        colour,
        rng.uniform(0.22, 0.38),
        draw_backdrop(rng),
    )


def draw_backdrop(rng: np.random.Generator) -> np.ndarray:
    """A soft gradient between two tones, a little uneven."""
    greys = rng.uniform(40, 200, 2)
    first, second = (linear(np.clip(grey + rng.normal(0, 28, 3), 5, 250)) for grey in greys)
    place = (np.arange(BACKDROP) + 0.5) / BACKDROP - 0.5
    angle = rng.uniform(0, 2 * math.pi)
    along = 0.5 + math.cos(angle) * place[None, :] + math.sin(angle) * place[:, None]
    along = np.clip(along, 0, 1)[..., None]
    rough = rng.standard_normal((BACKDROP, BACKDROP))
    uneven = gaussian_filter(rough, BACKDROP / 10) * BACKDROP / 48
    tones = (first * along + second * (1 - along)) * (1 + uneven[..., None])
    return np.clip(tones, 0, 1).astype(np.float32)


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Rotation matrix (3, 3): pitch about x, then yaw about y, then roll about z; radians."""
    (cy, cp, cr), (sy, sp, sr) = np.cos([yaw, pitch, roll]), np.sin([yaw, pitch, roll])
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (tilt @ turn @ nod).astype(np.float32)


def turned_share(places: np.ndarray) -> np.ndarray:
    """How far a place on the reference head (n, 3) turns with it: 1 the head, 0 the shoulders."""
    y, z = places.T[1:]
    return smoothstep(-1.95, -1.05, y - 0.15 * np.abs(z + 0.7))


def project(vertices: np.ndarray, size: int) -> np.ndarray:
    """Portrait camera: x, y in pixels (y down) and inverse depth, (N, 3)."""
    near = 1 / (CAMERA_DISTANCE - vertices[:, 2].astype(np.float64))
    focal = size / FIELD * CAMERA_DISTANCE
    x = size / 2 + vertices[:, 0] * focal * near
    y = size / 2 - (vertices[:, 1] - CAMERA_HEIGHT) * focal * near
    return np.stack([x, y, near], 1)


def alignment(landmarks: np.ndarray, view: str, size: int) -> np.ndarray:
    """The similarity (2, 3) from the portrait's pixels to the view's.

    landmarks (68, 2): in the portrait.
    """
    return similarity(anchors(landmarks), TEMPLATE * size) if view == "face" else np.eye(2, 3)


def eyeball(columns: int = 20, rows: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """The front of a unit sphere that looks along z: vertices (n, 3), triangles (t, 3)."""
    around = np.arange(columns) * 2 * np.pi / columns
    away = np.linspace(0, 0.62 * np.pi, rows + 1)[1:, None]
    rings = np.stack(
        [np.sin(away) * np.cos(around), np.sin(away) * np.sin(around), np.cos(away) + 0 * around],
        -1,
    )
    i = np.arange(columns)
    following = (np.arange(columns) + 1) % columns
    triangles = [np.stack([0 * i, 1 + i, 1 + following], 1)]
    for ring in range(rows - 1):
        a, b = 1 + ring * columns + i, 1 + ring * columns + following
        triangles += [np.stack([a, a + columns, b], 1), np.stack([b, a + columns, b + columns], 1)]
    vertices = np.concatenate([[[0, 0, 1]], rings.reshape(-1, 3)]).astype(np.float32)
    return vertices, np.concatenate(triangles)


class Studio:
    """Renders one person, frame by frame, into size x size pictures of one view."""

    def __init__(self, head: Head, person: Person, size: int, view: str) -> None:
        self.head, self.person, self.size, self.view = head, person, size, view
        hairy = scalp(head, person)
        (self.long_hair, hair_triangles) = curtain(head, person)
        self.sphere, sphere_triangles = eyeball()
        skull = np.concatenate([grow(head, person, hairy), self.long_hair])
        self.n = len(head.base)
        self.first_eye = len(skull)
        self.still = np.concatenate([skull, np.zeros((2 * len(self.sphere), 3), np.float32)])
        self._connect(hair_triangles, sphere_triangles)
        self._paint(hairy)
        self.follow = np.ones(len(self.still), np.float32)
        places = np.concatenate([head.reference, self.long_hair])
        self.follow[: self.first_eye] = turned_share(places)
        samples = size * SUPERSAMPLING, size * SUPERSAMPLING
        self.image = np.zeros((*samples, 3), np.float32)
        self.bary = np.zeros((*samples, 2), np.float32)
        self.depth = np.zeros(samples, np.float32)
        self.shown = np.zeros(samples, np.int32)
        colours = [person.eyes, person.hair, person.cloth, np.ones(3)]
        self.colours = np.stack(colours).astype(np.float32)

    def _connect(self, hair_triangles: np.ndarray, sphere_triangles: np.ndarray) -> None:
        """One mesh of head, long hair and two eyeballs."""
        head = self.head
        left = self.first_eye
        right = self.first_eye + len(self.sphere)
        kept = np.isin(head.material, (SKIN, TEETH, TONGUE, LASHES))
        parts = [
            head.triangles[kept],
            hair_triangles + self.n,
            sphere_triangles + left,
            sphere_triangles + right,
        ]
        self.triangles = np.concatenate(parts).astype(np.int32)
        of_rest = np.repeat([SKIN, LEFT_EYE, RIGHT_EYE], [len(part) for part in parts[1:]])
        self.material = np.concatenate([head.material[kept], of_rest]).astype(np.int32)
        self.shell = self.triangles[: -2 * len(sphere_triangles)]  # all but the eyeballs
        long_hair = (self.triangles[:, 0] >= self.n) & (self.material == SKIN)
        thin = np.isin(self.material, (LASHES, TEETH)) | long_hair
        self.sides = np.where(thin, BOTH_SIDES, FRONT_ONLY).astype(np.int8)
        self.eyes = []
        for eye in (LEFT_EYE, RIGHT_EYE):
            corners = self.person.vertices[head.vertices_of(eye)]
            low, high = corners.min(0), corners.max(0)
            self.eyes.append(((low + high) / 2, 0.985 * (high[1] - low[1]) / 2))

    def _paint(self, hairy: np.ndarray) -> None:
        """Vertex attributes of everything that does not change from frame to frame."""
        head, person, n = self.head, self.person, self.n
        self.skin = paint(person)
        self.strands = strands(person)
        at = np.zeros((self.first_eye + 2 * len(self.sphere), sh.ATTRIBUTES), np.float32)
        at[:, sh.COLOUR : sh.COLOUR + 3], at[:, sh.CLOTH] = 1, -9
        x, y, z = head.reference.T
        at[:n, sh.SKY] = np.clip(1.25 * head.openness, 0.12, 1) ** 1.1
        at[:n, sh.UV : sh.UV + 2] = uv(head.reference)
        at[:n, sh.PLACE : sh.PLACE + 2] = strand_place(person, head.reference)
        at[:n, sh.HAIR] = hairy
        neckline = person.collar - 0.12 * np.abs(x) - 0.35 * np.clip(z + 0.75, 0, 1)
        at[:n, sh.CLOTH] = 3 * (neckline - y)
        lashes = head.vertices_of(LASHES)
        at[lashes, sh.COLOUR : sh.COLOUR + 3] = 0.25 * person.hair
        at[lashes, sh.SKY] = 0.8
        self.mouth = Mouth(head, person, at)
        hair = slice(n, self.first_eye)
        at[hair, sh.SKY] = 0.25 + 0.65 * smoothstep(-1.0, -0.45, self.long_hair[:, 2])
        at[hair, sh.HAIR] = 2
        at[hair, sh.PLACE : sh.PLACE + 2] = strand_place(person, self.long_hair)
        spheres = np.concatenate([self.sphere, self.sphere])
        # the lids' shadow
        at[self.first_eye :, sh.SKY] = 0.95 - 0.5 * smoothstep(0.25, 0.75, spheres[:, 1])
        at[self.first_eye :, sh.PLACE : sh.PLACE + 3] = spheres
        self.attributes = at

    def pose(
        self,
        units: np.ndarray,
        pose: np.ndarray,
        shift: np.ndarray,
        gaze: np.ndarray,
    ) -> np.ndarray:
        """Vertices (N, 3) of the whole mesh in a frame.

        Its face units (52,), pose (3,), shift (3,) and gaze (2,) are given.
        """
        turn = rotation(*pose)
        look = rotation(gaze[0], gaze[1], 0)
        looking = self.sphere @ look.T
        for k, (centre, radius) in enumerate(self.eyes):
            first = self.first_eye + k * len(looking)
            self.still[first : first + len(looking)] = looking * radius + centre
        vertices = deform(
            self.still,
            units,
            self.head.face_units,
            self.follow,
            turn,
            NECK,
            shift.astype(np.float32),
        )
        eyes = self.attributes[self.first_eye :, sh.NORMAL : sh.NORMAL + 3]
        eyes[: len(looking)] = eyes[len(looking) :] = looking @ turn.T
        self.mouth.let_light_in(vertices, turn, self.attributes)
        return vertices

    def frame(self, units, pose, shift, gaze, lighting: Lighting) -> tuple[np.ndarray, np.ndarray]:
        """One picture (size, size, 3) uint8 and its 68 landmarks (68, 2) in its own pixels."""
        vertices = self.pose(units, pose, shift, gaze)
        screen = project(vertices, self.size)
        align = alignment(screen[self.head.landmarks, :2], self.view, self.size)
        if self.view == "face":
            screen[:, :2] = transform(screen[:, :2], align)
        landmarks = screen[self.head.landmarks, :2].astype(np.float32)
        screen[:, :2] *= SUPERSAMPLING
        vertex_normals(vertices, self.shell, self.attributes[: self.first_eye, :3])
        rasterize(screen, self.triangles, self.sides, self.depth, self.shown, self.bary)
        self._shade(align, lighting)
        return sh.develop(self.image), landmarks

    def _shade(self, align: np.ndarray, lighting: Lighting) -> None:
        # from this view's pixels to 0..1 of the portrait
        inverse = np.linalg.inv(align[:, :2]) / self.size
        to_backdrop = np.column_stack([inverse / SUPERSAMPLING, -inverse @ align[:, 2]])
        lamp = np.array([*lighting.direction, lighting.ambient], np.float32)
        self.colours[3] = lighting.colour
        scratch = np.zeros(sh.ATTRIBUTES, np.float32), np.zeros(sh.SURFACE, np.float32)
        sh.shade(
            self.image,
            (self.shown, self.bary, self.depth),
            self.triangles,
            self.material,
            self.attributes,
            self.skin,
            self.strands,
            lighting.backdrop,
            to_backdrop.astype(np.float32),
            self.colours,
            lamp,
            *scratch,
        )
