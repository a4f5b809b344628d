# %% [markdown]
# # Lesson 6: Convolution by hand
#
# **Teaches:** what a convolution computes and why images like it; padding, stride and dilation; how six slow loops
# become one fast matrix product; its gradients; how far a deep network sees.
#
# **Needs:** lesson 1 (the chain rule and `Tensor`), lesson 3 (templates of a linear classifier).
#
# **Time:** 90 minutes to read and discuss; 10 s of computing (`--quick`: 5 s).
#
# **Sources:** LeCun et al. 1998, "Gradient-based learning applied to document recognition"; Dumoulin and Visin 2016,
# "A guide to convolution arithmetic for deep learning"; Chellapilla, Puri and Simard 2006, "High performance
# convolutional neural networks for document processing"; Luo et al. 2016, "Understanding the effective receptive field
# in deep convolutional neural networks".

# %%
import math
import time

import numpy as np
from classroom import BLUE, GREEN, ORANGE, QUICK, RED, image, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, tools
from minitorch.data import datasets

images, labels = datasets.FashionMini(train=False).arrays()
images = images[:, 0].astype(np.float64)  # (N, 28, 28), 0 is background
names = datasets.FashionMini.classes
random = np.random.default_rng(0)

# %% [markdown]
# ## A small template slides over an image
#
# Take a template of 3 x 3 numbers, called a *kernel* or *filter*. Lay it on the image, multiply what lies on each
# other, add up: one number. Move on by a pixel. All the numbers together are an image again, the *feature map*:
#
# $$y_{ij} = \sum_p \sum_q w_{pq} \, x_{i+p,\,j+q}$$


# %%
def correlate(x, kernel):
    """The response of a kernel (KH, KW) at each place of an image (H, W) in which it fits: (H - KH + 1, W - KW + 1)."""
    height, width = kernel.shape
    y = np.zeros((x.shape[0] - height + 1, x.shape[1] - width + 1))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = (x[i : i + height, j : j + width] * kernel).sum()
    return y


kernels = {
    "left to right": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4,
    "top to bottom": np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]]) / 4,
    "mean": np.full((3, 3), 1 / 9),
}
print(kernels["left to right"])

# %% [markdown]
# **Question.** Lay the kernel "left to right" on a trouser leg, light on black: where is the response large, where is
# it most negative, and what is it in the middle of an evenly grey area? Sketch it, then run the cell.

# %%
trousers = images[np.flatnonzero(labels == names.index("Trouser"))[3]]
figure, panels = subplots(1, 4, height=4)
image(panels[0], trousers, "image", cmap="gray")
for axes, (name, kernel) in zip(panels[1:], kernels.items()):
    response = correlate(trousers, kernel)
    image(axes, response, name, cmap="RdBu_r", vmin=-1, vmax=1)
    print(f"{name:13}: from {response.min():.2f} to {response.max():.2f}")
figure.suptitle("Three kernels on one image (red +, blue -)")
flat = correlate(np.full((9, 9), 0.5), kernels["left to right"])
print("on an evenly grey area:", np.unique(flat.round(12)))
assert not flat.any(), "the kernel's numbers add up to 0"
edges = correlate(trousers, kernels["left to right"])
row = edges[12]  # through both legs: dark, light, dark, light, dark
assert (row > 0.3).argmax() < (row < -0.3).argmax(), "from left to right first lighter, red, then darker, blue"
save(figure, "06_kernels")

# %% [markdown]
# The kernel answers where the image becomes lighter from left to right, with the opposite sign where it becomes
# darker, and not at all where nothing changes: its numbers add up to 0. A kernel is a small picture of what it looks
# for. In lesson 3 a template was as large as the image and had to match at one place; this one is tried at every place.
#
# **Question.** Cut a piece of 9 x 9 pixels out of one of 32 images, and slide it over all of them. Will the response be
# largest where the piece was cut out?

# %%
mosaic = np.block([[images[8 * row + column] for column in range(8)] for row in range(4)])
own_place = (2 * 28 + 3, 5 * 28 + 10)
piece = mosaic[own_place[0] : own_place[0] + 9, own_place[1] : own_place[1] + 9]


