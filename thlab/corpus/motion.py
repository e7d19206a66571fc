"""How a face moves in a clip: the mouth by the visemes, the rest by the mood and chance."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.signal import lfilter

from thlab.audio.visemes import frame_centres, viseme_segments
from thlab.corpus import expression as ex
from thlab.corpus.head import Head
from thlab.corpus.identity import Person
from thlab.corpus.speech import Speech
from thlab.media import FPS

BLINK = (0.35, 0.95, 1.0, 0.75, 0.4, 0.15)  # closure in successive frames
# yaw, pitch, roll: a clip's own, and about it (rad)
HELD_POSE, SWAY = (0.13, 0.05, 0.03), (0.060, 0.042, 0.025)
SEAT = (0.04, 0.04, 0.12)  # where a head is held: deviation in x, y, z, model units
STEADY_GAZE = (0.8, 0.35)  # the share of yaw and pitch that the eyes make up for
GLANCE = 0.08  # deviation of a glance (rad)
BROW_LIFT = 0.18  # of the inner brows with the voice
MOST = 1.3  # of a face unit in speech; a mood may take it further
HABIT = 900  # seed stream of a speaker's habits
# of the mouth, at intensity 1
LIVELINESS = {"angry": 0.12, "happy": 0.12, "surprise": 0.12, "sad": -0.12}


class Said(NamedTuple):
    """The mouth of speech per frame: face units (T, 52), and what lets a mood in.

    closed (T,): how firmly the lips are held together, 0..1. silent (T,): silence's share in what
    the mouth does.
    """

    units: np.ndarray
    closed: np.ndarray
    silent: np.ndarray


class Spoken(NamedTuple):
    """What speech asks of a face, per frame.

    swell (T, 1): by how much a mood comes and goes, about 1. voice (T,): loudness, which lifts the
    inner brows.
    """

    said: Said
    swell: np.ndarray
    voice: np.ndarray


class Expression(NamedTuple):
    """Face units (T, 52) before the lips are sealed.

    Another person who takes them over has other lips.
    closed (T,): how firmly the lips are held together, 0..1. apart (T,): how far they stay open all
    the same, model units.
    """

    units: np.ndarray
    closed: np.ndarray
    apart: np.ndarray


class Motion(NamedTuple):
    """How a face moves, a row a frame.

    Face units (T, 52), yaw, pitch and roll (T, 3) rad, shift of the head (T, 3), gaze (T, 2) rad,
    blink (T,).
    expression: what the face units were made of.
    """

    face_units: np.ndarray
    pose: np.ndarray
    shift: np.ndarray
    gaze: np.ndarray
    blink: np.ndarray
    expression: Expression


def animate(
    head: Head,
    person: Person,
    speech: Speech,
    emotion: str,
    intensity: float,
    head_motion: float,
    rng,
) -> Motion:
    """Move a face to `speech`; rng decides everything that speech and emotion leave open."""
    n = speech.n_frames
    _, nod, _, _ = habits(head, person)
    energy = loudness(speech)
    spoken = face_of_speech(head, speech, energy, rng)
    blink = blinks(rng, n, ex.BLINKS_PER_SECOND.get(emotion, 0.3))
    face = express(head, person, spoken, emotion, intensity, blink)
    held = np.array(ex.EMOTION_POSE.get(emotion, (0, 0, 0))) * intensity
    pose = head_pose(rng, n, held, nod * energy) * head_motion
    shift = head_motion * np.stack([smooth_noise(rng, n, 0.6) * sd for sd in (0.027, 0.024, 0)], 1)
    shift += head_motion * rng.normal(0, SEAT)
    gaze = look(rng, n) - pose[:, :2] * STEADY_GAZE + downcast(emotion, intensity)
    units = Lips(head, person.vertices).seal(*face).astype(np.float32)
    return Motion(units, pose, shift, gaze, blink, face)


def face_of_speech(
    head: Head, speech: Speech, energy: Float[np.ndarray, " t"], rng: np.random.Generator
) -> Spoken:
    """What speech asks of a face, in whichever mood: the first that `animate` draws from rng.

    energy: the speech's `loudness`.
    """
    segments = viseme_segments(speech.phone_start, speech.phone_end, speech.phone)
    said = speak_units(head, segments, speech.n_frames, rng)
    swell = 1 + 0.10 * smooth_noise(rng, speech.n_frames, 0.3)[:, None]
    voice = np.convolve(energy, np.ones(5) / 5, "same")
    return Spoken(said, swell, voice)


def express(
    head: Head,
    person: Person,
    spoken: Spoken,
    emotion: str,
    intensity: float,
    blink: Float[np.ndarray, " t"],
) -> Expression:
    """The mouth of speech in a mood, as a person shows it. blink: of the lids."""
    openness, _, brow, style = habits(head, person)
    said, swell, voice = spoken
    shape = ex.face_units(head, ex.EMOTION_SHAPES[emotion])
    besides = ex.face_units(head, ex.EMOTION_AT_REST.get(emotion, {}))
    at_rest = intensity * swell * said.silent[:, None] * besides * style
    mood = intensity * swell * shape * style + at_rest
    units = said.units * openness * (1 + LIVELINESS.get(emotion, 0) * intensity) + mood
    units[:, head.unit("browInnerUp")] += BROW_LIFT * brow * voice
    unsealed = np.clip(apply_blink(head, units, blink), 0, MOST + mood)
    apart = np.maximum(at_rest @ Lips(head, person.vertices).slope, 0)
    return Expression(unsealed, said.closed, apart)


def habits(head: Head, person: Person) -> tuple[float, float, float, Float[np.ndarray, " units"]]:
    """What is a person's own: openness of the mouth, nod, brow, style.

    How far the mouth opens, how much head and brows follow the voice, how strongly a mood shows.
    """
    rng = np.random.default_rng([HABIT, person.seed])
    openness = rng.uniform(1.0, 1.35)
    nod, brow = rng.uniform(0.2, 1, 2)
    style = np.clip(1 + 0.15 * rng.standard_normal(len(head.face_unit_names)), 0.6, 1.4) * 1.15
    return openness, nod, brow, style


class Lips:
    """How one person's lip opening depends on the face units: linear, as the units are."""

    PAIRS = ((61, 67), (62, 66), (63, 65))  # inner lip landmarks, upper and lower

    def __init__(self, head: Head, vertices: np.ndarray) -> None:
        upper, lower = head.landmarks[np.array(self.PAIRS).T]
        self.rest = float((vertices[upper] - vertices[lower])[:, 1].mean())
        self.slope = (head.face_units[:, upper, 1] - head.face_units[:, lower, 1]).mean(1)
        self.close = head.unit("mouthClose")

    def opening(self, units: np.ndarray) -> np.ndarray:
        """Mean vertical distance of the inner lips, model units, of face units (T, 52)."""
        return self.rest + units @ self.slope

    def seal(
        self,
        units: np.ndarray,
        closed: np.ndarray,
        apart: np.ndarray | float = 0.0,
    ) -> np.ndarray:
        """Let `mouthClose` take away the share `closed` (T,) of the opening, and all of an overlap.

        apart (T,): how far the lips stay open all the same, model units.
        """
        opening = self.opening(units)
        sealed = units.copy()
        wanted = (1 - closed) * np.maximum(opening - apart, 0) + apart
        sealed[:, self.close] += (wanted - opening) / self.slope[self.close]
        return sealed


