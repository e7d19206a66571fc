"""Which of mediapipe's 478 face points is what: the 68-point subset and the parts of a face, named once.

"Left" and "right" are the picture's. The 68 points follow the iBUG 300-W markup; mediapipe's mesh has no point
exactly under some of them, so the jaw takes the contour points nearest to equal arc lengths from ear to chin.
"""

import numpy as np

JAW = (127, 234, 132, 58, 172, 150, 149, 148, 152, 377, 378, 379, 397, 288, 361, 454, 356)
BROW_LEFT, BROW_RIGHT = (70, 63, 105, 66, 107), (336, 296, 334, 293, 300)
NOSE_BRIDGE, NOSE_BASE_ROW = (168, 197, 5, 4), (75, 97, 2, 326, 305)
EYE_LEFT, EYE_RIGHT = (33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380)
LIPS_OUTER = (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181)
LIPS_INNER = (78, 82, 13, 312, 308, 317, 14, 87)

# in iBUG's order, so that MEDIAPIPE_TO_68[thlab.corpus.alignment.NOSE_BASE] is the point under the nose
MEDIAPIPE_TO_68 = np.array(
    JAW + BROW_LEFT + BROW_RIGHT + NOSE_BRIDGE + NOSE_BASE_ROW + EYE_LEFT + EYE_RIGHT + LIPS_OUTER + LIPS_INNER
)

# the whole outlines, clockwise in the picture from the top of the head or from the left mouth corner
FACE_OVAL = np.array((
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
))  # fmt: skip
MOUTH_OUTER = np.array((61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146))
MOUTH_INNER = np.array((78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95))
IRIS_LEFT, IRIS_RIGHT = np.arange(468, 473), np.arange(473, 478)
