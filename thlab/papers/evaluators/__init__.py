"""The nets that only score: where the landmarks of a face are, who it is, and what it feels."""

from thlab.papers.evaluators.evaluate import emotion_facts, identity_facts, landmark_facts
from thlab.papers.evaluators.train import (
    EmotionConfig,
    EvaluatorConfig,
    FaceConfig,
    load_splits,
    train_emotions,
    train_faces,
    train_landmarks,
)
from thlab.papers.paper import Paper, Stage

PAPER = Paper(
    key="evaluators",
    about="nets that only score: landmarks of a face, who it is, and which emotion it shows",
    stages={
        "landmarks": Stage(EvaluatorConfig, train_landmarks, landmark_facts, weights="landmarks"),
        "faces": Stage(FaceConfig, train_faces, identity_facts, weights="faces"),
        "emotions": Stage(EmotionConfig, train_emotions, emotion_facts, weights="emotions"),
    },
    options=(),
    load=load_splits,
)
