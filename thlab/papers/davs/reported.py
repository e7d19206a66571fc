"""Rows and numbers of the tables of [zhou2019], as printed; those of Table 4 are a picture."""

CONTRASTIVE = "L_C"
SHARED = "L_C + SC"  # the shared classifier
DOMAIN = "L_C + L_adv"  # the modality classifier as an adversary
TOGETHER = "L_C + SC + L_adv"
SUPERVISIONS = (CONTRASTIVE, SHARED, DOMAIN, TOGETHER)  # rows of Table 3, in its order

WORDS = ("visual", "audio", "both")
WAYS = ("V2A", "A2V")
RANKS = ("R@1", "R@10", "MedR")
SCORES = (*WORDS, *(f"{way} {score}" for way in WAYS for score in RANKS))

TABLE_1 = {  # PSNR, SSIM
    "audio, L1": (25.4, 0.859),
    "video, L1": (25.7, 0.865),
    "audio, L1 + GAN": (26.7, 0.883),
    "video, L1 + GAN": (26.8, 0.884),
}
TABLE_3 = {  # in the order of SCORES
    "Chung and Zisserman": (61.1,),
    CONTRASTIVE: (61.8, 81.7, 90.8, 29.3, 56.3, 6.0, 29.8, 56.3, 6.0),
    SHARED: (65.6, 91.6, 94.9, 38.8, 66.4, 3.0, 44.5, 70.9, 2.0),
    DOMAIN: (63.5, 88.1, 93.7, 39.3, 67.9, 3.0, 42.2, 69.2, 2.0),
    TOGETHER: (67.5, 91.8, 95.2, 64.2, 84.7, 1.0, 67.7, 85.8, 1.0),
}
LEAKAGE = {"before": (27.8,), "after": (9.7,)}  # the word from F_p, %, in the text
CHANCE_OF_LRW = 0.2  # %, of its 500 words
GALLERY_OF_LRW = 25_000  # clips among which Table 3 searches
