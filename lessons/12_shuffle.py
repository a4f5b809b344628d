# %% [markdown]
# # Lesson 12: Groups, and a shuffle
#
# **Teaches:** what a grouped convolution saves and what it cuts off; how a channel shuffle mends that; and why the
# number of multiplications does not tell the time: the four guidelines of ShuffleNetV2, measured.
#
# **Needs:** lesson 6 (convolution), lesson 9 (batch normalisation), lesson 11 (counting cost).
#
# **Time:** 75 minutes to read and discuss; 20 s of computing (`--quick`: 5 s).
#
# **Sources:** Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional neural networks";
# Zhang, Zhou, Lin and Sun 2018, "ShuffleNet"; Ma, Zhang, Zheng and Sun 2018, "ShuffleNet V2: practical guidelines for
# efficient CNN architecture design".

# %%
import time

import numpy as np
from classroom import BLUE, GRAY, GREEN, ORANGE, PURPLE, QUICK, RED, image, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch import models, nn, optim, tools
from minitorch.data import DataLoader, TensorDataset, datasets
from minitorch.training import accuracy, predict

# %% [markdown]
# ## Groups
#
# A *grouped* convolution cuts the channels into $g$ groups of equal size. Each group of outputs sees its own group of
# inputs and nothing else. AlexNet did that in 2012 because one GPU was too small; later it was found to save a lot.
#
# **Question.** A convolution of 1 x 1 from 12 to 12 channels has 144 weights. How many has it with 3 groups? Lay the
# weights out as a matrix, outputs by inputs: which of its entries are left?

# %%
CHANNELS, GROUPS = 12, 3


def seen(model, channels):
    """The matrix (outputs, inputs) of how strongly each output depends on each input, for layers without ReLU.

    Image number i of a batch has a 1 in channel i alone, so that what comes out is column i.
    """
    with minitorch.no_grad():
        y = model(minitorch.eye(channels).reshape(channels, channels, 1, 1))
    return y.numpy()[:, :, 0, 0].T


def ones(channels, groups):
    """A convolution of 1 x 1 whose weights are all 1, so that nothing cancels: a path counts 1."""
    layer = nn.Conv2d(channels, channels, 1, groups=groups, bias=False)
    nn.init.ones_(layer.weight)
    return layer


dense, grouped = ones(CHANNELS, 1), ones(CHANNELS, GROUPS)
costs = {"1 group": tools.cost(dense, (CHANNELS, 7, 7)), f"{GROUPS} groups": tools.cost(grouped, (CHANNELS, 7, 7))}
for name, cost in costs.items():
    print(f"{name:8}: {cost.parameters:4} weights, {cost.macs:5} MACs on 7 x 7 pixels")
assert costs["3 groups"].parameters * GROUPS == costs["1 group"].parameters == 144
assert costs["3 groups"].macs * GROUPS == costs["1 group"].macs
figure, panels = subplots(1, 2, height=5)
for axes, (name, layer) in zip(panels, (("1 group", dense), (f"{GROUPS} groups", grouped))):
    image(axes, seen(layer, CHANNELS) > 0, name, cmap="Blues", vmin=0, vmax=1.5)
    axes.set(xlabel="input channel", ylabel="output channel")
save(figure, "12_groups")

# %% [markdown]
# Blocks along the diagonal: a grouped convolution is $g$ small convolutions side by side, with $1/g$ of the weights and
# $1/g$ of the multiplications with addition, MACs. With as many groups as channels it is *depthwise*.
#
# ## Groups are strangers to each other
#
# **Question.** Stack three such layers. Which outputs see which inputs after the first, the second, the third?

# %%
def stack(channels, groups, layers, shuffle):
    """Grouped convolutions of ones, with or without a shuffle between one and the next."""
    model = nn.Sequential(ones(channels, groups))
    for _ in range(layers - 1):
        if shuffle:
            model.append(nn.ChannelShuffle(groups))
        model.append(ones(channels, groups))
    return model


figure, panels = subplots(2, 3, height=7.5)
share = {}
for row, shuffle in zip(panels, (False, True)):
    for layers, axes in zip((1, 2, 3), row):
        sees = seen(stack(CHANNELS, GROUPS, layers, shuffle), CHANNELS) > 0
        share[shuffle, layers] = sees.mean()
        name = "shuffle" if shuffle else "no shuffle"
        print(f"{name:10}, layers: {layers}: {sees.mean():4.0%} of all pairs of output and input are connected")
        image(axes, sees, f"{name}, layers: {layers}", cmap="Oranges" if shuffle else "Blues", vmin=0, vmax=1.5)
