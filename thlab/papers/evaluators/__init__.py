"""The nets that only score: where the landmarks of a face are, and who it is."""

from thlab.papers.evaluators.evaluate import identity_facts, landmark_facts
from thlab.papers.evaluators.train import (
    EvaluatorConfig,
    FaceConfig,
    load_splits,
    train_faces,
    train_landmarks,
)
from thlab.papers.paper import Paper, Stage

PAPER = Paper(
    key="evaluators",
    about="nets that only score: landmarks of a face, and who it is",
    stages={
        "landmarks": Stage(EvaluatorConfig, train_landmarks, landmark_facts, weights="landmarks"),
        "faces": Stage(FaceConfig, train_faces, identity_facts, weights="faces"),
    },
    options=(),
    load=load_splits,
)
