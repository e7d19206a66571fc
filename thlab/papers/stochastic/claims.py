"""What [yadav2020] says of its results, as comparisons; in words it stands in book/claims.json.

The rivals are the paper's: DAVS, which stands beside ours, and ATVNet, which this book does not
build. The deterministic model, the mean of z and still frames are ours or controls: anchors, never
rivals.
"""

from thlab.evaluation.claims import Claim
from thlab.evaluation.comparison import Untestable, less, more, within
from thlab.papers.stochastic.reported import ATVNET, DAVS, TABLE_1, TAKE

PLAIN = "deterministic"  # its takes are all alike
TRUTH = "truth, performed anew"
FRAMEWISE = "frame by frame"  # a model without memory
SHUFFLED = "ours, shuffled audio"


def above_davs(column: str, unit: str) -> Claim:
    """One take above DAVS in a column of Table 1."""
    printed = TABLE_1["GRID"]
    paper = printed[TAKE][column] - printed[DAVS][column]
    anchors = ("repeated frame", "mean frame")
    rival = more(TAKE, DAVS, column, paper=paper, unit=unit, anchors=anchors)
    missing = Untestable(f"{TAKE} − {ATVNET}, {column}", "this book does not build its generator")
    return Claim("T1", (rival, missing))


CLAIMS = {
    "stochastic.ssim": above_davs("SSIM", ""),
    "stochastic.psnr": above_davs("PSNR", "dB"),  # the paper has ATVNet above both
    "stochastic.diverse": Claim(
        "diversity",
        (
            more("ours", PLAIN, "mouth", paper=None, anchors=(TRUTH, PLAIN)),
            more("ours", PLAIN, "eyes", paper=None, anchors=(TRUTH, PLAIN)),
            less("ours", SHUFFLED, "LMD", paper=None, anchors=(TRUTH, SHUFFLED)),
            more("ours", SHUFFLED, "opening", paper=None, anchors=(TRUTH, SHUFFLED)),
        ),
    ),
    "stochastic.smooth": Claim(
        "smoothness",
        (
            within("ours", "truth", "first", 0.5, 1.5, ratio=True),
            less("ours", FRAMEWISE, "second", paper=None, anchors=("truth", FRAMEWISE)),
        ),
    ),
}
