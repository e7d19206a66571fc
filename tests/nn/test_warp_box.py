"""Changes that are confined to a box of the view: elsewhere the picture stays, and nothing is
fetched from there.
"""

import numpy as np
import pytest
import torch

from thlab.nn.warp import Box, Changes, apply_changes, repaint_photo

BOX = Box(30, 62, 16, 48)
WITHIN = (..., slice(BOX.top, BOX.bottom), slice(BOX.left, BOX.right))


@pytest.fixture
def changes():
    rng = torch.Generator().manual_seed(0)
    motion = 0.05 * torch.randn((2, 2, 64, 64), generator=rng)
    colour = torch.randn((2, 3, 64, 64), generator=rng)
    texture = torch.rand((2, 3, 64, 64), generator=rng)
    cover = torch.rand((2, 1, 64, 64), generator=rng)
    return Changes(motion, colour, texture, cover, edge=0.02, box=BOX)


def test_a_box_is_changed_as_a_picture_of_its_own(changes):
    image = torch.rand((2, 3, 64, 64), generator=torch.Generator().manual_seed(1))
    image[:, :, :5] = 1.0  # beyond the edge of what logits are taken of
    made = apply_changes(image, changes)
    motion = changes.motion[WITHIN] * 2
    alone = Changes(
        motion, changes.colour[WITHIN], changes.texture[WITHIN], changes.cover[WITHIN], 0.02
    )
    assert torch.equal(made[WITHIN], apply_changes(image[WITHIN], alone))
    made[WITHIN] = image[WITHIN]
    assert torch.equal(made, image)


def test_a_box_without_motion_is_changed_as_the_whole_picture_would_be(changes):
    image = torch.rand((2, 3, 64, 64), generator=torch.Generator().manual_seed(1))
    still = changes._replace(motion=torch.zeros_like(changes.motion))
    whole = apply_changes(image, still._replace(box=None))
    torch.testing.assert_close(
        apply_changes(image, still)[WITHIN], whole[WITHIN], rtol=0, atol=1e-5
    )


def test_a_photo_changes_in_the_box_alone(changes):
    photo = torch.rand((3, 128, 128), generator=torch.Generator().manual_seed(1))
    halve = np.array([[0.5, 0, 0], [0, 0.5, 0]])
    made = repaint_photo(photo, changes, halve, 64)
    changed = (made - photo).abs().amax((0, 1)) > 0
    assert (
        changed[2 * BOX.top + 4 : 2 * BOX.bottom - 4, 2 * BOX.left + 4 : 2 * BOX.right - 4]
        .float()
        .mean()
        > 0.99
    )
    changed[2 * BOX.top : 2 * BOX.bottom, 2 * BOX.left : 2 * BOX.right] = False
    assert not changed.any()
