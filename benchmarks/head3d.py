"""Fits of the 3D head: milliseconds a frame and degrees off, beside two peers in one process.

    python benchmarks/head3d.py [--clips 8]

Landmarks are exact, of the 64 px portrait, of test speakers. scipy's least_squares has the same
residual, frame by frame, by its own derivatives and from the same first pose; it is given the
identity that our fit found, and looks for the other 22 numbers. OpenCV's solvePnP (with the extra
`face`) turns the rigid mean head before the corpus's true camera.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy loads

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from thlab.corpus import EMOTIONS, perform
from thlab.corpus.grammar import own_sentences
from thlab.corpus.render import CAMERA_DISTANCE, FIELD, rotation
from thlab.face.head3d import RIDGE, Head3D, Pose, corpus_head, first_pose, fit_head, project

try:
    import cv2
except ImportError:
    cv2 = None

SIZE = 64
FIRST_TEST_SPEAKER = 800


def ours(landmarks: np.ndarray, person: Head3D) -> np.ndarray:
    return fit_head(landmarks).pose.rotation


def ours_in_perspective(landmarks: np.ndarray, person: Head3D) -> np.ndarray:
    return fit_head(landmarks, distance=CAMERA_DISTANCE).pose.rotation


def scipy_least_squares(landmarks: np.ndarray, person: Head3D) -> np.ndarray:
    start = first_pose(landmarks, person)
    poses = zip(landmarks, start.rotation, start.scale, start.shift, strict=True)
    return np.stack([_scipy_frame(*frame, person) for frame in poses])


def _scipy_frame(points, turn, scale, shift, person: Head3D) -> np.ndarray:
    """One frame: rotation vector, log scale, shift and expression."""

    def pose_of(x: np.ndarray) -> Pose:
        turned = Rotation.from_rotvec(x[:3]).as_matrix() @ turn
        return Pose(turned[None], scale * np.exp(x[3:4]), shift + scale * x[None, 4:6])

    def residual(x: np.ndarray) -> np.ndarray:
        shape = person.mean + np.tensordot(x[6:], person.expression, 1)
        left = (project(shape[None], pose_of(x))[0] - points) / scale
        return np.concatenate([left.ravel(), np.sqrt(RIDGE) * x[6:]])

    found = least_squares(residual, np.zeros(6 + len(person.expression)), method="lm")
    return pose_of(found.x).rotation[0]


def opencv_solve_pnp(landmarks: np.ndarray, person: Head3D) -> np.ndarray:
    flip = np.diag([1.0, -1.0, -1.0])  # OpenCV's y and z run the other way
    focal = SIZE / FIELD * CAMERA_DISTANCE
    camera = np.array([[focal, 0, SIZE / 2], [0, focal, SIZE / 2], [0, 0, 1]])
    mean = np.ascontiguousarray(corpus_head().mean @ flip)
    rotations = []
    for points in landmarks:
        turn = np.zeros((3, 1))
        shift = np.array([[0.0], [0.0], [CAMERA_DISTANCE]])
        _, turn, _ = cv2.solvePnP(mean, points, camera, None, turn, shift, useExtrinsicGuess=True)
        rotations.append(flip @ Rotation.from_rotvec(turn[:, 0]).as_matrix() @ flip)
    return np.stack(rotations)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=8)
    ways = [ours, ours_in_perspective, scipy_least_squares]
    if cv2 is not None:
        cv2.setNumThreads(1)
        ways.append(opencv_solve_pnp)
    seconds = dict.fromkeys(ways, 0.0)
    errors = {way: [] for way in ways}
    left = []
    for i in range(parser.parse_args().clips):
        speaker = FIRST_TEST_SPEAKER + i
        take = perform(speaker, own_sentences(speaker, ("test",))[0], EMOTIONS[i % len(EMOTIONS)])
        landmarks = take.landmarks("portrait", SIZE).astype(np.float64)
        true = np.stack([rotation(*angles) for angles in take.pose]).astype(np.float64)
        fit = fit_head(landmarks)
        left.append(np.linalg.norm(project(fit.shape, fit.pose) - landmarks, axis=-1).mean(1))
        head = corpus_head()
        mean = head.mean + np.tensordot(fit.identity, head.identity, 1)
        person = Head3D(mean, head.identity[:0], head.expression)
        for way in ways:
            start = time.process_time()
            found = way(landmarks, person)
            seconds[way] += time.process_time() - start
            off = Rotation.from_matrix(found @ true.transpose(0, 2, 1)).magnitude()
            errors[way].append(np.degrees(off))
    print(f"threads 1; load {os.getloadavg()}")
    print(f"{'':24s}{'ms a frame':>11s}{'x ours':>8s}{'mean°':>8s}{'median°':>8s}{'p95°':>8s}")
    for way in ways:
        off = np.concatenate(errors[way])
        middle, high = np.percentile(off, [50, 95])
        ms = 1000 * seconds[way] / len(off)
        ratio = seconds[way] / seconds[ours]
        name = way.__name__.replace("_", " ")
        print(f"{name:24s}{ms:11.2f}{ratio:8.1f}{off.mean():8.2f}{middle:8.2f}{high:8.2f}")
    print(f"reprojection of ours: {np.concatenate(left).mean():.3f} px of {SIZE}")


if __name__ == "__main__":
    main()