figure.supxlabel("input channel")
figure.supylabel("output channel")
assert all(share[False, layers] == 1 / GROUPS for layers in (1, 2, 3))
assert share[True, 1] == 1 / GROUPS and share[True, 2] == share[True, 3] == 1
save(figure, "12_connections")

# %% [markdown]
# Without a shuffle, nothing changes however many layers follow: three networks side by side that never meet. With a
# *channel shuffle* between them, two layers connect everything. The shuffle deals the channels out like cards: write
# them into a table, a group a row, and read it by columns. It has no weights and does not multiply.
#
# **Question.** 12 channels in 3 groups: 0 1 2 3 | 4 5 6 7 | 8 9 10 11. In which order are they after the shuffle? And
# which shuffle brings them back?

# %%
cards = minitorch.arange(CHANNELS).reshape(1, CHANNELS, 1, 1)
dealt = F.channel_shuffle(cards, GROUPS)
print("shuffled:     ", dealt.flatten().tolist())
back = F.channel_shuffle(dealt, CHANNELS // GROUPS)
print("and back again:", back.flatten().tolist())
assert dealt.flatten().tolist() == cards.numpy().reshape(3, 4).T.ravel().tolist()
assert np.array_equal(back.numpy(), cards.numpy()), "12 / 3 = 4 groups undo it"

# %% [markdown]
# **Question.** Do two layers always do? Take 16 channels in 8 groups: each group has only two channels. How many
# layers until every output sees every input?

# %%
def layers_needed(channels, groups):
    """The number of shuffled layers until all is connected; each group must have two channels or more."""
    layers = 1
    while not seen(stack(channels, groups, layers, shuffle=True), channels).all():
        layers += 1
    return layers


for channels, groups, expected in ((16, 2, 2), (16, 4, 2), (64, 8, 2), (16, 8, 4), (32, 16, 5)):
    needed = layers_needed(channels, groups)
    print(f"{channels} channels, {groups:2} groups of {channels // groups}: {needed} layers")
    assert needed == expected
    assert (channels // groups) ** needed >= channels > (channels // groups) ** (needed - 1)

# %% [markdown]
# Each layer multiplies what is seen by $k$, the channels of a group: after $n$ layers that is $k^n$, and all of them
# are seen once $k^n \geq C$. Two layers are enough where a group has at least as many channels as there are groups.
#
# ## A task that strangers cannot solve
#
# Two channels, two images, each a sandal or a bag. The question is whether they show **the same** thing. With two
# groups and no shuffle, one group sees the first image and the other the second, and the linear layer at the end adds
# up what they say: the score is $a(x_1) + b(x_2)$.
#
# **Question.** Half of the pairs are equal. What is the largest share of pairs that a score $a(x_1) + b(x_2)$ can get
# right? (There are four kinds of pairs. Try to find four numbers $a_0, a_1, b_0, b_1$.) And with the shuffle?


# %%
def pairs(train, count, seed):
    """Pairs of half-size images of two classes: (count, 2, 14, 14), and whether both are of one class."""
    x, labels = datasets.FashionMini(train=train).arrays()
    kinds = [datasets.FashionMini.classes.index(name) for name in ("Sandal", "Bag")]
    x, labels = x[np.isin(labels, kinds)], labels[np.isin(labels, kinds)]
    x = (x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) - 0.286) / 0.33
    chosen = np.random.default_rng(seed).integers(len(x), size=(count, 2))
    return x[chosen].astype(np.float32), (labels[chosen[:, 0]] == labels[chosen[:, 1]]).astype(np.int64)


def network(inputs, classes, width, groups, shuffle):
    """Three grouped convolutions, with a shuffle behind each of the first two, the mean of each channel, scores."""
    layers = []
    sizes = ((inputs, 2, min(groups, inputs)), (width, 2, groups), (width, 1, groups))
    for number, (before, stride, g) in enumerate(sizes):
        layers.append(nn.Conv2d(before, width, 3, stride, padding=1, groups=g, bias=False))
        layers += [nn.BatchNorm2d(width), nn.ReLU()]
        if shuffle and number < 2:
            layers.append(nn.ChannelShuffle(groups))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def train(model, x, y, epochs, lr=0.1):
    """SGD with momentum and a learning rate that falls to 0."""
    loader = DataLoader(TensorDataset(x, y), batch_size=50, shuffle=True)
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=epochs * len(loader))
    for _ in range(epochs):
        for images, labels in loader:
            loss = F.cross_entropy(model(minitorch.from_numpy(images)), minitorch.from_numpy(labels))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


