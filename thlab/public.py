"""What `import thlab` offers beside its modules: corpora and trained models, by one name each."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from thlab.corpus import PRESETS, ensure
from thlab.data import corpora
from thlab.data.corpora import Corpus
from thlab.data.readers import READERS
from thlab.training.weights import load_weights, pretrained_folders


def open_corpus(
    name: str,
    root: Path | str | None = None,
    check: str | None = None,
    split: str | None = None,
    counts: Sequence[int] | None = None,
    seed: int = 0,
    workers: int = 1,
    **options: Any,
) -> Corpus:
    """A corpus by name: a preset of the embedded one, built where it is missing, or a real one.

    open_corpus("tiny", split="train") needs nothing else; view="portrait" opens the other view.
    open_corpus("grid", root=folder) reads a corpus in its official layout, as
    `thlab.data.open_corpus` does, and takes the same options. check: how closely files are looked
    at, by default not at all in the embedded corpus, which its build has checked, and "decode" in
    others. Raises ValueError for an unknown name or split, and without a root where one is needed.
    Chapter: book/sound-and-faces.ipynb
    """
    if root is not None:
        check = check or "decode"
        return corpora.open_corpus(name, root, check, split, counts, seed, workers, **options)
    if name in READERS:
        raise ValueError(f"where is {name}? give its folder: open_corpus({name!r}, root=…)")
    if name not in PRESETS:
        presets = ", ".join(PRESETS)
        real = ", ".join(READERS)
        raise ValueError(f"no corpus {name!r}: there are {presets}; and with root=…: {real}")
    made = ensure(name, options.pop("view", "face"))
    check = check or "none"
    return corpora.open_corpus("embedded", made, check, split, counts, seed, workers, **options)


def load(name: str | Path) -> Any:
    """A trained talking head or net, by the name or path of its weights, or a training's folder.

    load("stochastic-latent") takes weights from $THLAB_WEIGHTS or the project's book/pretrained;
    load("run/priors-vae.safetensors") a file, its card beside it; load("run") what `thlab train`
    wrote there: the paper's talking head, or the only weights. A head has `content` and `render`,
    as `thlab.inference.TalkingHead` says; a net is frozen, on the CPU. Raises FileNotFoundError,
    saying what there is, where there are no such weights, and ValueError where they do not fit.
    Chapter: book/content-to-video.ipynb
    """
    path = find_weights(name)
    if path.is_dir():
        return _load_folder(path)
    if path.stem not in LOADERS:
        raise ValueError(f"{path}: named like none of the weights that there are: {_names()}")
    return LOADERS[path.stem](path)


def find_weights(name: str | Path) -> Path:
    """The file or folder of `load`'s name; FileNotFoundError, saying what there is, without one.

    Chapter: book/content-to-video.ipynb
    """
    file = Path(f"{str(name).removesuffix('.safetensors')}.safetensors")
    if file.name == str(file):  # a bare name: the project's weights come before a folder here
        for folder in pretrained_folders():
            if (folder / file).is_file():
                return folder / file
    for path in (file, Path(name)):
        if path.is_file() or (path.is_dir() and str(name)):
            return path
    raise FileNotFoundError(
        f"no weights {str(name)!r}: there are {_names()}; or give a .safetensors file, "
        "or the folder of a finished training"
    )


def _names() -> str:
    """The names of all weights that may be loaded by name."""
    found = set()
    for folder in pretrained_folders():
        found |= {file.stem for file in folder.glob("*.safetensors")}
    return ", ".join(sorted(found & set(LOADERS))) or "none"


def _load_folder(folder: Path) -> Any:
    """The talking head of the paper that was trained in a folder, or the only weights in it."""
    from thlab.papers import load_paper

    found = sorted(file.stem for file in folder.glob("*.safetensors") if file.stem in LOADERS)
    if len(found) == 1:
        return LOADERS[found[0]](folder / f"{found[0]}.safetensors")
    if not found:
        raise FileNotFoundError(f"{folder} holds no weights of a finished training")
    papers = {stem.split("-")[0] for stem in found}
    head = load_paper(papers.pop()).head if len(papers) == 1 else None
    if head is None:
        raise ValueError(f"{folder} holds {', '.join(found)}: say which, by its path")
    return head(folder)


def _davs_head(path: Path) -> Any:
    from thlab.papers.davs.head import load_model, make_head

    model, _ = load_model(path)
    return make_head(model)


def _evp_disentangler(path: Path) -> Any:
    from thlab.papers.evp.model import load_disentangler

    return load_disentangler(path)


def _evp_network(path: Path) -> Any:
    from thlab.papers.evp.head import load_voice

    return load_voice(path.parent).landmarks


def _evp_people(path: Path) -> Any:
    from thlab.papers.evp.portrait.people import load_people

    return load_people(path)


def _evp_head(path: Path) -> Any:
    from thlab.papers.evp.head import load_head

    return load_head(path.parent)


def _priors_head(path: Path) -> Any:
    from thlab.papers.priors.head.talking import load_head

    return load_head(path.parent)


def _priors_vae(path: Path) -> Any:
    from thlab.papers.priors.train import load_vae

    return load_vae(path)


def _stochastic_head(path: Path) -> Any:
    from thlab.papers.stochastic.head import make_head
    from thlab.papers.stochastic.train import load_model

    return make_head(load_model(path))


def _landmark_net(path: Path) -> Any:
    from thlab.nn.landmark_net import LandmarkNet

    return load_weights(path, LandmarkNet()).eval().requires_grad_(False)


def _face_encoder(path: Path) -> Any:
    from thlab.nn.face_encoder import FaceEncoder

    return load_weights(path, FaceEncoder()).eval().requires_grad_(False)


def _emotion_net(path: Path) -> Any:
    from thlab.nn.emotion_net import EmotionNet
    from thlab.training.weights import read_card

    net = EmotionNet(len(read_card(path)["emotions"]))
    return load_weights(path, net).eval().requires_grad_(False)


def _sync_net(path: Path) -> Any:
    from thlab.nn.syncnet import SyncNet

    return load_weights(path, SyncNet()).eval().requires_grad_(False)


# the weights' name, as a training writes it -> what builds the model of a path
LOADERS: dict[str, Callable[[Path], Any]] = {
    "davs-disentangled": _davs_head,
    "davs-entangled": _davs_head,
    "emotions": _emotion_net,
    "evp-disentangle": _evp_disentangler,
    "evp-landmarks": _evp_network,
    "evp-people": _evp_people,
    "evp-portrait": _evp_head,
    "faces": _face_encoder,
    "landmarks": _landmark_net,
    "priors-head": _priors_head,
    "priors-vae": _priors_vae,
    "stochastic-latent": _stochastic_head,
    "stochastic-plain": _stochastic_head,
    "sync": _sync_net,
}
