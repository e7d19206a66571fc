"""[ji2021], emotional video portraits: the words and the mood of a voice, taken apart on pseudo
pairs, move a person's landmarks, from which that person's video is painted.
"""

from pathlib import Path

from thlab.papers.evp.cards import (
    disentangler_facts,
    landmark_facts,
    people_facts,
    portrait_facts,
)
from thlab.papers.evp.claims import CLAIMS
from thlab.papers.evp.evaluate.tables import CORPUS, TABLES
from thlab.papers.evp.head import directions_and_path, face_of, load_head, read_voice
from thlab.papers.evp.landmarks.model import LandmarkConfig
from thlab.papers.evp.landmarks.train import train_on_weights
from thlab.papers.evp.model import DisentangleConfig
from thlab.papers.evp.portrait import train as portrait_train
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.footage import footage_to_learn
from thlab.papers.evp.portrait.people import PeopleConfig
from thlab.papers.evp.portrait.people_data import people_to_learn
from thlab.papers.evp.portrait.people_train import train_people
from thlab.papers.evp.speech import load_speeches
from thlab.papers.evp.train import CONTENT, EMOTION, train_disentangler
from thlab.papers.paper import AUDIO, Option, Paper, Stage

STAGES = {
    "disentangle": Stage(
        DisentangleConfig,
        train_disentangler,
        disentangler_facts,
        shared=(CONTENT, EMOTION),
        frames=False,
    ),
    "landmarks": Stage(LandmarkConfig, train_on_weights, landmark_facts, frames=False),
    "portrait": Stage(PortraitConfig, portrait_train.train, portrait_facts, load=footage_to_learn),
    "people": Stage(PeopleConfig, train_people, people_facts, load=people_to_learn),
}
OPTIONS = (
    Option(
        "--target",
        "train",
        "videos of one person, for the stage portrait (default: an invented one)",
        Path,
        several=True,
    ),
    AUDIO,
    Option(
        "--video",
        "generate",
        "footage of the weights' person (default: an invented person's own)",
        Path,
    ),
    Option(
        "--image",
        "generate",
        "a photo of anyone in place of a video: painted less well, by a net over many people",
        Path,
    ),
    Option("--emotion", "generate", "happy, or happy:.6,sad:.4 (default: the voice's own)"),
    Option("--emotion-from", "generate", "a recording whose emotion is shown", Path),
    Option("--intensity", "generate", "0: neutral, 1: the emotion (default: 1)", float, 1.0),
    Option(
        "--neutral",
        "generate",
        "neutral recordings of the same voice, 5 s or more",
        Path,
        several=True,
    ),
    Option(
        "--smooth",
        "generate",
        "of the footage's poses: gaussian, or one-euro, which needs no later frame",
        default="gaussian",
        choices=("gaussian", "one-euro"),
    ),
    Option("--landmarks", "generate", "landmarks to follow in place of the sound's", Path),
    Option("--landmarks-out", "generate", "the .npy to write the driving landmarks to", Path),
)

PAPER = Paper(
    key="evp",
    about="a voice's words and mood, taken apart, drive a person's own video [ji2021]",
    stages=STAGES,
    tables=TABLES,
    claims=CLAIMS,
    options=OPTIONS,
    default_table="portrait",
    corpus=CORPUS,
    head=load_head,
    speech=read_voice,
    face=face_of,
    outputs=directions_and_path,
    load=load_speeches,
)
