"""Tables 1, 3 and 4 of [zhou2019] and its SVM, beside what they lack: controls, the other direction, who is seen."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import normalize

from thlab.corpus import PRESETS
from thlab.evaluation.experiment import Rows, add, new_rows
from thlab.evaluation.table import Table
from thlab.evaluation.test_set import TestSet, Video
from thlab.metrics.judges import dlib_identity
from thlab.metrics.landmark import correlation, lmd, mouth_opening
from thlab.metrics.probes import svm_probe
from thlab.metrics.retrieval import retrieval
from thlab.papers.davs.bench import Experiment
from thlab.papers.davs.model import DAVS, Output, hear
from thlab.papers.davs.reported import LEAKAGE, RANKS, SCORES, SUPERVISIONS, TABLE_1, TABLE_3, WAYS, WORDS
from thlab.papers.davs.words import WordClips, spread

SOURCES = ("audio", "video")
METRICS_OF_WORDS = dict.fromkeys(WORDS, "accuracy") | {f"{way} {rank}": rank for way in WAYS for rank in RANKS}
METRICS_OF_LEAKS = {
    "word from F_p": "probe accuracy, unwanted",
    "person from f_w": "probe accuracy, unwanted",
    "person from f_p": "probe accuracy, wanted",
    "new people from f_w": "probe accuracy, unwanted",
}
METRICS_OF_FACES = {
    "face, ours": "cosine to the asked face",
    "speaker, ours": "cosine to the speaker",
    "face, dlib": "distance to the asked face",
    "speaker, dlib": "distance to the speaker",
    "opening": "opening",
    "moves": "LMD of movements",
}
PER_WORD, PER_PROBE = 3, 60  # clips of each word to generate from, and to train an SVM on
PERSON_FRAMES = slice(None, None, 4)  # of the frames seen, from which an SVM reads the person
DLIB_LOOKS = 12  # frames from one to the next that dlib sees: it takes a tenth of a second for each
Judge = tuple[Callable[[Video], Tensor], Callable[[Tensor, Tensor], float]]  # what it sees; how alike two such are


def paper(printed: dict[str, tuple[float, ...]], columns: Sequence[str]) -> dict[str, dict[str, dict[str, float]]]:
    """Printed numbers as a Table holds them."""
    return {"LRW": {row: dict(zip(columns, numbers, strict=False)) for row, numbers in printed.items()}}


@torch.no_grad()
def encode(model: DAVS, clips: WordClips, which: Int[Tensor, "m"]) -> Output:
    """F_w^v, F_w^a and the words read from them, of some word clips. Chapter: book/davs.ipynb"""
    steps, made = spread(model.config.seen), []
    for frames, rows in zip(*(at.split(32) for at in clips.times(which, steps)), strict=True):
        made.append(model.embed(clips.pictures(frames), clips.rows[rows])[:4])
    return Output(*(torch.cat(parts) for parts in zip(*made, strict=True)))


@torch.no_grad()
def encode_person(model: DAVS, clips: WordClips, which: Int[Tensor, "m"]) -> Float[Tensor, "m n d"]:
    """F_p of some word clips, the features of the frames that also tell the word. Chapter: book/davs.ipynb"""
    frames, _ = clips.times(which, spread(model.config.seen))
    return torch.cat([model.e_p_v(clips.pictures(x).flatten(0, 1))[0].unflatten(0, x.shape) for x in frames.split(32)])


def accuracy(logits: Float[Tensor, "m k"], word: Int[Tensor, "m"]) -> float:
    """In %, the mean over words: none counts more because it is said more often. Chapter: book/davs.ipynb"""
    right = logits.argmax(1) == word
    return 100 * torch.stack([right[word == one].float().mean() for one in word.unique()]).mean().item()


def found(queries: Float[Tensor, "m *d"], gallery: Float[Tensor, "m *d"]) -> dict[str, float]:
    """R@1 and R@10 in %, and MedR, of features by their distance."""
    scores = retrieval(queries.flatten(1), gallery.flatten(1))
    return {"R@1": 100 * scores["R@1"], "R@10": 100 * scores["R@10"], "MedR": scores["MedR"]}


def word_scores(model: DAVS, clips: WordClips, which: Int[Tensor, "m"]) -> dict[str, float]:
    """The columns of Table 3 of [zhou2019]; "both" adds the two modalities' log-probabilities, for it says not how.

    Chapter: book/davs.ipynb
    """
    out, word = encode(model, clips, which), clips.word[which]
    both = out.words_v.log_softmax(1) + out.words_a.log_softmax(1)
    logits = {"visual": out.words_v, "audio": out.words_a, "both": both}
    ways = {"V2A": found(out.F_w_v, out.F_w_a), "A2V": found(out.F_w_a, out.F_w_v)}
    scores = {name: accuracy(x, word) for name, x in logits.items()}
    return scores | {f"{way} {name}": x for way, numbers in ways.items() for name, x in numbers.items()}


def table_3(bench: Experiment) -> Table:
    """Table 3 of [zhou2019]: words told and clips found with four supervisions of the word space.

    Chapter: book/davs.ipynb
    """
    rows, every = new_rows(), torch.arange(len(bench.test_words.word))
    for seed in bench.seeds:
        for row in SUPERVISIONS:
            add(rows, row, word_scores(bench.model(seed, row), bench.test_words, every))
    facts = {"word_clips": len(every), "words": len(bench.words.words), "steps": bench.config.first}
    return bench.table("T3", METRICS_OF_WORDS, rows, paper(TABLE_3, SCORES), **facts)


def features(stage: TestSet, model: DAVS, source: str) -> list[Float[Tensor, "_ d"]]:
    """f_w of each clip of the stage, from its "audio", its "video", or "shuffled audio". Chapter: book/davs.ipynb"""
    if source == "video":
        return [model.e_w_v(real[None])[0] for real in stage.real]
    heard = stage.contents(hear) if source == "audio" else stage.shuffled(hear)
    return [model.e_w_a(rows[None])[0] for rows in heard]


def perform(model: DAVS, images: Sequence[Tensor], f_w: Sequence[Tensor]) -> list[Video]:
    """A video of each image (3, h, w) and the features that are to move it. Chapter: book/davs.ipynb"""
    return [model.speak(image[None], f[None])[0] for image, f in zip(images, f_w, strict=True)]


def table_1(bench: Experiment, stage: TestSet) -> Table:
    """Table 1 of [zhou2019]: PSNR and SSIM with and without Eq. 7, with mouths, and what must be beaten.

    Chapter: book/davs.ipynb
    """
    rows, images = new_rows(), [real[i] for real, i in zip(stage.real, stage.image, strict=True)]
    for seed in bench.seeds:
        for name, loss in (("without GAN", "L1"), ("disentangled", "L1 + GAN")):
            model = bench.model(seed, name)
            for source in SOURCES:
                add(rows, f"{source}, {loss}", stage.means(perform(model, images, features(stage, model, source))))
        shuffled = perform(model, images, features(stage, model, "shuffled audio"))
        add(rows, "shuffled audio, L1 + GAN", stage.means(shuffled))
        for row, videos in stage.trivial().items():
            add(rows, row, stage.means(videos))
    columns = ["PSNR", "SSIM", "LMD", "LMD, exact", "opening", "sharpness"]
    return bench.table("T1", columns, rows, paper(TABLE_1, columns), **bench.facts(stage))


def leakage(bench: Experiment) -> Table:
    """What linear SVMs read off the wrong space (%), before and after Eq. 2 to 5 of [zhou2019], and by chance.

    The word from F_p: trained on the training speakers, tested on the test ones. The person from single f_w^v: trained
    on every other recording of the people that C_w^p knows, tested on the others; "new people": likewise of the test
    speakers, where there are several. "person from f_p" shall stay high. Chapter: book/davs.ipynb
    """
    rows = new_rows()
    for seed in bench.seeds:
        for row, name in (("before", "entangled"), ("after", "disentangled")):
            add(rows, row, leaks(bench, bench.model(seed, name)))
    test = bench.test_words
    known = {"word from F_p": (test, test.word), "new people from f_w": (test, test.person)}
    known |= {f"person from {code}": (bench.words, bench.words.person) for code in ("f_w", "f_p")}
    for column in rows["after"]:
        clips, label = known[column]
        share = label[clips.even(PER_PROBE)].bincount().max() / len(clips.even(PER_PROBE))
        rows["chance"][column] = [100 * share.item()] * len(bench.seeds)
    columns = {column: METRICS_OF_LEAKS[column] for column in rows["after"]}
    return bench.table("SVM", columns, rows, paper(LEAKAGE, list(columns)), **bench.facts())


def leaks(bench: Experiment, model: DAVS) -> dict[str, float]:
    """The SVMs' accuracies for one model."""
    train, test, few = bench.words, bench.test_words, bench.words.even(PER_PROBE)
    of_test = test.even(PER_PROBE)
    F_p, F_p_test = encode_person(model, train, few), encode_person(model, test, of_test)
    scores = {
        "word from F_p": 100 * svm_probe(F_p.flatten(1), train.word[few], F_p_test.flatten(1), test.word[of_test]),
        "person from f_w": tell_people(train, few, encode(model, train, few).F_w_v),
        "person from f_p": tell_people(train, few, F_p),
    }
    if len(test.person.unique()) > 1:
        scores["new people from f_w"] = tell_people(test, of_test, encode(model, test, of_test).F_w_v)
    return scores


