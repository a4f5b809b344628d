# %% [markdown]
# # Lesson 11: Counting cost
#
# **Teaches:** how to count what a layer costs in parameters, in arithmetic and in memory traffic; the ideas with which
# networks became cheap: 1 x 1 convolutions, bottlenecks, depthwise separable convolutions, inverted residuals, and an
# activation without an exponential; and how far the counted savings show on the clock.
#
# **Needs:** lesson 6 (convolution as a matrix product), lesson 9 (batch normalisation), lesson 10 (residual blocks).
#
# **Time:** 90 minutes to read and discuss; 40 s of computing (`--quick`: 5 s).
#
# **Sources:** He et al. 2016, "Deep residual learning for image recognition" (bottleneck); Howard et al. 2017,
# "MobileNets"; Sandler et al. 2018, "MobileNetV2: inverted residuals and linear bottlenecks"; Howard et al. 2019,
# "Searching for MobileNetV3" (hard-swish); Williams, Waterman and Patterson 2009, "Roofline".

# %%
import time

import numpy as np
from classroom import BLUE, GREEN, ORANGE, QUICK, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch import models, nn, optim, tools
from minitorch.data import DataLoader, TensorDataset, datasets
from minitorch.training import accuracy, predict

# %% [markdown]
# ## Three things to count
#
# A convolution with $C$ input channels, $N$ output channels, a kernel of $K \times K$ and an output of $H \times W$
# places has
#
# $$\text{parameters} = N (C K^2 + 1) \qquad \text{MACs} = H W \cdot N \cdot C K^2$$
#
# A *MAC* is a multiply-accumulate, one product added to a sum. Some papers count FLOPs and take two for each MAC,
# others write FLOPs and mean MACs: always ask. A linear layer is the case $H = W = K = 1$.


# %%
def conv_cost(in_channels, out_channels, kernel, size):
    """Parameters and MACs of a convolution with bias whose output has size x size places."""
    weights = out_channels * in_channels * kernel**2
    return weights + out_channels, size**2 * weights


print("3 x 3 from 64 to 64 channels on 56 x 56 places:")
print("{:,} parameters, {:,} MACs".format(*conv_cost(64, 64, 3, 56)))

# %% [markdown]
# **Question.** LeNet has two convolutions and three linear layers. Which of them has the most parameters, which does
# the most arithmetic?

# %%
lenet = models.lenet5()
table = tools.summary(lenet, (1, 28, 28))
layers = [row for row in table.rows if row.kind in ("Conv2d", "Linear")]
for row in layers:
    print(f"{row.layer:14} {row.kind:7} {row.parameters:7,} parameters {row.macs:8,} MACs, {row.output} out")
convolutions = [row for row in layers if row.kind == "Conv2d"]
share_parameters = sum(row.parameters for row in convolutions) / table.cost.parameters
share_macs = sum(row.macs for row in convolutions) / table.cost.macs
print(f"the convolutions have {share_parameters:.0%} of the parameters and {share_macs:.0%} of the MACs")
assert share_parameters < 0.1 and share_macs > 0.8
assert all(row.parameters > row.macs for row in layers if row.kind == "Linear"), "each weight once, and a bias"

# %% [markdown]
# The convolutions hardly have parameters and do most of the work, because they use each weight at every place. In a
# linear layer each weight works once. Whoever wants a *small* file looks at the linear layers, whoever wants a *fast*
# network looks at the convolutions.
#
# ## The third thing: memory
#
# A processor does not only multiply, it fetches numbers and puts results back. Let each operation read its input and
# its weights once and write its output once, four bytes a number. Then MACs divided by bytes, the *arithmetic
# intensity*, tells how much work there is for each byte that is moved. A processor that can do 20 MACs in the time of
# moving a byte waits for memory wherever there are fewer.
#
# **Question.** Four layers on 64 channels of 56 x 56: a 3 x 3 convolution; a 1 x 1 convolution; a *depthwise* 3 x 3
# convolution, which lets each channel have a kernel of its own and never mixes channels (`groups=64`); ReLU. The
# depthwise one needs 1/64 of the MACs of the first. How many of the bytes? And will it be 64 times as fast?

