"""Rows and numbers of Table 1 of [yadav2020], as printed."""

TAKE = "ours, one take"
DAVS = "DAVS"
ATVNET = "ATVNet"
TABLE_1 = {
    "GRID": {
        DAVS: {"SSIM": 0.82, "PSNR": 26.95},
        ATVNET: {"SSIM": 0.78, "PSNR": 32.67},
        TAKE: {"SSIM": 0.86, "PSNR": 32.01},
    },
    "LRW": {
        DAVS: {"SSIM": 0.80, "PSNR": 25.10},
        ATVNET: {"SSIM": 0.77, "PSNR": 29.72},
        TAKE: {"SSIM": 0.82, "PSNR": 30.45},
    },
}
