"""The claims ledger: whether what a paper says holds here is computed from our tables, never typed.

A claim is a list of comparisons of numbers, one a seed, or one a test speaker where the table says so. A comparison
holds where the whole 95 % interval of their differences lies on the claimed side, and a claim holds where all its
comparisons do: what is within the noise does not. A cell that is not measured, or with a single number, leaves the
claim open.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thlab.files import write_whole
from thlab.metrics.tables import Table, interval

VERDICTS = ("held", "not held", "not testable here", "open")
GAN, GAN_OURS, PLAIN, AUGMENTED, RECOGNISER, NO_MARGIN, OURS = ROWS = (
    "temporal GAN (ref. 30), original", "temporal GAN (ref. 30), with ours", "baseline (MFCC)",
    "baseline + augmentation", "baseline (recogniser)", "ours without margin loss", "ours",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One comparison: numbers, one a seed, which the claim puts between low and high."""

    what: str
    values: np.ndarray
    low: float = -math.inf
    high: float = math.inf

    def margin(self) -> float:
        """How far inside its bounds the interval lies; negative where it does not, -inf for a single seed."""
        mean, half = interval(self.values.tolist())
        return min(mean - half - self.low, self.high - mean - half) if math.isfinite(half) else -math.inf

    def __str__(self) -> str:
        mean, half = interval(self.values.tolist())
        return f"{self.what}: {mean:.3g} [{mean - half:.3g}, {mean + half:.3g}]"


def settle(paper: str, results: Path) -> list[dict]:
    """Verdict and evidence of each claim of a paper that has a test, from results/<paper>.<table>.json.

    Chapter: book/priors.ipynb
    """
    tests = {claim: test for claim, test in TESTS.items() if claim.startswith(f"{paper}.")}
    return [{"id": claim, **judge(results / f"{paper}.{table}.json", test)} for claim, (table, test) in tests.items()]


def judge(path: Path, test: Callable[[Table], list[Check]]) -> dict:
    """One claim's verdict and the file, seeds and interval that it rests on."""
    evidence = {"file": path.name, "seeds": [], "interval": "not measured yet"}
    if not path.exists():
        return {"verdict": "open", "evidence": evidence}
    table = Table.load(path)
    evidence["seeds"] = table.evidence.get("seeds", [])
    evidence |= {"over": table.evidence["over"]} if "over" in table.evidence else {}
    try:
        checks = test(table)
    except (KeyError, ValueError) as error:  # a cell that is missing, or rows with unequal numbers of seeds
        return {"verdict": "open", "evidence": {**evidence, "interval": f"not measured: {error}"}}
    closest = min(checks, key=Check.margin)
    kept = sum(check.margin() >= 0 for check in checks)
    verdict = "open" if closest.margin() == -math.inf else "held" if kept == len(checks) else "not held"
    among = f"{kept} of {len(checks)} comparisons hold; the hardest: " if len(checks) > 1 else ""
    return {"verdict": verdict, "evidence": {**evidence, "interval": f"{among}{closest}"}}


def write_ledger(ledger: Path, results: Path) -> None:
    """Set verdict and evidence of each claim in the ledger that has a test; the others stay as they are."""
    claims = json.loads(ledger.read_text())
    found = {record["id"]: record for paper in {c["paper"] for c in claims} for record in settle(paper, results)}
    settled = [{**claim, **found.get(claim["id"], {})} for claim in claims]
    write_whole(ledger, (json.dumps(settled, indent=1, ensure_ascii=False) + "\n").encode())


def less(t: Table, row: str, other: str, column: str, factor: float = 1.0) -> Check:
    """row < factor · other in a column."""
    what = f"{row} − {'' if factor == 1 else f'{factor:g} × '}{other}, {column}"
    return Check(what, t.seeds(row, column) - factor * t.seeds(other, column), high=0)


def _low_noise(t: Table) -> list[Check]:
    bound = 0.1 * t.evidence["pixels"] / 256
    return [Check(f"{r}, −60 − clean", t.seeds(r, "-60") - t.seeds(r, "clean"), -bound, bound) for r in ROWS]