best = 0
for a0, a1, b0, b1 in np.random.default_rng(0).normal(size=(2000, 4)):
    says_same = [a + b > 0 for a, b in ((a0, b0), (a1, b1), (a0, b1), (a1, b0))]
    best = max(best, np.mean(np.equal(says_same, [True, True, False, False])))
print(f"2000 random choices of four numbers: at most {best:.0%} of the four kinds of pairs right")
assert best == 0.75

x, y = pairs(True, 1500, seed=0)
test_x, test_y = pairs(False, 500, seed=1)
right = {}
for name, groups, shuffle in (("2 groups", 2, False), ("2 groups, shuffle", 2, True), ("1 group", 1, False)):
    right[name] = []
    for seed in range(1 if QUICK else 3):
        minitorch.manual_seed(seed)
        model = network(2, 2, 16, groups, shuffle)
        train(model, x, y, epochs=4)
        right[name].append(accuracy(predict(model, test_x), test_y))
    print(f"{name:18}: right", " ".join(f"{share:.0%}" for share in right[name]))
assert max(right["2 groups"]) < 0.8 < 0.85 < min(right["2 groups, shuffle"] + right["1 group"])
figure, axes = subplots()
axes.bar(list(right), [np.mean(shares) for shares in right.values()], color=[ORANGE, BLUE, GRAY])
axes.axhline(0.75, color=RED, linestyle=":")
axes.set(ylabel="pairs right", ylim=(0, 1), title="Same or different? (dotted: the most that a sum can do)")
save(figure, "12_pairs")

# %% [markdown]
# Three kinds of four is the most that a sum can do: $a_0 + b_0$ and $a_1 + b_1$ positive, $a_0 + b_1$ and $a_1 + b_0$
# negative cannot be, because both pairs add up to the same. Training does not get beyond it, and a shuffle, which has
# no weights, lifts the barrier.
#
# ## And on ordinary images?
#
# There the first layer gives every group the whole image, so each can do the task alone.
#
# **Question.** Ten classes, 8 groups, 32 channels. How much better is the network with the shuffle?

# %%
def small_images(train):
    """FashionMini at half its size: (N, 1, 14, 14), and labels."""
    images, labels = datasets.FashionMini(train=train).arrays()
    images = images.reshape(-1, 1, 14, 2, 14, 2).mean(axis=(3, 5))
    return ((images - 0.286) / 0.33).astype(np.float32), labels


images, labels = small_images(train=True)
test_images, test_labels = small_images(train=False)
count = 600 if QUICK else 2000
gains = []
for seed in range(1 if QUICK else 4):
    shares = []
    for shuffle in (False, True):
        minitorch.manual_seed(seed)
        model = network(1, 10, 32, 8, shuffle)
        train(model, images[:count], labels[:count], epochs=1 if QUICK else 3)
        shares.append(accuracy(predict(model, test_images), test_labels))
    gains.append(shares[1] - shares[0])
    print(f"seed {seed}: without {shares[0]:.1%}, with {shares[1]:.1%}, gain {100 * gains[-1]:+.1f} points")
if not QUICK:
    error = np.std(gains, ddof=1) / np.sqrt(len(gains))
    print(f"gain {100 * np.mean(gains):+.1f} points, standard error {100 * error:.1f}")
assert abs(np.mean(gains)) < 0.1, "no such gulf as in the task above"

# %% [markdown]
# Nothing like the gulf of the task above. Compare the gain with its standard error before you call it a gain: below
# two of them it may be luck. The paper measures its gains on ImageNet, with fifty layers; three layers and ten classes
# ask little of the groups, and **the effect need not show here**.
#
# ## Does it save time?
#
# MACs are easy to count, so networks are compared by them. ShuffleNetV2 asked what a device really does with its time.
# Beside multiplying, it carries numbers from memory and back, and it starts operations. For a 1 x 1 convolution from
# $c_1$ to $c_2$ channels on $p$ pixels:
#
# $$\text{MACs} = \frac{p\,c_1 c_2}{g} \qquad \text{numbers carried} = p\,(c_1 + c_2) + \frac{c_1 c_2}{g}$$
#
# The bytes below come from `tools.cost`; times are your machine's, and other programs disturb them. **What is asserted
# of times is only what holds by far.**