# %%
def seconds(function, repeat):
    """The least time of several calls after one to warm up: the one that other programs disturbed least."""
    times = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def forward_seconds(model, x, repeat=4 if QUICK else 15):
    """The time of a forward pass in evaluation mode."""
    model.eval()
    with minitorch.no_grad():
        return seconds(lambda: model(x), repeat)


minitorch.manual_seed(0)
x = minitorch.randn(1, 64, 56, 56)
candidates = {
    "3 x 3": nn.Conv2d(64, 64, 3, padding=1, bias=False),
    "1 x 1": nn.Conv2d(64, 64, 1, bias=False),
    "depthwise 3 x 3": nn.Conv2d(64, 64, 3, padding=1, groups=64, bias=False),
    "ReLU": nn.ReLU(),
}
costs = {name: tools.cost(layer, x.shape) for name, layer in candidates.items()}
times = {name: forward_seconds(layer, x) for name, layer in candidates.items()}
moved = {name: cost.bytes_read + cost.bytes_written for name, cost in costs.items()}
print(f"{'':16} {'MACs':>12} {'bytes':>10} MACs/byte {'time':>8} {'million MACs/s':>15}")
for name, cost in costs.items():
    print(f"{name:16} {cost.macs:12,} {moved[name]:10,} {cost.macs / moved[name]:9.1f} "
          f"{times[name] * 1e3:5.2f} ms {cost.macs / times[name] / 1e6:15,.0f}")
assert costs["3 x 3"].macs == conv_cost(64, 64, 3, 56)[1] == 64 * costs["depthwise 3 x 3"].macs
assert moved["3 x 3"] == 4 * (2 * 64 * 56 * 56 + 64 * 64 * 9), "input, output and weights, once each"
assert moved["depthwise 3 x 3"] > 0.9 * moved["1 x 1"] > 0.8 * moved["3 x 3"]
gain = times["3 x 3"] / times["depthwise 3 x 3"]
print(f"depthwise: 64 times fewer MACs, on this machine {gain:.1f} times as fast")
figure, axes = subplots()
names = ["3 x 3", "1 x 1", "depthwise 3 x 3"]
for name, color in zip(names, (BLUE, GREEN, ORANGE)):
    place = costs[name].macs / moved[name], costs[name].macs / times[name] / 1e6
    axes.loglog(*place, "o", markersize=22, color=color)
    axes.annotate(name, place, (18, -6), textcoords="offset points")
axes.set(xlabel="MACs for each byte moved", ylabel="million MACs a second", xlim=(0.5, 300))
axes.set_title("Few MACs a byte, few MACs a second?")
save(figure, "11_intensity")

# %% [markdown]
# The bytes hardly fall: the images have to be moved, whatever is done with them. ReLU does no MAC at all and moves as
# much. So a layer with few MACs is *cheap in arithmetic* only; what it gains on the clock is another number, and the
# last line printed it for your machine. The picture has a name, *roofline*: on the left a layer waits for memory, on
# the right for arithmetic.
#
# ## 1 x 1 convolutions, and the bottleneck
#
# A 1 x 1 convolution does not look at neighbours. What is left? At each place, a vector of $C$ channels is multiplied
# by a matrix $N \times C$: the same linear layer for every pixel.

# %%
pointwise = nn.Conv2d(64, 32, 1)
pixels = x[0].reshape(64, -1).numpy()  # (channels, places)
by_hand = pointwise.weight.detach().numpy()[:, :, 0, 0] @ pixels + pointwise.bias.detach().numpy()[:, None]
difference = np.abs(by_hand - pointwise(x).detach().numpy().reshape(32, -1)).max()
print(f"matrix times pixels against the convolution: largest difference {difference:.1e}")
assert difference < 1e-4

