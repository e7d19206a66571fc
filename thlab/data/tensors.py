"""A whole split of a corpus as tensors, all clips' frames one after another.

The training loops draw from it; frames are mapped from a file, the rest is in memory.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped, UInt8
from torch import Tensor
from tqdm import tqdm

from thlab.data.clip import Clip
from thlab.data.frame_file import mapped_frames
from thlab.media import SAMPLES_A_FRAME


@dataclass(frozen=True)
class ClipTensors:
    """Frames, landmarks (px) and visemes of all clips, concatenated.

    Clip c is frames start[c] to start[c + 1].
    emotion, speaker: a number a clip, into `emotions` and `speakers`. blink: 0 open to 1 shut, 0
    where unknown.
    """

    frames: UInt8[Tensor, "f h w 3"] | None
    landmarks: Float[Tensor, "f 68 2"] | None
    viseme: Int[Tensor, "f"]
    blink: Float[Tensor, "f"]
    clip_of: Int[Tensor, "f"]
    start: Int[Tensor, "c1"]
    emotion: Int[Tensor, "c"]
    speaker: Int[Tensor, "c"]
    emotions: tuple[str, ...]
    speakers: tuple[str, ...]
    ids: tuple[str, ...]
    audio: list[Float[Tensor, "_"]]  # of any lengths
    # of the corpus: its name, version and digest
    facts: dict[str, str] = field(default_factory=dict)

    def per_frame(self, fn: Callable[[Tensor, int], Tensor]) -> Shaped[Tensor, "f *rest"]:
        """fn(audio (n,), n_frames) -> (n_frames, ...) of every clip, concatenated.

        Chapter: book/priors.ipynb
        """
        return torch.cat([fn(audio, len(audio) // SAMPLES_A_FRAME) for audio in self.audio])

    def only(self, clips: Int[Tensor, "n"]) -> "ClipTensors":
        """Some of the clips, in the order given, without pictures; numbers of labels stay.

        Chapter: book/content-to-video.ipynb
        """
        lengths = self.start.diff()[clips]
        spans = [torch.arange(*self.start[clip : clip + 2].tolist()) for clip in clips.tolist()]
        frames = torch.cat(spans)
        return replace(
            self,
            frames=None,
            landmarks=None if self.landmarks is None else self.landmarks[frames],
            viseme=self.viseme[frames],
            blink=self.blink[frames],
            clip_of=torch.arange(len(clips)).repeat_interleave(lengths),
            start=torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]),
            emotion=self.emotion[clips],
            speaker=self.speaker[clips],
            ids=tuple(self.ids[clip] for clip in clips.tolist()),
            audio=[self.audio[clip] for clip in clips.tolist()],
        )


def load_clips(
    clips: Sequence[Clip], frames: bool = True, workers: int = 1, emotions: Sequence[str] = ()
) -> ClipTensors:
    """Read clips that have a viseme a frame.

    Those are the embedded corpus's, or what `thlab.data.prepare` makes of a real one.
    frames: also pictures, which `mapped_frames` shares between processes. Landmarks come where all
    clips have them. emotions: the order of their numbers, where it must agree with another split's.
    Raises ValueError for clips without visemes, or of different sizes.
    Chapter: book/priors.ipynb
    """
    if not clips:
        raise ValueError("no clips to load: choose a split or folder that has some")
    with ThreadPoolExecutor(workers) as pool:
        read = pool.map(_read, clips)
        rows = list(tqdm(read, "clips to memory", len(clips), disable=None, leave=False))
    lengths = torch.tensor([len(row["viseme"]) for row in rows])
    emotions = tuple(emotions) or tuple(sorted({clip.emotion or "" for clip in clips}))
    speakers = tuple(sorted({clip.speaker for clip in clips}))
    return ClipTensors(
        frames=mapped_frames(clips, lengths.tolist(), workers) if frames else None,
        landmarks=_landmarks(rows),
        viseme=torch.cat([row["viseme"] for row in rows]),
        blink=torch.cat([row["blink"] for row in rows]),
        clip_of=torch.arange(len(clips)).repeat_interleave(lengths),
        start=torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]),
        emotion=torch.tensor([emotions.index(clip.emotion or "") for clip in clips]),
        speaker=torch.tensor([speakers.index(clip.speaker) for clip in clips]),
        emotions=emotions,
        speakers=speakers,
        ids=tuple(clip.id for clip in clips),
        audio=[row["audio"] for row in rows],
        facts=getattr(clips, "facts", {}),
    )


def as_floats(frames: UInt8[Tensor, "t h w 3"]) -> Float[Tensor, "t 3 h w"]:
    """Pictures in [0, 1], channels last in memory."""
    return frames.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last) / 255


def pad_to(x: Shaped[Tensor, "t *rest"], length: int) -> Shaped[Tensor, "u *rest"]:
    """x with zeros after its end, up to `length` along the first axis.

    Chapter: book/sound-and-faces.ipynb
    """
    return torch.cat([x, x.new_zeros(length - len(x), *x.shape[1:])]) if len(x) < length else x


def _landmarks(rows: Sequence[dict[str, Tensor]]) -> Float[Tensor, "f 68 2"] | None:
    """Those of all clips, or None where one has none: sound alone may be prepared."""
    if any("landmarks" not in row for row in rows):
        return None
    return torch.cat([row["landmarks"] for row in rows])


def _read(clip: Clip) -> dict[str, Tensor]:
    labels = clip.labels
    if "viseme" not in labels:
        ask = "prepare the corpus with data_scripts first"
        raise ValueError(f"{clip.path}: no viseme a frame beside it; {ask}")
    n = len(labels["viseme"])
    row = {
        "viseme": torch.from_numpy(labels["viseme"]).long(),
        "blink": torch.from_numpy(np.asarray(labels.get("blink", np.zeros(n)), np.float32)),
        "audio": pad_to(torch.from_numpy(clip.audio), n * SAMPLES_A_FRAME)[: n * SAMPLES_A_FRAME],
    }
    if "landmarks" in labels:
        row["landmarks"] = torch.from_numpy(labels["landmarks"].astype(np.float32))
    return row