# %%
PIXELS = 28


def milliseconds(runs, rounds=5, least_seconds=0.3):
    """The least time of each of several functions. They take turns, so that a disturbance meets all of them."""
    times = np.full(len(runs), np.inf)
    end = time.perf_counter() + least_seconds
    while rounds > 0 or time.perf_counter() < end:
        for number, run in enumerate(runs):
            start = time.perf_counter()
            run()
            times[number] = min(times[number], 1000 * (time.perf_counter() - start))
        rounds -= 1
    return times


measured = []  # (kind, MACs, milliseconds) of all layers, for the picture at the end


def compare(kind, layers, pixels=PIXELS, batch=4):
    """Print cost and time of layers {name: (layer, input channels)}; returns MACs, bytes carried, milliseconds."""
    costs = [tools.cost(layer, (channels, pixels, pixels)) for layer, channels in layers.values()]
    carried = [cost.bytes_read + cost.bytes_written for cost in costs]
    inputs = [minitorch.randn(batch, channels, pixels, pixels) for _, channels in layers.values()]
    with minitorch.no_grad():
        runs = [lambda layer=layer, x=x: layer(x) for (layer, _), x in zip(layers.values(), inputs)]
        times = milliseconds(runs)
    macs = [cost.macs for cost in costs]
    for name, m, c, t in zip(layers, macs, carried, times):
        print(f"{name:24}: {m / 1e6:6.2f} million MACs, {c / 1e6:5.2f} MB carried, {t:6.2f} ms")
        measured.append((kind, batch * m, t))
    return macs, carried, times


# %% [markdown]
# ### First guideline: as many channels out as in
#
# **Question.** Four convolutions of 1 x 1 with the same number of MACs: 128 to 128 channels, 64 to 256, 32 to 512, 16
# to 1024. Which carries least?

# %%
minitorch.manual_seed(0)
widths = ((128, 128), (64, 256), (32, 512), (16, 1024))
layers = {f"{before} to {after}": (nn.Conv2d(before, after, 1, bias=False), before) for before, after in widths}
macs, carried, _ = compare("unequal widths", layers)
assert len(set(macs)) == 1 and carried == sorted(carried) and carried[-1] > 3 * carried[0]
for (before, after), number in zip(widths, carried):
    assert number == 4 * (PIXELS**2 * (before + after) + before * after), "the formula, four bytes a number"

# %% [markdown]
# Where the product $c_1 c_2$ is given, the sum $c_1 + c_2$ is smallest when they are equal. Whether your machine shows
# it in the time depends on whether it has to wait for its memory: arrays of this size may lie in the processor's cache.
#
# ### Second guideline: beware of many groups
#
# Groups save MACs, and the saving is usually spent on more channels.
#
# **Question.** With the same MACs, 16 groups afford four times as many channels. What does that do to what is carried?

# %%
layers = {f"{g} groups, {c} channels": (nn.Conv2d(c, c, 1, groups=g, bias=False), c)
          for g, c in ((1, 128), (4, 256), (16, 512))}  # fmt: skip
macs, carried, _ = compare("groups", layers)
assert len(set(macs)) == 1 and 3 < carried[-1] / carried[0] < 4

# %% [markdown]
# More channels are more numbers to carry, nearly in proportion. Groups are no free lunch: they buy channels with
# traffic.
#
# ### Third guideline: few large operations rather than many small ones
#
# **Question.** One convolution from 128 to 128 channels, or 16 of them from 128 to 8 each, side by side. The MACs are
# the same; on 7 x 7 pixels, how much slower is the second?


