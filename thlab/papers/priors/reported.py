"""Rows and numbers of the tables of [mittal2020], as printed; one row of ours has another name.

The paper's "baseline (DeepSpeech)" is "baseline (recogniser)" here: it hears a recogniser of ours.
"""

GAN = "temporal GAN (ref. 30), original"
GAN_OURS = "temporal GAN (ref. 30), with ours"
DAVS = "DAVS"
PLAIN = "baseline (MFCC)"
AUGMENTED = "baseline + augmentation"
RECOGNISER = "baseline (recogniser)"
NO_MARGIN = "ours without margin loss"
OURS = "ours"
LOUDNESS = "loudness alone"  # not in the paper: a control
ROWS = (GAN, GAN_OURS, PLAIN, AUGMENTED, RECOGNISER, NO_MARGIN, OURS)  # of Table 1, as run here
RIVALS = (GAN, DAVS, PLAIN, AUGMENTED, RECOGNISER)  # without the paper's content

LEVELS = ("clean", "-60", "-30", "-10")  # dB of noise; Fig. 5 draws -40 and -20 too
TABLE_1 = {  # LMD on GRID, in px of 256
    GAN: (1.32, 1.40, 1.96, 2.87),
    GAN_OURS: (1.33, 1.34, 1.45, 2.71),
    DAVS: (1.21, 1.28, 1.67, 2.56),
    PLAIN: (1.36, 1.34, 1.73, 2.80),
    AUGMENTED: (1.35, 1.38, 1.48, 2.79),
    RECOGNISER: (1.31, 1.31, 1.53, 2.84),
    NO_MARGIN: (1.28, 1.26, 1.46, 2.70),
    OURS: (1.25, 1.27, 1.33, 2.62),
}
TABLE_2 = {  # on GRID: LMD in px of 256, PSNR, SSIM
    GAN: (1.32, 28.88, 0.81),
    "Chung (ref. 7)": (1.35, 29.36, 0.74),
    "Chen (ref. 6)": (1.18, 29.89, 0.73),
    DAVS: (1.21, 28.75, 0.83),
    OURS: (1.25, 30.43, 0.78),
}
TABLE_3 = {  # accuracy in %: viseme and emotion with margin, then without
    "content": (77.1, 24.5, 58.7, 37.0),
    "emotion": (29.8, 68.4, 35.4, 55.3),
}
PICTURES = ("LMD", "PSNR", "SSIM")
PROBED = ("viseme, with margin", "emotion, with margin", "viseme, without", "emotion, without")
PRINTED_1 = {row: dict(zip(LEVELS, numbers, strict=True)) for row, numbers in TABLE_1.items()}
PRINTED_2 = {row: dict(zip(PICTURES, numbers, strict=True)) for row, numbers in TABLE_2.items()}
PRINTED_3 = {row: dict(zip(PROBED, numbers, strict=True)) for row, numbers in TABLE_3.items()}
