"""The renderer's kernels against brute force, and the alignment against scikit-image."""

import numpy as np
import pytest
from skimage.transform import SimilarityTransform

from thlab.audio.visemes import VISEMES
from thlab.corpus.expression import EMOTION_SHAPES, EMOTIONS, VISEME_SHAPES, face_units
from thlab.corpus.head import load_head
from thlab.corpus.identity import Person
from thlab.corpus.motion import Lips, blinks, smooth_noise
from thlab.corpus.raster import BOTH_SIDES, FRONT_ONLY, deform, rasterize, vertex_normals
from thlab.corpus.render import draw_lighting, rotation
from thlab.corpus.scene import studio
from thlab.corpus.shade import LEVELS, SRGB
from thlab.face.points import TEMPLATE, similarity, transform


@pytest.mark.parametrize("seed", range(5))
def test_similarity_agrees_with_scikit_image(seed):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(2, 6, 2)) * 20
    oracle = SimilarityTransform.from_estimate(source, target)
    np.testing.assert_allclose(
        transform(source, similarity(source, target)),
        oracle(source),
        atol=1e-9,
    )


def test_similarity_refuses_coinciding_points():
    with pytest.raises(ValueError, match="coincide"):
        similarity(np.ones((3, 2)), TEMPLATE)


def brute_force(screen, triangles, size):
    """Nearest triangle at each pixel's centre by solving for the weights."""
    shown, depth = np.full((size, size), -1), np.zeros((size, size))
    for t, corners in enumerate(screen[triangles]):
        matrix = np.vstack([corners[:, :2].T, np.ones(3)])
        for y in range(size):
            for x in range(size):
                weights = np.linalg.solve(matrix, [x + 0.5, y + 0.5, 1])
                nearness = weights @ corners[:, 2]
                if (weights >= 0).all() and nearness > depth[y, x]:
                    shown[y, x], depth[y, x] = t, nearness
    return shown, depth


def draw(screen, triangles, size, side=BOTH_SIDES):
    depth, shown = np.zeros((size, size), np.float32), np.zeros((size, size), np.int32)
    bary = np.zeros((size, size, 2), np.float32)
    rasterize(screen, triangles, np.full(len(triangles), side, np.int8), depth, shown, bary)
    return shown, depth, bary


def test_rasterizer_agrees_with_brute_force():
    rng = np.random.default_rng(0)
    screen = np.column_stack([rng.uniform(-4, 20, (12, 2)), rng.uniform(0.05, 0.2, 12)])
    triangles = rng.permuted(np.tile(np.arange(12), (8, 1)), axis=1)[:, :3].astype(np.int32)
    shown, depth, bary = draw(screen, triangles, 16)
    oracle_shown, oracle_depth = brute_force(screen, triangles, 16)
    assert np.array_equal(shown, oracle_shown)
    np.testing.assert_allclose(depth, oracle_depth, rtol=1e-5)
    # perspective-correct weights give back the place on screen: interpolate x/w and 1/w, then
    # divide
    y, x = np.argwhere(shown >= 0).T
    corners = screen[triangles[shown[y, x]]]
    weights = np.column_stack([bary[y, x], 1 - bary[y, x].sum(-1)])
    distance = (weights / corners[..., 2]).sum(-1)
    np.testing.assert_allclose(
        (weights / corners[..., 2] * corners[..., 0]).sum(-1) / distance,
        x + 0.5,
        atol=1e-3,
    )


def test_rasterizer_drops_backs_and_leaves_no_gap_along_edges():
    square = np.array([[2, 2, 0.1], [14, 3, 0.1], [13, 14, 0.1], [1, 13, 0.1]])
    triangles = np.array([[0, 3, 1], [1, 3, 2]], np.int32)
    front = draw(square, triangles, 16, FRONT_ONLY)[0]
    assert np.array_equal(front, draw(square, triangles, 16)[0])
    assert (draw(square, triangles[:, ::-1].copy(), 16, FRONT_ONLY)[0] == -1).all()
    assert (front[4:12, 4:12] >= 0).all()