def _robust(t: Table) -> list[Check]:
    ratio = {row: t.seeds(row, "-30") / t.seeds(row, "clean") for row in ROWS}
    return [Check(f"ratio of ours − ratio of {row}", ratio[OURS] - ratio[row], high=0) for row in ROWS if row != OURS]


def _margin_robust(t: Table) -> list[Check]:
    gap_40, gap_30 = (abs(t.seeds(OURS, column) - t.seeds(NO_MARGIN, column)) for column in ("-40", "-30"))
    return [less(t, OURS, NO_MARGIN, "-30"), Check("size of the gap at −40 less that at −30", gap_40 - gap_30, high=0)]


def _high_noise_fails(t: Table) -> list[Check]:
    return [Check(f"{r}, −10 − 1.5 × clean", t.seeds(r, "-10") - 1.5 * t.seeds(r, "clean"), low=0) for r in ROWS]


def _margin_moves(row: str, label: str, low: float = -math.inf, high: float = math.inf) -> Callable:
    def checks(t: Table) -> list[Check]:
        change = t.seeds(row, f"{label}, with margin") - t.seeds(row, f"{label}, without")
        return [Check(f"{label} from the {row} latent, with margin − without", change, low, high)]

    return checks


def _collapse(t: Table) -> list[Check]:
    trivial = Check("accuracy without", t.seeds("without", "accuracy"), high=2 * t.evidence["chance"])
    telling = Check("accuracy with", t.seeds("with", "accuracy"), low=5 * t.evidence["chance"])
    return [less(t, "without", "with", "spread", 0.1), trivial, telling]


TAKE, PLAIN_TAKE, STILL = "ours, one take", "deterministic", "repeated frame"  # rows of Table 1 of [yadav2020]
CONTROLS = ("ours", "mean frame")  # begin the names of rows that are no method compared


def _others(t: Table) -> list[str]:
    return [row for row in t.rows if not row.startswith(CONTROLS)]


def _best_ssim(t: Table) -> list[Check]:
    ours = t.seeds(TAKE, "SSIM")
    return [Check(f"{TAKE} − {row}, SSIM", ours - t.seeds(row, "SSIM"), low=0) for row in _others(t)]


def _psnr_second(t: Table) -> list[Check]:
    better = np.sort([t.seeds(row, "PSNR") for row in _others(t)], axis=0)
    return [Check(f"{TAKE} − the second best of the others, PSNR", t.seeds(TAKE, "PSNR") - better[-2], low=0)]


def _diverse(t: Table) -> list[Check]:
    wide = [Check(f"difference of takes, {region}", t.seeds("ours", region), low=0) for region in ("mouth", "eyes")]
    mixed = "ours, shuffled audio"
    kept = t.seeds("ours", "opening") - t.seeds(mixed, "opening")
    return [*wide, less(t, "ours", mixed, "LMD"), Check(f"ours − {mixed}, opening", kept, low=0)]


def _smooth(t: Table) -> list[Check]:
    ratio = t.seeds("ours", "first") / t.seeds("truth", "first")
    return [Check("first difference over the truth's", ratio, 0.5, 1.5), less(t, "ours", "frame by frame", "second")]


CONTRASTIVE, SHARED, DOMAIN, TOGETHER = "L_C", "L_C + SC", "L_C + L_adv", "L_C + SC + L_adv"  # Table 3 of [zhou2019]
WORDS, FOUND = ("visual", "audio", "both"), ("V2A R@1", "A2V R@1")


def _above(t: Table, row: str, other: str, *columns: str) -> list[Check]:
    """row > other in each column."""
    return [Check(f"{row} − {other}, {c}", t.seeds(row, c) - t.seeds(other, c), low=0) for c in columns]


def _gan_raises(column: str) -> Callable:
    def checks(t: Table) -> list[Check]:
        return [*_above(t, "audio, L1 + GAN", "audio, L1", column), *_above(t, "video, L1 + GAN", "video, L1", column)]

    return checks


