"""The head mesh: one topology, sparse targets that reshape it, and 52 ARKit-named face units.

The data is MakeHuman's, CC0: see assets/README.md.
"""

import functools
from importlib.resources import files

import numpy as np

from thlab.corpus import teeth

SKIN, LEFT_EYE, RIGHT_EYE, TEETH, TONGUE, LASHES, HAIR_HELPER = range(7)
TONGUE_END = -0.24  # of the average head: nothing of the tongue is drawn behind it
RACES = ("african", "asian", "caucasian")


class Head:
    """The asset, unpacked: a mesh, masks on it and targets that reshape it.

    Base vertices (n, 3), triangles (t, 3), their materials (t,).
    arches: the two smooth bands of teeth, lower and upper.
    """

    def __init__(self) -> None:
        with np.load(str(files("thlab.corpus") / "assets/head.npz"), allow_pickle=False) as file:
            asset = dict(file)  # read once: a lazy npz unpacks an array each time it is asked for
        self.base = asset["v"]
        self.material = asset["mat"].astype(np.int32)
        self.triangles = asset["tri"].astype(np.int32)
        self.lips = asset["m_lips"] / 255.0
        self.eyelids = asset["m_eyelids"] / 255.0
        self.inside_mouth = asset["m_inside_mouth"] / 255.0
        self.ears = asset["m_ears"] / 255.0
        self.openness = asset["ao"] / 255.0  # how much of the sky each vertex sees
        self.landmarks = asset["lm68"].astype(np.int64)  # the vertex of each iBUG-68 landmark
        self.targets = {}
        for i, name in enumerate(asset["names"].tolist()):
            part = slice(asset["ptr"][i], asset["ptr"][i + 1])
            delta = asset["d"][part].astype(np.float32) * (asset["scale"][i] / np.float32(32767))
            self.targets[name] = asset["idx"][part].astype(np.int64), delta
        self.face_unit_names = tuple(name[3:] for name in self.targets if name.startswith("fu/"))
        self.face_units = np.zeros((len(self.face_unit_names), *self.base.shape), np.float32)
        for unit, name in zip(self.face_units, self.face_unit_names, strict=True):
            index, unit_delta = self.targets["fu/" + name]
            unit[index] = unit_delta
        self.arches: tuple[teeth.Arch, ...] = ()
        average = macro_weights(male=0.5, old=0.2, race=np.ones(3) / 3, muscle=0, weight=0)
        self._smooth_teeth(self.shape(average))
        self.reference = self.shape(average)

    def _smooth_teeth(self, plain: np.ndarray) -> None:
        """Put two smooth bands in the place of the asset's teeth, and the tongue low.

        plain (n, 3): the average head.
        """
        tongue = self.vertices_of(TONGUE)
        lowered = 0.05 + 0.3 * np.clip(plain[tongue, 1] + 0.80, 0, None)
        self.base[tongue, 1] -= lowered
        # put out, it rises again: it would come out through the chin
        self.face_units[self.unit("tongueOut"), tongue, 1] += 1.5 * lowered
        lower, upper = self.vertices_of(TEETH).reshape(2, -1)
        self.arches = (
            teeth.make_arch(lower, plain[lower], teeth.LOWER),
            teeth.make_arch(upper, plain[upper], teeth.UPPER),
        )
        for arch in self.arches:
            moved = self.face_units[:, arch.vertices]
            self.face_units[:, arch.vertices] = teeth.carried(arch, moved)
        # the tongue's far end turns away from the light: a black line before the palate
        far = (self.material == TONGUE) & (plain[self.triangles, 2].max(1) < TONGUE_END)
        kept = (self.material != TEETH) & ~far
        new = np.concatenate([arch.vertices[teeth.band_triangles()] for arch in self.arches])
        self.triangles = np.concatenate([self.triangles[kept], new]).astype(np.int32)
        self.material = np.concatenate([self.material[kept], np.full(len(new), TEETH, np.int32)])

    def unit(self, name: str) -> int:
        """Row of a face unit."""
        return self.face_unit_names.index(name)

    def vertices_of(self, material: int) -> np.ndarray:
        """Indices of the vertices that a material's triangles use."""
        return np.unique(self.triangles[self.material == material])

    def shape(self, weights: dict[str, float]) -> np.ndarray:
        """Base plus weighted targets, (n, 3), the origin midway between the eyes."""
        vertices = self.base.astype(np.float32)
        for name, weight in weights.items():
            index, delta = self.targets[name]
            vertices[index] += np.float32(weight) * delta
        for arch in self.arches:
            vertices[arch.vertices] = teeth.carried(arch, vertices[arch.vertices])
        left, right = (vertices[self.vertices_of(eye)].mean(0) for eye in (LEFT_EYE, RIGHT_EYE))
        return vertices - 0.5 * (left + right)


@functools.cache
def load_head() -> Head:
    """The one head that every person is a shape of."""
    return Head()


def macro_weights(
    male: float,
    old: float,
    race: np.ndarray,
    muscle: float,
    weight: float,
) -> dict[str, float]:
    """Weights of MakeHuman's multilinear macro targets.

    They are corners of (race, sex, age) and of (sex, age, muscle, weight).
    male, old in 0..1; race (3,) sums to 1; muscle, weight in -1..1.
    """
    people = {
        f"{sex}-{age}": p * q
        for sex, p in (("female", 1 - male), ("male", male))
        for age, q in (("young", 1 - old), ("old", old))
    }
    builds = {}
    for m, p in _three_way(muscle).items():
        builds |= {f"{m}muscle-{w}weight": p * q for w, q in _three_way(weight).items()}
    del builds["averagemuscle-averageweight"]  # the base mesh itself
    weights = {}
    for name, share in zip(RACES, race, strict=True):
        weights |= {f"macro/{name}-{who}": share * p for who, p in people.items()}
    for who, p in people.items():
        weights |= {f"macro/universal-{who}-{build}": p * q for build, q in builds.items()}
    return weights


def _three_way(value: float) -> dict[str, float]:
    return {"min": max(0, -value), "average": 1 - abs(value), "max": max(0, value)}
