"""Pictures come in upright, and videos are written some frames at a time, whole or not at all."""

import numpy as np
import pytest
from PIL import Image

from thlab.files import whole_file
from thlab.media import read_picture, write_mp4, write_mp4_in_pieces

ORIENTATION = 0x0112  # the tag of EXIF
# how a camera's pixels are stored for each orientation, from the upright picture
STORED = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.transpose(1, 0, 2),
    6: lambda x: np.rot90(x),
    7: lambda x: x[::-1, ::-1].transpose(1, 0, 2),
    8: lambda x: np.rot90(x, -1),
}


@pytest.fixture
def upright():
    """A picture of four colours, wider than high."""
    picture = np.zeros((24, 40, 3), np.uint8)
    picture[:12, :20] = [250, 20, 20]
    picture[:12, 20:] = [20, 250, 20]
    picture[12:, :20] = [20, 20, 250]
    return picture


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_turned_photo_is_read_upright(upright, orientation, suffix, tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = np.ascontiguousarray(STORED[orientation](upright))
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(stored).save(path, exif=exif, **({"quality": 100} if suffix == ".jpg" else {}))
    found = read_picture(path)
    assert found.shape == upright.shape
    assert np.abs(found.astype(int) - upright).mean() < 6


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_other_kinds_of_pictures_become_rgb(upright, mode, tmp_path):
    Image.fromarray(upright).convert(mode).save(tmp_path / "picture.png")
    assert read_picture(tmp_path / "picture.png").shape == upright.shape


def test_what_is_no_picture_is_named(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for name in ("text.png", "none.png"):
        with pytest.raises(ValueError, match=rf"{name}: not a readable picture"):
            read_picture(tmp_path / name)


def noise(frames, size=32):
    return np.random.default_rng(0).integers(0, 256, (frames, size, size, 3), np.uint8)


def test_frames_in_pieces_give_the_same_bytes(tmp_path):
    frames = noise(50)
    audio = np.sin(np.arange(32000) / 20).astype(np.float32)
    write_mp4(tmp_path / "once.mp4", frames, audio)
    pieces = (part for part in np.array_split(frames, 7))
    write_mp4_in_pieces(tmp_path / "pieces.mp4", pieces, audio)
    assert (tmp_path / "once.mp4").read_bytes() == (tmp_path / "pieces.mp4").read_bytes()


def test_one_piece_at_a_time_is_asked_for(tmp_path):
    """Each piece is encoded, into the hidden file, before the next one is made."""
    waiting = []

    def pieces():
        for _ in range(4):
            waiting.append(sum(file.stat().st_size for file in tmp_path.iterdir()))
            yield noise(64, 64)

    write_mp4_in_pieces(tmp_path / "out.mp4", pieces())
    assert waiting[0] == 0
    assert waiting[3] > waiting[2] > 0
    assert [file.name for file in tmp_path.iterdir()] == ["out.mp4"]


def test_a_failure_half_way_leaves_what_was_there(tmp_path):
    def pieces():
        yield noise(30)
        raise RuntimeError("out of ideas")

    for before in (None, b"an older video"):
        if before is not None:
            (tmp_path / "out.mp4").write_bytes(before)
        with pytest.raises(RuntimeError, match="out of ideas"):
            write_mp4_in_pieces(tmp_path / "out.mp4", pieces())
        left = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        assert left == ({} if before is None else {"out.mp4": before})


@pytest.mark.parametrize("shape", [(0, 32, 32, 3), (2, 31, 32, 3), (2, 32, 31, 3)])
def test_frames_that_h264_cannot_hold_are_refused(shape, tmp_path):
    with pytest.raises(ValueError, match=r"at least one frame of even height and width"):
        write_mp4(tmp_path / "out.mp4", np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match=r"at least one frame"):
        write_mp4_in_pieces(tmp_path / "out.mp4", iter([]))
    assert not list(tmp_path.iterdir())


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    with whole_file(tmp_path / "a.txt") as part:
        part.write_text("whole")
        assert not (tmp_path / "a.txt").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
