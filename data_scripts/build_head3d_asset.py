"""Make thlab/face/assets/head3d.npz: 68 landmarks in 3D, with axes of identity and expression.

    python data_scripts/build_head3d_asset.py thlab/face/assets/head3d.npz

Identity: 300 people whom no clip shows. Expression: the face units of one sentence in every emotion
of each of 50 training speakers. Takes half a minute and needs the extra `corpus`. Nobody who fits
heads needs this script: the asset is in the repository.
"""

import sys

import numpy as np
from jaxtyping import Float

from thlab.corpus import EMOTIONS, perform
from thlab.corpus.grammar import own_sentences
from thlab.corpus.head import Head, load_head
from thlab.corpus.identity import Person, is_male
from thlab.files import write_npz

FIRST_PERSON, PEOPLE = 1000, 300  # numbers beyond every corpus's speakers
SPEAKERS = 50  # of the training part, which begins at 0
IDENTITY_AXES, EXPRESSION_AXES = 25, 16


def draw_people(head: Head) -> Float[np.ndarray, "n 68 3"]:
    """Neutral landmarks of people whom no clip shows, model units."""
    shapes = []
    for number in range(FIRST_PERSON, FIRST_PERSON + PEOPLE):
        shapes.append(Person(head, number, is_male(number)).vertices[head.landmarks])
    return np.stack(shapes).astype(np.float64)


def draw_expressions(head: Head) -> Float[np.ndarray, "n 68 3"]:
    """What speech and moods add to a neutral face, a row a frame, model units."""
    units = []
    for speaker in range(SPEAKERS):
        (sentence,) = own_sentences(speaker, ("train",))
        units += [perform(speaker, sentence, emotion).face_units for emotion in EMOTIONS]
    basis = head.face_units[:, head.landmarks].astype(np.float64)  # (52, 68, 3)
    return np.tensordot(np.concatenate(units), basis, 1)


def principal_axes(
    shapes: Float[np.ndarray, "n 68 3"], count: int
) -> tuple[Float[np.ndarray, "68 3"], Float[np.ndarray, "count 68 3"], float]:
    """Mean, principal axes as long as one standard deviation, and their share of the variance.

    The sign of an axis is chosen so that its largest entry is positive.
    """
    mean = shapes.mean(0)
    centred = (shapes - mean).reshape(len(shapes), -1)
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    share = (lengths[:count] ** 2).sum() / (lengths**2).sum()
    axes = axes[:count] * (lengths[:count, None] / np.sqrt(len(shapes)))
    largest = np.abs(axes).argmax(1)
    axes *= np.sign(axes[np.arange(count), largest])[:, None]
    return mean, axes.reshape(count, 68, 3), float(share)


def main(out: str) -> None:
    """Draw, reduce, write; says what share of the variance the axes hold."""
    head = load_head()
    people, identity, identity_share = principal_axes(draw_people(head), IDENTITY_AXES)
    frames = draw_expressions(head)
    moved, expression, expression_share = principal_axes(frames, EXPRESSION_AXES)
    arrays = {"mean": people + moved, "identity": identity, "expression": expression}
    write_npz(out, {name: array.astype(np.float32) for name, array in arrays.items()})
    print(f"identity: {IDENTITY_AXES} axes hold {identity_share:.4f} of {PEOPLE} people's variance")
    print(
        f"expression: {EXPRESSION_AXES} axes hold {expression_share:.4f} of {len(frames)} frames'"
    )


if __name__ == "__main__":
    main(*sys.argv[1:2])
