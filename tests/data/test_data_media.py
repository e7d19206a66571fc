"""Reading and writing media files, against what was written and against other decoders."""

import numpy as np
import pytest
import soundfile
from clip_files import pictures, tone

from thlab.data import Clip, read_audio, read_video
from thlab.media import SAMPLE_RATE, write_mp4


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".flv", ".mpg"])
def test_video_comes_back_in_order(tmp_path, make_clip, suffix):
    path = make_clip(tmp_path / f"clip{suffix}", 1.0, rate=44100)
    frames, fps = read_video(path)
    assert frames.shape == (25, 48, 64, 3)
    assert fps == 25
    np.testing.assert_allclose(frames.mean((1, 2, 3)), pictures(25).mean((1, 2, 3)), atol=4)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".m4a", ".flv", ".mpg", ".wav", ".flac"])
@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_audio_is_16_khz_mono_and_sounds_right(tmp_path, make_clip, suffix, rate):
    audio = read_audio(make_clip(tmp_path / f"clip{suffix}", 1.0, rate=rate))
    assert audio.dtype == np.float32
    assert abs(len(audio) - SAMPLE_RATE) < 0.12 * SAMPLE_RATE  # codecs pad their ends
    middle = audio[4000:12000]
    assert np.argmax(np.abs(np.fft.rfft(middle * np.hanning(8000)))) == 440 * 8000 // SAMPLE_RATE
    np.testing.assert_allclose(np.abs(middle).max(), 0.3, atol=0.03)


def test_lossless_audio_is_exact(tmp_path, make_clip):
    wanted = np.round(tone(1.0) * 32767) / 32768
    for suffix in (".wav", ".flac"):
        stored, _ = soundfile.read(make_clip(tmp_path / f"a{suffix}"), dtype="float32")
        np.testing.assert_array_equal(read_audio(tmp_path / f"a{suffix}"), stored)
        np.testing.assert_allclose(stored, wanted, atol=1.1 / 32768)


def test_channels_are_averaged(tmp_path):
    left, right = tone(0.5), tone(0.5, hertz=880)
    soundfile.write(
        tmp_path / "stereo.wav",
        np.stack([left, right], 1),
        SAMPLE_RATE,
        subtype="FLOAT",
    )
    np.testing.assert_allclose(read_audio(tmp_path / "stereo.wav"), (left + right) / 2, atol=1e-6)


def test_resampling_agrees_with_librosa(tmp_path, make_clip):
    librosa = pytest.importorskip("librosa")
    path = make_clip(tmp_path / "a.wav", 1.0, rate=44100)
    stored, rate = soundfile.read(path, dtype="float32")
    theirs = librosa.resample(stored, orig_sr=rate, target_sr=SAMPLE_RATE)
    ours = read_audio(path)
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours[200:-200], theirs[200:-200], atol=2e-3)


def test_written_mp4_has_the_audio_it_was_given(tmp_path):
    audio, frames = tone(50 / 25), pictures(50, 64, 64)
    write_mp4(tmp_path / "a.mp4", frames, audio)
    back, fps = read_video(tmp_path / "a.mp4")
    assert back.shape == frames.shape
    assert fps == 25
    heard = read_audio(tmp_path / "a.mp4")
    assert len(heard) == len(audio)  # the encoder's 256 samples of padding are cut
    inside = slice(2000, -2000)
    shifts = {}
    for s in range(-12, 13):
        shifts[s] = np.corrcoef(audio[inside], np.roll(heard, s)[inside])[0, 1]
    assert max(shifts, key=lambda s: shifts[s]) == 0
    assert shifts[0] > 0.99


def test_audio_that_starts_late_is_padded_to_the_video(tmp_path, make_clip):
    av = pytest.importorskip("av")
    source = make_clip(tmp_path / "a.mp4")
    with av.open(str(source)) as old, av.open(str(tmp_path / "late.mp4"), "w") as new:
        streams = {s: new.add_stream_from_template(s) for s in old.streams}
        for packet in old.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "audio":
                packet.pts += 3200
                packet.dts += 3200
            packet.stream = streams[packet.stream]
            new.mux(packet)
    early, late = read_audio(source), read_audio(tmp_path / "late.mp4")
    assert np.abs(late[:3000]).max() < 0.05
    np.testing.assert_allclose(late[3200 + 2000 : 3200 + 9000], early[2000:9000], atol=1e-3)


def test_errors_name_the_file(tmp_path, make_clip):
    with pytest.raises(FileNotFoundError, match=r"no\.mp4"):
        read_video(tmp_path / "no.mp4")
    with pytest.raises(FileNotFoundError, match=r"no\.wav"):
        read_audio(tmp_path / "no.wav")
    with pytest.raises(ValueError, match=r"clip\.xyz.*suffix"):
        read_video(tmp_path / "clip.xyz")
    (tmp_path / "text.mp4").write_text("#EXTM3U\nhttp://localhost/x.ts\n")
    with pytest.raises(ValueError, match=r"text\.mp4: not a readable"):
        read_video(tmp_path / "text.mp4")
    with pytest.raises(ValueError, match="has no audio stream"):
        read_audio(make_clip(tmp_path / "mute.mp4", sound=False))
    with pytest.raises(ValueError, match="has no video stream"):
        read_video(make_clip(tmp_path / "sound.m4a"))
    make_clip(tmp_path / "a.flac").rename(tmp_path / "a.wav")
    with pytest.raises(ValueError, match="holds FLAC"):
        read_audio(tmp_path / "a.wav")


def test_clip_decodes_only_what_is_asked_for(tmp_path, make_clip, monkeypatch):
    clip = Clip("a", make_clip(tmp_path / "a.mp4"), "s1")

    def forbidden(path):
        raise AssertionError("video was decoded")

    monkeypatch.setattr("thlab.data.clip.read_video", forbidden)
    monkeypatch.setattr("thlab.media.video_frames", forbidden)
    assert len(clip.audio) == SAMPLE_RATE
    assert clip.audio is clip.audio  # kept
    with pytest.raises(AssertionError, match="decoded"):
        _ = clip.frames


def test_clip_knows_its_words_and_labels(tmp_path, make_embedded):
    root = make_embedded(tmp_path, ["s01_happy_01"])
    clip = Clip("a", root / "s01_happy_01.mp4", "s1")
    assert clip.labels["viseme"].shape == (25,)
    assert clip.text == ""
    assert not clip.timed
    assert Clip("b", tmp_path / "none.mp4", "s1").labels == {}
    assert not Clip("c", tmp_path / "a.flac", "s1").has_video
