# %% [markdown]
# # Lesson 13: Squeeze-and-excitation
#
# **Teaches:** how a network weighs its channels anew for every image, what that costs, what the weights tell about
# classes at different depths, and how to find out whether it is a gain.
#
# **Needs:** lesson 10 (residual networks), lesson 11 (counting cost).
#
# **Time:** 60 minutes to read and discuss; 40 s of computing (`--quick`: 5 s).
#
# **Sources:** Hu, Shen and Sun 2018, "Squeeze-and-excitation networks".

# %%
import numpy as np
from classroom import BLUE, GRAY, GREEN, ORANGE, QUICK, RED, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch import models, nn, optim, tools
from minitorch.data import DataLoader, TensorDataset, datasets
from minitorch.training import accuracy, predict


def small_images(train):
    """FashionMini at half its size, mean 0 and variance 1: (N, 1, 14, 14), and labels."""
    x, labels = datasets.FashionMini(train=train).arrays()
    x = x.reshape(-1, 1, 14, 2, 14, 2).mean(axis=(3, 5))
    return ((x - 0.286) / 0.33).astype(np.float32), labels


images, labels = small_images(train=True)
test_images, test_labels = small_images(train=False)
count = 800 if QUICK else 2000
images, labels = images[:count], labels[:count]
names = datasets.FashionMini.classes

# %% [markdown]
# ## A volume knob for every channel
#
# A convolution adds up its channels with fixed weights, the same for a trouser and a bag. Squeeze-and-excitation, SE,
# puts a knob on each channel and lets the image turn it. **Squeeze:** the mean of each channel over all places.
# **Excite:** two linear layers, the first narrow, and a sigmoid, which gives a number between 0 and 1 for each channel,
# its *gate*. **Scale:** each channel times its gate.
#
# $$z_c = \frac{1}{HW} \sum_{ij} x_{cij} \qquad s = \sigma(W_2\, \mathrm{relu}(W_1 z + b_1) + b_2) \qquad
# y_{cij} = s_c\, x_{cij}$$


# %%
class SqueezeExcitation(nn.Module):
    """Gates for the channels of (N, C, H, W). `gates` keeps those of the last call; `fixed` replaces them."""

    def __init__(self, channels, reduction=4):
        super().__init__()
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        narrow = channels // reduction
        self.excite = nn.Sequential(nn.Linear(channels, narrow), nn.ReLU(), nn.Linear(narrow, channels), nn.Sigmoid())
        self.gates = self.fixed = None

    def forward(self, x):
        self.gates = self.excite(self.squeeze(x))
        gates = self.gates if self.fixed is None else self.fixed
        return x * gates.reshape(-1, x.shape[1], 1, 1)


# %% [markdown]
# **Question.** Somebody mixes up the pixels of a feature map, all channels in the same way. What happens to the gates?
# And how large are the gates of a new, untrained block?

# %%
minitorch.manual_seed(0)
block, x = SqueezeExcitation(16), minitorch.randn(20, 16, 7, 7)
places = np.random.default_rng(0).permutation(49)
mixed = minitorch.from_numpy(x.numpy().reshape(20, 16, 49)[:, :, places].reshape(20, 16, 7, 7))
with minitorch.no_grad():
    block(x)
    gates = block.gates.numpy()
    block(mixed)
    gates_mixed = block.gates.numpy()
print(f"largest difference between the gates: {np.abs(gates - gates_mixed).max():.1e}")
print(f"gates of a new block: mean {gates.mean():.2f}, from {gates.min():.2f} to {gates.max():.2f}")
assert np.allclose(gates, gates_mixed, atol=1e-5) and 0.4 < gates.mean() < 0.6
assert gates.min() > 0.25 and gates.max() < 0.75

# %% [markdown]
# The squeeze forgets all places, so a gate knows *what* is in the image and not *where*. A new block sets every knob to
# about half: the sigmoid of something near 0.
#
# ## What does it cost?
#
# **Question.** An SE block for $C$ channels with a narrow layer of $C / r$: how many weights? ResNet-18 has eight
# blocks, of 64 to 512 channels. With $r = 16$, how many per cent more parameters, how many per cent more MACs?

