"""Guidance maps of [ji2021], Sect. 3.3: the face as a sketch of its landmarks, all else as edges.

Drawn and found by OpenCV, which comes with the extra `face`.
"""

import numpy as np
from jaxtyping import Bool, Float, UInt8

from thlab.face.points import CLOSED_CONTOURS, OPEN_CONTOURS
from thlab.optional import require

# first landmark and one past the last, a channel each: so that lines which touch stay apart
JAW_AND_NOSE = (OPEN_CONTOURS[0], OPEN_CONTOURS[3], OPEN_CONTOURS[4])
BROWS_AND_EYES = (OPEN_CONTOURS[1], OPEN_CONTOURS[2], CLOSED_CONTOURS[0], CLOSED_CONTOURS[1])
LIPS = (CLOSED_CONTOURS[2], CLOSED_CONTOURS[3])
PARTS = (JAW_AND_NOSE, BROWS_AND_EYES, LIPS)
CHANNELS = len(PARTS) + 1
INNER_LIPS = slice(60, 68)
LINE = 256  # pixels of a picture whose lines are one pixel thick
SHIFT = 4  # bits of a pixel's fraction that lines are drawn with
CANNY = (40, 100)  # lower and upper threshold of the gradient, of 255 a pixel
GROW = 0.03  # of the picture's height, by which the hull of the face is widened

Landmarks = Float[np.ndarray, "t 68 2"]


def edge_maps(
    frames: UInt8[np.ndarray, "t h w 3"],
    landmarks: Float[np.ndarray, "n 68 2"],
    driven: Float[np.ndarray, "m 68 2"] | None = None,
) -> UInt8[np.ndarray, "t 4 h w"]:
    """The guidance maps of a video, Sect. 3.3 of [ji2021]: three of the sketch, one of edges.

    landmarks: of the frames, in pixels (centres at .5). driven: those that take their place; edges
    are then kept only outside both faces. 0 where there is nothing, 255 on a line. Raises
    ValueError where frames and landmarks differ in number, or landmarks are not finite.
    Chapter: book/evp-portrait.ipynb
    """
    drawn = landmarks if driven is None else driven
    if not len(frames) == len(landmarks) == len(drawn):
        counts = f"{len(frames)} frames, {len(landmarks)} and {len(drawn)} faces of landmarks"
        raise ValueError(f"edge_maps: {counts}: give one face a frame")
    height, width = frames.shape[1:3]
    face = face_mask(landmarks, height, width)
    if driven is not None:
        face |= face_mask(driven, height, width)
    outside = outer_edges(frames, face)
    return np.concatenate([sketch(drawn, height, width), outside[:, None]], 1)


def sketch(landmarks: Landmarks, height: int, width: int) -> UInt8[np.ndarray, "t 3 h w"]:
    """Lines between adjacent landmarks: jaw and nose, brows and eyes, lips; 255 on a line.

    landmarks: in pixels, centres at .5. ValueError where one is not finite.
    Chapter: book/evp-portrait.ipynb
    """
    cv2 = require("cv2", "face")
    maps = np.zeros((len(landmarks), len(PARTS), height, width), np.uint8)
    points = _fixed(landmarks)
    thick = max(1, round(height / LINE))
    for of_frame, face in zip(maps, points, strict=True):
        for canvas, contours in zip(of_frame, PARTS, strict=True):
            for contour in contours:
                line = face[slice(*contour)]
                closed = contour in CLOSED_CONTOURS
                cv2.polylines(canvas, [line], closed, 255, thick, cv2.LINE_AA, SHIFT)
    return maps


def outer_edges(
    frames: UInt8[np.ndarray, "t h w 3"], face: Bool[np.ndarray, "t h w"]
) -> UInt8[np.ndarray, "t h w"]:
    """Canny's edges of each frame, 255 or 0; none where the face is.

    Chapter: book/evp-portrait.ipynb
    """
    cv2 = require("cv2", "face")
    maps = np.zeros(face.shape, np.uint8)
    for found, frame, inside in zip(maps, frames, face, strict=True):
        grey = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
        found[:] = cv2.Canny(grey, *CANNY)
        found[inside] = 0
    return maps


def face_mask(
    landmarks: Landmarks, height: int, width: int, grow: float = GROW
) -> Bool[np.ndarray, "t h w"]:
    """Where each face is: the convex hull of its landmarks, widened on all sides.

    grow: by how much, as a share of the picture's height. ValueError where a landmark is not
    finite. Chapter: book/evp-portrait.ipynb
    """
    cv2 = require("cv2", "face")
    side = 2 * round(grow * height) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    masks = np.zeros((len(landmarks), height, width), np.uint8)
    for mask, face in zip(masks, _fixed(landmarks), strict=True):
        cv2.fillConvexPoly(mask, cv2.convexHull(face), 1, cv2.LINE_8, SHIFT)
        mask[:] = cv2.dilate(mask, around)
    return masks.astype(bool)


def mouth_mask(landmarks: Landmarks, height: int, width: int) -> Bool[np.ndarray, "t h w"]:
    """Where each mouth is open: the polygon of the inner lips, its rim included.

    ValueError where a landmark is not finite. Chapter: book/evp-portrait.ipynb
    """
    cv2 = require("cv2", "face")
    masks = np.zeros((len(landmarks), height, width), np.uint8)
    for mask, face in zip(masks, _fixed(landmarks), strict=True):
        cv2.fillPoly(mask, [face[INNER_LIPS]], 1, cv2.LINE_8, SHIFT)
    return masks.astype(bool)


def _fixed(landmarks: Landmarks) -> np.ndarray:
    """Landmarks as OpenCV's fixed-point numbers: its pixel centres are at whole ones."""
    if not np.isfinite(landmarks).all():
        raise ValueError("landmarks that are not finite: give a number for each of the 68 points")
    return np.round((landmarks - 0.5) * 2**SHIFT).astype(np.int32)