def tell_people(clips: WordClips, which: Int[Tensor, "m"], codes: Float[Tensor, "m n d"]) -> float:
    """How often (%) an SVM tells who is seen from single codes of some word clips. Chapter: book/davs.ipynb"""
    person, held, codes = clips.person[which], clips.clip[which] % 2 == 1, codes[:, PERSON_FRAMES]
    labels = person.unique(return_inverse=True)[1][:, None].expand(codes.shape[:2])
    return 100 * svm_probe(
        codes[~held].flatten(0, 1), labels[~held].flatten(), codes[held].flatten(0, 1), labels[held].flatten()
    )


def table_4(bench: Experiment) -> Table:
    """Table 4 of [zhou2019]: is the original found by a video that was generated from one frame and its speech?

    All rows are looked at by the same E_w^v, of the word space from which both models began. The numbers are a picture
    in the paper. Chapter: book/davs.ipynb
    """
    rows, clips = new_rows(), bench.test_words
    which = clips.even(PER_WORD)
    frames, heard = clips.times(which, spread(bench.config.seen))
    real, images = clips.pictures(frames), clips.pictures(clips.memory.start[clips.clip[which]])
    for seed in bench.seeds:
        judge = bench.model(seed, "L_C + SC + L_adv").e_w_v
        original = judge(real)
        for row, name in (("with", "disentangled"), ("without", "entangled")):
            model = bench.model(seed, name)
            for source, f_w in (("audio", model.e_w_a(clips.rows[heard])), ("video", model.e_w_v(real))):
                scores = found(judge(model.speak(images, f_w)), original)
                add(rows, row, {f"{source} {score}": value for score, value in scores.items()})
        still = found(judge(images[:, None].expand_as(real)), original)
        add(rows, "repeated frame", {f"{source} {score}": x for source in SOURCES for score, x in still.items()})
    columns = {column: column.partition(" ")[2] for column in rows["with"]}
    return bench.table("T4", columns, rows, word_clips=len(which), **bench.facts())


