"""Numbers that [ji2021] prints, and the names of rows."""

OURS = "ours"
CHEN = "no emotion (as Chen)"  # the same network without an emotion code
WANG = "one-hot, heard (as Wang)"  # of the emotion that C_e hears
WANG_TRUE = "one-hot, true label"  # an oracle: the voice does not tell it
REPEATED = "face at rest"
MEAN = "mean displacement"
MEAN_OF_EMOTION = "mean of the true emotion"  # oracles that hear nothing
MEAN_OF_CLIP = "mean of the true clip"

LANDMARK_SCORES = ("M-LD", "M-LVD", "F-LD", "F-LVD")
PICTURE_SCORES = ("SSIM", "PSNR", "FID")

TABLE_1 = {
    CHEN: (3.27, 2.09, 3.82, 1.71, 0.60, 28.55, 67.60),
    WANG: (2.52, 2.28, 3.16, 2.01, 0.68, 28.61, 22.52),
    OURS: (2.45, 1.78, 3.01, 1.56, 0.71, 29.53, 7.99),
}

# term of Eq. 6 -> the row without it
WITHOUT = {
    "l_cla": "without L_cla",
    "l_con": "without L_con",
    "l_self": "without L_self",
    "l_cross": "without L_cross",
}
TABLE_2 = {
    "without L_cla": (2.72, 1.83, 3.68, 1.63),
    "without L_con": (2.65, 1.86, 3.03, 1.60),
    "without L_self": (2.47, 1.83, 3.02, 1.62),
    "without L_cross": (2.54, 1.80, 3.19, 1.59),
    OURS: (2.45, 1.78, 3.01, 1.56),
}
EMOTION_ACCURACY = {OURS: 83.58, "without L_cross": 69.79, WANG: 76.00}  # %
