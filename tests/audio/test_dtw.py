"""DTW against a recursion over all paths, and what it says to bad input."""

from functools import lru_cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from thlab.audio import (
    accumulate,
    alignment_error,
    backtrack,
    band_mask,
    cost_matrix,
    dtw,
    dtw_batch,
    dtw_torch,
    map_times,
    narrowest_band,
    warp,
)
from thlab.audio.time_warping import checked

SCIPY = {"l1": "cityblock", "l2": "euclidean", "sqeuclidean": "sqeuclidean", "cosine": "cosine"}
METRICS = list(SCIPY)


def brute_force(x, y, metric, band):
    """Least cost over all paths, by the recursion itself, with the band's definition."""
    n = len(x)
    m = len(y)
    C = cdist(x, y, SCIPY[metric])

    @lru_cache(None)
    def best(i, j):
        if i < 0 or j < 0:
            return np.inf
        longer = max(n, m) - 1
        shorter = min(n, m) - 1
        along, across = (i, j) if n >= m else (j, i)
        if (
            band is not None
            and shorter > 0
            and abs(along - across * longer / shorter) > band + 1e-9
        ):
            return np.inf
        if i == 0 and j == 0:
            return C[0, 0]
        return C[i, j] + min(best(i - 1, j - 1), best(i - 1, j), best(i, j - 1))

    return best(n - 1, m - 1)


def check_path(path, n, m):
    assert tuple(path[0]) == (0, 0)
    assert tuple(path[-1]) == (n - 1, m - 1)
    assert {tuple(step) for step in np.diff(path, axis=0)} <= {(1, 0), (0, 1), (1, 1)}


@st.composite
def pairs(draw):
    """Two short sequences of small whole numbers, never all zeros, and maybe a band.

    Ties are common and sums exact.
    """
    n = draw(st.integers(1, 9))
    m = draw(st.integers(1, 9))
    d = draw(st.integers(1, 4))
    values = st.lists(st.integers(-3, 3), min_size=(n + m) * d, max_size=(n + m) * d)
    frames = np.array(draw(values), dtype=np.float64).reshape(n + m, d)
    frames[~frames.any(1)] = 1.0
    slack = draw(st.none() | st.integers(0, 3))
    return frames[:n], frames[n:], None if slack is None else narrowest_band(n, m) + slack


@settings(max_examples=150, deadline=None)
@given(pairs(), st.sampled_from(METRICS), st.sampled_from([np.float32, np.float64]))
def test_every_implementation_finds_the_least_cost(pair, metric, dtype):
    x, y, band = pair
    expected = brute_force(x, y, metric, band)
    D = accumulate(cost_matrix(x, y, metric, band))
    np.testing.assert_allclose(D[-1, -1], expected, rtol=1e-9, atol=1e-9)
    plain = backtrack(D)
    fast = dtw(x.astype(dtype), y.astype(dtype), metric, band)
    (batched,) = dtw_torch([x.astype(dtype)], [y.astype(dtype)], metric, band)
    for path in (plain, fast.path, batched.path):
        check_path(path, len(x), len(y))
        assert band is None or band_mask(len(x), len(y), band)[path[:, 0], path[:, 1]].all()
    for result in (fast, batched):
        np.testing.assert_allclose(result.cost, expected, rtol=1e-6, atol=1e-6)
    if metric == "l1":  # sums are exact, so ties are real ones and all must break them alike
        np.testing.assert_array_equal(fast.path, plain)
        np.testing.assert_array_equal(batched.path, plain)


@pytest.mark.parametrize("band", [None, 40])
@pytest.mark.parametrize(("n", "m"), [(512, 40), (513, 700), (1100, 300), (300, 1100)])
def test_strips_agree_with_the_plain_recursion(n, m, band):
    rng = np.random.default_rng(0)
    x, y = (rng.integers(0, 5, (length, 3)).astype(np.float32) for length in (n, m))
    D = accumulate(cost_matrix(x, y, "l1", band))
    result = dtw(x, y, "l1", band)
    assert result.cost == D[-1, -1]
    np.testing.assert_array_equal(result.path, backtrack(D))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("n", "m"), [(300, 350), (1300, 900)])
def test_librosa_agrees(metric, n, m):
    librosa = pytest.importorskip("librosa")
    rng = np.random.default_rng(1)
    x, y = (rng.normal(size=(length, 13)).astype(np.float32) for length in (n, m))
    D, _ = librosa.sequence.dtw(x.T.astype(float), y.T.astype(float), metric=SCIPY[metric])
    (batched,) = dtw_torch([x], [y], metric)
    for result in (dtw(x, y, metric), dtw(x.astype(float), y.astype(float), metric), batched):
        check_path(result.path, n, m)
        np.testing.assert_allclose(result.cost, D[-1, -1], rtol=1e-5)
        along = cost_matrix(x, y, metric)[result.path[:, 0], result.path[:, 1]].sum()
        np.testing.assert_allclose(result.cost, along, rtol=1e-9)


@pytest.mark.parametrize("batch", [dtw_batch, dtw_torch, lambda *args: dtw_batch(*args, workers=2)])
def test_a_batch_of_unequal_lengths_is_its_pairs(batch):
    rng = np.random.default_rng(2)
    xs = [rng.integers(0, 4, (n, 2)).astype(np.float32) for n in (1, 30, 17, 5)]
    ys = [rng.integers(0, 4, (m, 2)).astype(np.float32) for m in (9, 21, 17, 1)]
    for band in (None, 5):
        for x, y, result in zip(xs, ys, batch(xs, ys, "l1", band), strict=True):
            expected = dtw(x, y, "l1", band)
            assert result.cost == expected.cost
            np.testing.assert_array_equal(result.path, expected.path)
    assert batch([], []) == []
    with pytest.raises(ValueError, match="xs holds 4 sequences and ys 3"):
        batch(xs, ys[:3])


