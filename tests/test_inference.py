"""What a talking head is made from and what comes out: recording, picture, video, refusals."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from sound_files import wav

from thlab import inference
from thlab.face import detect_landmarks, to_68
from thlab.face.points import TEMPLATE, anchors
from thlab.inference import (
    Photo,
    generate,
    read_photo,
    read_speech,
    repaint_in_pieces,
    write_talking,
)
from thlab.media import read_audio, read_video
from thlab.nn.warp import Changes, apply_changes, repaint_photo

# prints the peak memory in MB after a video of 200 frames, and after one of 800; the first one of
# all also measures what the libraries load and what the allocator holds back
MEASURE_MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np, torch
from thlab.inference import Photo, Speech, generate
from thlab.nn.warp import Changes

class Still:
    size = 16
    def content(self, speech):
        return torch.zeros(speech.n_frames, 1)
    def changes(self, image, content, controls=None):
        n = len(content)
        return Changes(torch.zeros(n, 2, 16, 16), torch.zeros(n, 3, 16, 16))
    def render(self, image, content, controls=None):
        raise NotImplementedError

torch.set_num_threads(1)
photo = Photo(np.full((256, 256, 3), 128, np.uint8), np.array([[0.1, 0, 0], [0, 0.1, 0]]), 16)
for n in (100, 200, 800):
    speech = Speech(torch.zeros(n * 640))
    generate(Still(), speech, photo, [Path(sys.argv[1], f"{n}.mp4")], [None])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


class Blusher:
    """A head that reddens the middle of the face as the sound gets louder."""

    size = 64

    def content(self, speech):
        return speech.audio.view(-1, 640).square().mean(1, keepdim=True).sqrt()

    def changes(self, image, content, controls=None):
        colour = torch.zeros(len(content), 3, 64, 64)
        colour[:, 0, 24:40, 24:40] = 20 * content[:, :, None]
        return Changes(torch.zeros(len(content), 2, 64, 64), colour)

    def render(self, image, content, controls=None):
        return apply_changes(image.expand(len(content), -1, -1, -1), self.changes(image, content))


def test_a_portrait_is_cropped_to_the_aligned_face(real_data):
    image = read_photo(real_data / "faces_public_domain" / "astronaut.png", 64).face()
    assert image.shape == (3, 64, 64)
    picture = (255 * image).round().byte().permute(1, 2, 0).numpy()
    large = np.asarray(Image.fromarray(picture).resize((256, 256)))
    found = anchors(to_68(detect_landmarks(large[None])[0]))[0] / 256
    assert np.abs(found - TEMPLATE).max() < 0.06


def test_a_crop_of_the_heads_size_is_taken_as_it_is(clip, face):
    photo = read_photo(face, 64)
    assert torch.equal(
        (255 * photo.face()).round().byte(), torch.from_numpy(clip.frames[0]).permute(2, 0, 1)
    )
    assert read_photo(face, 128).face().shape == (3, 128, 128)


def test_a_photo_speaks_at_its_own_size_and_is_itself_outside_the_face(real_data, clip, tmp_path):
    photo = read_photo(real_data / "faces_public_domain" / "astronaut.png", 64)
    speech = read_speech(clip.audio_path)
    head = Blusher()
    (whole,) = generate(head, speech, photo, [tmp_path / "whole.mp4"], [None])
    frames, _ = read_video(whole)
    height, width = photo.picture.shape[:2]
    assert frames.shape == (speech.n_frames, height // 2 * 2, width // 2 * 2, 3)
    video = repaint_photo(
        photo.whole(), head.changes(photo.face(), head.content(speech)), photo.matrix, 64
    )
    moved = (video - photo.whole()).abs().amax((0, 1)) > 0
    assert 0.001 < moved.float().mean() < 0.2
    corner = photo.whole()[:, :8, :8]
    assert torch.equal(video[:, :, :8, :8], corner.expand(len(video), -1, -1, -1))
    (crop,) = generate(head, speech, photo, [tmp_path / "crop.mp4"], [None], crop_only=True)
    assert read_video(crop)[0].shape == (speech.n_frames, 64, 64, 3)


def test_changes_of_zero_give_the_photo_back():
    photo = 0.1 + 0.8 * torch.rand(3, 90, 120, generator=torch.Generator().manual_seed(0))
    still = Changes(torch.zeros(2, 2, 64, 64), torch.zeros(2, 3, 64, 64))
    matrix = np.array([[0.8, 0.1, -10.0], [-0.1, 0.8, -5.0]])
    torch.testing.assert_close(
        repaint_photo(photo, still, matrix, 64), photo.expand(2, -1, -1, -1), atol=1e-5, rtol=0
    )


def test_an_aligned_picture_is_repainted_as_its_crop_would_be():
    """With the identity as similarity, photo and crop agree where changes do not fade out."""
    rng = torch.Generator().manual_seed(0)
    image = torch.nn.functional.interpolate(
        torch.rand(1, 3, 8, 8, generator=rng), (64, 64), mode="bicubic"
    ).clamp(0, 1)
    motion = torch.zeros(1, 2, 64, 64)
    motion[:, 0, 20:44, 20:44] = 0.02
    texture = torch.full((1, 3, 64, 64), 0.3)
    cover = torch.zeros(1, 1, 64, 64)
    cover[:, :, 30:34, 30:34] = 1
    changes = Changes(motion, torch.full((1, 3, 64, 64), 0.4), texture, cover)
    as_photo = repaint_photo(image[0], changes, np.eye(2, 3), 64)
    as_crop = apply_changes(image, changes)
    torch.testing.assert_close(
        as_photo[..., 8:56, 8:56], as_crop[..., 8:56, 8:56], atol=2e-3, rtol=0
    )


def test_a_face_outside_the_photo_is_refused():
    still = Changes(torch.zeros(1, 2, 64, 64), torch.zeros(1, 3, 64, 64))
    with pytest.raises(ValueError, match="outside the photo"):
        repaint_photo(torch.rand(3, 20, 20), still, np.array([[1.0, 0, 500], [0, 1, 0]]), 64)


def test_frames_that_are_not_finite_are_not_written(tmp_path):
    pieces = iter([torch.zeros(2, 3, 64, 64), torch.full((2, 3, 64, 64), torch.nan)])
    with pytest.raises(ValueError, match="not finite"):
        write_talking(tmp_path / "out.mp4", pieces, torch.zeros(2560))
    assert not list(tmp_path.iterdir())


def test_a_photo_is_repainted_in_pieces_as_it_is_at_once(monkeypatch):
    rng = torch.Generator().manual_seed(0)
    maps = [0.02 * torch.randn(5, n, 64, 64, generator=rng) for n in (2, 3, 3)]
    changes = Changes(*maps, cover=torch.rand(5, 1, 64, 64, generator=rng))
    picture = torch.randint(0, 256, (90, 120, 3), generator=rng, dtype=torch.uint8).numpy()
    photo = Photo(picture, np.array([[0.8, 0.1, -10.0], [-0.1, 0.8, -5.0]]), 64)
    at_once = repaint_photo(photo.whole(), changes, photo.matrix, 64)
    for room, sizes in ((10**9, [5]), (2 * 90 * 120, [2, 2, 1]), (1, [1] * 5)):
        monkeypatch.setattr(inference, "PIXELS_AT_ONCE", room)
        pieces = list(repaint_in_pieces(photo, changes))
        assert [len(piece) for piece in pieces] == sizes
        assert torch.equal(torch.cat(pieces), at_once)


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is counted in kilobytes on Linux")
def test_a_longer_video_of_a_photo_takes_no_more_memory(tmp_path):
    """600 frames more of 256 x 256 pixels would take 470 MB as floats, were they held."""
    run = [sys.executable, "-c", MEASURE_MEMORY, str(tmp_path)]
    found = subprocess.run(run, capture_output=True, text=True, check=True)
    _, short, long = map(float, found.stdout.split())
    assert long - short < 150, found.stdout
    frames, _ = read_video(tmp_path / "800.mp4")
    assert len(frames) == 800


@pytest.mark.parametrize("sound", ["silence", "hiss", "hum", "nothing", "whisper"])
def test_what_is_no_speech_is_refused(sound, tmp_path, clip):
    t = np.arange(32000) / 16000
    audio = {
        "silence": np.zeros(32000),
        "hiss": np.random.default_rng(0).uniform(-0.3, 0.3, 32000),
        "hum": 0.3 * np.sin(2 * np.pi * 100 * t),
        "nothing": np.zeros(0),
        "whisper": 1e-3 * clip.audio,
    }
    with pytest.raises(ValueError, match=r"speech\.wav: (no speech|empty)"):
        read_speech(wav(tmp_path / "speech.wav", audio[sound]))


def test_speech_of_real_people_is_accepted(real_data):
    for file in sorted((real_data / "fsdd" / "recordings").glob("*.wav"))[:20]:
        assert len(read_speech(file).audio) % 640 == 0


@pytest.mark.parametrize("picture", ["wall.png", "text.png"])
def test_a_picture_without_a_face_is_named(picture, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "wall.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ValueError, match=rf"{picture}: (no face|not a readable picture)"):
        read_photo(tmp_path / picture, 64)


def test_the_sound_goes_with_the_video(clip, face, tmp_path):
    speech = read_speech(clip.audio_path)
    (out,) = generate(Blusher(), speech, read_photo(face, 64), [tmp_path / "out.mp4"], [None])
    sound = read_audio(out)
    n = min(len(sound), len(clip.audio))
    assert np.corrcoef(sound[:n], clip.audio[:n])[0, 1] > 0.9
