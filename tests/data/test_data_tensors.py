"""Clips in memory: what is padded, and what was read of each."""

import torch

from thlab.corpus import CORPUS_VERSION
from thlab.data import open_corpus
from thlab.data.tensors import load_clips, pad_to


def test_pad_to_leaves_long_ones_alone():
    torch.testing.assert_close(
        pad_to(torch.ones(2, 3), 4),
        torch.cat([torch.ones(2, 3), torch.zeros(2, 3)]),
    )
    torch.testing.assert_close(pad_to(torch.ones(4, 3), 2), torch.ones(4, 3))


def test_clips_lie_one_after_another(tiny_corpus):
    corpus = open_corpus("embedded", tiny_corpus, check="none", split="val")[:3]
    tensors = load_clips(corpus)
    assert tensors.facts["corpus_version"] == CORPUS_VERSION
    for k, clip in enumerate(corpus):
        span = slice(*tensors.start[k : k + 2].tolist())
        assert torch.equal(tensors.frames[span], torch.from_numpy(clip.frames))
        assert torch.equal(tensors.viseme[span], torch.from_numpy(clip.labels["viseme"]).long())
        assert (tensors.clip_of[span] == k).all()
        assert tensors.speakers[tensors.speaker[k]] == clip.speaker