def test_normals_of_a_sphere_point_outwards():
    from thlab.corpus.render import eyeball

    sphere, triangles = eyeball(40, 30)
    normals = np.zeros_like(sphere)
    vertex_normals(sphere, triangles.astype(np.int32), normals)
    inner = sphere[:, 2] > 0
    assert (normals * sphere).sum(-1)[inner].min() > 0.99


def test_deform_is_blend_shapes_then_a_turn():
    rng = np.random.default_rng(1)
    still = rng.normal(size=(7, 3)).astype(np.float32)
    basis = rng.normal(size=(4, 5, 3)).astype(np.float32)
    units, follow = rng.normal(size=4).astype(np.float32), rng.random(7).astype(np.float32)
    pivot, shift = rng.normal(size=(2, 3)).astype(np.float32)
    turn = rotation(0.3, -0.2, 0.1)
    out = deform(still, units, basis, follow, turn, pivot, shift)
    shaped = still.copy()
    shaped[:5] += np.einsum("u,uvc->vc", units, basis)
    turned = (shaped - pivot) @ turn.T + pivot + shift
    np.testing.assert_allclose(out, shaped + (turned - shaped) * follow[:, None], atol=1e-5)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-6)


def test_encoding_is_srgb():
    light = np.linspace(0, 1, LEVELS)
    back = np.where(SRGB / 255 < 0.04045, SRGB / 255 / 12.92, ((SRGB / 255 + 0.055) / 1.055) ** 2.4)
    assert np.abs(back - light).max() < 0.5 * 2.4 / 255


def test_every_person_seals_the_lips_on_bilabials_in_every_mood():
    head = load_head()
    for speaker in range(8):
        person = Person(head, speaker, speaker % 2 == 0)
        lips = Lips(head, person.vertices)
        assert abs(lips.rest) < 0.03
        for emotion in EMOTIONS:
            shape = face_units(head, VISEME_SHAPES["MBP"]) + face_units(
                head,
                EMOTION_SHAPES[emotion],
            )
            sealed = lips.seal(shape[None], np.ones(1))
            upper, lower = (person.vertices + np.einsum("u,uvc->vc", sealed[0], head.face_units))[
                head.landmarks[[62, 66]]
            ]
            assert abs(upper[1] - lower[1]) < 0.02
            np.testing.assert_allclose(lips.opening(sealed), 0, atol=1e-6)


def test_pictures_have_no_holes_and_differ_by_viseme():
    stage, head = studio(1, 64, "face"), load_head()
    lighting = draw_lighting(np.random.default_rng(0))
    pictures = {}
    for viseme in VISEMES:
        units = face_units(head, VISEME_SHAPES[viseme])
        pictures[viseme], points = stage.frame(
            units,
            np.zeros(3),
            np.zeros(3),
            np.zeros(2),
            lighting,
        )
        assert points.shape == (68, 2)
        x, y = points[:17].T * 2  # the jaw line, in samples
        for row in np.arange(points[36:48, 1].max() + 2, y.max() / 2 - 3).astype(int):
            inside = slice(int(x.min()) + 26, int(x.max()) - 26)
            assert (stage.shown[2 * row, inside] >= 0).all()
    mouths = np.stack([picture[36:56, 18:46].astype(float) for picture in pictures.values()])
    assert np.abs(mouths[VISEMES.index("Ah")] - mouths[VISEMES.index("MBP")]).mean() > 5


def test_noise_has_unit_variance_and_blinks_close_the_eye():
    noise = smooth_noise(np.random.default_rng(0), 200_000, 0.3)
    assert abs(noise.std() - 1) < 0.05
    closure = blinks(np.random.default_rng(0), 20_000, 0.3)
    assert closure.max() == 1
    assert 0.15 < (np.diff((closure > 0.9).astype(int)) == 1).sum() / 800 < 0.35