def identity(bench: Experiment, stage: TestSet, model: DAVS, judges: dict[str, Judge], **evidence: Any) -> Table:
    """Whose face it is and what it says, when one person's picture is moved by the speech of another.

    judges: name -> what it sees in a film, and how alike two such are. "face, name": what is generated and the person
    asked for; "speaker, name": and who speaks. opening: correlation of the lips' gap with the speaker's. moves: LMD
    (px) of mouths less their mean over the clip, so that no one's own mouth counts. Raises ValueError where there is
    one test speaker. Chapter: book/davs.ipynb
    """
    people = stage.memory.speaker[stage.clips].tolist()
    if len(set(people)) < 2:
        raise ValueError(f"{bench.corpus}: one test speaker, whose speech can move no other's face")
    n = len(people)
    others = [next(j % n for j in range(k + 1, k + n) if people[j % n] != people[k]) for k in range(n)]
    known = {name: [look(real) for real in stage.real] for name, (look, _) in judges.items()}
    rows: Rows = new_rows()
    for row, source, asked in (
        ("own face, audio", "audio", range(n)), ("another's face, audio", "audio", others),
        ("another's face, video", "video", others), ("another's face, shuffled audio", "shuffled audio", others),
    ):  # fmt: skip
        images = [stage.real[j][stage.image[j]] for j in asked]
        for k, (j, video) in enumerate(zip(asked, perform(model, images, features(stage, model, source)), strict=True)):
            points, exact, scores = stage.look(video), stage.exact[k], {}
            for name, (look, alike) in judges.items():
                seen = look(video)
                scores |= {f"{of}, {name}": alike(seen, known[name][i]) for of, i in (("face", j), ("speaker", k))}
            scores["opening"] = correlation(mouth_opening(points), mouth_opening(exact)).item()
            scores["moves"] = lmd(points - points.mean(0), exact - exact.mean(0))
            add(rows, row, scores)
    columns = {column: METRICS_OF_FACES[column] for column in rows["own face, audio"]}
    spoken = {row: {column: stage.of_clips(x) for column, x in cells.items()} for row, cells in rows.items()}
    facts: dict[str, Any] = bench.facts(stage) | evidence
    return bench.table("identity", columns, spoken, **facts)