def test_ties_take_the_diagonal_then_x_then_y():
    flat = np.zeros((3, 1), np.float32)
    np.testing.assert_array_equal(dtw(flat, flat).path, [[0, 0], [1, 1], [2, 2]])
    # walking back from (2, 3), the diagonal is taken as long as there is one
    np.testing.assert_array_equal(
        dtw(flat, np.zeros((4, 1), np.float32)).path, [[0, 0], [0, 1], [1, 2], [2, 3]]
    )


def test_swapped_sequences_cost_the_same():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 5))
    y = rng.normal(size=(61, 5))
    for band in (None, 12):
        np.testing.assert_allclose(
            dtw(x, y, "l2", band).cost, dtw(y, x, "l2", band).cost, rtol=1e-12
        )


def test_the_band_follows_the_scaled_diagonal():
    i, j = np.indices((6, 6))
    np.testing.assert_array_equal(band_mask(6, 6, 2), abs(i - j) <= 2)
    np.testing.assert_array_equal(band_mask(5, 3, 0).nonzero(), [[0, 2, 4], [0, 1, 2]])
    for n in range(1, 9):
        for m in range(1, 9):
            for band in range(9):
                reached = accumulate(np.where(band_mask(n, m, band), 1.0, np.inf))[-1, -1]
                assert np.isfinite(reached) == (band >= narrowest_band(n, m))


OK = np.ones((4, 2), np.float32)
BAD = [
    ((np.ones((0, 2)), OK), {}, r"x: expected frames .* got \(0, 2\)"),
    ((OK, np.ones((3, 0))), {}, r"y: expected frames .* got \(3, 0\)"),
    ((OK, np.ones((3, 2, 2))), {}, r"y: expected frames .* got \(3, 2, 2\)"),
    ((OK, np.ones((3, 5))), {}, "x has 2 features a frame and y has 5"),
    ((OK, np.array([[1, 1], [1, np.nan]])), {}, "y: frame 1 holds NaN or Inf"),
    ((np.array([[np.inf, 1], [1, 1]]), OK), {}, "x: frame 0 holds NaN or Inf"),
    ((OK, np.array([[1, 1], [0, 0]])), {"metric": "cosine"}, "y: frame 1 is all zeros"),
    ((OK, OK), {"metric": "manhattan"}, "metric: expected one of l1, l2, .* 'manhattan'"),
    ((OK, OK), {"band": -1}, "band: -1"),
    (
        (OK, np.ones((11, 2))),
        {"band": 1},
        "band: 1 cannot join the corners of 4 x 11 frames, it takes 2",
    ),
    ((OK * 1e38, -OK * 1e38), {"metric": "sqeuclidean"}, "overflow"),
]


@pytest.mark.parametrize(("sequences", "options", "message"), BAD)
def test_bad_input_is_named(sequences, options, message):
    with pytest.raises(ValueError, match=message):
        dtw(*sequences, **options)
    with pytest.raises(ValueError, match=message):
        dtw_torch(*([sequence] for sequence in sequences), **options)


def test_a_band_of_half_a_frame_is_refused():
    with pytest.raises(ValueError, match=r"band: expected a whole number of frames, got 1\.5"):
        checked.__wrapped__(OK, OK, "l1", 1.5)  # past the type check of tests


def test_lengths_of_one_flat_sequences_integers_and_tensors():
    assert dtw(np.array([3.0]), np.array([5.0])).cost == 2.0
    np.testing.assert_array_equal(
        dtw(np.array([3]), np.array([5, 4, 3])).path, [[0, 0], [0, 1], [0, 2]]
    )
    x = np.array([1, 2, 3, 9], np.uint8)
    y = np.array([1, 3, 9], np.uint8)
    assert dtw(x, y).cost == dtw_torch([x], [y])[0].cost == 1.0  # 2 - 3 does not wrap around
    leaf = torch.tensor([[1.0], [2.0], [4.0]], requires_grad=True)
    assert dtw(leaf, np.array([[1.0], [4.0]])).cost == 1.0


def test_warp_keeps_the_last_match():
    path = np.array([[0, 0], [1, 0], [2, 1], [2, 2], [3, 2]])
    x = np.array([10, 11, 12, 13])
    y = torch.tensor([[20.0], [21.0], [22.0]])
    np.testing.assert_array_equal(warp(x, path), [11, 12, 13])
    assert torch.equal(warp(y, path, length_of="x"), torch.tensor([[20.0], [20.0], [22.0], [22.0]]))
    with pytest.raises(ValueError, match="length_of"):
        warp(x, path, length_of="z")
    with pytest.raises(ValueError, match="path: it names frame 3 of a sequence of 2"):
        warp(x[:2], path)


def test_times_follow_a_known_warp():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(50, 8))
    # y is x at half the speed: frame i of x is frames 2i and 2i + 1 of y
    y = np.repeat(x, 2, axis=0)
    path = dtw(x, y).path
    times = np.array([0.05, 0.123, 0.3])
    np.testing.assert_allclose(map_times(path, times, hop=0.01), 2 * times + 0.005)
    np.testing.assert_allclose(map_times(path, times + 1, hop=0.01, start=1.0), 2 * times + 1.005)
    assert (np.diff(map_times(path, np.linspace(-0.1, 0.7, 99), hop=0.01)) >= 0).all()
    assert alignment_error(path, times, 2 * times, hop=0.01) == pytest.approx(0.005)
