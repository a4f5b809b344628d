"""The mask of dropout against Philox 4x64-10 written in plain Python, and that against published answers."""

import numpy as np
import pytest
from kernels.on_device import MODES, on, transposed_memory

import minitorch
from minitorch import ops
from minitorch.kernels import cpu, cuda
from minitorch.tensor import Tensor

MOST = 2**64 - 1
KEY = [0x452821E638D01377, 0xBE5466CF34E90C6C]
# Counter, key and words, from the known answers that come with Salmon et al. 2011.
ANSWERS = [
    ([0] * 4, [0] * 2, [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]),
    ([MOST] * 4, [MOST] * 2, [0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0]),
    (
        [0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89],
        KEY,
        [0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6],
    ),
]


def philox(counter, key):
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * counter[0], 0xCA5A826395121157 * counter[2]
        counter = [
            (second >> 64) ^ counter[1] ^ key[0], second & MOST, (first >> 64) ^ counter[3] ^ key[1], first & MOST
        ]  # fmt: skip
        key = [(key[0] + 0x9E3779B97F4A7C15) & MOST, (key[1] + 0xBB67AE8584CAA73B) & MOST]
    return counter


@pytest.mark.parametrize("counter, key, words", ANSWERS)
def test_known_answers(counter, key, words):
    assert philox(counter, key) == words


def mask(n, threshold, key):
    """Whether each of n numbers is kept."""
    counters = -(-n // 8)
    kept = np.zeros(8 * counters, bool)
    for t in range(counters):
        words = [word >> shift & 0xFFFFFFFF for word in philox([t + 1, 0, 0, 0], key) for shift in (0, 32)]
        kept[t::counters] = [word >= threshold for word in words]
    return kept[:n]


@pytest.mark.parametrize("shape", [(1,), (7,), (8,), (9,), (3, 5), (0, 3), (), (257,), (3, 5, 41), (6500,)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_mask(shape, dtype, device):
    x = np.asarray(np.random.default_rng(0).standard_normal(shape) + 5, dtype)
    kernels = cpu if device == "cpu" else cuda
    y = on(device, kernels.dropout, transposed_memory(x), 2**31, 2.0, KEY)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, np.where(mask(x.size, 2**31, KEY).reshape(shape), 2 * x, 0))


@pytest.mark.parametrize("mode", MODES)
def test_in_every_order(mode, other_device):
    y = on(other_device, cuda.dropout, np.ones(7001, np.float32), 2**30, 3.0, KEY, mode=mode)
    np.testing.assert_array_equal(y, np.where(mask(7001, 2**30, KEY), 3, 0))


def test_the_threshold_itself_is_kept(device):
    words = [word >> shift & 0xFFFFFFFF for word in philox([1, 0, 0, 0], KEY) for shift in (0, 32)]
    kernels = cpu if device == "cpu" else cuda
    for i, word in enumerate(words):
        assert on(device, kernels.dropout, np.ones(8), word, 1.0, KEY)[i] == 1
        assert on(device, kernels.dropout, np.ones(8), word + 1, 1.0, KEY)[i] == 0


def test_threads_of_the_cpu_share_one_mask():
    before = minitorch.get_num_threads()
    results = []
    for threads in (1, 3):
        minitorch.set_num_threads(threads)
        results.append(cpu.dropout(np.ones(300_001, np.float32), 2**31, 2.0, KEY))
    minitorch.set_num_threads(before)
    np.testing.assert_array_equal(*results)
    assert abs(results[0].mean() - 1) < 0.01


def test_infinite_numbers_times_zero_are_nan(device):
    y = on(device, (cpu if device == "cpu" else cuda).dropout, np.full(64, np.inf), 2**31, 2.0, KEY)
    assert set(np.isnan(y)) == {False, True}


@pytest.mark.parametrize("p", [0.25, 1.0])
def test_backward_has_the_mask_of_the_forward_and_all_devices_one(p, device):
    minitorch.manual_seed(3)
    expected = ops.dropout(Tensor(np.ones((5, 7))), p).array
    minitorch.manual_seed(3)
    x = Tensor(np.ones((5, 7))).to(device).requires_grad_()
    y = ops.dropout(x, p)
    y.sum().backward()
    np.testing.assert_array_equal(y.detach().to("cpu").array, expected)
    np.testing.assert_array_equal(x.grad.to("cpu").array, expected)
    minitorch.manual_seed(3)
    assert ops.dropout(Tensor(np.ones(100)), 1e-12).array.all()