def speak_units(
    head: Head,
    segments: list[tuple[float, float, str]],
    n: int,
    rng: np.random.Generator,
) -> Said:
    """Coarticulated mouth: viseme targets blended by dominance functions, Cohen & Massaro 1993.

    rng varies each viseme a little.
    """
    times = frame_centres(n)
    segments = [
        (-9.0, segments[0][0] - 0.06, "sil"),
        *segments,
        (segments[-1][1] + 0.04, 1e3, "sil"),
    ]
    total = np.zeros((n, len(head.face_unit_names)))
    held = np.zeros(n)
    weights = np.zeros(n)
    silent = np.zeros(n)
    for start, end, viseme in segments:
        strength, decay = ex.DOMINANCE[viseme]
        # the mouth anticipates more slowly than it lets go
        early = np.maximum(start + 0.012 - times, 0)
        late = np.maximum(times - (end - 0.012), 0)
        weight = strength * np.exp(-1.6 * decay * (0.85 * early + late))
        effort = math.exp(rng.normal(0, 0.15))
        total += weight[:, None] * effort * ex.face_units(head, ex.VISEME_SHAPES[viseme])
        held += weight * (viseme in ex.CLOSED)
        silent += weight * (viseme == "sil")
        weights += weight
    return Said(total / weights[:, None], held / weights, silent / weights)


