"""Rows and numbers of Table 1 of [yadav2020], as printed."""

TAKE = "ours, one take"
DAVS = "DAVS"
ATVNET = "ATVNet"
SCORES = ("SSIM", "PSNR")
TABLE_1 = {
    "GRID": {DAVS: (0.82, 26.95), ATVNET: (0.78, 32.67), TAKE: (0.86, 32.01)},
    "LRW": {DAVS: (0.80, 25.10), ATVNET: (0.77, 29.72), TAKE: (0.82, 30.45)},
}
