"""Landmarks of clips as if the heads looked straight ahead: sound does not tell how one turns."""

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from thlab.data.tensors import ClipTensors
from thlab.face.head3d import fit_head, frontal
from thlab.files import cached_arrays

SIZE = 64  # px of the `face` view in which they are given


def landmarks_ahead(tensors: ClipTensors, clips: Sequence[int]) -> list[Float[Tensor, "_ p 2"]]:
    """The landmarks of some clips in a pose-free frame, in px of the 64-px `face` view.

    Each clip's head is fitted (Eq. 8 of [ji2021]), and turned to the front with what the fit left
    over. That takes a millisecond a frame, and is done once: it is kept under $THLAB_HOME/ahead,
    which may be deleted at any time. ValueError where the clips have no landmarks.
    Chapter: book/evp-disentangle.ipynb
    """
    landmarks = tensors.landmarks
    if landmarks is None:
        raise ValueError("clips without landmarks: prepare the corpus with data_scripts first")
    own = [landmarks[slice(*tensors.start[clip : clip + 2].tolist())].numpy() for clip in clips]
    seen = np.concatenate(own)

    def make() -> dict[str, np.ndarray]:
        turned = [turn(part) for part in tqdm(own, "heads to the front", disable=None)]
        return {"landmarks": np.concatenate(turned)}

    name = hashlib.sha256(seen.tobytes()).hexdigest()[:32]
    whole = torch.from_numpy(cached_arrays("ahead", name, make)["landmarks"])
    return list(whole.split([len(part) for part in own]))


def turn(landmarks: Float[np.ndarray, "t 68 2"]) -> Float[np.ndarray, "t 68 2"]:
    """A clip's landmarks, turned to the front. Chapter: book/evp-disentangle.ipynb"""
    exact = landmarks.astype(np.float64)
    return frontal(fit_head(exact), exact, SIZE).astype(np.float32)
