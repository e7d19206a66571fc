"""Make book/media/heads.png: test people as three heads make them, below the truth; and
book/media/evp.png: one person's footage, as voices of three moods drive it.

python book/tools/strips.py
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

from thlab.book import show_videos
from thlab.corpus import perform, swap
from thlab.data import open_splits
from thlab.data.tensors import load_clips
from thlab.evaluation.test_set import TestSet
from thlab.inference import Speech
from thlab.nn.landmark_net import LandmarkNet
from thlab.papers import load_paper
from thlab.papers.evp.chain import there_and_back
from thlab.papers.evp.evaluate.videos import longest
from thlab.papers.evp.faces import read_face
from thlab.papers.evp.head import Directions, load_head
from thlab.papers.evp.portrait.footage import neutral_performances
from thlab.plots import use_style
from thlab.training import load_weights

HEADS = ("priors", "davs", "stochastic")
VOICES = ((901, "happy"), (902, "angry"), (903, "sad"))  # people of no corpus
WORDS = ("place", "red", "at", "m", "five", "soon")
ENROLLED = ("bin", "white", "by", "b", "two", "now")
PEOPLE = 3
MOMENTS = 9


def heads_strip(target: Path) -> None:
    """Some test clips of different people, a row a head, at the same moments."""
    use_style()
    clips = list(open_splits("medium")["test"])
    step = len(clips) // PEOPLE
    chosen = [clips[k * step + 5 + 9 * k] for k in range(PEOPLE)]  # each in another mood
    test_set = TestSet(load_clips(chosen), load_weights("landmarks", LandmarkNet()), PEOPLE)
    made = {"truth": test_set.real}
    for key in HEADS:
        make = load_paper(key).head
        assert make is not None
        head = make(None)
        made[key] = test_set.videos(head, test_set.contents(head))
    videos = []
    labels = []
    for person in range(len(test_set.clips)):
        for name, of_clips in made.items():
            videos.append(of_clips[person][:40])
            labels.append(name)
    moments = torch.linspace(4, 36, MOMENTS).long().tolist()
    show_videos(videos, labels, moments, (7.2, 0.8 * len(videos)))
    plt.savefig(target, dpi=110)


def evp_strip(target: Path) -> None:
    """Footage of the person of EVP's weights: the truth, and what three unknown voices make of it.

    The truth has the footage's pose and light, and the expression of the one who is heard.
    """
    use_style()
    head = load_head()
    face = read_face(None, head.person)
    own = longest(neutral_performances(head.person.config.speaker))
    videos = []
    labels = []
    for speaker, emotion in VOICES:
        heard = perform(speaker, WORDS, emotion)
        frames = there_and_back(torch.tensor([0, len(own.scene)]), len(heard.scene))
        scene = swap(own.scene.at(frames.tolist()), expression_from=heard)
        videos.append(torch.from_numpy(scene.render("portrait", head.size)).movedim(-1, 1) / 255)
        neutral = torch.from_numpy(perform(speaker, ENROLLED, "neutral").audio)
        content = head.content(Speech(torch.from_numpy(heard.audio), neutral=(neutral,)))
        for directions in (Directions(), Directions(emotion=emotion)):
            videos.append(torch.cat(list(head.film(face, content, directions))))
        labels += [f"{emotion}, truth", "by the voice", "by the label"]
    moments = torch.linspace(4, 36, MOMENTS).long().tolist()
    show_videos(videos, labels, moments, (7.2, 0.8 * len(videos)))
    plt.savefig(target, dpi=110)


if __name__ == "__main__":
    media = Path(__file__).resolve().parent.parent / "media"
    heads_strip(media / "heads.png")
    evp_strip(media / "evp.png")
