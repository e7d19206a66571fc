"""What the tests of [ji2021] share: speech and faces of the tiny corpus."""

import pytest


@pytest.fixture(scope="session")
def speeches(tiny_corpus):
    from thlab.data import open_splits
    from thlab.papers.evp.speech import load_speeches

    return load_speeches(open_splits("tiny"), False)


@pytest.fixture(scope="session")
def pairs(speeches):
    from thlab.papers.evp.pairs import pseudo_pairs

    return pseudo_pairs(speeches.train)


@pytest.fixture(scope="session")
def faces(speeches):
    """Of both splits, some clips' landmarks."""
    from thlab.papers.evp.landmarks.data import spoken_landmarks

    of_train = spoken_landmarks(speeches.train, range(0, len(speeches.train.texts), 2))
    return of_train, spoken_landmarks(speeches.val, range(len(speeches.val.texts)))


@pytest.fixture(scope="session")
def save_voice(speeches, faces):
    """Writes the nets that listen into a folder, not trained."""
    from dataclasses import asdict

    import torch

    from thlab.papers.evp.landmarks.data import encoded
    from thlab.papers.evp.landmarks.model import LANDMARKS, LandmarkConfig
    from thlab.papers.evp.landmarks.train import new_network
    from thlab.papers.evp.model import DISENTANGLER, DisentangleConfig, Disentangler
    from thlab.training import load_weights, save_weights
    from thlab.training.optim import build_seeded
    from thlab.training.weights import state_digest

    def save(folder):
        config = DisentangleConfig.fast()
        model = build_seeded(lambda: Disentangler(config, 8), 0).eval()
        model.moods.normal_(generator=torch.Generator().manual_seed(0))
        emotions = list(speeches.train.tensors.emotions)
        save_weights(folder / DISENTANGLER, model, {"config": asdict(config), "emotions": emotions})
        load_weights(folder / DISENTANGLER, model)  # as rounded as what is read
        config = LandmarkConfig.fast()
        net = new_network(config, faces[0], encoded(model, 2), 0)
        card = {"config": asdict(config), "sizes": list(net.sizes), "metrics": {"F-LD": 0.5}}
        codes = state_digest(model.state_dict())
        save_weights(folder / LANDMARKS, net, card | {"codes": codes})

    return save
