"""CREMA-D, RAVDESS and MEAD: actors say given sentences in given emotions.

The names of the files say which.
RAVDESS is tested on 1200 real sound files of 20 actors (.flac copies of its .wav). Its video,
CREMA-D and MEAD are tested on small files made for the tests in the layouts that their own pages
document, not on real recordings.
"""

from pathlib import Path

from thlab.data.clip import Clip, untimed
from thlab.data.readers.base import Reader, existing, name_parts

CREMAD_EMOTIONS = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
# the numbers its README gives the levels
CREMAD_LEVELS = {"LO": 0.2, "MD": 0.5, "HI": 0.8, "XX": None}
CREMAD_SENTENCES = {
    "IEO": "it's eleven o'clock",
    "TIE": "that is exactly what happened",
    "IOM": "i'm on my way to the meeting",
    "IWW": "i wonder what this is about",
    "TAI": "the airplane is almost full",
    "MTI": "maybe tomorrow it will be cold",
    "IWL": "i would like a new alarm clock",
    "ITH": "i think i have a doctor's appointment",
    "DFA": "don't forget a jacket",
    "ITS": "i think i've seen this before",
    "TSI": "the surface is slick",
    "WSI": "we'll stop in a couple of minutes",
}
RAVDESS_EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise")
RAVDESS_STATEMENTS = ("kids are talking by the door", "dogs are sitting by the door")
MEAD_EMOTIONS = {
    "angry": "angry",
    "contempt": "contempt",
    "disgusted": "disgust",
    "fear": "fear",
    "happy": "happy",
    "neutral": "neutral",
    "sad": "sad",
    "surprised": "surprise",
}
MEAD_CAMERAS = ("front", "down", "top", "left_30", "left_60", "right_30", "right_60")


class CremaD(Reader):
    """CREMA-D: 91 actors, 12 sentences, 6 emotions.

    VideoFlash/1001_DFA_ANG_XX.flv and AudioWAV/1001_DFA_ANG_XX.wav.
    Cao et al. 2014; https://github.com/CheyneyComputerScience/CREMA-D. A .wav that has a video of
    its name is that clip's sound, and a clip of its own where it has none. Words have no times.
    Chapter: book/sound-and-faces.ipynb
    """

    expects = "VideoFlash/1001_DFA_ANG_XX.flv and AudioWAV/1001_DFA_ANG_XX.wav (or one of the two)"
    patterns = ("VideoFlash/*", "AudioWAV/*")
    suffixes = (".flv", ".wav")
    counts = (73, 9, 9)

    def paths(self) -> list[Path]:
        """The videos, and those sounds that have none."""
        video = self.root / "VideoFlash"
        found = []
        for path in super().paths():
            if path.parent == video or not (video / f"{path.stem}.flv").exists():
                found.append(path)
        return found

    def clip(self, path: Path) -> Clip:
        """A sentence; ValueError where the name is not actor_sentence_emotion_level."""
        tables = CREMAD_SENTENCES, CREMAD_EMOTIONS, CREMAD_LEVELS
        form = "_".join([r"(\d{4})", *(f"({'|'.join(table)})" for table in tables)])
        actor, sentence, emotion, level = name_parts(path.stem, form, "1001_DFA_ANG_XX")
        return Clip(
            id=path.stem,
            path=path,
            speaker=actor,
            emotion=CREMAD_EMOTIONS[emotion],
            intensity=CREMAD_LEVELS[level],
            words=untimed(CREMAD_SENTENCES[sentence]),
            audio_path=existing(self.root / "AudioWAV" / f"{path.stem}.wav"),
        )


class Ravdess(Reader):
    """RAVDESS: 24 actors, 2 statements, 8 emotions with "calm".

    Actor_12/03-01-06-01-02-01-12.wav, .flac or .mp4.
    Livingstone & Russo 2018; https://zenodo.org/records/1188976 explains the seven numbers of a
    name. Intensity normal is .5, strong 1. Files without sound (02-…) are listed as unusable: the
    same take with sound is 01-…
    Chapter: book/sound-and-faces.ipynb
    """

    expects = "Actor_01/03-01-06-01-02-01-01.wav, in Audio_Speech_Actors_01-24/ or the like or not"
    patterns = ("Actor_*/*", "*/Actor_*/*")
    suffixes = (".wav", ".flac", ".mp4")

    def clip(self, path: Path) -> Clip:
        """A statement; ValueError where the name is not seven known numbers."""
        form = r"(0[123])-(0[12])-0([1-8])-0([12])-0([12])-(\d\d)-(\d\d)"
        parts = name_parts(path.stem, form, "03-01-06-01-02-01-12")
        modality, channel, emotion, intensity, statement, take, actor = parts
        name_parts(path.parent.name, f"Actor_{actor}", f"Actor_{actor}")
        if modality == "02":
            ask = "use the same take with sound (01-…)"
            raise ValueError(f"no sound in video-only files (02-…): {ask}")
        return Clip(
            id=path.stem,
            path=path,
            speaker=actor,
            emotion=RAVDESS_EMOTIONS[int(emotion) - 1],
            intensity=int(intensity) / 2,
            words=untimed(RAVDESS_STATEMENTS[int(statement) - 1]),
            extra={"channel": "speech" if channel == "01" else "song", "take": int(take)},
        )


class Mead(Reader):
    """MEAD: 60 actors, 8 emotions at 3 levels, 7 cameras.

    M003/video/front/angry/level_1/001.mp4 and M003/audio/….m4a.
    Wang et al. 2020; https://github.com/uniBruce/Mead. camera: one of MEAD_CAMERAS. Intensity is
    the level over 3. What is said is not in the names.
    Chapter: book/sound-and-faces.ipynb
    """

    expects = "M003/video/front/angry/level_1/001.mp4 and M003/audio/angry/level_1/001.m4a"

    def __init__(self, root: Path, camera: str = "front"):
        super().__init__(root)
        if camera not in MEAD_CAMERAS:
            raise ValueError(f"camera {camera!r} is none of {', '.join(MEAD_CAMERAS)}")
        self.patterns = (f"*/video/{camera}/*/level_*/*",)

    def clip(self, path: Path) -> Clip:
        """A sentence; ValueError where actor, emotion, level or number is none."""
        actor, _, camera, *rest, _ = path.relative_to(self.root).parts
        name = "_".join((actor, camera, *rest, path.stem))
        form = rf"([MW]\d{{3}})_{camera}_({'|'.join(MEAD_EMOTIONS)})_level_([123])_(\d{{3}})"
        actor, emotion, level, number = name_parts(name, form, "M003_front_angry_level_1_001")
        sound = self.root / actor / "audio" / emotion / f"level_{level}" / f"{number}.m4a"
        mood = MEAD_EMOTIONS[emotion], int(level) / 3
        return Clip(name, path, actor, *mood, audio_path=existing(sound))
