# %% [markdown]
# # Lesson 14: Inside the GPU
#
# **Teaches:** how to write a GPU kernel and try it without a GPU; why neighbouring threads should touch neighbouring
# numbers; shared memory and barriers; how a race is found; the sums inside batch normalisation; how the kernels of
# this engine for im2col, depthwise convolution and channel shuffle work.
#
# **Needs:** lesson 6 (convolution, im2col), lesson 9 (batch normalisation), lesson 11 (MACs and bytes), lesson 12
# (channel shuffle). You read a little C++. To run it: Linux and a C++ compiler, `g++` or `clang++`. No GPU.
#
# **Time:** 90 minutes to read and discuss; 10 s of computing (`--quick`: 8 s), the compiler's part of it only the first
# time.
#
# **Sources:** NVIDIA, "CUDA C++ programming guide" (threads, memory, barriers) and "CUDA C++ best practices guide"
# (coalescing, banks, transposing a matrix); Harris 2007, "Optimizing parallel reduction in CUDA"; Welford 1962, "Note
# on a method for calculating corrected sums of squares and products"; Chan, Golub and LeVeque 1979, "Updating
# formulae and a pairwise algorithm for computing sample variances".

# %%
import re
import sys
import time
from pathlib import Path

import numpy as np
from classroom import BLUE, GREEN, ORANGE, OUTPUT, QUICK, image, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch.kernels import emulator

if emulator.why_not():
    print(f"This lesson cannot run here: {emulator.why_not()}.")
    print("Read it, and run it on another machine; no other lesson needs this one.")
    sys.exit(0)

# %% [markdown]
# ## A kernel
#
# A *kernel* is a function that thousands of *threads* run at the same time. Threads come in *blocks*, and the blocks
# form a *grid*. `threadIdx.x` says which thread of its block one is, `blockIdx.x` which block, `blockDim.x` how many
# threads a block has, `gridDim.x` how many blocks there are. From these, each thread works out which numbers are its
# own.
#
# The *emulator* compiles the text of a kernel with a C++ compiler and runs all threads on the CPU. So it can say
# whether a kernel is right. It cannot say how fast it is on a GPU.

# %%
def kernel_file(name, text):
    """Write the text of kernels to a file, for the emulator."""
    path = OUTPUT / f"14_{name}.cu"
    path.write_text(text, encoding="utf-8")
    return path


SCALE = kernel_file("scale", r"""
// y = factor * x, for n numbers and any number of threads: each goes on in steps of all threads.
extern "C" __global__ void scale(const float* x, float factor, float* y, int* who, int n) {
    int me = blockIdx.x * blockDim.x + threadIdx.x, threads = gridDim.x * blockDim.x;
    for (int i = me; i < n; i += threads) {
        y[i] = factor * x[i];
        who[i] = me;  // for us, to see who did it
    }
}
""")

# %% [markdown]
# **Question.** Ten numbers, two blocks of four threads. Which thread, counted through all blocks, does number 6? Which
# one does number 9?

# %%
x = np.arange(10, dtype=np.float32)
y, who = np.zeros_like(x), np.full(10, -1, np.int32)
emulator.launch(SCALE, "scale", 2, 4, [x, 2.0, y, who, 10])
print("x:     ", x.astype(int))
print("y:     ", y.astype(int))
print("thread:", who)
assert np.array_equal(y, 2 * x) and who[6] == 6 and who[9] == 1

# %% [markdown]
# Eight threads do the first eight numbers, then threads 0 and 1 go on to numbers 8 and 9. With this *grid-stride loop*
# a kernel is right for any number of blocks.
#
# **Question.** Somebody writes `i <= n` for `i < n`. Which thread will do what it must not? What would you like to
# happen then, and what does a GPU do?

# %%
def fault(path, *arguments, **options):
    """The error with which check mode ends a kernel."""
    try:
        emulator.launch(path, *arguments, check=True, **options)
    except emulator.KernelError as error:
        print(f"{type(error).__name__}: {error}")
        return error
    raise AssertionError("the mistake was not found")


too_far = kernel_file("too_far", SCALE.read_text(encoding="utf-8").replace("i < n", "i <= n"))
error = fault(too_far, "scale", 2, 4, [x, 2.0, y, who, 10])
assert isinstance(error, emulator.OutOfBoundsError) and error.thread == (2, 0, 0)

