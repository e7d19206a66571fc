"""LRW, LRS3, VoxCeleb2 and HDTF: speech cut from broadcasts and the web.

Tested on small files made for the tests in the layouts that the corpora's pages and scripts
document; none of the real recordings was to be had. Speakers are what the folders tell: LRW has
none, and an LRS3 "speaker" is a talk.
"""

import re
from pathlib import Path

from thlab.data.clip import Clip, Segment, untimed
from thlab.data.readers.base import Reader, existing, name_parts, read_text

LRW_SECONDS = 29 / 25  # every LRW clip is 29 frames at 25 fps with its word in the middle
LRW_SPLITS = ("train", "val", "test")
HDTF_PARTS = ("RD", "WDA", "WRA")


class Lrw(Reader):
    """LRW: 500 words, one a clip.

    ABOUT/train/ABOUT_00001.mp4 with a .txt whose "Duration:" is the word's.
    Chung & Zisserman 2016; https://www.robots.ox.ac.uk/~vgg/data/lip_reading/lrw1.html. The
    archive's folder lipread_mp4 may be the root or lie in it. The speaker is "unknown".
    Chapter: book/sound-and-faces.ipynb
    """

    expects = "ABOUT/train/ABOUT_00001.mp4 and ABOUT_00001.txt, in lipread_mp4/ or not"
    patterns = tuple(f"{top}*/{split}/*" for top in ("", "lipread_mp4/") for split in LRW_SPLITS)

    def clip(self, path: Path) -> Clip:
        """A word in its context; ValueError where name and folder differ or no duration is told."""
        word, split = path.parts[-3:-1]
        name_parts(path.stem, rf"{re.escape(word)}_\d{{5}}", f"{word}_00001")
        words = untimed(word.lower())
        text = path.with_suffix(".txt")
        if text.exists():
            match = re.search(r"Duration:\s*(\d+\.?\d*)", read_text(text))
            if match is None:
                raise ValueError(f"{text.name}: no line with the word's Duration")
            start, end = (LRW_SECONDS / 2 + sign * float(match[1]) / 2 for sign in (-1, 1))
            words = (Segment(start, end, word.lower()),)
        # each split counts from 1
        return Clip(f"{split}_{path.stem}", path, "unknown", words=words, split=split)


class Lrs3(Reader):
    """LRS3-TED: sentences of talks.

    trainval/0Fi83BHQsMA/50001.mp4 with a .txt, and likewise pretrain/ and test/.
    Afouras, Chung & Zisserman 2018; https://www.robots.ox.ac.uk/~vgg/data/lip_reading/lrs3.html.
    The .txt has a line "Text:" and a block "WORD START END ASDSCORE"; without the block the words
    have no times.
    Chapter: book/sound-and-faces.ipynb
    """

    expects = "trainval/0Fi83BHQsMA/50001.mp4 and 50001.txt (or pretrain/, test/)"
    patterns = ("pretrain/*/*", "trainval/*/*", "test/*/*")

    def clip(self, path: Path) -> Clip:
        """A sentence; ValueError where the .txt is missing or none, or times other words."""
        split, talk = path.parts[-3:-1]
        text = read_text(path.with_suffix(".txt")).lower()
        spoken = re.search(r"^text:[ \t]*(\S.*)$", text, re.MULTILINE)
        if spoken is None:
            raise ValueError(f"{path.stem}.txt: no line that begins with Text:")
        words = untimed(spoken[1])
        block = text.partition("word start end asdscore")[2]
        rows = re.findall(r"^(\S+) (\d+\.?\d*) (\d+\.?\d*) \S+$", block, re.M)
        if rows and [word for word, _, _ in rows] != [word.label for word in words]:
            raise ValueError(f"mislabelled: {path.stem}.txt times other words than its text has")
        timed = tuple(Segment(float(start), float(end), word) for word, start, end in rows)
        words = timed or words
        return Clip(f"{split}_{talk}_{path.stem}", path, talk, words=words, split=split)


class VoxCeleb2(Reader):
    """VoxCeleb2: 6,112 people in interviews.

    dev/mp4/id00012/21Uxsk56VDQ/00001.mp4 and dev/aac/….m4a; test likewise.
    Chung, Nagrani & Zisserman 2018; https://www.robots.ox.ac.uk/~vgg/data/voxceleb/vox2.html. Sound
    comes from the .m4a where there is one, else from the .mp4. No words, no emotions.
    Chapter: book/sound-and-faces.ipynb
    """

    expects = "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4 and dev/aac/….m4a (or test/)"
    patterns = ("dev/mp4/*/*/*", "test/mp4/*/*/*")

    def clip(self, path: Path) -> Clip:
        """An utterance; ValueError where the person's folder is not id and five digits."""
        split, _, person, video, _ = path.relative_to(self.root).parts
        name_parts(person, r"id\d{5}", "id00012")
        sound = existing(self.root / split / "aac" / person / video / f"{path.stem}.m4a")
        return Clip(f"{person}_{video}_{path.stem}", path, person, split=split, audio_path=sound)


class Hdtf(Reader):
    """HDTF: talks in high definition.

    Clips WDA_BarackObama_000.mp4 as its script names them, and its annotation files.
    Zhang et al. 2021; https://github.com/MRzzm/HDTF publishes no video but addresses and times:
    HDTF_dataset/ with WDA_video_url.txt and WDA_annotion_time.txt. Its script saves pictures
    without sound: the sound is a .wav of the same name. extra holds the address ("url") and the
    stretch of the original ("source") where those files are there.
    Chapter: book/sound-and-faces.ipynb
    """

    expects = "WDA_BarackObama_000.mp4 (RD_, WDA_ or WRA_), and HDTF_dataset/WDA_annotion_time.txt"
    patterns = tuple(f"{part}_*" for part in HDTF_PARTS)
    sidecars = (".txt", ".wav")

    def __init__(self, root: Path):
        super().__init__(root)
        self._urls = self._annotations("video_url")
        self._times = self._annotations("annotion_time")

    def _annotations(self, kind: str) -> dict[str, list[str]]:
        """The lines "name value value …" of one kind of file, by part and name."""
        rows = {}
        for part in HDTF_PARTS:
            path = self.root / "HDTF_dataset" / f"{part}_{kind}.txt"
            lines = read_text(path).splitlines() if path.is_file() else []
            for name, *values in map(str.split, lines):
                rows[f"{part}_{name.removesuffix('.mp4')}"] = values
        return rows

    def clip(self, path: Path) -> Clip:
        """A stretch of a talk; ValueError where the name is not part, talk and number."""
        part, name, index = name_parts(path.stem, r"(RD|WDA|WRA)_(.+)_(\d+)", "WDA_BarackObama_000")
        # WDA_AmyKlobuchar1 is her second talk
        speaker = name if part == "RD" else name.rstrip("0123456789")
        urls = self._urls.get(f"{part}_{name}", [])
        times = self._times.get(f"{part}_{name}", [])
        extra = {"url": "".join(urls), "source": "".join(times[int(index) : int(index) + 1])}
        sound = existing(path.with_suffix(".wav"))
        return Clip(path.stem, path, speaker, audio_path=sound, extra=extra)
