"""The recording and the picture that a talking head is made from, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from thlab.data import open_corpus
from thlab.inference import read_face, read_speech
from thlab.media import wav_bytes


@pytest.fixture(scope="module")
def clip(tiny_corpus):
    return open_corpus("embedded", tiny_corpus, check="none")[0]


@pytest.fixture
def face(clip, tmp_path):
    Image.fromarray(clip.frames[0]).save(tmp_path / "face.png")
    return tmp_path / "face.png"


def wav(path, audio):
    path.write_bytes(wav_bytes(np.asarray(audio, np.float32)))
    return path


def test_a_portrait_is_cropped_to_the_aligned_face(real_data):
    image = read_face(real_data / "faces_public_domain" / "astronaut.png", 64)
    assert image.shape == (64, 64, 3)
    from thlab.face import detect_landmarks, to_68
    from thlab.face.points import TEMPLATE, anchors

    large = np.asarray(Image.fromarray(image).resize((256, 256)))
    found = anchors(to_68(detect_landmarks(large[None])[0]))[0] / 256
    assert np.abs(found - TEMPLATE).max() < 0.06


def test_a_crop_of_the_generators_size_is_taken_as_it_is(clip, face):
    assert (read_face(face, 64) == clip.frames[0]).all()
    assert read_face(face, 128).shape == (128, 128, 3)


@pytest.mark.parametrize("sound", ["silence", "hiss", "hum", "nothing", "whisper"])
def test_what_is_no_speech_is_refused(sound, tmp_path, clip):
    t = np.arange(32000) / 16000
    audio = {
        "silence": np.zeros(32000), "hiss": np.random.default_rng(0).uniform(-0.3, 0.3, 32000),
        "hum": 0.3 * np.sin(2 * np.pi * 100 * t), "nothing": np.zeros(0), "whisper": 1e-3 * clip.audio,
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"speech\.wav: (no speech|empty)"):
        read_speech(wav(tmp_path / "speech.wav", audio[sound]))


def test_speech_of_real_people_is_accepted(real_data):
    for file in sorted((real_data / "fsdd" / "recordings").glob("*.wav"))[:20]:
        assert len(read_speech(file)) % 640 == 0
