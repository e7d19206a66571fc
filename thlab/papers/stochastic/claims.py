"""What [yadav2020] says of its results, as comparisons; in words it stands in book/claims.json.

The rivals are the paper's: DAVS, which stands beside ours, and ATVNet, which this book does not
build. The deterministic model, the mean of z and still frames are ours or controls: anchors, never
rivals. What is said of the paper's takes is asked of both kinds that are drawn here: by the paper's
sampling, and from recorded residuals.
"""

from thlab.evaluation.claims import Claim
from thlab.evaluation.comparison import Comparison, Untestable, less, more, within
from thlab.papers.stochastic.reported import ATVNET, DAVS, SAMPLED, TABLE_1, TAKE

OURS = "ours"
PLAIN = "deterministic"  # its takes are all alike
TRUTH = "truth, performed anew"
SHORT, FRAMEWISE = "short training", "frame by frame"  # alike, but one has no memory
SHUFFLED = "ours, shuffled audio"
ITSELF = "frames by themselves"
FRAME, CLIP = "frame of the clip, R@1", "clip of the speaker, R@1"


def above_davs(column: str, unit: str) -> Claim:
    """One take above DAVS in a column of Table 1, whichever way it is drawn."""
    printed = TABLE_1["GRID"]
    comparisons: list[Comparison | Untestable] = []
    for row in (SAMPLED, TAKE):
        paper = printed[row][column] - printed[DAVS][column]
        comparisons.append(more(row, DAVS, column, paper=paper, unit=unit))
    why = "this book does not build its generator"
    return Claim("T1", (*comparisons, Untestable(f"ours − {ATVNET}, {column}", why)))


def diverse(row: str) -> tuple[Comparison, ...]:
    """Takes differ about mouth and eyes, and still say what is heard."""
    return (
        more(row, PLAIN, "mouth", paper=None, anchors=(TRUTH, PLAIN)),
        more(row, PLAIN, "eyes", paper=None, anchors=(TRUTH, PLAIN)),
        less(row, SHUFFLED, "LMD", paper=None, anchors=(TRUTH, SHUFFLED)),
        more(row, SHUFFLED, "opening", paper=None, anchors=(TRUTH, SHUFFLED)),
    )


CLAIMS = {
    "stochastic.ssim": above_davs("SSIM", ""),
    "stochastic.psnr": above_davs("PSNR", "dB"),  # the paper has ATVNet above both
    "stochastic.diverse": Claim("diversity", (*diverse(SAMPLED), *diverse(OURS))),
    "stochastic.smooth": Claim(
        "smoothness",
        (
            within(SAMPLED, "truth", "first", 0.5, 1.5, ratio=True),
            within(OURS, "truth", "first", 0.5, 1.5, ratio=True),
            less(SHORT, FRAMEWISE, "second", paper=None, anchors=("truth", FRAMEWISE)),
        ),
    ),
    "stochastic.shared-latent": Claim(
        "shared-latent",
        (
            more(OURS, "chance", FRAME, paper=None, anchors=(ITSELF, "chance")),
            more(OURS, SHUFFLED, FRAME, paper=None, anchors=(ITSELF, SHUFFLED)),
            more(OURS, "chance", CLIP, paper=None, anchors=(ITSELF, "chance")),
            # the same, and not only nearer than another: half of a wrong pair's distance at most
            within(OURS, SHUFFLED, "LMD, decoded", 0, 0.5, ratio=True),
        ),
    ),
}