def best_place(response):
    """Row and column of the largest response."""
    return tuple(int(i) for i in np.unravel_index(response.argmax(), response.shape))


centred, norm = piece - piece.mean(), np.sqrt((piece**2).sum())
window_norm = np.sqrt(np.maximum(correlate(mosaic**2, np.ones((9, 9))), 1e-9))
responses = {
    "the piece itself": correlate(mosaic, piece),
    "minus its mean": correlate(mosaic, centred),
    "and divided by the window's length": correlate(mosaic, piece) / window_norm,
}
print("cut out at      ", own_place)
for name, response in responses.items():
    print(f"{name:35}: largest at {best_place(response)}")
assert best_place(responses["the piece itself"]) != own_place
assert best_place(responses["and divided by the window's length"]) == own_place
figure, panels = subplots(1, 2, height=4)
image(panels[0], mosaic, "one piece of 32 images", cmap="gray")
image(panels[1], response, "where it fits", cmap="magma", vmin=0.5 * norm, vmax=norm)  # the last of the three
for axes, shift in zip(panels, (4, 0)):  # the response at a place is that of the window which begins there
    axes.plot(own_place[1] + shift, own_place[0] + shift, "o", markersize=28, markerfacecolor="none", color="cyan")
save(figure, "06_template")

# %% [markdown]
# The bare sum is largest where the image is brightest, not where it is most alike: a white area beats a good match.
# Divided by the length of the window, the response is a cosine, and the piece finds itself. A convolution layer does
# not divide; kernels with positive and negative numbers, biases and normalisation layers do that work.
#
# ## Convolution, or correlation?
#
# In mathematics a convolution turns the kernel around first. Deep learning does not, but keeps the name.
#
# **Question.** $x = (1, 2, 3, 4)$, kernel $(1, 0, -1)$. What does `F.conv1d` give, what `numpy.convolve`?

# %%
x, kernel = np.array([1.0, 2, 3, 4]), np.array([1.0, 0, -1])
layer = F.conv1d(minitorch.tensor(x).reshape(1, 1, 4), minitorch.tensor(kernel).reshape(1, 1, 3)).flatten().numpy()
print("conv1d:", layer, " numpy.convolve:", np.convolve(x, kernel, "valid"))
assert np.array_equal(layer, -np.convolve(x, kernel, "valid"))
assert np.array_equal(layer, np.convolve(x, kernel[::-1], "valid")), "with the kernel turned around they agree"

# %% [markdown]
# A network learns its kernels, so it does not matter to it which way round they are stored. It matters to you when you
# bring kernels from a book on signal processing.
#
# ## The same weights everywhere
#
# A convolution is linear, so it is a matrix; a linear layer could do the same.
#
# **Question.** From an image of 28 x 28 to one of 28 x 28: how many weights has a linear layer, how many a convolution
# of 3 x 3? And in the convolution's matrix, what share of the numbers is not 0?

# %%
def matrix_of(kernel, size):
    """The matrix (outputs, pixels) of `correlate` on images of size x size: its columns are the images of pixels."""
    columns = []
    for place in np.ndindex(size, size):
        pixel = np.zeros((size, size))
        pixel[place] = 1
        columns.append(correlate(pixel, kernel).ravel())
    return np.array(columns).T


print(f"linear layer: {784 * 784:,} weights; convolution: {3 * 3}")
kernel = np.arange(1.0, 10).reshape(3, 3)
matrix = matrix_of(kernel, 6)
x = random.normal(size=(6, 6))
assert np.allclose(matrix @ x.ravel(), correlate(x, kernel).ravel())
print(f"the matrix for an image of 6 x 6: {matrix.shape}, {np.mean(matrix != 0):.0%} not 0, "
      f"{len(np.unique(matrix)) - 1} different numbers besides 0")
assert len(np.unique(matrix)) - 1 == 9 and np.mean(matrix != 0) == 9 / 36
figure, axes = subplots()
image(axes, matrix, "A 3 x 3 kernel as a matrix: nine numbers, again and again", cmap="magma_r")
axes.set(xlabel="36 pixels of the input", ylabel="16 pixels of the output")
save(figure, "06_matrix")

