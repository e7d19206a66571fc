"""Files of others: head models in the layout of BFM, landmark arrays of other detectors."""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.io import loadmat

from thlab.face.head3d import Head3D, corpus_head
from thlab.face.points import anchors
from thlab.files import load_arrays

HEAD_KEYS = ("mean", "identity", "expression")
BFM_KEYS = ("meanshape", "idBase", "exBase", "keypoints")

# 106 points come in three orders, all of one shape; which of them are iBUG's 68, in iBUG's order.
# JD-landmark's (Liu et al. 2019) and LaPa's: the jaw's every second point, brows of nine points,
# eyes of nine; checked against LaPa's outer eye corners, 66 and 79, and its mirrored pairs
JD_TO_68 = np.array((
    *range(0, 33, 2), *range(33, 38), *range(42, 47), 51, 52, 53, 54, 57, 58, 60, 62, 63,
    66, 67, 69, 70, 71, 73, 75, 76, 78, 79, 80, 82, *range(84, 104),
))  # fmt: skip
# SenseTime's, in which the public code of [ji2021] draws its sketches (its face_dataset.py)
SENSETIME_TO_68 = np.array((*range(0, 33, 2), *range(33, 64), *range(84, 104)))
# what insightface's 2d106det gives, by its own picture of the markup
INSIGHTFACE_TO_68 = np.array((
    1, 10, 12, 14, 16, 3, 5, 7, 0, 23, 21, 19, 32, 30, 28, 26, 17,
    43, 48, 49, 51, 50, 102, 103, 104, 105, 101, 72, 73, 74, 86, 78, 79, 80, 85, 84,
    35, 41, 42, 39, 37, 36, 89, 95, 96, 93, 91, 90,
    52, 64, 63, 71, 67, 68, 61, 58, 59, 53, 56, 55, 65, 66, 62, 70, 69, 57, 60, 54,
))  # fmt: skip
ORDERS = {
    68: {"iBUG-68": np.arange(68)},
    106: {"JD": JD_TO_68, "SenseTime": SENSETIME_TO_68, "insightface": INSIGHTFACE_TO_68},
}
LARGEST_SHARE = 2.0  # no face is so small in pixels, no point so far out in shares of a picture
# of the points' spread, what an affine view of the mean head may leave over
UNLIKE = 0.25  # the right order leaves .05 to .09, a wrong one .55 or more


def read_head(path: str | Path) -> Head3D:
    """A head from a file, .npz or .mat, for the 3D alignment of [ji2021], Eq. 8.

    Either in this package's layout: mean (68, 3), identity (k, 68, 3), expression (m, 68, 3). Or in
    that of BFM_model_front.mat of Deep3DFaceReconstruction, made from the Basel Face Model of 2009:
    meanshape (3n numbers), idBase (3n, k) and exBase (3n, m), columns one standard deviation long,
    keypoints (68 vertex numbers from 1, in iBUG's order). It is moved and scaled so that its eyes
    are where those of the package's head are. Raises ValueError where it is neither, or does not
    look towards z with y up.
    """
    path = Path(path)
    arrays = _head_arrays(path)
    if arrays.keys() >= set(BFM_KEYS):
        head = _of_bfm(path, *(arrays[key] for key in BFM_KEYS))
    elif arrays.keys() >= set(HEAD_KEYS):
        head = _of_axes(path, *(arrays[key] for key in HEAD_KEYS))
    else:
        found = ", ".join(sorted(arrays)) or "nothing"
        expected = f"{', '.join(BFM_KEYS)} (BFM) or {', '.join(HEAD_KEYS)}"
        raise ValueError(f"{path}: found {found}; expected {expected}")
    return _placed(path, head)


def _head_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays by which a head is told, of those that a file holds; none of them pickled."""
    if path.suffix != ".mat":
        return load_arrays(path)
    if not path.is_file():
        raise ValueError(f"{path}: missing, or not a file")
    try:
        found = loadmat(str(path), variable_names=[*BFM_KEYS, *HEAD_KEYS])
    except Exception as error:  # scipy has many kinds of it for a damaged file, and for version 7.3
        raise ValueError(f"{path}: not a readable .mat of version 7 or older ({error})") from error
    return {name: array for name, array in found.items() if not name.startswith("__")}


def _numbers(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    """The array in float64; ValueError where it holds anything but finite numbers."""
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise ValueError(f"{path}: {name} holds {array.dtype}; expected finite numbers")
    return array.astype(np.float64)


def _of_bfm(
    path: Path,
    meanshape: np.ndarray,
    id_base: np.ndarray,
    ex_base: np.ndarray,
    keypoints: np.ndarray,
) -> Head3D:
    """The 68 key points of a dense model."""
    mean = _numbers(path, "meanshape", meanshape).reshape(-1)
    n = len(mean) // 3
    for name, base in (("idBase", id_base), ("exBase", ex_base)):
        if base.ndim != 2 or len(base) != len(mean) or len(mean) % 3:
            raise ValueError(
                f"{path}: meanshape {meanshape.shape}, {name} {base.shape}; expected 3n numbers "
                "and (3n, axes)"
            )
    at = _numbers(path, "keypoints", keypoints).reshape(-1).astype(int) - 1
    if len(at) != 68 or at.min() < 0 or at.max() >= n:
        raise ValueError(
            f"{path}: keypoints {keypoints.shape} from {at.min() + 1} to {at.max() + 1}; expected "
            f"68 from 1 to {n}"
        )
    axes = []
    for name, base in (("idBase", id_base), ("exBase", ex_base)):
        dense = _numbers(path, name, base).T.reshape(-1, n, 3)
        axes.append(dense[:, at])
    return Head3D(mean.reshape(n, 3)[at], *axes)


def _of_axes(path: Path, mean: np.ndarray, identity: np.ndarray, expression: np.ndarray) -> Head3D:
    """The head of this package's layout."""
    if [mean.shape, identity.shape[1:], expression.shape[1:]] != [(68, 3)] * 3:
        raise ValueError(
            f"{path}: mean {mean.shape}, identity {identity.shape}, expression {expression.shape}; "
            "expected (68, 3), (k, 68, 3), (m, 68, 3)"
        )
    return Head3D(
        mean=_numbers(path, "mean", mean),
        identity=_numbers(path, "identity", identity),
        expression=_numbers(path, "expression", expression),
    )


