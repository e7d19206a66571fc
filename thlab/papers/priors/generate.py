"""From a recording and a picture of a face to a talking head: an .mp4 that says it is synthetic."""

from pathlib import Path

from thlab.data.media import SAMPLES_A_FRAME
from thlab.data.talking import read_inputs, write_talking
from thlab.papers.priors.generator import roll_out
from thlab.papers.priors.train_gan import TalkingHead, load_head


def generate(
    audio_path: Path | str, image_path: Path | str, out_path: Path | str, head: TalkingHead | None = None
) -> Path:
    """Make the face of a picture say what a recording says: an .mp4 with the sound, tagged as synthetic; its path.

    head: a trained one, else the committed weights. Raises ValueError, and writes nothing, where
    `thlab.data.talking.read_inputs` cannot use what it is given. Chapter: book/content-to-video.ipynb
    """
    head = head or load_head()
    audio, image = read_inputs(audio_path, image_path, out_path, head.generator.config.size)
    content = head.source.content(audio, len(audio) // SAMPLES_A_FRAME)
    write_talking(out_path, roll_out(head.generator, image[None], content[None])[0], audio)
    return Path(out_path)
