"""A parametric head of 68 points: pose and shape from 2D landmarks, and another's pose on them.

This is the 3D-aware keypoint alignment of [ji2021], Sect. 3.3.
"""

import functools
import math
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from thlab.face.detected import remove_offset, smooth_over_time
from thlab.face.points import TEMPLATE, anchors, similarity, transform
from thlab.files import load_arrays

# variance of a point that weighs as much as one standard deviation of a coefficient, in the head's
# units: 3 % of the eyes' distance. Of 1e-4, 2e-4 and 3e-4 the best on validation speakers
RIDGE = 3e-4
ITERATIONS = 8
EXPRESSION_FROM = 2  # so that a first wrong pose is not taken for a face
IDENTITY_FRAMES = 20  # of a clip, evenly spread: its identity is learnt from them
CHUNK = 256  # frames solved at once, which bounds the memory
N_POSE = 6  # rotation, log scale, shift


@dataclass(frozen=True)
class Head3D:
    """The mean of 68 points and axes about it, each as long as one standard deviation.

    x runs to the right of the picture, y up, z to the camera, all in one unit.
    """

    mean: Float[np.ndarray, "68 3"]
    identity: Float[np.ndarray, "k 68 3"]
    expression: Float[np.ndarray, "m 68 3"]


@dataclass(frozen=True)
class Pose:
    """R, s and t of Eq. 8 of [ji2021], a row a frame.

    scale: pixels a unit of the head. shift: pixels. distance: from camera to head, in the head's
    units; infinite for the scaled orthography of Eq. 8.
    """

    rotation: Float[np.ndarray, "t 3 3"]
    scale: Float[np.ndarray, " t"]
    shift: Float[np.ndarray, "t 2"]
    distance: float = math.inf


@dataclass(frozen=True)
class HeadFit:
    """What `fit_head` finds: pose, coefficients in standard deviations, and the shape they give."""

    pose: Pose
    identity: Float[np.ndarray, " k"]
    expression: Float[np.ndarray, "t m"]
    shape: Float[np.ndarray, "t 68 3"]  # L_p^3d of Eq. 8


@functools.cache
def corpus_head() -> Head3D:
    """The head that comes with the package: 25 axes of identity, 16 of expression.

    Chapter: book/evp-portrait.ipynb
    """
    asset = load_arrays(Path(str(files("thlab.face") / "assets/head3d.npz")))
    wide = {name: array.astype(np.float64) for name, array in asset.items()}
    return Head3D(**wide)


def project(shape: Float[np.ndarray, "t 68 3"], pose: Pose) -> Float[np.ndarray, "t 68 2"]:
    """l = s q Pr R L + t: Eq. 8 of [ji2021], in pixels.

    Pr keeps x and turns y down, as pixels count. q = 1/(1 − z/d) is perspective's, 1 in the paper.
    Chapter: book/evp-portrait.ipynb
    """
    camera = _turn(shape, pose.rotation)
    scale = pose.scale[:, None] * _nearness(camera, pose.distance)
    # Eq. 8: l_p = s_t \, Pr \, R_t \, L_p^{3d} + t_t
    return scale[..., None] * _flat(camera) + pose.shift[:, None]


def unproject(landmarks: Float[np.ndarray, "t 68 2"], fit: HeadFit) -> Float[np.ndarray, "t 68 3"]:
    """The 3D points that `fit`'s pose projects onto landmarks exactly, at the fitted depth.

    They carry what the axes of the head could not follow. In the head's units.
    Chapter: book/evp-portrait.ipynb
    """
    pose = fit.pose
    camera = _turn(fit.shape, pose.rotation)
    scale = pose.scale[:, None] * _nearness(camera, pose.distance)
    flat = (landmarks - pose.shift[:, None]) / scale[..., None]
    seen = np.concatenate([flat * (1, -1), camera[..., 2:]], -1)
    return _turn(seen, pose.rotation.transpose(0, 2, 1))


