# %% [markdown]
# # Lesson 10: Depth
#
# **Teaches:** why deep plain networks are hard to train although they could do all that shallow ones do; what a
# shortcut changes, in the result, in the gradients, and when a block is taken out.
#
# **Needs:** lesson 5 (variance and gradients by layer), lesson 9 (batch normalisation).
#
# **Time:** 75 minutes to read and discuss; 60 s of computing (`--quick`: 8 s).
#
# **Sources:** He, Zhang, Ren and Sun 2016, "Deep residual learning for image recognition" and "Identity mappings in
# deep residual networks"; Veit, Wilber and Belongie 2016, "Residual networks behave like ensembles of relatively
# shallow networks"; Balduzzi et al. 2017, "The shattered gradients problem".

# %%
import numpy as np
from classroom import BLUE, ORANGE, QUICK, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim
from minitorch.data import DataLoader, TensorDataset, datasets
from minitorch.training import accuracy, predict


def small_images(train):
    """FashionMini at half its size, mean 0 and variance 1: (N, 1, 14, 14), and labels."""
    x, labels = datasets.FashionMini(train=train).arrays()
    x = x.reshape(-1, 1, 14, 2, 14, 2).mean(axis=(3, 5))
    return (x - 0.286) / 0.33, labels


images, labels = small_images(train=True)
test_images, test_labels = small_images(train=False)
count = 1000 if QUICK else 2500
images, labels = images[:count], labels[:count]
DEEP = 8 if QUICK else 16  # blocks of the deep networks

# %% [markdown]
# ## Two networks
#
# A *plain* block is two convolutions, each with batch normalisation and ReLU. A *residual* block is the same and adds
# its input before the last ReLU:
#
# $$\text{plain: } y = \mathrm{relu}(f(x)) \qquad \text{residual: } y = \mathrm{relu}(f(x) + x)$$
#
# Not one parameter more. We stack them.


# %%
class Block(nn.Module):
    """Two convolutions with batch normalisation; with a shortcut, or without. `skipped` takes the block out."""

    def __init__(self, width, residual):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width),
        )  # fmt: skip
        self.residual, self.skipped = residual, False

    def forward(self, x):
        if self.skipped:
            return x
        y = self.branch(x)
        return F.relu(y + x if self.residual else y)


def network(blocks, residual, width=12):
    """A first convolution to 7 x 7 pixels, the blocks, the mean of each channel, scores."""
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        *(Block(width, residual) for _ in range(blocks)),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10),
    )  # fmt: skip
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return model