# %%
totals = {}
for se in (False, True):
    minitorch.manual_seed(0)
    totals[se] = tools.cost(models.create("resnet18", se=se), (3, 112, 112))
    name = "with SE" if se else "without SE"
    print(f"ResNet-18 {name:10}: {totals[se].parameters:,} parameters, {totals[se].macs:,} MACs")
more = [getattr(totals[True], what) / getattr(totals[False], what) - 1 for what in ("parameters", "macs")]
carried = [total.bytes_read + total.bytes_written for total in totals.values()]
more.append(carried[1] / carried[0] - 1)
print(f"more parameters: {more[0]:.2%}, more MACs: {more[1]:.3%}, more bytes carried: {more[2]:.1%}")
by_hand = sum(2 * 2 * c * (narrow := max(c // 16, 8)) + 2 * (c + narrow) for c in (64, 128, 256, 512))
print(f"by hand: {by_hand:,} parameters more")
assert totals[True].parameters - totals[False].parameters == by_hand
assert more[0] < 0.02 and more[1] < 0.001 and more[2] > 10 * more[1]

# %% [markdown]
# $2 C^2 / r$ weights for each block (here the narrow layer has at least 8 channels), used once an image and not once a
# place: hardly any MACs. But every feature map is read twice more and written once more, to take its mean and to scale
# it. Lesson 12 told why that may be seen in the time although the MACs hide it.
#
# ## Training with and without
#
# Three residual blocks as in lesson 10, SE at the end of each branch.


# %%
class Block(nn.Module):
    """relu(x + se(branch(x))), or without se."""

    def __init__(self, width, se):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width),
        )  # fmt: skip
        if se:
            self.branch.append(SqueezeExcitation(width))

    def forward(self, x):
        return F.relu(x + self.branch(x))


def network(se, width=16, blocks=3):
    """A first convolution to 7 x 7 pixels, the blocks, the mean of each channel, scores."""
    return nn.Sequential(
        nn.Conv2d(1, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        *(Block(width, se) for _ in range(blocks)),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10),
    )  # fmt: skip


def train(model, epochs, lr=0.1):
    """SGD with momentum and a learning rate that falls to 0."""
    loader = DataLoader(TensorDataset(images, labels), batch_size=50, shuffle=True)
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=epochs * len(loader))
    for _ in range(epochs):
        for x, y in loader:
            loss = F.cross_entropy(model(minitorch.from_numpy(x)), minitorch.from_numpy(y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


# %% [markdown]
# **Question.** Several seeds, each with SE and without. How large must the mean gain be, compared with how much the
# gains differ from seed to seed, before you believe it? Write down what you expect: a gain, none, a loss?

# %%
seeds = range(1 if QUICK else 4)
right, excited = {False: [], True: []}, []
for seed in seeds:
    for se in (False, True):
        minitorch.manual_seed(seed)
        model = network(se)
        train(model, epochs=2 if QUICK else 4)
        right[se].append(accuracy(predict(model, test_images), test_labels))
    excited.append(model)  # the one with SE
    print(f"seed {seed}: without {right[False][-1]:.1%}, with SE {right[True][-1]:.1%}")
gains = 100 * (np.array(right[True]) - right[False])
print(f"mean gain of SE: {gains.mean():+.1f} points")
if len(gains) > 1:
    error = gains.std(ddof=1) / np.sqrt(len(gains))
    print(f"standard error {error:.1f}; the gain is {gains.mean() / error:+.1f} standard errors")
    assert abs(gains.mean()) < 1, "no gain and no loss to speak of"
    assert abs(gains.mean()) < 100 * np.ptp(right[True]), "seeds differ by more"
figure, axes = subplots()
for seed in seeds:
    axes.plot([0, 1], [right[False][seed], right[True][seed]], "o-", color=BLUE if gains[seed] > 0 else ORANGE)
axes.set_xticks([0, 1], ["without", "with SE"])
axes.set(xlim=(-0.5, 1.5), ylabel="test images right", title="Gain or luck? A line for each seed")
save(figure, "13_gain")

# %% [markdown]
# Without a standard error, any of these seeds could be told as a story: one of success, one of failure. **The gain of
# the paper does not show here**: the difference is below a point, and networks with SE that differ in the seed
# alone differ by more. That does not refute the paper, which trains networks of fifty layers with hundreds of
# channels on a million images; three blocks of sixteen channels leave little to choose between.
#
# ## What do the gates know of the class?
#
# **Question.** In the first block and in the last: do the gates differ more between a trouser and a bag, or between
# one trouser and another? Where will the classes be further apart?


# %%
def all_gates(model, x):
    """The gates of each block for each image: a list of arrays (N, C)."""
    model.eval()
    with minitorch.no_grad():
        model(minitorch.from_numpy(x))
    return [module.gates.numpy() for module in model.modules() if isinstance(module, SqueezeExcitation)]


def between_classes(gates, labels):
    """How far the classes are apart, and their share of all variance of the gates.

    Replace each gate by the mean of its class. Returns the standard deviation of what that gives, in the mean over the
    channels, and its variance divided by that of the gates themselves.
    """
    means = np.stack([gates[labels == label].mean(axis=0) for label in range(10)])[labels]
    return means.std(axis=0).mean(), means.var(axis=0).sum() / gates.var(axis=0).sum()


apart, shares = [], []
for seed, model in zip(seeds, excited):
    distance, share = np.transpose([between_classes(gates, test_labels) for gates in all_gates(model, test_images)])
    apart.append(distance)
    shares.append(share)
    print(f"seed {seed}, blocks 1 to 3: apart", np.round(distance, 3), " share of the variance", np.round(share, 2))
apart, shares = np.mean(apart, axis=0), np.mean(shares, axis=0)
print("mean of the seeds:     apart", np.round(apart, 3), " share of the variance", np.round(shares, 2))
assert apart[-1] > 1.3 * apart[0] and shares.min() > 0.5
figure, panels = subplots(1, 3, sharey=True)
shown = ("Trouser", "Bag", "Sneaker", "Ankle boot")
for number, (axes, g) in enumerate(zip(panels, all_gates(excited[0], test_images))):
    for name, color in zip(shown, (BLUE, ORANGE, GREEN, RED)):
        axes.plot(g[test_labels == names.index(name)].mean(axis=0), color=color, label=name)
    axes.set(xlabel="channel", title=f"block {number + 1}", ylim=(0, 1))
panels[0].set_ylabel("mean gate")
panels[1].legend(fontsize=14)
save(figure, "13_gates")

# %% [markdown]
# In the first block the lines lie nearly on each other: its gates are much the same for all classes, as the paper
# reports of early layers, which look for edges that everything has. In the last block the classes are further apart.
# The *share* of the variance tells another story: most of what varies at all goes with the class, early and late. A
# ratio alone would have hidden that in the first block there is hardly anything to share.
#
# ## Does it matter that the image turns the knobs?
#
# **Question.** Replace the gates of a trained network by their means over the training images, the same for every image
# from then on. How many test images will still be right?

# %%
kept = []
for model in excited:
    blocks = [module for module in model.modules() if isinstance(module, SqueezeExcitation)]
    whole = accuracy(predict(model, test_images), test_labels)
    averages = [gates.mean(axis=0) for gates in all_gates(model, images)]
    for module, average in zip(blocks, averages):
        module.fixed = minitorch.from_numpy(average)
    fixed = accuracy(predict(model, test_images), test_labels)
    for module in blocks:
        module.fixed = None
    kept.append((whole, fixed))
    print(f"gates by the image: {whole:.1%} right; fixed at their means: {fixed:.1%}")
kept = np.array(kept)
figure, axes = subplots()
axes.bar(["by the image", "fixed"], kept.mean(axis=0), color=[BLUE, GRAY])
axes.set(ylabel="test images right", ylim=(0, 1), title="Gates turned by the image, or fixed at their means")
save(figure, "13_fixed")

# %% [markdown]
# Where hardly any image is lost, the gates have become constants, more or less, and a constant factor for a channel
# could as well be part of the batch normalisation before it: the network was given nothing new. What is lost besides
# is what turning the knobs was worth to this network. Ask the same of any mechanism that is said to "adapt": hold it
# still and measure again.
#
# To remember:
#
# * SE is a mean, two small linear layers, a sigmoid and a product: a network that weighs channels by what it sees.
# * It costs parameters ($2 C^2 / r$) and memory traffic, and hardly any MACs.
# * A gain of a point or less needs several seeds and its standard error.
#
# ## Exercises
#
# `pytest lessons/exercises/test_13_excitation.py`