def repose(
    fit: HeadFit, target: Pose, landmarks: Float[np.ndarray, "t 68 2"] | None = None
) -> Float[np.ndarray, "t 68 2"]:
    """Landmarks of one clip in the pose of another, Eq. 8 of [ji2021], in the other's pixels.

    With `landmarks`, those that were fitted, what the fit left over is carried along; without, the
    fitted shape alone is shown, as the paper does. target: the pose of another clip's fit, a row a
    frame of this one. Raises ValueError where their lengths differ.
    Chapter: book/evp-portrait.ipynb
    """
    if len(target.scale) != len(fit.shape):
        raise ValueError(
            f"{len(fit.shape)} frames of landmarks, but a pose for {len(target.scale)}"
        )
    shape = fit.shape if landmarks is None else unproject(landmarks, fit)
    return project(shape, target)


def frontal(
    fit: HeadFit, landmarks: Float[np.ndarray, "t 68 2"] | None = None, size: int = 64
) -> Float[np.ndarray, "t 68 2"]:
    """Landmarks as they would be if the head looked straight ahead, in the `face` view's pixels.

    landmarks: as `repose` takes them. Chapter: book/evp-portrait.ipynb
    """
    n = len(fit.shape)
    ahead = Pose(
        rotation=np.tile(np.eye(3), (n, 1, 1)),
        scale=np.ones(n),
        shift=np.zeros((n, 2)),
        distance=fit.pose.distance,
    )
    turned = repose(fit, ahead, landmarks)
    aligned = [transform(points, similarity(anchors(points), TEMPLATE * size)) for points in turned]
    return np.stack(aligned)


def fit_head(
    landmarks: Float[np.ndarray, "t 68 2"],
    head: Head3D | None = None,
    *,
    distance: float = math.inf,
    weights: Float[np.ndarray, " 68"] | None = None,
    offset: Float[np.ndarray, "68 2"] | None = None,
    ridge: float = RIDGE,
) -> HeadFit:
    """Pose, identity and expression of a clip by nonlinear least squares, for Eq. 8 of [ji2021].

    landmarks: pixels. Identity is one for all frames and learnt from up to 20 of them. head: the
    package's, or `read_head`'s. distance: see `Pose`; 11 is the corpus's camera. weights: of the
    points, 1 if none are given. offset: what `thlab.face.detected.detector_offset` found, taken off
    before the fit (carry `landmarks` themselves along in `repose`). ridge: variance of a point,
    units of the head, that weighs as much as one standard deviation of a coefficient. Raises
    ValueError where there is no frame, or a landmark is not finite.
    Chapter: book/evp-portrait.ipynb
    """
    if not len(landmarks) or not np.isfinite(landmarks).all():
        raise ValueError(f"landmarks {landmarks.shape}: no frame, or not all of them are finite")
    head = corpus_head() if head is None else head
    points = landmarks.astype(np.float64)
    if offset is not None:
        points = remove_offset(points, offset)
    root = np.sqrt(np.ones(68) if weights is None else weights)
    some = np.unique(np.linspace(0, len(points) - 1, IDENTITY_FRAMES).round().astype(int))
    identity = _solve(points[some], head, distance, root, ridge).identity
    mean = head.mean + np.tensordot(identity, head.identity, 1)
    person = Head3D(mean, head.identity[:0], head.expression)
    fits = []
    for start in range(0, len(points), CHUNK):
        fits.append(_solve(points[start : start + CHUNK], person, distance, root, ridge))
    pose = Pose(
        rotation=np.concatenate([fit.pose.rotation for fit in fits]),
        scale=np.concatenate([fit.pose.scale for fit in fits]),
        shift=np.concatenate([fit.pose.shift for fit in fits]),
        distance=distance,
    )
    expression = np.concatenate([fit.expression for fit in fits])
    shape = np.concatenate([fit.shape for fit in fits])
    return HeadFit(pose, identity, expression, shape)