def face_judge(faces: nn.Module) -> Judge:
    """Cosine of a face encoder's mean vectors: 1 for one and the same film. Chapter: book/davs.ipynb"""

    @torch.no_grad()
    def look(video: Video) -> Tensor:
        return normalize(faces(video).mean(0), dim=0)

    return look, lambda a, b: (a @ b).item()


def dlib_judge() -> Judge:
    """Distance of dlib's mean embeddings of some frames: below .6 for one person. Chapter: book/davs.ipynb"""

    def look(video: Video) -> Tensor:
        frames = (255 * video[::DLIB_LOOKS]).round().byte().permute(0, 2, 3, 1)
        return torch.from_numpy(dlib_identity(frames.numpy()).mean(0))

    return look, lambda a, b: (a - b).norm().item()


def words_read(bench: Experiment, model: DAVS, **evidence: Any) -> Table:
    """A trained model's word space on the clips of people whom it never met, each for himself: words and retrieval.

    Of a folder, such as GRID's clips, all of them are new; of the embedded corpus the test speakers. Chance of a median
    rank is the middle one. Chapter: book/davs.ipynb
    """
    embedded = bench.corpus in PRESETS
    cells: dict[str, dict[str, dict[tuple[str, str], float]]] = {"ours": {}, "chance": {}}
    parts = {"test part": bench.test_words}
    if not embedded:
        parts = {"training part": bench.words} | parts
    for part, clips in parts.items():
        for person in clips.person.unique():
            which = (clips.person == person).nonzero()[:, 0]
            where = (clips.memory.speakers[int(person)], part)
            n, k = len(which), len(clips.words)
            by_rank = {"R@1": 100 / n, "R@10": min(100.0, 1000 / n), "MedR": (n + 1) / 2}
            chance = {c: by_rank[c[4:]] if c[4:] in by_rank else 100 / k for c in SCORES}
            for row, scores in (("ours", word_scores(model, clips, which)), ("chance", chance)):
                for column, value in scores.items():
                    cells[row].setdefault(column, {})[where] = value
    name = "words" if embedded else f"words-{Path(bench.corpus).name}"
    return bench.table(name, METRICS_OF_WORDS, cells, **bench.facts() | evidence)
