"""swap: exact pictures of a person with another's expression, pose or light."""

from typing import Any

import numpy as np

from thlab.corpus.clip import in_mood
from thlab.corpus.head import load_head
from thlab.corpus.motion import Expression, Lips, Motion
from thlab.corpus.performance import Performance, replay
from thlab.corpus.scene import Scene, person


def scene_of(clip: Any) -> Scene:
    """The scene of a performance or of a built corpus's clip; a scene is its own. ValueError.


    Chapter: book/sound-and-faces.ipynb
    """
    if isinstance(clip, Scene):
        return clip
    return clip.scene if isinstance(clip, Performance) else replay(clip).scene


def swap(
    clip: Any,
    *,
    expression_from: Any = None,
    mood_from: Any = None,
    pose_from: Any = None,
    light_from: Any = None,
) -> Scene:
    """This person with that one's expression, mood, pose or light: a scene to render or swap again.

    Each is a clip of a built corpus, a performance or a scene. Expression is all face units, lids
    included; the lips are sealed as this person's need it. Mood is emotion and intensity alone: the
    words, and the blinks, stay this clip's, and neither may be a scene. Pose is turn and shift of
    the head, and the gaze, which makes up for the turn. Frame t takes frame t of each; the scene is
    as long as the shortest (choose other frames by `Scene.at`). What is not given stays, so that a
    swap with oneself changes nothing, and a swap back undoes a swap. Raises ValueError where a clip
    is not of a corpus that was built here, and where both expression and mood are asked for.
    Chapter: book/sound-and-faces.ipynb
    """
    if mood_from is not None and expression_from is not None:
        raise ValueError("expression_from brings a mood of its own: give it or mood_from")
    own = scene_of(clip) if mood_from is None else with_mood(clip, mood_from)
    expression = own if expression_from is None else scene_of(expression_from)
    pose = own if pose_from is None else scene_of(pose_from)
    light = own if light_from is None else scene_of(light_from)
    shown = slice(min(len(own), len(expression), len(pose)))
    own = own.at(shown)
    expression = expression.at(shown)
    pose = pose.at(shown)
    face = expression.motion
    head = pose.motion
    units = _sealed(own.speaker, face.expression)
    motion = Motion(units, head.pose, head.shift, head.gaze, face.blink, face.expression)
    return Scene(own.speaker, motion, light.lighting)


def with_mood(clip: Any, other: Any) -> Scene:
    """A clip's scene in the mood of another. ValueError where a scene is given: it has no words.

    Chapter: book/sound-and-faces.ipynb
    """
    if isinstance(clip, Scene) or isinstance(other, Scene):
        raise ValueError("a scene knows no words and no mood: give clips or performances")
    own = clip if isinstance(clip, Performance) else replay(clip)
    mood = (other.emotion or "neutral", other.intensity or 0.0)
    scene = own.scene
    motion = scene.motion
    shown = in_mood(own.row, own.speech, own.settings, own.retake, mood, motion.blink)
    units = _sealed(scene.speaker, shown)
    changed = motion._replace(face_units=units, expression=shown)
    return Scene(scene.speaker, changed, scene.lighting)


def neutral_face(clip: Any) -> Scene:
    """One frame of the clip's person at rest, looking straight ahead, in the clip's own light.

    clip: of a built corpus, a performance or a scene; ValueError where it is none.
    Chapter: book/sound-and-faces.ipynb
    """
    own = scene_of(clip)
    units = np.zeros((1, len(load_head().face_unit_names)))
    rest = Expression(units, closed=np.ones(1), apart=np.zeros(1))
    still = np.zeros((1, 3))
    motion = Motion(
        face_units=_sealed(own.speaker, rest),
        pose=still,
        shift=still,
        gaze=np.zeros((1, 2)),
        blink=np.zeros(1),
        expression=rest,
    )
    return Scene(own.speaker, motion, own.lighting)


def _sealed(speaker: int, expression: Expression) -> np.ndarray:
    lips = Lips(load_head(), person(speaker).vertices)
    return lips.seal(*expression).astype(np.float32)