def smooth_noise(rng: np.random.Generator, n: int, tau: float) -> Float[np.ndarray, " t"]:
    """Unit-variance noise, twice low-passed with time constant tau (s)."""
    pole = math.exp(-1 / (tau * FPS))
    warm_up = 80
    x = rng.standard_normal(n + warm_up)
    y = np.asarray(lfilter([1], [1, -2 * pole, pole**2], x))[warm_up:]
    return y * math.sqrt((1 - pole**2) ** 3 / (1 + pole**2))


def blinks(rng: np.random.Generator, n: int, rate: float) -> Float[np.ndarray, " t"]:
    """Closure of the lids per frame, 0..1.

    Blinks come at random, `rate` a second, at least .8 s apart.
    """
    closure = np.zeros(n)
    time = 0.7 * rng.exponential(1 / rate)
    while time < n / FPS:
        lids = closure[int(time * FPS) :][: len(BLINK)]  # a view
        np.maximum(lids, BLINK[: len(lids)], out=lids)
        time += max(0.8, rng.exponential(1 / rate))
    return closure


def apply_blink(head: Head, units: np.ndarray, blink: np.ndarray) -> np.ndarray:
    """Lids as closed as the blink wants; a closed eye is neither wide nor squinting."""
    units = units.copy()
    for side in ("Left", "Right"):
        lid = head.unit("eyeBlink" + side)
        units[:, lid] = np.maximum(units[:, lid], blink)
        for unit in ("eyeWide", "eyeSquint"):
            units[:, head.unit(unit + side)] *= 1 - blink
    return units


def loudness(speech: Speech) -> Float[np.ndarray, " t"]:
    """RMS of the speech under each frame, the loudest frame at 1; the floor moves no brow."""
    rms = np.sqrt((speech.clean.reshape(speech.n_frames, -1) ** 2).mean(1))
    return rms / (rms.max() + 1e-6)


def head_pose(
    rng: np.random.Generator,
    n: int,
    mood: np.ndarray,
    nods: np.ndarray,
) -> Float[np.ndarray, "t 3"]:
    """Yaw, pitch and roll (rad): the clip's own, the mood, slow noise, nods with the voice."""
    still = rng.normal(0, HELD_POSE) + mood
    pose = still + np.stack([smooth_noise(rng, n, 0.35) * sd for sd in SWAY], 1)
    window = np.hanning(9) / np.hanning(9).sum()
    pose[:, 1] += 0.08 * (np.convolve(nods, window, "same") - 0.2)
    return pose


def downcast(emotion: str, intensity: float) -> tuple[float, float]:
    """What an emotion adds to yaw and pitch of the eyes (rad): the sad look down."""
    return 0, 0.12 * intensity * (emotion == "sad")


def look(rng: np.random.Generator, n: int) -> Float[np.ndarray, "t 2"]:
    """Yaw and pitch of the eyes (rad), near the camera: it rests, then jumps."""
    gaze = np.zeros((n, 2))
    now = rng.normal(0, 0.05, 2)
    for frame in range(n):
        if rng.random() < 0.04:
            now = rng.normal(0, GLANCE, 2)
        gaze[frame] = now
    return gaze