def _placed(path: Path, head: Head3D) -> Head3D:
    """The head with its eyes where the package's has them: so distances mean the same."""
    left, right, nose = anchors(head.mean)
    jaw = head.mean[[0, 16]].mean(0)
    if not (left[0] < nose[0] < right[0] and nose[1] < left[1] and nose[2] > jaw[2]):
        raise ValueError(
            f"{path}: its 68 points are no face in iBUG's order, x to the picture's right, y up "
            "and z to the camera"
        )
    own_left, own_right, _ = anchors(corpus_head().mean)
    scale = np.linalg.norm(own_right - own_left) / np.linalg.norm(right - left)
    mean = (head.mean - (left + right) / 2) * scale + (own_left + own_right) / 2
    return Head3D(mean, head.identity * scale, head.expression * scale)


def read_landmarks(
    path: str | Path, size: tuple[int, int] | None = None
) -> Float[np.ndarray, "t 68 2"]:
    """Landmarks of another detector, .npy or .npz, as 68 points in pixels.

    The array is (68, 2), (68, 3) or (106, 2), with or without a time axis before it; in an .npz it
    is called `landmarks`, or is the only one. z is dropped. 106 points are in the order of
    JD-landmark and LaPa, of SenseTime, or of insightface's 2d106det, whichever gives a face.
    size: width and height of the picture, for coordinates of 0 to 1. Raises ValueError, naming the
    file and what was found, for anything else.
    """
    path = Path(path)
    array = _landmark_array(path)
    n_points, n_coordinates = array.shape[-2:] if array.ndim in (2, 3) else (0, 0)
    if n_points not in ORDERS or n_coordinates not in (2, 3) or not array.size:
        raise ValueError(
            f"{path}: found shape {array.shape}; expected 68x2, 68x3 or 106x2, with or without time"
        )
    points = _numbers(path, "the array", array).reshape(-1, n_points, n_coordinates)[..., :2]
    if np.abs(points).max() <= LARGEST_SHARE:
        if size is None:
            raise ValueError(
                f"{path}: found shape {array.shape} with coordinates of 0 to 1; give the picture's "
                "size, or pixels"
            )
        points = points * size
    return _in_face_order(path, points)


def _landmark_array(path: Path) -> np.ndarray:
    """The one array of a file, not pickled."""
    if path.suffix == ".npz":
        arrays = load_arrays(path)
        if "landmarks" not in arrays and len(arrays) != 1:
            raise ValueError(
                f"{path}: found {', '.join(arrays) or 'nothing'}; expected `landmarks`, or a "
                "single array"
            )
        return arrays["landmarks"] if "landmarks" in arrays else next(iter(arrays.values()))
    if path.suffix != ".npy" or not path.is_file():
        raise ValueError(f"{path}: missing, or no .npy or .npz file")
    try:
        return np.load(path, allow_pickle=False)
    except Exception as error:  # numpy has several kinds of it for a damaged file
        raise ValueError(f"{path}: not a readable .npy ({error})") from error


def _in_face_order(path: Path, points: np.ndarray) -> np.ndarray:
    """iBUG's 68 of the points (t, n, 2), by that order in which they look most like a face."""
    orders = ORDERS[points.shape[1]]
    found = {name: points[:, order] for name, order in orders.items()}
    unlike = {name: affine_residual(landmarks) for name, landmarks in found.items()}
    best = min(unlike, key=lambda name: unlike[name])
    if unlike[best] > UNLIKE:
        raise ValueError(
            f"{path}: found {points.shape[1]} points that are no face in the order of "
            f"{' or '.join(orders)}, x to the right and y down"
        )
    return found[best]


def affine_residual(landmarks: Float[np.ndarray, "t 68 2"]) -> float:
    """What an affine camera on the mean head leaves of the landmarks' spread, median over frames.

    Infinite where most faces are mirrored, or their y runs up.
    """
    mean = corpus_head().mean
    head = np.column_stack([mean, np.ones(len(mean))])
    targets = landmarks - landmarks.mean(1, keepdims=True)
    cameras = np.linalg.pinv(head) @ targets  # (t, 4, 2)
    left = np.linalg.norm(targets - head @ cameras, axis=(1, 2))
    spread = np.linalg.norm(targets, axis=(1, 2))
    # y runs up in the head and down in the picture
    mirrored = np.linalg.det(cameras[:, :2]) >= 0
    if np.median(mirrored) >= 0.5:
        return float("inf")
    return float(np.median(left / np.maximum(spread, 1e-12)))