def train(model, epochs, lr=0.05):
    """SGD with momentum and a learning rate that falls to 0. Returns the mean loss of the last epoch."""
    loader = DataLoader(TensorDataset(images, labels), batch_size=50, shuffle=True)
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=epochs * len(loader))
    for _ in range(epochs):
        losses = []
        for x, y in loader:
            loss = F.cross_entropy(model(minitorch.from_numpy(x)), minitorch.from_numpy(y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
    return np.mean(losses)


# %% [markdown]
# **Question.** Take a trained plain network and put blocks behind it that hand their input through unchanged. The
# deeper network is exactly as good. So training a deeper plain network should never give a larger *training* loss. Does
# it? Sketch the training loss against the number of blocks, for plain and residual networks.

# %%
depths = (1, DEEP) if QUICK else (1, 6, DEEP)
seeds = range(1 if QUICK else 2)
loss, trained = {}, {}
for residual, name in ((False, "plain"), (True, "residual")):
    loss[name] = []
    for blocks in depths:
        runs = []
        for seed in seeds:
            minitorch.manual_seed(seed)
            trained[name, blocks] = network(blocks, residual)
            runs.append(train(trained[name, blocks], epochs=2))
        loss[name].append(np.mean(runs))
        layers = 2 * blocks + 2
        print(f"{name:8}, {blocks:2} blocks, {layers:2} layers: training loss", np.round(runs, 2))
assert QUICK or loss["plain"][-1] > loss["plain"][0] + 0.1, "deeper is worse, in training"
assert loss["residual"][-1] < loss["plain"][-1] - 0.1
figure, axes = subplots()
for (name, values), color in zip(loss.items(), (ORANGE, BLUE)):
    axes.plot(depths, values, "o-", color=color, label=name)
axes.set_xticks(depths)
axes.set(xlabel="blocks of two convolutions", ylabel="training loss", ylim=(0, None))
axes.set_title("Degradation: more layers, larger training loss")
axes.legend()
save(figure, "10_degradation")

# %% [markdown]
# It does: the deep plain network has a larger *training* loss than the shallow one. That is not overfitting, which
# shows in the test alone; it is a failure of the search, not of the network. With shortcuts the failure is gone.
#
# ## Is it the size of the gradient?
#
# The usual answer is that gradients vanish. Lesson 5 taught us to measure.
#
# **Question.** Before the first step: how large is the gradient behind the first block, compared with that behind the
# last? For the plain network, with batch normalisation, sixteen blocks: a millionth, a hundredth, or about the same?

# %%
def block_gradients(model, x, y):
    """The root mean square of the gradient of each block's output."""
    outputs = []
    handles = [
        module.register_forward_hook(lambda module, args, output: outputs.append(output))
        for module in model if isinstance(module, Block)
    ]  # fmt: skip
    loss = F.cross_entropy(model(x), y)
    for output in outputs:
        output.retain_grad()
    loss.backward()
    for handle in handles:
        handle.remove()
    return np.array([np.sqrt((output.grad.numpy() ** 2).mean()) for output in outputs])


x, y = minitorch.from_numpy(images[:50]), minitorch.from_numpy(labels[:50])
ratios = {}
figure, axes = subplots()
for (residual, name), color in zip(((False, "plain"), (True, "residual")), (ORANGE, BLUE)):
    curves = []
    for seed in range(1 if QUICK else 5):
        minitorch.manual_seed(seed)
        curves.append(block_gradients(network(DEEP, residual), x, y))
    curves = np.array(curves)
    ratios[name] = curves[:, 0] / curves[:, -1]
    least, most = ratios[name].min(), ratios[name].max()
    print(f"{name:8}: gradient behind block 1 / behind block {DEEP}: {least:.2g} to {most:.2g}")
    axes.semilogy(range(1, DEEP + 1), curves.mean(axis=0), "o-", color=color, label=name)
axes.set(xlabel="block", ylabel="size of the gradient", title="Gradients before the first step")
axes.legend()
assert all(ratio.min() > 0.1 for ratio in ratios.values()), "nothing vanishes"
save(figure, "10_gradients")

# %% [markdown]
# **Here the engine disagrees with the popular story**, and agrees with the paper, which says so itself: with batch
# normalisation nothing vanishes on the way back. In the plain network the gradient even grows towards the input.
#
# ## Is it the direction?
#
# A gradient is of use if it still holds a small step later. Walk a little way from one image to another and compare the
# gradients with respect to the image.
#
# **Question.** How similar, as a cosine, are the gradients at two images that differ by a twentieth of the way: with 1
# block, with 16 plain ones, with 16 residual ones?

# %%
def gradient_cosine(model):
    """The mean cosine of the gradients of the scores' first entry, between neighbours on ways from image to image."""
    cosines = []
    model.eval()
    for pair in range(5):
        start, end = images[2 * pair], images[2 * pair + 1]
        way = np.stack([start + step / 20 * (end - start) for step in range(21)])
        x = minitorch.tensor(way, requires_grad=True)
        model(x)[:, 0].sum().backward()
        g = x.grad.numpy().reshape(21, -1)
        g = g / np.linalg.norm(g, axis=1, keepdims=True)
        cosines.append((g[1:] * g[:-1]).sum(axis=1).mean())
    return np.mean(cosines)


similar = {}
for blocks, residual, name in ((1, False, "1 plain"), (DEEP, False, "deep plain"), (DEEP, True, "deep residual")):
    values = []
    for seed in range(1 if QUICK else 5):
        minitorch.manual_seed(seed)
        model = network(blocks, residual)
        with minitorch.no_grad():
            for _ in range(20):
                model(x)  # sets the running estimates of batch normalisation
        values.append(gradient_cosine(model))
    similar[name] = np.mean(values)
    print(f"{name:13}: cosine {similar[name]:.2f} ({min(values):.2f} to {max(values):.2f} over {len(values)} networks)")
assert similar["deep plain"] < min(similar["deep residual"] - 0.1, similar["1 plain"] - 0.3)

# %% [markdown]
# That is the difference. In the deep plain network the gradient at a neighbour points elsewhere: it is *shattered*, and
# a step along it is a step in the dark. The shortcut keeps a good part of the likeness.
#
# ## What the shortcut does to the gradient
#
# Leave the last ReLU out for a moment: $x_{l+1} = x_l + f_l(x_l)$. Then
#
# $$x_L = x_0 + \sum_l f_l(x_l) \qquad \frac{\partial x_L}{\partial x_0} = \prod_l (1 + f_l') $$
#
# The signal passes through all blocks untouched, and so does the gradient, through the 1.
#
# **Question.** Somebody scales the shortcut, $x_{l+1} = \lambda x_l + f_l(x_l)$, with $\lambda = 0.5$. What is left,
# after 16 blocks, of the part of the gradient that takes the shortcut every time? And with $\lambda = 1.1$?

# %%
def shortcut_only(scale, blocks=16):
    """The gradient through `blocks` shortcuts, with branches that give nothing."""
    x = minitorch.tensor(1.0, dtype=minitorch.float64, requires_grad=True)
    y = x
    for _ in range(blocks):
        y = scale * y + 0.0 * y
    y.backward()
    return x.grad.item()


through = {scale: shortcut_only(scale) for scale in (0.5, 0.9, 1.0, 1.1)}
for scale, value in through.items():
    print(f"shortcut times {scale}: {value:.2g}")
assert through[1.0] == 1 and through[0.5] < 1e-4 and through[1.1] > 4

# %% [markdown]
# Only the *identity* keeps it at 1: any factor becomes a power of the depth, as the variance did in lesson 5. That is
# the advice of the second paper: keep the shortcut clean, no scale, no convolution, no ReLU on it.
#
# ## Taking a block out
#
# **Question.** The plain network with six blocks has learnt something. From it and from its residual twin we take one
# block out, without training again. What share of the test images will still be right, in the one and in the other?

# %%
def without_each_block(model):
    """The share right of the whole network, and without block 1, 2, ..."""
    whole = accuracy(predict(model, test_images[:300]), test_labels[:300])
    shares = []
    for module in model:
        if isinstance(module, Block):
            module.skipped = True
            shares.append(accuracy(predict(model, test_images[:300]), test_labels[:300]))
            module.skipped = False
    return whole, np.array(shares)


figure, axes = subplots()
kept = {}
for name, color in (("plain", ORANGE), ("residual", BLUE)):
    whole, shares = without_each_block(trained[name, depths[1]])
    kept[name] = np.median(shares) / whole
    print(f"{name:8}: whole {whole:.0%}; without one block {shares.min():.0%} to {shares.max():.0%}, "
          f"median {np.median(shares):.0%}")
    axes.plot(range(1, len(shares) + 1), shares, "o-", color=color, label=f"{name}, without this block")
    axes.axhline(whole, color=color, linestyle=":")
axes.set(xlabel="block taken out", ylabel="test images right", ylim=(0, 1), title="Take out one block (dotted: none)")
axes.legend()
assert QUICK or kept["residual"] > kept["plain"] + 0.15
save(figure, "10_lesions")

# %% [markdown]
# In a plain network each block works on what the one before made of the image, and without one link the chain is of
# little use. In the residual network the blocks each *add* something to a common signal; if one is missing, the rest
# goes on, as long as it is not one of the first. Multiply out $\prod (1 + f_l)$: with 16 blocks there are $2^{16}$ ways
# from the image to the scores, and taking out one block closes half of them.
#
# To remember:
#
# * A deeper network *could* do all that a shallower one does; whether training finds it is another question.
# * With batch normalisation the gradients of deep plain networks do not vanish; they lose their direction.
# * An identity shortcut lets signal and gradient through unchanged. Keep it clean.
# * A residual network is a sum of many ways of many lengths.
#
# ## Exercises
#
# `pytest lessons/exercises/test_10_depth.py`
