"""One picture of a person that is bent and recoloured as the landmarks say, frame by frame.

What vid2vid (Wang et al. 2018) learns as motion from the frame before is known here: it is that of
the landmarks. One picture for all frames keeps what is fine in a face from coming and going.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, grid_sample, interpolate, max_pool2d

from thlab.face.thin_plates import thin_plate_motion
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.footage import Footage

FINER = 2  # the key frame's pixels a side for one of the frames'
MOTION = 0.08  # widths of the picture: the motion that a map of 1 says
FARTHEST = 4.0  # standard deviations of a landmark coordinate that are still believed
LEAST = 1.5e-4  # widths, .02 px of 128: added to each deviation, for axes along which nothing moves
STILL = 2.0  # of 255: a pixel that varies less in all frames belongs to what never moves
SEEN = 500  # frames, about, that this is judged by
MARGIN = 5  # pixels, odd: by which what moves is widened, and over which it fades out
FACES = 68 * 2

Points = Float[Tensor, "b 68 2"]  # px
Plates = Float[Tensor, "b 2 n n"]  # widths of the picture


class KeyFrame(nn.Module):
    """The person's key frame, its motion and its colours.

    Thin plates bend it so that its landmarks meet those of a frame. What plates cannot know (depth,
    the hair, the light) is learnt: a further motion and colours, both on the key frame's own grid,
    are linear in the landmarks' principal coordinates and in a few features that a small net makes
    of these. Places that never moved in the person's footage stay.
    """

    mean: Tensor
    axes: Tensor
    points: Tensor
    moves: Tensor
    grid: Tensor
    coarse: Tensor

    def __init__(self, config: PortraitConfig):
        super().__init__()
        self.size = config.size
        self.cells = config.cells
        known = config.axes + config.features
        self.register_buffer("mean", torch.zeros(FACES))
        self.register_buffer("axes", torch.zeros(FACES, config.axes))
        self.register_buffer("points", torch.zeros(68, 2))
        self.register_buffer("moves", torch.ones(1, config.size, config.size))
        self.register_buffer("grid", centres(config.size), persistent=False)
        self.register_buffer("coarse", centres(config.cells), persistent=False)
        self.texture = nn.Parameter(torch.full((3, FINER * config.size, FINER * config.size), 0.5))
        self.motion = nn.Parameter(torch.zeros(known, 2 * config.cells**2))
        self.colours = nn.Parameter(torch.zeros(known, 3 * config.size**2))
        self.features = nn.Sequential(
            nn.Linear(config.axes, config.hidden),
            nn.SiLU(),
            nn.Linear(config.hidden, config.hidden),
            nn.SiLU(),
            nn.Linear(config.hidden, config.features),
        )

    @torch.no_grad()
    def begin(self, footage: Footage) -> None:
        """Take over what is known of a person before anything is learnt.

        The key frame is the one whose landmarks lie nearest to their medians. All numbers are
        rounded to float16, as weights are saved: what is read again is what was trained.
        """
        points = torch.from_numpy(footage.landmarks).float() / self.size  # (F, 68, 2)
        middle = points.median(0).values
        nearest = int((points - middle).square().sum((1, 2)).argmin())
        mean = points.mean(0)
        _, sizes, axes = torch.linalg.svd((points - mean).flatten(1), full_matrices=False)
        kept = min(self.axes.shape[1], len(sizes))
        deviations = sizes[:kept] / len(points) ** 0.5 + LEAST
        self.mean.copy_(mean.flatten().half())
        self.axes[:, :kept] = (axes[:kept].T / deviations[:, None].T).half()
        self.points.copy_(points[nearest].half())
        frames = torch.from_numpy(footage.frames)
        picture = frames[nearest].movedim(-1, 0)[None] / 255
        self.texture.copy_(finer(picture)[0])
        self.moves.copy_(what_moves(frames).half())

    def plates(self, points: Points) -> Plates:
        """How far from the centre of each cell of a frame lies its place in the key frame."""
        return thin_plate_motion(points / self.size, self.points, self.cells)

    def forward(self, points: Points, plates: Plates) -> Float[Tensor, "b 3 h w"]:
        """The key frame bent to landmarks; plates: as `plates` gives them for these.

        Colours may lie outside 0 to 1.
        """
        n = len(points)
        known = self.coordinates(points)
        there = self.coarse + 2 * plates.movedim(1, -1)
        learnt = (known @ self.motion).view(n, 2, self.cells, self.cells)
        motion = plates + MOTION * fetch(learnt, there)
        fine = interpolate(motion, size=self.size, mode="bilinear", align_corners=False)
        there = self.grid + 2 * (self.moves * fine).movedim(1, -1)
        colours = (known @ self.colours).view(n, 3, self.size, self.size)
        return fetch(self.texture.expand(n, -1, -1, -1), there) + self.moves * fetch(colours, there)

    def coordinates(self, points: Points) -> Float[Tensor, "b k"]:
        """Principal coordinates of landmarks, in standard deviations, and features of them."""
        x = (points.flatten(1) / self.size - self.mean) @ self.axes
        x = x.clamp(-FARTHEST, FARTHEST)
        return torch.cat([x, self.features(x)], 1)


def finer(pictures: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h2 w2"]:
    """Pictures with `FINER` times the pixels a side: bent ones then lose little of what is fine.

    Chapter: book/evp-portrait.ipynb
    """
    made = interpolate(pictures, scale_factor=FINER, mode="bicubic", align_corners=False)
    return made.clamp(0, 1)


def fetch(
    maps: Float[Tensor, "b c h w"], there: Float[Tensor, "b h2 w2 2"]
) -> Float[Tensor, "b c h2 w2"]:
    """Maps at places (x, y) from -1 to 1, bilinearly; their border goes on outside.

    Chapter: book/evp-portrait.ipynb
    """
    return grid_sample(maps, there, "bilinear", "border", align_corners=False)


def centres(n: int) -> Float[Tensor, "1 n n 2"]:
    """Centres (x, y) of the pixels of a picture of n a side, from -1 to 1.

    Chapter: book/evp-portrait.ipynb
    """
    at = (2 * torch.arange(n) + 1) / n - 1
    y, x = torch.meshgrid(at, at, indexing="ij")
    return torch.stack([x, y], -1)[None]


def what_moves(frames: Tensor) -> Float[Tensor, "1 h w"]:
    """1 where pixels vary in the frames (f, h, w, 3) of 255, fading to 0 where they never do.

    Chapter: book/evp-portrait.ipynb
    """
    some = frames[:: 1 + len(frames) // SEEN].float()
    spread = some.std(0, correction=0).amax(-1)  # (H, W)
    moving = (spread > STILL).float()[None, None]
    wide = max_pool2d(moving, 2 * MARGIN + 1, 1, MARGIN)
    return avg_pool2d(wide, MARGIN, 1, MARGIN // 2, count_include_pad=False)[0]