# %%
class SideBySide(nn.Module):
    """Convolutions of 1 x 1 that share out the output channels; together as many MACs as one."""

    def __init__(self, channels, pieces):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(channels, channels // pieces, 1, bias=False) for _ in range(pieces))

    def forward(self, x):
        return minitorch.cat([layer(x) for layer in self.layers], 1)


layers = {f"{pieces} side by side": (SideBySide(128, pieces), 128) for pieces in (1, 4, 16)}
macs, _, times = compare("side by side", layers, pixels=7, batch=1)
print(f"16 pieces take {times[-1] / times[0]:.1f} times as long as one")
assert len(set(macs)) == 1
assert times[-1] > 1.5 * times[0], "starting an operation costs time, on any machine"

# %% [markdown]
# Every operation has to be started, and a small one cannot keep a parallel machine busy. On a GPU that weighs more
# still. Networks found by automatic search often look like this.
#
# ### Fourth guideline: operations without MACs cost time too
#
# **Question.** A convolution of 1 x 1, and behind it batch normalisation, ReLU and an addition. The last three do no
# MAC that anybody counts. Which part of the time is theirs?


# %%
class Add(nn.Module):
    """x + x, as a shortcut adds."""

    def forward(self, x):
        return x + x


layers = {
    "convolution 1 x 1": (nn.Conv2d(128, 128, 1, bias=False), 128), "normalisation": (nn.BatchNorm2d(128), 128),
    "ReLU": (nn.ReLU(), 128), "addition": (Add(), 128), "channel shuffle": (nn.ChannelShuffle(4), 128),
}  # fmt: skip
for layer, _ in layers.values():
    layer.eval()
macs, carried, times = compare("no MACs", layers)
print(f"normalisation, ReLU and addition: {times[1:4].sum() / times[:4].sum():.0%} of the time, no MAC")
assert macs[0] > 0 and not any(macs[1:]) and min(carried) > 0.8 * carried[0]

# %% [markdown]
# They carry nearly as much as the convolution does. The shuffle is one of them: no weights and no MACs, but not free.
#
# ### Where MACs mislead most
#
# **Question.** A depthwise convolution of 3 x 3 has 9 MACs for each output, the convolution of 1 x 1 has 128. Is it
# fourteen times faster?

# %%
layers = {"depthwise 3 x 3": (nn.Conv2d(128, 128, 3, padding=1, groups=128, bias=False), 128),
          "pointwise 1 x 1": (nn.Conv2d(128, 128, 1, bias=False), 128)}  # fmt: skip
macs, carried, times = compare("depthwise", layers)
print(f"MACs: 1 to {macs[1] / macs[0]:.1f}; time: 1 to {times[1] / times[0]:.1f}")
assert macs[1] > 14 * macs[0] and carried[0] > 0.8 * carried[1]
assert macs[0] / times[0] < macs[1] / times[1] / 2, "the depthwise convolution gets fewer MACs done in a second"
figure, axes = subplots()
colors = (GREEN, ORANGE, BLUE, PURPLE)
for kind, color in zip(("unequal widths", "groups", "side by side", "depthwise"), colors):
    points = np.array([(macs / 1e6, t) for name, macs, t in measured if name == kind])
    axes.loglog(points[:, 0], points[:, 1], "o", color=color, label=kind, markersize=14)
axes.set(xlabel="million MACs", ylabel="milliseconds", title="Equal MACs, different times")
axes.legend()
save(figure, "12_macs_and_time")

# %% [markdown]
# If MACs told the time, all points would lie on one line. They do not. The depthwise convolution carries about as much
# as the pointwise one and does little with it: it waits for memory, not for the multiplier.
#
# ## What ShuffleNetV2 made of it
#
# Half of the channels go past the unit untouched; the other half through 1 x 1, depthwise 3 x 3 and 1 x 1, all of equal
# width (first guideline), none of the 1 x 1 grouped (second), in one branch (third). Then the halves are *joined*, not
# added (fourth), and shuffled, so that the next unit gets some of each.
#
# **Question.** ShuffleNet with 3 groups and ShuffleNetV2 have about the same number of MACs. Which carries more?

# %%
totals = {}
for name in ("shufflenet_v1_x1_0_g3", "shufflenet_v2_x1_0"):
    minitorch.manual_seed(0)
    totals[name] = tools.cost(models.create(name), (3, 224, 224))
    total = totals[name]
    carried = total.bytes_read + total.bytes_written
    print(f"{name:22}: {total.macs / 1e6:.0f} million MACs, {carried / 1e6:.0f} MB carried")
first, second = totals.values()
assert 0.9 * second.macs < first.macs <= second.macs
assert first.bytes_read + first.bytes_written > second.bytes_read + second.bytes_written

# %% [markdown]
# The second network carries less with no fewer MACs.
#
# To remember:
#
# * Groups divide weights and MACs by $g$, and cut the network into $g$ strangers.
# * A shuffle introduces them to each other: no weights, no MACs. $k$ channels a group reach $k^n$ after $n$ layers.
# * Time is MACs, traffic and the number of operations. Count all three, then measure.
#
# ## Exercises
#
# `pytest lessons/exercises/test_12_shuffle.py`
