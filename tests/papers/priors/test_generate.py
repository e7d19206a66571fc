"""`generate` from files to a tagged mp4; each kind of bad input gets one clear error."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from sound_files import wav

from thlab.data import read_audio, read_video
from thlab.papers.priors import PAPER
from thlab.papers.priors.head.content import UNTRAINED
from thlab.papers.priors.head.model import Generator, GeneratorConfig
from thlab.papers.priors.head.talking import HeadNet, PriorsHead
from thlab.papers.runner import generate


@pytest.fixture(scope="module")
def paper():
    """With an untrained head."""
    torch.manual_seed(0)
    source = UNTRAINED["mfcc"]()
    head = PriorsHead(
        source.features, HeadNet(source.content, Generator(GeneratorConfig(widths=(8, 8, 16)), 32))
    )
    return replace(PAPER, head=lambda weights: head)


def test_a_clips_own_sound_and_crop_become_a_tagged_video_of_the_same_length(
    paper, clip, face, tmp_path
):
    import av

    (out,) = generate(paper, tmp_path / "out.mp4", audio=clip.audio_path, image=face)
    frames, fps = read_video(out)
    assert frames.shape == clip.frames.shape
    assert fps == 25
    sound = read_audio(out)
    lag = np.correlate(sound[:16000], clip.audio[4000:12000]).argmax()
    assert abs(lag - 4000) < 200
    with av.open(str(out)) as container:
        assert container.metadata["comment"].startswith("synthetic")
    assert (
        abs(frames[0].astype(float) - clip.frames[0]).mean() < 25
    )  # an untrained head nearly copies


def test_bad_paths_and_pictures_are_named_and_nothing_is_written(paper, clip, face, tmp_path):
    out, sound = tmp_path / "made" / "out.mp4", clip.audio_path
    out.parent.mkdir()
    wall, text = tmp_path / "wall.png", tmp_path / "text.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)).save(wall)
    text.write_text("no picture")
    quiet = wav(tmp_path / "quiet.wav", np.zeros(16000))
    for audio, image, target, message in [
        (tmp_path / "none.wav", face, out, r"none\.wav: no such file"),
        (sound, tmp_path / "none.png", out, r"none\.png: no such file"),
        (face, face, out, r"face\.png: the suffix"),
        (quiet, face, out, "quiet.wav: no speech"),
        (sound, wall, out, r"wall\.png: no face"),
        (sound, text, out, r"text\.png: not a readable picture"),
        (sound, face, tmp_path / "absent" / "out.mp4", "in a folder that exists"),
        (sound, face, out.with_suffix(".gif"), r"ending in \.mp4"),
    ]:
        with pytest.raises(ValueError, match=message):
            generate(paper, target, audio=audio, image=image)
    assert not list(out.parent.iterdir())
