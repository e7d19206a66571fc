"""Make book/media/heads.png: test people as three heads make them, below the truth.

python book/tools/strips.py
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

from thlab.book import show_videos
from thlab.data import open_splits
from thlab.data.tensors import load_clips
from thlab.evaluation.test_set import TestSet
from thlab.nn.landmark_net import LandmarkNet
from thlab.papers import load_paper
from thlab.plots import use_style
from thlab.training import load_weights

HEADS = ("priors", "davs", "stochastic")
PEOPLE = 3
MOMENTS = 9


def main(target: Path) -> None:
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


if __name__ == "__main__":
    main(Path(__file__).resolve().parent.parent / "media" / "heads.png")