# %% [markdown]
# Two assumptions about images are built into this matrix. **Locality**: a pixel of the output depends on its
# neighbours only (the zeros). **Weight sharing**: what is worth finding at one place is worth finding at every place
# (equal numbers along each line). Where they hold, thousands of weights need not be learnt.
#
# ## Padding, stride, dilation
#
# * **Padding** $p$: put $p$ rows and columns of zeros around the image, so that the output need not shrink.
# * **Stride** $s$: move the kernel by $s$ pixels at a time.
# * **Dilation** $d$: leave gaps; neighbours in the kernel are $d$ pixels apart in the image, so a kernel of $k$ pixels
#   spans $d (k - 1) + 1$.
#
# **Question.** How large is the output? Derive it: at which pixel may the last window begin? Then compare with the
# formula in the cell.

# %%
def output_size(n, kernel, stride=1, padding=0, dilation=1):
    """The number of windows along one side: floor((n + 2p - d(k - 1) - 1) / s) + 1."""
    return (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


SETTINGS = {
    "plain": {}, "padding 1": {"padding": 1}, "stride 2": {"stride": 2}, "dilation 2": {"dilation": 2},
}  # fmt: skip
for name, setting in SETTINGS.items():
    print(f"{name:10}: 9 pixels, kernel 3 -> {output_size(9, 3, **setting)}")
checked = 0
for _ in range(200):
    n, k, s, p, d = (int(random.integers(low, high)) for low, high in ((5, 15), (1, 4), (1, 4), (0, 3), (1, 3)))
    y = F.conv2d(minitorch.zeros(1, 1, n, n), minitorch.zeros(1, 1, k, k), None, s, p, d)
    assert y.shape[-1] == output_size(n, k, s, p, d)
    checked += 1
print(f"{checked} random settings: the engine's outputs have the sizes of the formula")

# %% [markdown]
# **Question.** An image of 9 x 9, a kernel of 3 x 3. Which pixels are seen by the most windows, which by the fewest?
# Sketch the four cases above. (The cell uses a trick: the gradient of the sum of all outputs, with a kernel of ones,
# counts for each pixel the windows that see it.)

# %%
figure, panels = subplots(1, 4, height=4)
counts = {}
for axes, (name, setting) in zip(panels, SETTINGS.items()):
    x = minitorch.zeros(1, 1, 9, 9, requires_grad=True)
    F.conv2d(x, minitorch.ones(1, 1, 3, 3), **setting).sum().backward()
    counts[name] = x.grad.numpy()[0, 0].astype(int)
    image(axes, counts[name], name, cmap="Blues", vmin=0, vmax=9)
    for (i, j), count in np.ndenumerate(counts[name]):
        axes.text(j, i, count, ha="center", va="center", fontsize=11, color="white" if count > 5 else "black")
figure.suptitle("How many windows see each pixel?")
corners = {name: int(count[0, 0]) for name, count in counts.items()}
print("windows that see the corner:", corners)
assert corners == {"plain": 1, "padding 1": 4, "stride 2": 1, "dilation 2": 1}
assert set(np.unique(counts["stride 2"])) == {1, 2, 4}
save(figure, "06_windows")

# %% [markdown]
# Without padding the border counts little: the corner is seen once, the middle nine times. Padding mends most of that.
# With stride 2 the counts form a pattern of 1, 2 and 4: some pixels weigh four times as much as their neighbours, for
# no reason that lies in the image. Such patterns come back when gradients are drawn as images.
#
# ## Six loops, and how to get rid of them
#
# A real layer has $C$ input channels and $O$ kernels, each as deep as the input:
#
# $$y_{oij} = b_o + \sum_c \sum_p \sum_q w_{ocpq} \, x_{c,\,i+p,\,j+q}$$
#
# Three indices on the left, three under the sums: six loops.


# %%
def conv_loops(x, weight):
    """Six loops. x (C, H, W), weight (O, C, KH, KW) -> (O, OH, OW)."""
    channels, height, width = x.shape
    filters, _, kernel_h, kernel_w = weight.shape
    y = np.zeros((filters, height - kernel_h + 1, width - kernel_w + 1), x.dtype)
    for o in range(filters):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                for c in range(channels):
                    for p in range(kernel_h):
                        for q in range(kernel_w):
                            y[o, i, j] += weight[o, c, p, q] * x[c, i + p, j + q]
    return y


def conv_windows(x, weight):
    """Two loops: for each place, NumPy multiplies its window with all kernels."""
    filters, _, kernel_h, kernel_w = weight.shape
    y = np.zeros((filters, x.shape[1] - kernel_h + 1, x.shape[2] - kernel_w + 1), x.dtype)
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            window = x[:, i : i + kernel_h, j : j + kernel_w]
            y[:, i, j] = (weight * window).sum(axis=(1, 2, 3))
    return y


def im2col(x, kernel_h, kernel_w):
    """Each window as a column: (C, H, W) -> (C * KH * KW, OH * OW)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (kernel_h, kernel_w), axis=(1, 2))  # (C, OH, OW, KH, KW)
    return windows.transpose(0, 3, 4, 1, 2).reshape(len(x) * kernel_h * kernel_w, -1)


def conv_gemm(x, weight):
    """No loop: a row for each kernel times a column for each window, one matrix product (GEMM)."""
    filters, _, kernel_h, kernel_w = weight.shape
    y = weight.reshape(filters, -1) @ im2col(x, kernel_h, kernel_w)
    return y.reshape(filters, x.shape[1] - kernel_h + 1, x.shape[2] - kernel_w + 1)


def conv_engine(x, weight):
    """The engine's kernel."""
    return F.conv2d(minitorch.from_numpy(x[None]), minitorch.from_numpy(weight)).numpy()[0]


ways = {"six loops": conv_loops, "two loops": conv_windows, "im2col + GEMM": conv_gemm, "minitorch": conv_engine}
x, weight = random.normal(size=(3, 8, 9)), random.normal(size=(4, 3, 3, 2))
for name, way in ways.items():
    assert np.allclose(way(x, weight), conv_loops(x, weight)), name
print("all four ways give the same numbers")

# %% [markdown]
# **Question.** The number of multiplications is the same for all four. How much faster than six loops is one matrix
# product: twice, twenty times, a thousand times? (The times are your machine's, so only the table below can tell.)

# %%
size, channels, filters = (14, 8, 8) if QUICK else (28, 16, 16)
x = random.normal(size=(channels, size, size)).astype(np.float32)
weight = random.normal(size=(filters, channels, 3, 3)).astype(np.float32)
multiplications = filters * channels * 9 * (size - 2) ** 2


def seconds(way, repeat):
    """The least time of several runs: the one that other programs disturbed least."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        way(x, weight)
        times.append(time.perf_counter() - start)
    return min(times)


rates = {name: multiplications / seconds(way, repeat=1 if name == "six loops" else 10) for name, way in ways.items()}
print(f"{multiplications:,} multiplications with addition")
for name, rate in rates.items():
    print(f"{name:14}: {rate / 1e6:9.1f} million a second, {rate / rates['six loops']:7.0f} times six loops")
figure, axes = subplots()
axes.barh(list(rates), [rate / 1e6 for rate in rates.values()], color=[RED, ORANGE, GREEN, BLUE])
axes.set_xscale("log")
axes.invert_yaxis()
axes.set(xlabel="million multiplications a second", title="The same sums, four ways")
save(figure, "06_speed")

# %% [markdown]
# The table is your machine's; the first and the last row are worlds apart on every one. Python looks up names and types
# anew for every single product; the matrix product does not, multiplies several numbers in one instruction, and reads
# each number once into fast memory for many products. Decades of work went into that one operation, so the trick is to
# *turn other operations into it*. (If the engine is behind our three lines: it checks its arguments, remembers the
# graph and is made for whole batches, and here is one small image.)
#
# Nothing is free: the columns hold each pixel once for every window that sees it.

# %%
columns = im2col(x, 3, 3)
print(f"image: {x.size:,} numbers; columns: {columns.size:,}, {columns.size / x.size:.1f} times as many")
assert 6 < columns.size / x.size < 9, "nine times, less what the border loses"

# %% [markdown]
# ## Backward
#
# With $Y = W X$, where $X$ are the columns, lesson 1 has the gradients ready: $\partial W = \partial Y \, X^T$ and
# $\partial X = W^T \, \partial Y$. What is left is to bring $\partial X$ from columns to an image.
#
# **Question.** A pixel stands in up to nine columns. What is its gradient: one of the nine numbers, their mean, or
# their sum?

# %%
def col2im(columns, shape, kernel_h, kernel_w):
    """The transpose of `im2col`: adds each number of the columns to the pixel that it came from."""
    channels, height, width = shape
    out_h, out_w = height - kernel_h + 1, width - kernel_w + 1
    columns = columns.reshape(channels, kernel_h, kernel_w, out_h, out_w)
    x = np.zeros(shape, columns.dtype)
    for p in range(kernel_h):
        for q in range(kernel_w):
            x[:, p : p + out_h, q : q + out_w] += columns[:, p, q]
    return x


def conv_backward(grad, x, weight):
    """The gradients to x, weight and bias, of a convolution without padding and with stride 1."""
    filters, _, kernel_h, kernel_w = weight.shape
    grad_rows = grad.reshape(filters, -1)
    grad_weight = (grad_rows @ im2col(x, kernel_h, kernel_w).T).reshape(weight.shape)
    grad_x = col2im(weight.reshape(filters, -1).T @ grad_rows, x.shape, kernel_h, kernel_w)
    return grad_x, grad_weight, grad_rows.sum(axis=1)


arrays = random.normal(size=(3, 8, 9)), random.normal(size=(4, 3, 3, 3)), random.normal(size=4)
leaves = [minitorch.tensor(array, requires_grad=True) for array in arrays]
y = F.conv2d(leaves[0].unsqueeze(0), leaves[1], leaves[2])
grad = random.normal(size=y.shape)
y.backward(minitorch.tensor(grad))
for name, mine, leaf in zip(("x", "weight", "bias"), conv_backward(grad[0], *arrays[:2]), leaves):
    print(f"gradient of {name:6}: largest difference from the engine {np.abs(mine - leaf.grad.numpy()).max():.1e}")
    assert np.allclose(mine, leaf.grad.numpy())

# %% [markdown]
# The sum: a pixel acts through every window that sees it, and lesson 1 adds up over all ways. The gradient to the image
# has a name of its own, *transposed convolution*, because its matrix is the transpose of the matrix in the picture
# above. Networks that enlarge images use it as a layer.
#
# ## How far does it see?
#
# The *receptive field* of an output is the part of the image that it depends on. One layer of kernel $k$ sees $k$
# pixels. Each further layer adds $(k - 1) d$ steps of its own input, and a step there is as many pixels as all strides
# before it multiply to:
#
# $$r = 1 + \sum_l (k_l - 1) \, d_l \prod_{i < l} s_i$$
#
# **Question.** How far do three layers of 3 x 3 see: plain; with stride 2 in each; with dilations 1, 2, 4? Compute the
# three numbers by the formula, then let the gradient measure: a pixel is in the field if the gradient reaches it.

# %%
def field_by_formula(layers):
    """The size of the receptive field; layers is a list of (kernel, stride, dilation)."""
    size, step = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation * step
        step *= stride
    return size


def field_by_gradient(model, size):
    """The rows of an image of size x size that the gradient of the middle output reaches."""
    x = minitorch.randn(1, 1, size, size, requires_grad=True)
    y = model(x)
    y[0, 0, y.shape[2] // 2, y.shape[3] // 2].backward()
    return int((x.grad.numpy()[0, 0] != 0).any(axis=1).sum())


def stack(layers):
    """Convolutions of one channel, as a network."""
    return nn.Sequential(*(nn.Conv2d(1, 1, k, s, padding=d * (k // 2), dilation=d) for k, s, d in layers))


minitorch.manual_seed(0)
stacks = {
    "plain": [(3, 1, 1)] * 3, "stride 2": [(3, 2, 1)] * 3, "dilation 1, 2, 4": [(3, 1, 1), (3, 1, 2), (3, 1, 4)],
    "5, then 3 stride 2, then 3": [(5, 1, 1), (3, 2, 1), (3, 1, 1)], "ten plain layers": [(3, 1, 1)] * 10,
}  # fmt: skip
for name, layers in stacks.items():
    model = stack(layers)
    formula, gradient = field_by_formula(layers), field_by_gradient(model, size=64)
    print(f"{name:27}: formula {formula:2}, gradient {gradient:2}")
    assert formula == gradient == tools.receptive_field(model, (1, 64, 64)).size[0]

# %% [markdown]
# Formula and gradient agree, and so does `tools.receptive_field`, which does this for any network. Strides and
# dilations make the field grow by a power of the depth, plain layers only in proportion to it.
#
# **Question.** Ten plain layers see 21 x 21 pixels. Do all of these count alike? What does the mean gradient over many
# random networks look like: a flat square, a ring, or a bell?

# %%
DEEP = 10
fields = []
for seed in range(10 if QUICK else 50):
    minitorch.manual_seed(seed)
    weights = [minitorch.randn(8, 1 if layer == 0 else 8, 3, 3) / 8 for layer in range(DEEP)]
    x = minitorch.randn(1, 1, 31, 31, requires_grad=True)
    y = x
    for weight in weights:
        y = F.relu(F.conv2d(y, weight, padding=1))
    y[0, :, 15, 15].sum().backward()
    gradient = np.abs(x.grad.numpy()[0, 0])
    if gradient.any():  # in a few networks ReLU blocks every way
        fields.append(gradient / gradient.sum())
field = np.mean(fields, axis=0)
inner, whole = field[10:21, 10:21].sum(), field[5:26, 5:26].sum()
print(f"{len(fields)} networks: {whole:.0%} of the gradient lies in the field of 21 x 21 pixels")
print(f"{inner:.0%} in its inner 11 x 11, which are {121 / 441:.0%} of the area")
assert math.isclose(whole, 1, abs_tol=1e-6) and inner > 0.7

x = minitorch.zeros(1, 1, 31, 31, dtype=minitorch.float64, requires_grad=True)
y = x
for _ in range(DEEP):
    y = F.conv2d(y, minitorch.ones(1, 1, 3, 3, dtype=minitorch.float64), padding=1)
y[0, 0, 15, 15].backward()
ways_from = x.grad.numpy()[0, 0]
corner, centre = ways_from[5, 5], ways_from[15, 15]
print(f"ways to the output: from the corner of the field {corner:.0f}, from the centre {centre:,.0f}")
assert corner == 1 and centre > 1e7
figure, panels = subplots(1, 2)
image(panels[0], field, "mean |gradient| of the pixels", cmap="magma")
panels[0].plot([4.5, 25.5, 25.5, 4.5, 4.5], [4.5, 4.5, 25.5, 25.5, 4.5], color="white", linewidth=2)
panels[1].plot(np.arange(31) - 15, field.sum(axis=0), color=BLUE)
panels[1].axvspan(-10.5, 10.5, color=ORANGE, alpha=0.2)
panels[1].set(xlabel="pixels from the centre", title="summed over rows; shaded: the field")
panels[1].set_yticks([])
save(figure, "06_effective_field")

# %% [markdown]
# A bell. From the centre millions of ways through the layers lead to the output, from the corner of the field exactly
# one (counted with kernels of ones, whose gradient adds up the ways). The *effective* field is much smaller than the
# formula's, which is only the border that nothing can cross. (This is measured on random weights; Luo and others found
# that training widens it.)
#
# To remember:
#
# * A convolution is a template tried at every place: local, with shared weights, linear.
# * Output size: $\lfloor (n + 2p - d(k - 1) - 1) / s \rfloor + 1$.
# * Columns times kernels: one matrix product; backward is two more and a sum over windows.
# * The formula of the receptive field is a border; inside, the middle counts most.
#
# ## Exercises
#
# `pytest lessons/exercises/test_06_convolution.py`
