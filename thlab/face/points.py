"""Where a face sits in the aligned `face` view, and the similarity that puts it there.

Every paper in the book trains on crops in which eyes and nose do not move, so that what is left to
explain is the mouth. The embedded corpus renders this view directly; `thlab.face` warps footage
into it.
"""

import numpy as np

# Target places in the unit square, x to the right and y down: the eye on the left of the picture,
# the eye on its right, and the point under the nose (landmark 33). The eyes are 22/64 of the width
# apart and sit high, which leaves room for a wide-open jaw. Chapter: book/sound-and-faces.ipynb
TEMPLATE = np.array([[0.328, 0.25], [0.672, 0.25], [0.5, 0.525]])

# iBUG-68 indices, named once for the whole project ("left" and "right" are the picture's).
EYE_LEFT = slice(36, 42)
EYE_RIGHT = slice(42, 48)
EYE_LEFT_CORNERS = (36, 39)
EYE_RIGHT_CORNERS = (42, 45)
NOSE_BASE = 33
MOUTH = slice(48, 68)
INNER_LIP_TOP = 62
INNER_LIP_BOTTOM = 66

# iBUG-68 contours, first landmark and one past the last: jaw, brows, nose; eyes, outer and inner
# lips
OPEN_CONTOURS = ((0, 17), (17, 22), (22, 27), (27, 31), (31, 36))
CLOSED_CONTOURS = ((36, 42), (42, 48), (48, 60), (60, 68))

# mediapipe's 478 points: which of them is what. The 68 points follow the iBUG 300-W markup; its
# mesh has no point exactly under some of them, so the jaw takes the contour points nearest to equal
# arc lengths from ear to chin.
MESH_JAW = (127, 234, 132, 58, 172, 150, 149, 148, 152, 377, 378, 379, 397, 288, 361, 454, 356)
MESH_BROW_LEFT = (70, 63, 105, 66, 107)
MESH_BROW_RIGHT = (336, 296, 334, 293, 300)
MESH_NOSE_BRIDGE = (168, 197, 5, 4)
MESH_NOSE_BASE_ROW = (75, 97, 2, 326, 305)
MESH_EYE_LEFT = (33, 160, 158, 133, 153, 144)
MESH_EYE_RIGHT = (362, 385, 387, 263, 373, 380)
MESH_LIPS_OUTER = (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181)
MESH_LIPS_INNER = (78, 82, 13, 312, 308, 317, 14, 87)

# in iBUG's order, so that MEDIAPIPE_TO_68[NOSE_BASE] is the point under the nose
MEDIAPIPE_TO_68 = np.array(
    MESH_JAW
    + MESH_BROW_LEFT
    + MESH_BROW_RIGHT
    + MESH_NOSE_BRIDGE
    + MESH_NOSE_BASE_ROW
    + MESH_EYE_LEFT
    + MESH_EYE_RIGHT
    + MESH_LIPS_OUTER
    + MESH_LIPS_INNER
)

# the whole outlines, clockwise in the picture from the top of the head or from the left mouth
# corner
MESH_FACE_OVAL = np.array((
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
))  # fmt: skip
MESH_MOUTH_OUTER = np.array(
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
)
MESH_MOUTH_INNER = np.array(
    (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
)
MESH_IRIS_LEFT = np.arange(468, 473)
MESH_IRIS_RIGHT = np.arange(473, 478)


def anchors(landmarks: np.ndarray) -> np.ndarray:
    """The three points that alignment holds still: eye centres and nose base.

    An eye's centre is taken between its corners, which stay where they are when the lids blink.
    landmarks: (..., 68, 2) in pixels. Returns (..., 3, 2). Chapter: book/sound-and-faces.ipynb
    """
    left = landmarks[..., EYE_LEFT_CORNERS, :].mean(-2)
    right = landmarks[..., EYE_RIGHT_CORNERS, :].mean(-2)
    return np.stack([left, right, landmarks[..., NOSE_BASE, :]], -2)


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least-squares similarity (rotation, scale, shift) from source to target, Umeyama 1991.

    source, target: (n, 2) with n >= 2, same units in and out. Returns a (2, 3) matrix M with
    target ~ source @ M[:, :2].T + M[:, 2]. Raises ValueError where the source points coincide.
    Chapter: book/sound-and-faces.ipynb
    """
    mean_s = source.mean(0)
    mean_t = target.mean(0)
    s = source - mean_s
    t = target - mean_t
    spread = (s**2).sum()
    if spread < 1e-12:
        raise ValueError(
            "similarity: the source points coincide, so no scale or rotation can be found"
        )
    # in the plane a rotation times a scale is [[a, -b], [b, a]], and a, b have a closed form
    a = (s * t).sum() / spread
    b = (s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]).sum() / spread
    linear = np.array([[a, -b], [b, a]])
    return np.column_stack([linear, mean_t - linear @ mean_s])


def transform(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Apply a (2, 3) similarity to points (..., 2). Chapter: book/sound-and-faces.ipynb"""
    return points @ matrix[:, :2].T + matrix[:, 2]