# %% [markdown]
# No im2col is needed, the image itself is the matrix. And it can change the number of channels for a ninth of the MACs
# of a 3 x 3 convolution. The *bottleneck* of ResNet-50 uses that: narrow down from 256 to 64 channels, do the 3 x 3
# there, widen again.
#
# **Question.** How many times fewer MACs than two 3 x 3 convolutions on 256 channels? And how much more than two 3 x 3
# convolutions on 64 channels, which see a quarter of the channels?

# %%
def two_convolutions(width):
    """The branch of ResNet-18."""
    return nn.Sequential(*(nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2)))


def bottleneck(wide, narrow):
    """The branch of ResNet-50."""
    return nn.Sequential(
        nn.Conv2d(wide, narrow, 1, bias=False), nn.Conv2d(narrow, narrow, 3, padding=1, bias=False),
        nn.Conv2d(narrow, wide, 1, bias=False),
    )  # fmt: skip


branches = {"two 3 x 3 on 256": (two_convolutions(256), 256), "two 3 x 3 on 64": (two_convolutions(64), 64),
            "bottleneck 256-64-256": (bottleneck(256, 64), 256)}  # fmt: skip
branch_macs = {name: tools.cost(branch, (width, 14, 14)).macs for name, (branch, width) in branches.items()}
for name, macs in branch_macs.items():
    print(f"{name:22} {macs // 14**2:10,} MACs for each place")
bottleneck_macs = branch_macs["bottleneck 256-64-256"]
print(f"{branch_macs['two 3 x 3 on 256'] / bottleneck_macs:.1f} times fewer than on 256 channels, "
      f"{bottleneck_macs / branch_macs['two 3 x 3 on 64']:.2f} times those on 64")
assert branch_macs["two 3 x 3 on 256"] > 16 * bottleneck_macs
assert 0.9 < bottleneck_macs / branch_macs["two 3 x 3 on 64"] < 1, "even a little less"

# %% [markdown]
# Four times as many channels for the price of the old block. That is how ResNet-50 costs about as much for each block
# as ResNet-34.
#
# ## Depthwise separable
#
# MobileNet goes further. A convolution does two things at once: it looks at *neighbours* and it mixes *channels*. Do
# one after the other: a depthwise $K \times K$ convolution, then a 1 x 1 convolution. Divide the MACs by those of the
# full convolution:
#
# $$\frac{H W (C K^2 + C N)}{H W \, C N K^2} = \frac{1}{N} + \frac{1}{K^2}$$
#
# **Question.** With 3 x 3 kernels, what is the most that can be saved, however many channels there are? With how many
# output channels do we come within a tenth of it?

# %%
def full(channels, kernel):
    """A convolution as in lesson 6."""
    return nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False)