def smooth_pose(pose: Pose, how: str, fps: float = 25.0) -> Pose:
    """A pose steadied over time, by "gaussian" or "one-euro" (see `smooth_over_time`).

    Rotations are smoothed as unit quaternions, which know no wrap of angles, scale by its logarithm
    and shift in units of the head. Raises ValueError for another `how`.
    Chapter: book/evp-portrait.ipynb
    """
    quaternions = Rotation.from_matrix(pose.rotation).as_quat()
    # q and −q are one rotation: take of each the one nearer to the frame before
    agree = np.sign((quaternions[1:] * quaternions[:-1]).sum(1))
    quaternions[1:] *= np.cumprod(np.where(agree == 0, 1, agree))[:, None]
    # twice, for then its speed is the angle's, in radians
    turned = smooth_over_time(2 * quaternions[:, None], how, fps)[:, 0]
    rotation = Rotation.from_quat(turned).as_matrix()
    scale = np.exp(smooth_over_time(np.log(pose.scale)[:, None, None], how, fps))[:, 0, 0]
    first = pose.scale[0]
    shift = first * smooth_over_time(pose.shift[:, None] / first, how, fps)[:, 0]
    return Pose(rotation, scale, shift, pose.distance)


def _solve(
    points: np.ndarray, head: Head3D, distance: float, root: np.ndarray, ridge: float
) -> HeadFit:
    """Gauss–Newton on frames (t, 68, 2) that share one identity, in batches of equal matrices.

    root (68,): square roots of the points' weights.
    """
    pose = first_pose(points, head, distance)
    size = pose.scale[:, None, None]  # frames count alike, however large the face in them
    points = points / size
    pose = Pose(pose.rotation, pose.scale / size[:, 0, 0], pose.shift / size[:, 0], distance)
    identity = np.zeros(len(head.identity))
    expression = np.zeros((len(points), len(head.expression)))
    for iteration in range(ITERATIONS):
        n_free = N_POSE + (len(head.expression) if iteration >= EXPRESSION_FROM else 0)
        own, shared = jacobians(pose, head, identity, expression)
        shape = _shape(head, identity, expression)
        residual = root[:, None] * (points - project(shape, pose))
        own = root[:, None, None] * own[..., :n_free]
        shared = root[:, None, None] * shared
        step, shared_step = _normal_equations(
            own.reshape(len(points), 136, n_free),
            shared.reshape(len(points), 136, len(identity)),
            residual.reshape(len(points), 136),
            expression[:, : n_free - N_POSE],
            identity,
            ridge,
        )
        pose = _move(pose, step[:, :N_POSE])
        expression[:, : n_free - N_POSE] += step[:, N_POSE:]
        identity = identity + shared_step
    scale = pose.scale * size[:, 0, 0]
    pose = Pose(pose.rotation, scale, pose.shift * size[:, 0], distance)
    return HeadFit(pose, identity, expression, _shape(head, identity, expression))