# %% [markdown]
# *Check mode* watches every access. A GPU would most likely read and overwrite what lies behind the arrays and go on,
# and the fault would show somewhere else, or never.
#
# ## Coalescing
#
# 32 threads that follow one another, a *warp*, run each instruction together. When they read, the memory moves pieces
# of 32 bytes, eight numbers of four bytes, each beginning at a multiple of 32 bytes. The fewer pieces the 32 threads
# touch, the better: their reads are *coalesced*, grown together. (Arrays begin at such a multiple.)
#
# **Question.** Thread $t$ reads number $t \cdot s$. How many pieces does a warp need for the *stride* $s = 1$? For
# $s = 2$? From which $s$ on does it not get worse? And if thread $t$ reads number $t + 1$?

# %%
STRIDED = kernel_file("strided", r"""
extern "C" __global__ void strided(const float* x, float* y, int* place, int stride, int offset) {
    int t = blockIdx.x * blockDim.x + threadIdx.x, from = t * stride + offset;
    y[t] = x[from];
    place[t] = from;  // for us, to count
}
""")


def pieces(places):
    """How many pieces of 32 bytes each warp touches; places (warps, 32) count in numbers of four bytes."""
    return np.array([len(np.unique(4 * warp // 32)) for warp in np.asarray(places).astype(int)])


def pieces_read(stride, offset=0):
    """The mean number of pieces that the warps of `strided` read."""
    x, y, place = np.zeros(4096, np.float32), np.zeros(64, np.float32), np.zeros(64, np.int32)
    emulator.launch(STRIDED, "strided", 1, 64, [x, y, place, stride, offset], check=True)
    return pieces(place.reshape(-1, 32)).mean()


strides = list(range(1, 17))
counts = [pieces_read(stride) for stride in strides]
for stride, count in zip(strides[:9], counts):
    print(f"stride {stride}: {count:4.1f} pieces, {32 * 4 / (32 * count):6.1%} of the bytes are used")
print(f"stride 1, beginning at number 1: {pieces_read(1, 1):.1f} pieces")
assert counts[0] == 4 and counts[1] == 8 and set(counts[7:]) == {32} and max(counts[:7]) < 32 and pieces_read(1, 1) == 5
figure, axes = subplots()
axes.bar(strides, counts, color=[GREEN if count == 4 else BLUE for count in counts])
axes.set(xlabel="stride between neighbouring threads", ylabel="pieces of 32 bytes", xticks=strides)
axes.set_title("The same 32 numbers, up to eight times the traffic")
save(figure, "14_coalescing")

# %% [markdown]
# A warp with stride 1 uses all bytes that come; from stride 8 on, one number out of eight, and the memory moves eight
# times as much. An offset costs one piece more. Many layers of a network wait for memory (lesson 11), so this is the
# first thing to look at: *neighbouring threads, neighbouring numbers*.
#
# ## Shared memory
#
# Turn a matrix over its diagonal. In memory, the rows lie one after the other.
#
# **Question.** A warp reads 32 neighbours of a row and writes them to a column. How many pieces does it read, and how
# many does it write? Could it be the other way round? Could both be good?

# %%
TRANSPOSE = kernel_file("transpose", r"""
// y = x turned over its diagonal, n x n numbers. A block of 32 x 32 threads takes a square, a warp a row of it.
extern "C" __global__ void plain(const float* x, float* y, int* read, int* written, int n) {
    int row = blockIdx.y * 32 + threadIdx.y, column = blockIdx.x * 32 + threadIdx.x;
    int from = row * n + column, to = column * n + row;
    y[to] = x[from];
    read[from] = from;  // for us, to count: row by row, so that 32 neighbours are a warp
    written[from] = to;
}

// The same, but the square is put into shared memory on the way. The threads of a block share this small, fast memory.
extern "C" __global__ void tiled(const float* x, float* y, int* read, int* written, int n) {
    __shared__ float tile[32][33];
    int left = blockIdx.x * 32, top = blockIdx.y * 32;
    int from = (top + threadIdx.y) * n + left + threadIdx.x;
    int to = (left + threadIdx.y) * n + top + threadIdx.x;
    tile[threadIdx.y][threadIdx.x] = x[from];
    __syncthreads();  // until all threads of the block have come here, nobody goes on
    y[to] = tile[threadIdx.x][threadIdx.y];
    read[from] = from;
    written[from] = to;
}
""")
SIZE = 64
matrix = np.random.default_rng(0).normal(size=(SIZE, SIZE)).astype(np.float32)
traffic, drawn = {}, {}
for kernel in ("plain", "tiled"):
    y, read, written = np.zeros_like(matrix), *np.zeros((2, SIZE * SIZE // 32, 32), np.int32)
    emulator.launch(TRANSPOSE, kernel, (2, 2), (32, 32), [matrix, y, read, written, SIZE], check=True)
    assert np.array_equal(y, matrix.T)
    traffic[kernel] = pieces(read).mean(), pieces(written).mean()
    print(f"{kernel}: a warp reads {traffic[kernel][0]:.0f} pieces and writes {traffic[kernel][1]:.0f}")
    drawn |= {"each one reads": read[11], f"the {kernel} one writes": written[11]}
figure, panels = subplots(1, 3, height=5)
for axes, (title, places) in zip(panels, drawn.items()):
    touched = np.zeros(SIZE * SIZE)
    touched.reshape(-1, 8)[np.unique(places // 8)] = 0.3
    touched[places] = 1
    image(axes, touched.reshape(SIZE, SIZE), title, cmap="Blues", vmin=-0.1, vmax=1)
assert traffic == {"plain": (4, 32), "tiled": (4, 4)}
figure.suptitle("One warp: dark what it wants, light what is moved with it")
save(figure, "14_transpose")

# %% [markdown]
# The plain kernel reads well and writes badly. The other way round it would read badly. The tiled one does both well:
# it goes along rows in memory and turns the square over in shared memory, where a thread picks up a number that
# *another thread* put there. So all of them must have put theirs down before anyone picks up: `__syncthreads()` is a
# *barrier*.
#
# Why has a row of the tile 33 numbers and not 32? Shared memory consists of 32 *banks*; number $k$ lies in bank
# $k \bmod 32$, and a bank serves one number at a time.
#
# **Question.** 32 threads read a column of the tile. How many of them go to the same bank, with rows of 32 numbers?
# With rows of 33?

# %%
waiting = {row: np.bincount(np.arange(32) * row % 32).max() for row in (32, 33)}
for row, threads in waiting.items():
    print(f"rows of {row} numbers: threads at the same bank: {threads}")
assert waiting == {32: 32, 33: 1}

# %% [markdown]
# ## A race
#
# Layers often need sums: over a channel, over a row, over a batch. One block adds up $n$ numbers like this: each
# thread adds its share; then 128 threads add what 128 others have, 64 threads what 64 others have, and so on: a
# *reduction*. After each round there is a barrier.

# %%
SUM = kernel_file("sum", r"""
// The sum of n numbers by one block of 256 threads.
extern "C" __global__ void block_sum(const float* x, float* sum, int n) {
    __shared__ float partial[256];
    int t = threadIdx.x;
    float own = 0;
    for (int i = t; i < n; i += 256) own += x[i];
    partial[t] = own;
    for (int step = 128; step > 0; step /= 2) {
        __syncthreads();
        if (t < step) partial[t] += partial[t + step];
    }
    if (t == 0) *sum = partial[0];
}
""")
WITHOUT = kernel_file("sum_without_barrier", SUM.read_text(encoding="utf-8").replace("__syncthreads();", ""))


def block_sum(x, path=SUM, **options):
    """The sum of the numbers by the kernel."""
    total = np.zeros(1, np.float32)
    emulator.launch(path, "block_sum", 1, 256, [np.ascontiguousarray(x), total, x.size], **options)
    return total[0]


# %% [markdown]
# **Question.** We delete the barrier and add up 256 ones. The emulator lets the threads take turns, from the first to
# the last, or from the last to the first. (A GPU promises no order.) Is the result wrong? In both orders?

# %%
ones, results = np.ones(256, np.float32), {}
for path, name in ((SUM, "with barrier"), (WITHOUT, "without")):
    for order in ("forward", "reverse"):
        results[name, order] = block_sum(ones, path, order=order, check=False)
        print(f"{name:12}, threads {order}: {results[name, order]:g}")
assert results["with barrier", "forward"] == results["with barrier", "reverse"] == 256
assert results["without", "forward"] != 256 and results["without", "reverse"] == 256
for order in ("forward", "reverse"):
    print(f"\ncheck mode, threads {order}")
    error = fault(WITHOUT, "block_sum", 1, 256, [ones, np.zeros(1, np.float32), 256], order=order)
    assert isinstance(error, emulator.RaceError)
assert block_sum(ones, check=True) == 256

# %% [markdown]
# Without the barrier the result depends on who comes first: a *race*. (A `nan` is what the emulator puts into shared
# memory that nobody has written yet.) In one order the result is even right, and that is the nasty part: such a kernel
# passes its test today and fails on another GPU. Check mode does not look at the result; it asks of every access
# whether something puts it in order with the others, and finds the mistake in both orders.
#
# ## The sums inside batch normalisation
#
# Batch normalisation needs the mean and the variance of each channel. By the formula
# $\mathrm{E}[x^2] - \mathrm{E}[x]^2$ both come from one reading of $x$. Or read $x$ twice: first for the mean, then for
# the mean of $(x - \text{mean})^2$. The engine's own kernel has a third way. It reads once, too, and each thread keeps
# of its share the count, the mean $m$ and the sum $q$ of squared distances from that mean. Two shares are joined by
#
# $$m = m_1 + d \frac{n_2}{n_1 + n_2} \qquad q = q_1 + q_2 + d^2 \frac{n_1 n_2}{n_1 + n_2} \qquad d = m_2 - m_1$$
#
# first those of the threads of a block, then, by a second kernel, those of the blocks.
#
# **Question.** In float32, with a standard deviation of 1 and means from 1 to 10000: how wrong is each way?

# %%
SOURCE = Path(minitorch.__file__).parent / "kernels" / "cuda" / "source"


def moments(x, blocks=4, **options):
    """Mean and variance of the numbers, by the two kernels that the engine has for batch normalisation."""
    parts, whole = list(np.zeros((3, blocks), np.float32)), list(np.zeros((2, 1), np.float32))
    rounds = x.size // (256 * blocks)  # numbers for each thread
    sizes = [x.size, 1, 1, 1, rounds]  # images, channels, numbers of a plane, channels of a block
    path = SOURCE / "normalization.cu"
    emulator.launch(path, "batch_norm_statistics", (1, blocks), 256, [x, *parts, *sizes], **options)
    emulator.launch(path, "batch_norm_finish", 1, (32, 8), [*parts, *whole, blocks, 1], **options)
    return whole[0][0], whole[1][0]


def variance_errors(x):
    """The relative error of the variance by each of the three ways."""
    exact, mean = x.astype(np.float64).var(), block_sum(x) / np.float32(x.size)
    once = block_sum(x * x) / np.float32(x.size) - mean * mean
    twice = block_sum((x - mean) ** 2) / np.float32(x.size)
    return [abs(variance - exact) / exact for variance in (once, twice, moments(x)[1])]


means, ways = (1, 10, 100, 1000, 10000), ("squares, read once", "read twice", "engine, read once")
errors = np.zeros((len(means), len(ways)))
for row, mean in enumerate(means):
    for seed in range(3 if QUICK else 10):
        x = np.random.default_rng(seed).normal(mean, 1, 4096).astype(np.float32)
        errors[row] = np.maximum(errors[row], variance_errors(x))
    print(f"mean {mean:5}: worst relative error", {way: f"{error:.0e}" for way, error in zip(ways, errors[row])})
assert errors[-1, 0] > 1 and errors[:, 1:].max() < 1e-3 and (errors[2:, 0] > 100 * errors[2:, 1:].max(axis=1)).all()
figure, axes = subplots()
for error, way, color in zip(errors.T, ways, (ORANGE, GREEN, BLUE)):
    axes.loglog(means, error, "o-", color=color, label=way)
axes.set(xlabel="mean (standard deviation 1)", ylabel="relative error of the variance")
axes.set_title("Which way to the variance holds in float32?")
axes.legend()
save(figure, "14_variance")

# %% [markdown]
# The first way subtracts two large, nearly equal numbers, and what is left is rounding: at the right end the error is
# larger than the variance itself. The other two subtract the mean from single numbers, or one mean from another. The
# engine's way needs no second reading; its error grows a little, as its many means near 10000 are rounded, too.
#
# CUDA can also add to a number in memory without a race, whoever else does: `atomicAdd`. With that, a sum is one line,
# and no second kernel is needed.
#
# **Question.** Then why does the engine not use it? Add up the same numbers, the threads in ten different orders. How
# many different sums are there?

# %%
ATOMIC = kernel_file("atomic", r"""
extern "C" __global__ void atomic_sum(const float* x, float* sum, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicAdd(sum, x[i]);
}
""")
x = np.random.default_rng(0).normal(1, 1, 4096).astype(np.float32)
atomic_sums, engine_means = [], []
for seed in range(10):
    total = np.zeros(1, np.float32)
    emulator.launch(ATOMIC, "atomic_sum", 16, 256, [x, total, x.size], order="random", seed=seed)
    atomic_sums.append(total[0])
    engine_means.append(moments(x, order="random", seed=seed)[0])
print(f"atomicAdd: {len(set(atomic_sums))} different sums, from {min(atomic_sums)} to {max(atomic_sums)}")
print(f"the engine's kernels: {len(set(engine_means))} mean, {engine_means[0]}")
assert len(set(atomic_sums)) > 1 and len(set(engine_means)) == 1

# %% [markdown]
# Rounding depends on the order of a sum. With `atomicAdd` the order is that in which the threads happen to come, and a
# training run could not be repeated to the bit. In the engine's kernels the text fixes who adds what to what.
#
# ## im2col
#
# Now three kernels as the engine has them. Lesson 6 made a convolution into a product of matrices: im2col writes each
# window of the image as a column. Arguments with `stride`, `pad` and `dilation` are those of lesson 6; `real` stands
# for `float`.

# %%
def kernel_text(file, kernel):
    """The text of one of the engine's kernels."""
    text = (SOURCE / file).read_text(encoding="utf-8")
    return re.search(rf'^extern "C" __global__ .*\b{kernel}\((?:.*\n)*?}}$', text, re.MULTILINE).group()


print(kernel_text("convolution_columns.cu", "im2col"))

# %% [markdown]
# `blockIdx.x` and `threadIdx.y` choose a plane, one channel of one image. In it a thread takes a window: two divisions
# tell where it begins, then its numbers are copied, one after the other.
#
# **Question.** 3 x 3 windows, stride 1, padding 1: how many times more numbers does it write than the image has? Which
# numbers do neighbouring threads read, and which do they write? Will a stride of 2 change that?

# %%
def im2col(x, stride=1, pad=1):
    """The 3 x 3 windows of x (N, C, H, W) as columns (N, C * 9, windows), by the engine's kernel."""
    images, channels, height, width = x.shape
    out_height, out_width = ((size + 2 * pad - 3) // stride + 1 for size in (height, width))
    windows = out_height * out_width
    columns = np.zeros((images, channels * 9, windows), np.float32)
    geometry = height, width, out_height, out_width, 3, 3, stride, stride, pad, pad, 1, 1
    grid, block = (-(-images * channels // 4), 1), (64, 4)  # a block has four planes, and 64 threads for each
    arguments = [x, columns, channels * 9 * windows, windows, images * channels, channels, *geometry]
    emulator.launch(SOURCE / "convolution_columns.cu", "im2col", grid, block, arguments, check=True)
    return columns


random = np.random.default_rng(0)
x, weight = random.normal(size=(2, 3, 8, 9)).astype(np.float32), random.normal(size=(5, 3, 3, 3)).astype(np.float32)
for stride in (1, 2):
    columns = im2col(x, stride)
    assert np.array_equal(columns, F.unfold(minitorch.tensor(x), 3, padding=1, stride=stride).numpy())
    product = weight.reshape(5, -1) @ columns
    expected = F.conv2d(minitorch.tensor(x), minitorch.tensor(weight), padding=1, stride=stride).numpy()
    difference = np.abs(product - expected.reshape(product.shape)).max()
    print(f"stride {stride}: {columns.size / x.size:.2f} times as many numbers; weight times columns against the "
          f"convolution on the CPU: largest difference {difference:.0e}")
    assert difference < 1e-4
    # In an image that holds its own addresses, each copy says where it was read. A row of 32 windows is a warp.
    side = 32 * stride + 2
    places = im2col(np.arange(side * side, dtype=np.float32).reshape(1, 1, side, side), stride, pad=0)
    counts = pieces(places.reshape(-1, 32))
    least, most = counts.min(), counts.max()
    print(f"stride {stride}: a warp reads {least} to {most} pieces at a time")
    assert (stride == 1 and (least, most) == (4, 5)) or (stride == 2 and (least, most) == (8, 9))
    assert stride == 2 or columns.size == 9 * x.size

small = np.arange(1, 26, dtype=np.float32).reshape(1, 1, 5, 5)
written = im2col(small)[0]
figure, (left, right) = subplots(1, 2, height=5, width_ratios=(1, 2.5))
for axes, pixels, title in ((left, small[0, 0], "image, 5 x 5"), (right, written, "columns, 9 x 25")):
    image(axes, np.where(pixels > 0, pixels, np.nan), title, cmap="viridis")  # the padding stays white
figure.suptitle("im2col: nine numbers for each one")
save(figure, "14_im2col")

# %% [markdown]
# Neighbouring threads read and write neighbours (a row of windows is a row of the image, moved), so with stride 1 all
# is coalesced; with stride 2 half of what is read is not wanted. The price is the size: nine times the image, written,
# and read again by the product. So on a GPU the engine uses im2col only for layers of many channels, where the product
# has much work for each number. Else a kernel multiplies straight from the image (`convolution.cu`): its threads work
# out the same addresses when they need a number, and the columns are never written. On the emulator, too:

# %%
on_emulator = [minitorch.tensor(array).to("emulator") for array in (x, weight)]
straight = F.conv2d(*on_emulator, padding=1).to("cpu").numpy()
expected = F.conv2d(minitorch.tensor(x), minitorch.tensor(weight), padding=1).numpy()
print(f"the kernel without columns against the CPU: largest difference {np.abs(straight - expected).max():.0e}")
assert np.abs(straight - expected).max() < 1e-4

# %% [markdown]
# ## Depthwise convolution
#
# Nine MACs for each number, and then it is done: memory decides (lesson 11). If each thread fetched
# its nine numbers, memory and its cache would be asked nine times for each of them.

# %%
print(kernel_text("convolution_depthwise.cu", "depthwise_conv2d"))

# %% [markdown]
# A block fetches a *tile* into shared memory, what its results need, with a rim (`fetch` stands above in the file).
# After the barrier images are read from there only. Each thread has a strip of four results, one below the other.
#
# **Question.** A block has 32 x 2 threads, so results in 32 columns and 8 rows. How many numbers has its tile, for a
# 3 x 3 kernel? How many reads from memory is that for each result, instead of nine? What does check mode say if we
# take out the barrier?

# %%
STRIP, ACROSS, DOWN = 4, 32, 2
TILE, RESULTS = (DOWN * STRIP + 2) * (ACROSS + 2), DOWN * STRIP * ACROSS
print(f"tile: {TILE} numbers for {RESULTS} results, {TILE / RESULTS:.2f} for each")
assert TILE / RESULTS < 1.4


def depthwise(x, weight, y):
    """What launches the engine's kernel: y, depthwise convolution of x (N, C, H, W) by (C, 1, 3, 3), padding 1."""
    images, channels, height, width = x.shape
    grid = images * channels, -(-height // (DOWN * STRIP)), -(-width // ACROSS)
    geometry = height, width, height, width, 3, 3, 1, 1, 1, 1, 1, 1
    return "depthwise_conv2d", grid, (ACROSS, DOWN), [x, weight, None, y, images * channels, channels, 1, *geometry]


x, weight = random.normal(size=(2, 4, 20, 40)).astype(np.float32), random.normal(size=(4, 1, 3, 3)).astype(np.float32)
expected = F.conv2d(minitorch.tensor(x), minitorch.tensor(weight), padding=1, groups=4).numpy()
path, y = SOURCE / "convolution_depthwise.cu", np.zeros_like(x)
emulator.launch(path, *depthwise(x, weight, y), shared_bytes=4 * TILE, check=True)
print(f"kernel against the convolution on the CPU: largest difference {np.abs(y - expected).max():.0e}\n")
assert np.abs(y - expected).max() < 1e-4
text = path.read_text(encoding="utf-8").replace("__syncthreads();  // the tile is complete", "", 1)
error = fault(kernel_file("depthwise", text), *depthwise(x, weight, y), shared_bytes=4 * TILE)
assert isinstance(error, emulator.RaceError)

# %% [markdown]
# Four reads for three results, in place of 27. And a barrier that is missing in the engine's own kernel is found as in
# ours.
#
# ## Channel shuffle
#
# Lesson 12: a reshape, an exchange of two axes, a reshape. As a kernel: where does this number come from?

# %%
print(kernel_text("channel_shuffle.cu", "channel_shuffle"))

# %% [markdown]
# A thread owns a place of the output, in all images. It asks for the numbers of four images before it writes the first,
# so that it waits for memory once and not four times.
#
# **Question.** Six channels in two groups, 0 1 2 and 3 4 5: in which order do they leave? With planes of 8 x 8, are the
# reads coalesced although channels jump?

# %%
def shuffle(x, groups):
    """Channel shuffle of x (N, C, H, W) by the engine's kernel."""
    images, channels, height, width = x.shape
    y, size = np.zeros_like(x), height * width
    grid = -(-channels * size // 256), -(-images // 4)
    arguments = [x, y, images, groups, channels // groups, size]
    emulator.launch(SOURCE / "channel_shuffle.cu", "channel_shuffle", grid, 256, arguments, check=True)
    return y


x = random.normal(size=(5, 6, 8, 8)).astype(np.float32)
assert np.array_equal(shuffle(x, 2), F.channel_shuffle(minitorch.tensor(x), 2).numpy())
print("order:", shuffle(np.arange(6, dtype=np.float32).reshape(1, 6, 1, 1), 2).ravel().astype(int))
places = shuffle(np.arange(x[0].size, dtype=np.float32).reshape(1, 6, 8, 8), 2).reshape(-1, 32)
print("planes of 8 x 8: pieces that a warp reads:", np.unique(pieces(places)))
assert np.array_equal(np.unique(pieces(places)), [4])
places = shuffle(np.arange(64, dtype=np.float32).reshape(1, 64, 1, 1), 8).reshape(-1, 32)
print("planes of 1 x 1, 64 channels in 8 groups:", np.unique(pieces(places)))
assert np.array_equal(np.unique(pieces(places)), [8])

# %% [markdown]
# The result is that of the CPU, to the bit: nothing is computed. Channels jump, but a plane stays whole, and a warp
# reads within planes. Only with planes of a single number it is no longer so.
#
# ## On a real GPU
#
# The emulator said that these kernels are *right*. How *fast* they are only a GPU can tell. A launch returns at once,
# while the GPU is still at work: wait for it before you read the clock.
#
# **Question.** Which share of the time of the full convolution will the depthwise one need, with a 64th of the MACs?
# And ReLU and shuffle, with none?

# %%
def milliseconds(function):
    """The least time of some calls on the GPU, after one that compiles."""
    times = []
    for _ in range(6):
        minitorch.cuda.synchronize()
        start = time.perf_counter()
        function()
        minitorch.cuda.synchronize()
        times.append(1e3 * (time.perf_counter() - start))
    return min(times[1:])


if minitorch.cuda.is_available():
    batch = minitorch.randn(64, 64, 56, 56).to("cuda")
    full, single = (minitorch.randn(64, channels, 3, 3).to("cuda") for channels in (64, 1))
    layers = {
        "full 3 x 3": lambda: F.conv2d(batch, full, padding=1),
        "depthwise 3 x 3": lambda: F.conv2d(batch, single, padding=1, groups=64),
        "channel shuffle": lambda: F.channel_shuffle(batch, 4),
        "ReLU": lambda: F.relu(batch),
    }
    moved = 2 * batch.numel() * 4  # bytes: read once, written once
    for name, layer in layers.items():
        spent = milliseconds(layer)
        print(f"{name:16}: {spent:6.2f} ms, {moved / spent / 1e6:5.0f} GB/s if all is read and written once")
else:
    print("no GPU here: nothing is timed")

# %% [markdown]
# To remember:
#
# * A thread finds its numbers from its place; a grid-stride loop makes any grid right.
# * Neighbouring threads, neighbouring numbers. Where that cannot be, go through shared memory.
# * Between writing shared memory and reading what another thread wrote stands a barrier.
# * A right result does not prove that there is no race. Check mode does better than luck.
# * No small variance from two large sums; no sum whose order nobody knows.
#
# To go on: write `y = max(x, 0)`, a 2 x 2 max pooling, the gradient of the depthwise convolution for its input, each
# compared with the engine on the CPU. `python -m minitorch.kernels.emulator` checks a file of yours.
