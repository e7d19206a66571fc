"""The nets that only score: where the landmarks of a face are, who it is, what it feels, and
whether its lips go with the sound.
"""

from thlab.papers.evaluators.evaluate import emotion_facts, identity_facts, landmark_facts
from thlab.papers.evaluators.objectives import TABLES
from thlab.papers.evaluators.sync import SyncConfig, sync_facts, train_sync
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
    about="nets that only score: landmarks, who it is, which emotion, do lips go with the sound",
    stages={
        "landmarks": Stage(EvaluatorConfig, train_landmarks, landmark_facts, weights="landmarks"),
        "faces": Stage(FaceConfig, train_faces, identity_facts, weights="faces"),
        "emotions": Stage(EmotionConfig, train_emotions, emotion_facts, weights="emotions"),
        "sync": Stage(SyncConfig, train_sync, sync_facts, weights="sync"),
    },
    tables=TABLES,
    default_table="sync",
    options=(),
    load=load_splits,
)
