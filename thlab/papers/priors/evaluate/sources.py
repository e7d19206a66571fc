"""What the heads of Tables 1 and 2 of [mittal2020] hear: the source of each row."""

from dataclasses import asdict, replace

from thlab.evaluation.experiment import Experiment, digest
from thlab.papers import load_paper
from thlab.papers.priors.evaluate.vaes import table_config, trained_vae, voices_of
from thlab.papers.priors.head.content import (
    UNTRAINED,
    Source,
    head_source,
    vae_source,
    viseme_source,
)
from thlab.papers.priors.head.neighbours import with_neighbours
from thlab.papers.priors.head.recogniser import RecogniserConfig, train_recogniser
from thlab.papers.priors.reported import (
    AUGMENTED,
    DAVS,
    GAN,
    GAN_OURS,
    LOUDNESS,
    NO_MARGIN,
    PLAIN,
    RECOGNISER,
)
from thlab.training.optim import build_seeded

# those without a net that was trained before
SOURCES = {GAN: "waveform", PLAIN: "mfcc", AUGMENTED: "mfcc+noise", LOUDNESS: "loudness"}
TEMPORAL = (GAN, GAN_OURS)  # rows whose generator remembers, and so hears all that came before


def source_of(experiment: Experiment, row: str, seed: int) -> Source:
    """What the generator of a row is told.

    MFCC reach over 280 ms around a frame. What else hears 200 ms is given that of the frames on
    both sides too, which makes 280; the temporal generators remember what they heard.
    Chapter: book/content-to-video.ipynb
    """
    if row in SOURCES:
        return build_seeded(UNTRAINED[SOURCES[row]], seed)
    if row == DAVS:
        head = load_paper("davs").head
        assert head is not None
        return head_source(head(None))
    voices = voices_of(experiment)
    if row == RECOGNISER:
        config = voices.config(RecogniserConfig)
        job = voices.job("recogniser", config, voices.train_sound, seed)
        return with_neighbours(viseme_source(voices.trained(job, train_recogniser)))
    config = table_config(voices)
    if row == NO_MARGIN:
        config = replace(config, beta=0.0)
    source = vae_source(trained_vae(voices, config, seed))
    return source if row in TEMPORAL else with_neighbours(source)


def head_name(experiment: Experiment, kind: str, row: str) -> str:
    """The name of a row's training: another VAE is another content.

    Chapter: book/content-to-video.ipynb
    """
    vae = digest(asdict(table_config(experiment)), voices_of(experiment).facts)
    return f"{kind} {row} {vae}"