def separable(channels, kernel):
    """Neighbours first, channels afterwards."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
    )


widths = (8, 32, 128) if QUICK else (8, 16, 32, 64, 128, 256)
counted, clocked = {}, {}
for kernel in (3, 5):
    for width in widths:
        size = (1, width, 28, 28)
        layers = full(width, kernel), separable(width, kernel)
        macs = [tools.cost(layer, size).macs for layer in layers]
        counted[kernel, width] = macs[1] / macs[0]
        assert np.isclose(counted[kernel, width], 1 / width + 1 / kernel**2)
        y = minitorch.randn(*size)
        spent = [forward_seconds(layer, y, repeat=3 if QUICK else 8) for layer in layers]
        clocked[kernel, width] = spent[1] / spent[0]
        print(f"{kernel} x {kernel}, {width:3} channels: MACs {counted[kernel, width]:.3f} of the full convolution's, "
              f"time {clocked[kernel, width]:.2f}")
within = next(n for n in range(1, 1000) if 1 / n + 1 / 9 <= 1.1 / 9)
print(f"3 x 3: never below 1/9 = {1 / 9:.3f}; within a tenth of that from {within} output channels on")
assert within == 90
figure, axes = subplots()
for kernel, color in ((3, BLUE), (5, ORANGE)):
    axes.loglog(widths, [counted[kernel, n] for n in widths], "o-", color=color, label=f"{kernel} x {kernel}: MACs")
    axes.loglog(widths, [clocked[kernel, n] for n in widths], "s:", color=color, label=f"{kernel} x {kernel}: time")
axes.set_xticks(widths, [str(n) for n in widths])
axes.minorticks_off()
axes.set(xlabel="channels N", ylabel="share of the full convolution", title="Separable: counted and on the clock")
axes.legend()
save(figure, "11_separable")

# %% [markdown]
# The counted shares are the formula's, to the last digit. The clock's are not: compare the dotted lines with the solid
# ones. Where a layer is small, starting the operation takes a good part of the time, and there are now two; the
# depthwise half waits for memory besides. (A dotted point far off its neighbours means that another program had the
# processor at that moment. Run the cell again when the machine is quiet.)
#
# ## What is lost
#
# For one input channel $c$, the kernels of all outputs are a matrix ($N \times K^2$). In a separable convolution
# $w_{ncpq} = b_{nc} \, a_{cpq}$, every row a multiple of the same kernel: a matrix of **rank 1**. A full convolution
# may have any matrix, of rank up to $K^2 = 9$. Its best approximation of rank $r$, by the largest $r$ singular values,
# is a depthwise convolution with $r$ kernels for each channel.
#
# **Question.** Take random weights, 32 to 64 channels, 3 x 3. How large is the relative error of the best separable
# convolution: 10 %, 50 %, 90 %? How many kernels for each channel bring it to half, how many to 0?

# %%
def approximation_error(weight, rank):
    """How far the best weight of the rank, for each input channel, is from a weight (N, C, K, K), relatively."""
    matrices = weight.transpose(1, 0, 2, 3).reshape(weight.shape[1], len(weight), -1)  # (C, N, K * K)
    singular = np.linalg.svd(matrices, compute_uv=False)
    return np.sqrt((singular[:, rank:] ** 2).sum() / (singular**2).sum())


random = np.random.default_rng(0)
a, b = random.normal(size=(32, 3, 3)), random.normal(size=(64, 32))
product = b[:, :, None, None] * a  # (N, C, K, K)
image = minitorch.tensor(random.normal(size=(1, 32, 10, 10)))
in_two = F.conv2d(F.conv2d(image, minitorch.tensor(a[:, None]), groups=32), minitorch.tensor(b[:, :, None, None]))
assert np.allclose(in_two.numpy(), F.conv2d(image, minitorch.tensor(product)).numpy())
errors = [approximation_error(random.normal(size=(64, 32, 3, 3)), rank) for rank in range(10)]
print("rank:                       ", "   ".join(str(rank) for rank in range(10)))
print("error, random weights:   ", np.round(errors, 2))
print("error, separable weights:", np.round([approximation_error(product, rank) for rank in range(3)], 2))
assert approximation_error(product, 1) < 1e-7 and errors[1] > 0.8 and errors[9] < 1e-7

# %% [markdown]
# So no: random weights of rank 1 are nearly as wrong as no weights. But a network is not asked to copy random weights;
# it is trained in its new form.
#
# **Question.** We train a network of four full convolutions on 32 channels; the same of separable ones; and one of
# separable ones on 80 channels, which still costs less than the first. Put the three in order of accuracy.

# %%
def small_images(train):
    """FashionMini at half its size, mean 0 and variance 1: (N, 1, 14, 14), and labels."""
    images, labels = datasets.FashionMini(train=train).arrays()
    return (images.reshape(-1, 1, 14, 2, 14, 2).mean(axis=(3, 5)) - 0.286) / 0.33, labels


def network(layer, width):
    """A first convolution to 7 x 7 places, four of the layers with normalisation and ReLU, scores."""
    body = [step for _ in range(4) for step in (layer(width, 3), nn.BatchNorm2d(width), nn.ReLU())]
    first = nn.Conv2d(1, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
    return nn.Sequential(*first, *body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


def train(model, data, epochs):
    """Adam with a rate that falls to 0."""
    loader = DataLoader(TensorDataset(*data), batch_size=50, shuffle=True)
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=epochs * len(loader))
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            loss = F.cross_entropy(model(minitorch.from_numpy(x)), minitorch.from_numpy(y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


images, labels = small_images(train=True)
test_images, test_labels = small_images(train=False)
count = 800 if QUICK else 2500
variants = {"full, 32": (full, 32), "separable, 32": (separable, 32), "separable, 80": (separable, 80)}
right, network_costs = {}, {}
for name, (layer, width) in variants.items():
    right[name] = []
    for seed in range(1 if QUICK else 3):
        minitorch.manual_seed(seed)
        model = network(layer, width)
        train(model, (images[:count], labels[:count]), epochs=3)
        right[name].append(accuracy(predict(model, test_images), test_labels))
    network_costs[name] = tools.cost(model, (1, 14, 14))
    print(f"{name:14}: {network_costs[name].parameters:6,} parameters, {network_costs[name].macs:9,} MACs; "
          f"right {np.mean(right[name]):.1%}", np.round(right[name], 3))
assert network_costs["separable, 80"].macs < network_costs["full, 32"].macs
assert network_costs["separable, 32"].macs < network_costs["full, 32"].macs / 6
assert all(np.mean(shares) > (0.2 if QUICK else 0.6) for shares in right.values()), "all of them learn"
narrow, wide = np.mean(right["separable, 32"]), np.mean(right["separable, 80"])
assert QUICK or (wide > narrow and wide > np.mean(right["full, 32"]) - 0.02), "width buys back what was lost"

# %% [markdown]
# All three learn the task, the second for less than a sixth of the MACs, though its layers have rank 1 only. It is
# behind the third, which spends a part of the saved MACs on more channels and so buys back what was lost. Before you
# believe an order, compare the single runs: how far apart are the seeds of one network, how far the networks?
#
# ## Inverted residuals
#
# MobileNetV2 turns the bottleneck around. Depthwise convolutions are cheap, so let them work on *many* channels; 1 x 1
# convolutions are the expensive part, so keep their *other* end narrow: 24 channels, widened to 144, filtered, narrowed
# to 24. The shortcut joins the narrow ends. And behind the last 1 x 1 convolution there is **no ReLU**. Why?
#
# **Question.** Points of a spiral in the plane go through a random matrix into $n$ dimensions, then through ReLU. A
# linear layer, the best one, tries to bring them back. How does the result look for $n$ = 2, 3, 5, 15, 30?

# %%
angle = np.linspace(0.5, 6 * np.pi, 400)
spiral = np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1) / angle.max()  # (400, 2)


def through_relu(points, dimensions, generator):
    """The points after a random matrix, ReLU, and the best linear map back."""
    hidden = np.maximum(points @ generator.normal(size=(2, dimensions)), 0)
    back, *_ = np.linalg.lstsq(hidden, points, rcond=None)
    return hidden @ back


dimensions = (2, 3, 5, 15, 30)
figure, panels = subplots(1, 5, height=3.6)
lost = []
for axes, n in zip(panels, dimensions):
    results = [through_relu(spiral, n, np.random.default_rng(seed)) for seed in range(50)]
    share = [((result - spiral) ** 2).sum() / ((spiral - spiral.mean(axis=0)) ** 2).sum() for result in results]
    lost.append(np.mean(share))
    print(f"n = {n:2}: lost {lost[-1]:.1%} of the variance, mean of 50 matrices")
    axes.plot(*results[0].T, color=BLUE, linewidth=2)
    axes.set(xticks=[], yticks=[], xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal")
    axes.set_title(f"n = {n}")
assert all(before > after for before, after in zip(lost, lost[1:])) and lost[0] > 0.3 and lost[-1] < 0.01
figure.suptitle("What comes back after ReLU in n dimensions")
save(figure, "11_spiral")

# %% [markdown]
# ReLU in few dimensions destroys, in many it does not: what one coordinate loses, others keep. So nonlinearity where it
# is wide, none where it is narrow: a *linear bottleneck*.
#
# **Question.** A full 3 x 3 convolution on 144 channels against the inverted residual 24-144-24: how many times fewer
# MACs? And how many numbers for each place must wait for the shortcut, compared with the bottleneck 256-64-256?

# %%
def inverted_residual(narrow, expansion):
    """The branch of MobileNetV2: widen, filter, narrow; the last one without activation."""
    wide = narrow * expansion
    return nn.Sequential(
        nn.Conv2d(narrow, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU6(),
        nn.Conv2d(wide, wide, 3, padding=1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.ReLU6(),
        nn.Conv2d(wide, narrow, 1, bias=False), nn.BatchNorm2d(narrow),
    )  # fmt: skip


rows = [row for row in tools.summary(inverted_residual(24, 6), (24, 14, 14)).rows if row.kind == "Conv2d"]
for name, row in zip(("widen", "filter", "narrow"), rows):
    print(f"{name:7} {row.macs // 14**2:6,} MACs for each place, {row.output[1]:3} channels out")
inverted_macs, wide_macs = sum(row.macs for row in rows), tools.cost(full(144, 3), (144, 14, 14)).macs
print(f"full 3 x 3 on 144 channels: {wide_macs // 14**2:,}, {wide_macs / inverted_macs:.1f} times as many")
print(f"kept for the shortcut: 24 numbers for each place against 256, {256 / 24:.1f} times fewer")
assert wide_macs > 20 * inverted_macs and rows[1].macs < 0.2 * inverted_macs, "the filter is the small part"

# %% [markdown]
# The depthwise convolution works on 144 channels and is still the smallest part of the arithmetic. Between the blocks
# only the narrow images are kept, which matters on a telephone.
#
# ## Hard-swish
#
# Swish, $x \cdot \sigma(x)$, often works better than ReLU, but needs an exponential for each number. MobileNetV3
# replaces the sigmoid by straight lines:
#
# $$\text{hard-swish}(x) = x \cdot \frac{\min(\max(x + 3, 0), 6)}{6}$$
#
# **Question.** Where is it exactly 0, where exactly $x$? Where does it differ most from swish, and by how much?

# %%
points = np.linspace(-6, 6, 1201)
line = minitorch.tensor(points, requires_grad=True)
swish, hard = F.silu(line).detach().numpy(), F.hardswish(line)
hard.sum().backward()
slope, hard = line.grad.numpy(), hard.detach().numpy()
assert np.allclose(hard, points * np.clip(points + 3, 0, 6) / 6)
assert not hard[points <= -3].any() and np.allclose(hard[points >= 3], points[points >= 3])
worst = np.abs(hard - swish).argmax()
print(f"largest difference: {abs(hard - swish)[worst]:.3f} at x = {abs(points[worst]):.2f} and, by symmetry, "
      f"at {-abs(points[worst]):.2f}; smallest value {hard.min():.3f} at {points[hard.argmin()]:.2f}")
assert np.isclose(abs(points[worst]), 3, atol=0.02) and np.abs(hard - swish).max() < 0.15
assert np.isclose(points[hard.argmin()], -1.5)
figure, axes = subplots()
for values, color, style, name in ((swish, ORANGE, "-", "swish"), (hard, BLUE, "-", "hard-swish"),
                                   (slope, BLUE, ":", "its slope"), (np.maximum(points, 0), GREEN, "--", "ReLU")):
    axes.plot(points, values, style, color=color, label=name)
axes.set(xlabel="x", ylim=(-0.6, 4), xlim=(-6, 4), title="Hard-swish: swish from straight lines")
axes.legend()
save(figure, "11_hard_swish")

# %% [markdown]
# They differ most where the lines bend, at -3 and 3. The slope jumps there; gradient checks must keep away from these
# two places (lesson 2). Neither function has MACs by our counting. Do they cost nothing?

# %%
for name, activation in {"ReLU": nn.ReLU(), "hard-swish": nn.Hardswish(), "swish": nn.SiLU()}.items():
    cost = tools.cost(activation, x.shape)
    spent = forward_seconds(activation, x)
    print(f"{name:10}: {cost.macs} MACs, {cost.bytes_read + cost.bytes_written:,} bytes, {spent * 1e3:.2f} ms; "
          f"as much time as {spent / times['3 x 3']:.2f} of the 3 x 3 convolution above")
    assert cost.macs == 0 and spent > 0

# %% [markdown]
# ## Whole networks
#
# **Question.** MobileNetV2 has a sixth of the MACs of ResNet-18. How many of the bytes does it move, and how much of
# the time does it take, on your machine?

# %%
side = 96 if QUICK else 224
picture = minitorch.randn(1, 3, side, side)
creators = {"ResNet-18": models.resnet18, "MobileNet": models.mobilenet_v1, "MobileNetV2": models.mobilenet_v2,
            "MobileNetV3 large": models.mobilenet_v3_large}  # fmt: skip
shares, first = {}, None
print(f"one image of {side} x {side}; shares of ResNet-18")
for name, create in creators.items():
    minitorch.manual_seed(0)
    model = create()
    cost = tools.cost(model, picture.shape)
    numbers = np.array([cost.parameters, cost.macs, cost.bytes_read + cost.bytes_written,
                        forward_seconds(model, picture, repeat=2 if QUICK else 5)])  # fmt: skip
    first = numbers if first is None else first
    shares[name] = numbers / first
    print(f"{name:17}: {cost.parameters / 1e6:4.1f} million parameters ({shares[name][0]:4.0%}), "
          f"{cost.macs / 1e6:5.0f} million MACs ({shares[name][1]:4.0%}), "
          f"{numbers[2] / 1e6:4.0f} MB ({shares[name][2]:4.0%}), "
          f"{numbers[3] * 1e3:4.0f} ms ({shares[name][3]:4.0%})")
assert shares["MobileNetV2"][1] < 1 / 5
assert all(share[2] > 1.5 * share[1] for name, share in shares.items() if name != "ResNet-18")
figure, axes = subplots()
for place, (label, color) in enumerate((("MACs", BLUE), ("bytes moved", GREEN), ("time", ORANGE))):
    heights = [share[place + 1] for share in shares.values()]
    axes.bar(np.arange(len(shares)) + 0.27 * (place - 1), heights, 0.25, color=color, label=label)
axes.set_xticks(range(len(shares)), shares)
axes.set(ylabel="share of ResNet-18", title="MACs fall most, bytes less, and time?")
axes.legend()
save(figure, "11_networks")

# %% [markdown]
# The MACs fall much more than the bytes. The time is your machine's: if it falls less than the MACs, you see why a
# count of MACs is not a promise. Lesson 12 asks what *does* predict time.
#
# To remember:
#
# * MACs of a convolution: places x outputs x inputs x kernel; parameters: the same without the places.
# * Count bytes as well. Few MACs for each byte means that a layer waits for memory.
# * 1 x 1 convolutions are matrix products; they make width cheap to change.
# * Depthwise separable: $1/N + 1/K^2$ of the MACs, and rank 1 in place of $K^2$.
# * Wide inside, narrow between blocks, and no ReLU where it is narrow.
#
# ## Exercises
#
# `pytest lessons/exercises/test_11_cost.py`