def _normal_equations(
    own: np.ndarray,
    shared: np.ndarray,
    residual: np.ndarray,
    expression: np.ndarray,
    identity: np.ndarray,
    ridge: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Steps of the frames' own parameters (t, p) and of the shared ones (k,).

    own (t, r, p), shared (t, r, k): Jacobians; the last of p are expression's. Frames meet only in
    the shared parameters, so the large system falls into small ones (the Schur complement).
    """
    A = own.transpose(0, 2, 1) @ own
    B = own.transpose(0, 2, 1) @ shared
    C = (shared.transpose(0, 2, 1) @ shared).sum(0)
    g = (own.transpose(0, 2, 1) @ residual[..., None])[..., 0]
    h = (shared.transpose(0, 2, 1) @ residual[..., None]).sum(0)[:, 0]
    drawn = np.arange(N_POSE, own.shape[-1])
    A[:, drawn, drawn] += ridge
    g[:, drawn] -= ridge * expression
    C += ridge * len(own) * np.eye(len(identity))
    h -= ridge * len(own) * identity
    solved = np.linalg.solve(A, np.concatenate([B, g[..., None]], -1))
    A_B, A_g = solved[..., :-1], solved[..., -1]
    back = B.transpose(0, 2, 1)
    S = C - (back @ A_B).sum(0)
    shared_step = np.linalg.solve(S, h - (back @ A_g[..., None]).sum(0)[:, 0])
    return A_g - A_B @ shared_step, shared_step


def jacobians(
    pose: Pose,
    head: Head3D,
    identity: Float[np.ndarray, " k"],
    expression: Float[np.ndarray, "t m"],
) -> tuple[Float[np.ndarray, "t 68 2 p"], Float[np.ndarray, "t 68 2 k"]]:
    """Derivatives of `project` by a frame's own 6 + m parameters, and by the identity.

    The six: rotation exp(ω)R from the left, about x, y and z; log scale; shift in x and y.
    Chapter: book/evp-portrait.ipynb
    """
    camera = _turn(_shape(head, identity, expression), pose.rotation)
    near = _nearness(camera, pose.distance)[..., None]
    scale = pose.scale[:, None, None]
    flat = _flat(camera)

    def seen(moves: np.ndarray) -> np.ndarray:
        """Moves of the points before the camera, (t, 68, 3, n), as moves in the picture."""
        moved = (near * scale)[..., None] * _flat(moves.swapaxes(-1, -2)).swapaxes(-1, -2)
        # d q / d z = q² / d
        nearer = scale * near**2 / pose.distance * flat
        return moved + nearer[..., None] * moves[:, :, 2:]

    spin = np.cross(np.eye(3), camera[..., None, :]).swapaxes(-1, -2)  # (t, 68, 3, ω)
    by_scale = scale * near * flat
    by_shift = np.broadcast_to(np.eye(2), (*flat.shape, 2))
    turned = _turn_axes(head.expression, pose.rotation)
    own = np.concatenate([seen(spin), by_scale[..., None], by_shift, seen(turned)], -1)
    return own, seen(_turn_axes(head.identity, pose.rotation))


def first_pose(
    points: Float[np.ndarray, "t 68 2"], head: Head3D, distance: float = math.inf
) -> Pose:
    """The pose of the mean head that only rolls, by a 2D similarity a frame."""
    flat = _flat(head.mean)
    matrices = np.stack([similarity(flat, frame) for frame in points])
    roll = np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0])
    about_z = np.stack([0 * roll, 0 * roll, -roll], -1)  # the picture's y runs down
    scale = np.hypot(matrices[:, 0, 0], matrices[:, 1, 0])
    if (scale < 1e-9).any():
        raise ValueError(f"frame {int(scale.argmin())}: its landmarks coincide")
    return Pose(Rotation.from_rotvec(about_z).as_matrix(), scale, matrices[:, :, 2], distance)


def _move(pose: Pose, step: np.ndarray) -> Pose:
    """A pose moved by (t, 6): rotation from the left, log scale, shift."""
    turn = Rotation.from_rotvec(step[:, :3]).as_matrix()
    scale = pose.scale * np.exp(step[:, 3])
    return Pose(turn @ pose.rotation, scale, pose.shift + step[:, 4:], pose.distance)


def _shape(head: Head3D, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
    """Mean and weighted axes: (t, 68, 3)."""
    person = head.mean + np.tensordot(identity, head.identity, 1)
    return person + np.tensordot(expression, head.expression, 1)


def _turn(shape: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """Points (t, 68, 3) turned by a rotation a frame."""
    return shape @ rotation.transpose(0, 2, 1)


def _turn_axes(axes: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """Axes (n, 68, 3) turned by each frame's rotation: (t, 68, 3, n)."""
    columns = axes.transpose(2, 1, 0).reshape(3, -1)  # (3, 68 n)
    turned = (rotation @ columns).reshape(len(rotation), 3, 68, len(axes))
    return turned.transpose(0, 2, 1, 3)


def _flat(points: np.ndarray) -> np.ndarray:
    """Pr of Eq. 8: x, and y turned down."""
    return points[..., :2] * (1, -1)


def _nearness(camera: np.ndarray, distance: float) -> np.ndarray:
    """q = 1/(1 − z/d) of points before the camera."""
    return 1 / (1 - camera[..., 2] / distance)
