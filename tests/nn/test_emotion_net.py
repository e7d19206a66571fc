"""EmotionNet: it sees all of a face, and learns."""

import torch
from torch.nn.functional import cross_entropy, interpolate

from thlab.nn.emotion_net import EmotionNet


def test_every_pixel_and_weight_counts_and_other_sizes_are_resized():
    net = EmotionNet(8).eval()
    x = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    net(x).square().sum().backward()
    assert (x.grad.abs().sum((0, 1)) > 0).all()
    assert all(weight.grad is not None for weight in net.parameters())
    large = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    small = interpolate(large, (64, 64), mode="bilinear", antialias=True)
    torch.testing.assert_close(net(large), net(small))


def test_it_learns_an_emotion_that_is_a_colour():
    net = EmotionNet(2)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(30):
        label = torch.randint(2, (8,), generator=generator)
        x = 0.2 * torch.rand(8, 3, 64, 64, generator=generator)
        x[:, 0] += 0.3 * label[:, None, None]
        loss = cross_entropy(net(x), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (net.eval()(x).argmax(1) == label).all()
