"""Table 2 of [mittal2020]: pictures and mouths that heads make of clean sound, by their content."""

from typing import Any

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.evaluation.test_set import TestSet
from thlab.inference import TalkingHead
from thlab.nn.landmark_net import LandmarkNet
from thlab.papers import load_paper
from thlab.papers.priors.evaluate.sources import TEMPORAL, head_name, source_of
from thlab.papers.priors.evaluate.vaes import vae_evidence
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.model import Generator
from thlab.papers.priors.head.talking import PriorsHead, load_head
from thlab.papers.priors.head.temporal import TemporalGenerator
from thlab.papers.priors.head.train import train_generator
from thlab.papers.priors.reported import DAVS, GAN, OURS, PLAIN, RECOGNISER
from thlab.training import load_weights

COLUMNS = ("LMD", "opening", "sync confidence", "PSNR", "SSIM", "sharpness", "contrast inside")
CRITICS = "ours, with critics"  # the committed head, which had more steps
SHUFFLED = "ours, shuffled audio"
BASELINES = ("repeated frame", "mean frame")
TRAINED = (GAN, PLAIN, RECOGNISER, OURS)
T2_ROWS = (*TRAINED, DAVS, CRITICS, SHUFFLED, *BASELINES)
# of each generator, without critics and the perceptual term: these cost more than all the rest
FEW_STEPS = {"steps": 600, "critics_from": 600}
CLIPS = 48


def table_2(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Pictures and mouths of a row, a number a clip. LMD is by our landmark net on both videos.

    Chapter: book/content-to-video.ipynb
    """
    test_set = experiment.once("test set", lambda: make_test_set(experiment))
    if row in BASELINES:
        videos = test_set.baselines()[row]
    else:
        head = head_of(experiment, OURS if row == SHUFFLED else row, seed)
        contents = test_set.contents(head)
        if row == SHUFFLED:
            contents = test_set.shuffled(contents)
        videos = test_set.videos(head, contents)
    scores = test_set.scores(videos)
    wanted = {column: scores[column] for column in COLUMNS}
    return test_set.measurements(row, wanted)


def make_test_set(experiment: Experiment) -> TestSet:
    """The test clips that heads are asked for. Chapter: book/content-to-video.ipynb"""
    net = load_weights("landmarks", LandmarkNet())
    n_clips = CLIPS // 6 if experiment.preset == "fast" else CLIPS
    return TestSet(experiment.test, net, n_clips, experiment.fabric.device)


def head_of(experiment: Experiment, row: str, seed: int) -> TalkingHead:
    """The head of a row: trained for the table, or a committed one.

    Chapter: book/content-to-video.ipynb
    """
    if row == DAVS:
        make = load_paper("davs").head
        assert make is not None
        return make(None)
    if row == CRITICS:
        return load_head(experiment.weights)
    return trained_head(experiment, row, seed)


def trained_head(experiment: Experiment, row: str, seed: int) -> PriorsHead:
    """The head of a row and a seed, trained as far as it is not yet.

    Chapter: book/content-to-video.ipynb
    """
    source = source_of(experiment, row, seed)
    make = TemporalGenerator if row in TEMPORAL else Generator
    name = head_name(experiment, "head", row)
    job = experiment.job("head", head_config(experiment), experiment.train, seed, name)
    net = experiment.trained(job, lambda job: train_generator(job, source, make))
    return PriorsHead(source.features, net)


def head_config(experiment: Experiment) -> GANConfig:
    """The preset's, but of few steps and without critics, in all rows alike.

    Chapter: book/content-to-video.ipynb
    """
    return experiment.config(GANConfig, **FEW_STEPS)


def head_evidence(experiment: Experiment) -> dict[str, Any]:
    """What the numbers of heads rest on. Chapter: book/content-to-video.ipynb"""
    config = head_config(experiment)
    found = vae_evidence(experiment)
    found["steps"]["head"] = config.steps
    return found | {"pixels": config.generator.size, "test_clips": CLIPS, "critics": "none"}