def _together(t: Table) -> list[Check]:
    higher = (*WORDS, *FOUND, "V2A R@10", "A2V R@10")
    best = [check for row in (CONTRASTIVE, SHARED, DOMAIN) for check in _above(t, TOGETHER, row, *higher)]
    ranks = [less(t, TOGETHER, row, f"{way} MedR") for row in (CONTRASTIVE, SHARED, DOMAIN) for way in ("V2A", "A2V")]
    gains = []
    for column in FOUND:
        alone, shared, domain, both = (t.seeds(row, column) for row in (CONTRASTIVE, SHARED, DOMAIN, TOGETHER))
        more = both - alone - (shared - alone) - (domain - alone)
        gains.append(Check(f"gain of both less the two single gains, {column}", more, low=0))
    return best + ranks + gains


def _modalities(t: Table) -> list[Check]:
    pairs = (("both", "audio"), ("audio", "visual"))
    rows = (CONTRASTIVE, SHARED, DOMAIN, TOGETHER)
    return [Check(f"{a} − {b}, {r}", t.seeds(r, a) - t.seeds(r, b), low=0) for r in rows for a, b in pairs]


def _word_leaves(t: Table) -> list[Check]:
    column = "word from F_p"
    before, after, chance = (t.seeds(row, column) for row in ("before", "after", "chance"))
    halved = Check("above chance, after − half of before", after - (before + chance) / 2, high=0)
    return [less(t, "after", "before", column), halved]


def _found_again(t: Table) -> list[Check]:
    columns = "audio R@1", "video R@1"
    return [*_above(t, "with", "without", *columns), *_above(t, "without", "repeated frame", *columns)]


TESTS: dict[str, tuple[str, Callable[[Table], list[Check]]]] = {  # of a claim: its table and its comparisons
    "priors.low-noise": ("T1", _low_noise),
    "priors.robust": ("T1", _robust),
    "priors.augment-helps": ("T1", lambda t: [less(t, AUGMENTED, PLAIN, "-30")]),
    "priors.augment-not-enough": ("T1", lambda t: [less(t, OURS, AUGMENTED, "-30")]),
    "priors.asr-not-enough": ("T1", lambda t: [less(t, OURS, RECOGNISER, "-30")]),
    "priors.margin-robust": ("T1", _margin_robust),
    "priors.compatible": ("T1", lambda t: [less(t, GAN_OURS, GAN, "-30")]),
    "priors.high-noise-fails": ("T1", _high_noise_fails),
    "priors.clean-par": ("T2", lambda t: [less(t, OURS, row, "LMD", 1.1) for row in t.rows if row != OURS]),
    "priors.margin-content-viseme": ("T3", _margin_moves("content", "viseme", low=0)),
    "priors.margin-content-emotion": ("T3", _margin_moves("content", "emotion", high=0)),
    "priors.margin-emotion-viseme": ("T3", _margin_moves("emotion", "viseme", high=0)),
    "priors.margin-emotion-emotion": ("T3", _margin_moves("emotion", "emotion", low=0)),
    "priors.collapse": ("collapse", _collapse),
    "davs.gan-psnr": ("T1", _gan_raises("PSNR")),
    "davs.gan-ssim": ("T1", _gan_raises("SSIM")),
    "davs.shared-classifier": ("T3", lambda t: _above(t, SHARED, CONTRASTIVE, *WORDS, *FOUND)),
    "davs.domain-adversarial": ("T3", lambda t: _above(t, DOMAIN, CONTRASTIVE, *WORDS, *FOUND)),
    "davs.together": ("T3", _together),
    "davs.modalities": ("T3", _modalities),
    "davs.word-leaves-person": ("SVM", _word_leaves),
    "davs.person-leaves-word": ("SVM", lambda t: [less(t, "after", "before", "person from f_w")]),
    "davs.disentangle-retrieval": ("T4", _found_again),
    "stochastic.ssim": ("T1", _best_ssim),
    "stochastic.psnr": ("T1", _psnr_second),
    "stochastic.diverse": ("diversity", _diverse),
    "stochastic.smooth": ("smoothness", _smooth),
}
