"""What faces do: the shape of each viseme and emotion in the 52 ARKit-named face units."""

import numpy as np

from thlab.audio.visemes import VISEMES
from thlab.corpus.head import Head

EMOTIONS = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise", "contempt")

# names without a side stand for both sides where the unit has two
VISEME_SHAPES: dict[str, dict[str, float]] = {
    "sil": {},
    "Ah": {"jawOpen": 0.44, "mouthLowerDown": 0.15, "mouthFunnel": 0.06},
    "Aa": {"jawOpen": 0.38, "mouthStretch": 0.18, "mouthUpperUp": 0.15, "mouthLowerDown": 0.25},
    "Eh": {"jawOpen": 0.27, "mouthStretch": 0.22, "mouthUpperUp": 0.12, "mouthLowerDown": 0.22,
           "mouthSmile": 0.06},
    "Ee": {"jawOpen": 0.12, "mouthSmile": 0.28, "mouthStretch": 0.28, "mouthUpperUp": 0.15,
           "mouthLowerDown": 0.25},
    "Ih": {"jawOpen": 0.18, "mouthSmile": 0.12, "mouthStretch": 0.15, "mouthUpperUp": 0.10,
           "mouthLowerDown": 0.20},
    "Oh": {"jawOpen": 0.33, "mouthFunnel": 0.50, "mouthPucker": 0.28},
    "Uh": {"jawOpen": 0.18, "mouthFunnel": 0.38, "mouthPucker": 0.28},
    "U": {"jawOpen": 0.10, "mouthPucker": 0.80, "mouthFunnel": 0.22},
    "Eu": {"jawOpen": 0.20, "mouthFunnel": 0.35, "mouthPucker": 0.15, "mouthLowerDown": 0.10},
    "Schwa": {"jawOpen": 0.18, "mouthLowerDown": 0.12},
    "R": {"jawOpen": 0.12, "mouthFunnel": 0.32, "mouthPucker": 0.28},
    "S": {"jawOpen": 0.05, "mouthSmile": 0.10, "mouthStretch": 0.22, "mouthLowerDown": 0.32,
          "mouthUpperUp": 0.18},
    "ShChZh": {"jawOpen": 0.08, "mouthFunnel": 0.58, "mouthPucker": 0.12, "mouthUpperUp": 0.22,
               "mouthLowerDown": 0.25},
    "Th": {"jawOpen": 0.15, "tongueOut": 0.55, "mouthLowerDown": 0.20, "mouthUpperUp": 0.08},
    "JY": {"jawOpen": 0.11, "mouthSmile": 0.20, "mouthStretch": 0.10},
    "LNTD": {"jawOpen": 0.13, "mouthLowerDown": 0.20, "mouthUpperUp": 0.10},
    "GK": {"jawOpen": 0.19, "mouthStretch": 0.12, "mouthLowerDown": 0.12},
    "MBP": {"jawOpen": 0.02, "mouthClose": 0.03, "mouthPress": 0.35, "mouthRollLower": 0.35,
            "mouthRollUpper": 0.25},
    "FV": {"jawOpen": 0.08, "mouthRollLower": 0.70, "mouthUpperUp": 0.35, "mouthShrugLower": 0.25},
    "WA": {"jawOpen": 0.07, "mouthPucker": 0.90, "mouthFunnel": 0.18},
}  # fmt: skip

# strength and decay (1/s) of each viseme's hold on the mouth, for Cohen & Massaro's dominance
# functions
DOMINANCE: dict[str, tuple[float, float]] = dict.fromkeys(VISEMES, (1.0, 14.0)) | {
    "sil": (1.2, 10.0), "Ah": (1.4, 13.0), "Aa": (1.4, 13.0), "Oh": (1.8, 11.0), "U": (2.2, 10.0),
    "Schwa": (0.5, 16.0), "S": (1.6, 20.0), "ShChZh": (2.6, 15.0), "Th": (2.0, 22.0),
    "LNTD": (0.7, 20.0),
    "GK": (0.45, 18.0), "MBP": (9.0, 34.0), "FV": (6.0, 26.0), "WA": (3.0, 12.0),
}  # fmt: skip
CLOSED = ("sil", "MBP")  # lips together

# brows move little at weight 1: moods go beyond it, until all eight can be told apart at rest
EMOTION_SHAPES: dict[str, dict[str, float]] = {
    "neutral": {},
    "happy": {
        "mouthSmile": 0.95, "cheekSquint": 0.90, "eyeSquint": 0.20, "mouthDimple": 0.20,
        "mouthUpperUp": 0.20, "browOuterUp": 0.20,
    },
    "sad": {
        "browInnerUp": 1.50, "browDown": 0.90, "mouthFrown": 1.20, "mouthShrugLower": 0.50,
        "eyeLookDown": 0.25, "eyeBlink": 0.15,
    },
    "angry": {
        "browDown": 1.45, "browOuterUp": 0.40, "noseSneer": 0.50, "eyeWide": 0.40,
        "jawForward": 0.30, "mouthFrown": 0.60, "mouthRollLower": 0.30, "mouthRollUpper": 0.30,
    },
    "fear": {
        "browInnerUp": 1.70, "browDown": 0.70, "browOuterUp": 0.30, "eyeWide": 1.20,
        "mouthStretch": 1.10, "mouthFrown": 0.30,
    },
    "disgust": {
        "noseSneer": 1.50, "mouthUpperUp": 0.90, "browDown": 0.40, "eyeSquint": 0.50,
        "cheekSquint": 0.50, "mouthFrown": 0.70, "mouthShrugLower": 0.30,
    },
    "surprise": {"browInnerUp": 1.60, "browOuterUp": 1.00, "eyeWide": 1.00},
    "contempt": {
        "mouthSmileLeft": 0.70, "mouthDimpleLeft": 0.80, "cheekSquintLeft": 0.60,
        "noseSneerLeft": 0.40,
        "browOuterUpRight": 1.10, "browDownLeft": 0.70, "eyeBlink": 0.20, "eyeSquintLeft": 0.25,
    },
}  # fmt: skip
# what the mouth does besides while nothing is said: it holds the lips apart where the mood does
EMOTION_AT_REST: dict[str, dict[str, float]] = {
    "happy": {"mouthUpperUp": 0.40, "mouthLowerDown": 0.30, "jawOpen": 0.04},
    "disgust": {"mouthUpperUp": 0.70, "mouthLowerDown": 0.20},
    "fear": {"jawOpen": 0.10, "mouthLowerDown": 0.50},
    "surprise": {"jawOpen": 0.40, "mouthFunnel": 0.12},
}  # fmt: skip
# yaw, pitch, roll in radians at intensity 1
EMOTION_POSE = {
    "sad": (0, 0.16, 0.04), "contempt": (0.10, -0.10, 0.08), "fear": (0, -0.03, 0),
    "angry": (0, 0.05, 0), "surprise": (0, -0.05, 0), "disgust": (0.14, -0.04, 0),
}  # fmt: skip
BLINKS_PER_SECOND = {"fear": 0.5, "sad": 0.25, "surprise": 0.15}


def face_units(head: Head, shape: dict[str, float]) -> np.ndarray:
    """A shape's weights as a (52,) vector; a name without its side sets both."""
    vector = np.zeros(len(head.face_unit_names), np.float32)
    for name, weight in shape.items():
        for side in [name] if name in head.face_unit_names else [name + "Left", name + "Right"]:
            vector[head.unit(side)] = weight
    return vector
