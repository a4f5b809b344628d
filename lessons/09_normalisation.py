# %% [markdown]
# # Lesson 9: Normalisation
#
# **Teaches:** batch normalisation by its formula; why training and evaluation differ and what goes wrong when they are
# mixed up; what small batches do; how to fold it into a convolution; layer, instance and group normalisation on the
# same picture.
#
# **Needs:** lesson 5 (variance from layer to layer), lesson 6 (convolution).
#
# **Time:** 90 minutes to read and discuss; 40 s of computing (`--quick`: 8 s).
#
# **Sources:** Ioffe and Szegedy 2015, "Batch normalization"; Ba, Kiros and Hinton 2016, "Layer normalization"; Ulyanov,
# Vedaldi and Lempitsky 2016, "Instance normalization"; Wu and He 2018, "Group normalization"; Santurkar et al. 2018,
# "How does batch normalization help optimization?".

# %%
import numpy as np
from classroom import BLUE, ORANGE, QUICK, image, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim
from minitorch.data import DataLoader, TensorDataset, datasets
from minitorch.training import accuracy, predict

images, labels = datasets.FashionMini(train=True).arrays()
test_images, test_labels = datasets.FashionMini(train=False).arrays()
mean, std = images.mean(), images.std()
images, test_images = (images - mean) / std, (test_images - mean) / std
if QUICK:
    images, labels = images[:2000], labels[:2000]

# %% [markdown]
# ## The formula
#
# Lesson 5 chose the first weights so that the outputs of each layer have variance 1. After the first step of training
# nothing guarantees it any more. Batch normalisation enforces it in every step, for each channel by itself:
#
# $$\hat{x} = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} \qquad y = \gamma \hat{x} + \beta$$
#
# $\mu$ and $\sigma^2$ are mean and variance of the channel *over the batch and all places*; $\gamma$ and $\beta$ are
# learnt, so that the network can undo the normalisation where it does harm.
#
# **Question.** We multiply the inputs by 10 and add 3. What happens to the output of a convolution, and what to the
# output of batch normalisation behind it?

# %%
def batch_norm(x, weight, bias, eps=1e-5):
    """The formula, for x (N, C, H, W)."""
    mu = x.mean((0, 2, 3), keepdim=True)
    variance = ((x - mu) ** 2).mean((0, 2, 3), keepdim=True)
    normal = (x - mu) / (variance + eps).sqrt()
    return weight.reshape(1, -1, 1, 1) * normal + bias.reshape(1, -1, 1, 1)


minitorch.manual_seed(0)
convolution, layer = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)
x = minitorch.from_numpy(images[:64])
with minitorch.no_grad():
    plain, changed = convolution(x), convolution(10 * x + 3)
    normal, normal_changed = layer(plain), layer(changed)
    by_formula = batch_norm(plain, layer.weight, layer.bias)
print("largest difference of formula and nn.BatchNorm2d:", f"{abs(by_formula - normal).max().item():.1e}")
print("convolution, standard deviation by channel:", plain.numpy().std((0, 2, 3)).round(2), "->",
      changed.numpy().std((0, 2, 3)).round(2))  # fmt: skip
print("behind batch norm: mean", normal.numpy().mean((0, 2, 3)).round(4), "std", normal.numpy().std((0, 2, 3)).round(4))
print(f"largest change behind batch norm: {abs(normal - normal_changed).max().item():.1e}")
assert np.allclose(by_formula.numpy(), normal.numpy(), atol=1e-4)
assert np.allclose(normal.numpy(), normal_changed.numpy(), atol=1e-2)

# %% [markdown]
# Nothing: scale and offset are divided out (but for the tiny $\varepsilon$). For the same reason the convolution in
# front needs no bias, and the *size* of its weights does not matter, only their direction.
#
# ## What it is good for
#
# In lesson 5 ten layers with the engine's own first weights learnt nothing in 150 steps.
#
# **Question.** The same ten layers, the same weights, with batch normalisation behind each. Will it learn now?

# %%
def deep_mlp(normalised, depth=10, width=100):
    """Ten hidden layers with the engine's own first weights, with or without batch normalisation."""
    widths = [784] + [width] * depth
    layers = [nn.Flatten()]
    for n, m in zip(widths, widths[1:]):
        layers += [nn.Linear(n, m), *([nn.BatchNorm1d(m)] if normalised else []), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 10))


def train(model, epochs, batch_size=100, lr=0.05, images=images, labels=labels):
    """SGD with momentum and a learning rate that falls to 0. Returns the losses of all steps."""
    loader = DataLoader(TensorDataset(images, labels), batch_size=batch_size, shuffle=True, drop_last=True)
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=epochs * len(loader))
    losses = []
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            loss = F.cross_entropy(model(minitorch.from_numpy(x)), minitorch.from_numpy(y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
    return losses


figure, axes = subplots()
ends = {}
for normalised, name, color in ((False, "without", ORANGE), (True, "with batch normalisation", BLUE)):
    runs = []
    for seed in range(1 if QUICK else 3):
        minitorch.manual_seed(seed)
        runs.append(train(deep_mlp(normalised), epochs=2))
    curve = np.mean(runs, axis=0)
    ends[name] = [np.mean(run[-10:]) for run in runs]
    print(f"{name}: loss of the last ten steps", np.round(ends[name], 2))
    axes.plot(np.convolve(curve, np.ones(5) / 5, "valid"), color=color, label=name)
axes.set(xlabel="step", ylabel="loss (mean of 5 steps)", ylim=(0, 2.6), title="Ten layers, the same first weights")
axes.legend()
assert min(ends["without"]) > 2.2 and max(ends["with batch normalisation"]) < 1.3
save(figure, "09_depth")

# %% [markdown]
# It learns at once. Whatever the first weights are, each layer now gets inputs of variance 1. That is why so few people
# worry about initialisation today, and why very deep networks came only after 2015. (Why it helps *beyond* that is
# still argued about; the reason in the paper's title, "internal covariate shift", did not stand up to measurement, see
# Santurkar et al.)
#
# ## Training is not evaluation
#
# The formula needs a batch. In use there may be one image alone, and its class must not depend on its neighbours. So
# the layer keeps *running* estimates of mean and variance while it trains and uses those in evaluation: `model.eval()`.
#
# **Question.** One image, in the company of 31 others, then of 31 different ones. Does its output change: in training
# mode; in evaluation mode?

# %%
def convnet(norm=nn.BatchNorm2d):
    """A small network with a normalisation behind each convolution; `norm` makes it for a number of channels."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False), norm(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False), norm(32), nn.ReLU(),
        nn.Conv2d(32, 32, 3, stride=2, padding=1, bias=False), norm(32), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 16, 10),
    )  # fmt: skip


minitorch.manual_seed(0)
model = convnet()
train(model, epochs=2)


def first_scores(model, batch):
    """The scores of the first image of a batch."""
    with minitorch.no_grad():
        return model(minitorch.from_numpy(batch)).numpy()[0]


state = {name: value.clone() for name, value in model.state_dict().items()}
companies = test_images[:32], np.concatenate([test_images[:1], test_images[100:131]])
change = {}
for mode in (True, False):
    model.train(mode)
    scores = [first_scores(model, batch) for batch in companies]
    change["training" if mode else "evaluation"] = np.abs(scores[0] - scores[1]).max()
model.load_state_dict(state)  # training mode has moved the running estimates
print("largest change of a score:", {mode: f"{value:.1e}" for mode, value in change.items()})
assert change["training"] > 0.1 and change["evaluation"] < 1e-4

# %% [markdown]
# **Question.** Somebody forgets `model.eval()`. How many test images are right if they come in batches of 100,
# shuffled; sorted by class; one by one?

# %%
def right_in_training_mode(order, batch_size):
    """The share right if the batches are normalised by themselves; the model's state is put back."""
    model.train()
    correct = 0
    with minitorch.no_grad():
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            scores = model(minitorch.from_numpy(test_images[chosen])).numpy()
            correct += (scores.argmax(axis=1) == test_labels[chosen]).sum()
    model.load_state_dict(state)
    return correct / len(order)


shuffled = np.random.default_rng(0).permutation(len(test_labels))
forgotten = {
    "with eval()": accuracy(predict(model, test_images), test_labels),
    "forgotten, shuffled": right_in_training_mode(shuffled, 100),
    "forgotten, sorted by class": right_in_training_mode(np.argsort(test_labels, kind="stable"), 100),
    "forgotten, one by one": right_in_training_mode(shuffled[:500], 1),
}
for name, share in forgotten.items():
    print(f"{name:27}: {share:.1%}")
assert abs(forgotten["forgotten, shuffled"] - forgotten["with eval()"]) < 0.05
assert forgotten["forgotten, sorted by class"] < forgotten["with eval()"] - 0.05
assert forgotten["forgotten, one by one"] < forgotten["with eval()"] - 0.01
figure, axes = subplots()
axes.barh(list(forgotten), list(forgotten.values()), color=[BLUE, ORANGE, ORANGE, ORANGE])
axes.invert_yaxis()
axes.set(xlim=(0, 1), xlabel="test images right", title="What if eval() is forgotten?")
save(figure, "09_eval")

# %% [markdown]
# Shuffled in large batches the slip is nearly invisible, and that makes it dangerous: it waits until the data come
# sorted. From a batch of trousers alone the mean of trousers is subtracted, and with it much of what tells trousers
# from the rest.
#
# ### The running estimates
#
# After each batch $r \leftarrow (1 - m)\, r + m\, \mu$ with $m = 0.1$, beginning at mean 0 and variance 1.
#
# **Question.** The batches have mean 5. What is the running mean after 1, 10 and 50 batches?

# %%
layer = nn.BatchNorm2d(1)
random = np.random.default_rng(0)
steps = {}
for step in range(1, 51):
    layer(minitorch.from_numpy(random.normal(5, 2, (16, 1, 8, 8)).astype(np.float32)))
    if step in (1, 10, 50):
        steps[step] = layer.running_mean.item(), layer.running_var.item()
        predicted = 5 * (1 - 0.9**step)
        print(f"after {step:2} batches: running mean {steps[step][0]:.2f} (formula {predicted:.2f}), "
              f"variance {steps[step][1]:.2f}")
        assert abs(steps[step][0] - predicted) < 0.15
few = np.arange(6.0).reshape(6, 1, 1, 1).astype(np.float32)
layer.reset_running_stats()
layer(minitorch.from_numpy(few))
print(f"of six numbers: variance by N {few.var():.3f}, by N - 1 {few.var(ddof=1):.3f}; the running variance took up "
      f"{(layer.running_var.item() - 0.9) / 0.1:.3f}")
assert abs((layer.running_var.item() - 0.9) / 0.1 - few.var(ddof=1)) < 1e-3

# %% [markdown]
# After a few steps the estimates are still far off. A detail that books pass over: the batch is normalised with the
# variance divided by $N$, but the running variance takes up the one divided by $N - 1$, in this engine as in PyTorch.
#
# ## Small batches
#
# Mean and variance of a batch are estimates, and with few images bad ones.
#
# **Question.** Batch normalisation in an MLP, where there are no places to average over, and a batch of two images.
# Which values can $\hat{x}$ take? Compute it for the numbers 3 and 7, then for any two. And who suffers more from small
# batches: batch normalisation, or *layer normalisation*, which takes mean and variance over the units of *one* image?

# %%
pair = nn.BatchNorm1d(100)(minitorch.randn(2, 100)).detach().numpy()
print("100 pairs of random numbers, normalised:", np.unique(np.abs(pair).round(1)), "times a sign")
assert np.isclose(np.abs(pair), 1, atol=0.05).mean() > 0.9


def small_mlp(norm):
    """Two hidden layers, each with a normalisation."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 100), norm(100), nn.ReLU(), nn.Linear(100, 100), norm(100), nn.ReLU(),
        nn.Linear(100, 10),
    )  # fmt: skip


sizes = (2, 64) if QUICK else (2, 4, 16, 64)
count = 1000 if QUICK else 4000
by_size = {}
for name, norm in {"batch normalisation": nn.BatchNorm1d, "layer normalisation": nn.LayerNorm}.items():
    by_size[name] = []
    for size in sizes:
        shares = []
        for seed in range(1 if QUICK else 3):
            minitorch.manual_seed(seed)
            small = small_mlp(norm)
            train(small, 1, batch_size=size, lr=0.001 * size, images=images[:count], labels=labels[:count])
            shares.append(accuracy(predict(small, test_images), test_labels))
        by_size[name].append(np.mean(shares))
    print(f"{name}:", {size: f"{share:.1%}" for size, share in zip(sizes, by_size[name])})
batch, layered = by_size.values()
print(f"with batches of 2, layer normalisation is ahead by {layered[0] - batch[0]:.1%}")
assert layered[0] > batch[0] + 0.02
figure, axes = subplots()
for (name, shares), color in zip(by_size.items(), (BLUE, ORANGE)):
    axes.semilogx(sizes, shares, "o-", color=color, label=name)
axes.set_xticks(sizes, sizes)
axes.minorticks_off()
axes.set(xlabel="images in a batch", ylabel="test images right", title="Small batches: one epoch, rate in proportion")
axes.legend()
save(figure, "09_small_batches")

# %% [markdown]
# Of two numbers the larger becomes +1 and the smaller -1, whatever they are: all that a unit passes on is which of two
# images has more of it. No wonder that batch normalisation is behind with batches of two; layer normalisation does not
# look at the batch at all. (In a convolution each image brings all its places along, and the harm is smaller. Where
# images are so large that two fill the memory, group normalisation is the usual way out.)
#
# ## Folded into the convolution
#
# In evaluation $\mu$ and $\sigma$ are fixed numbers, so normalisation is a multiplication and an addition per channel,
# and a convolution followed by that is a convolution:
#
# $$w' = \frac{\gamma}{\sqrt{\sigma^2 + \varepsilon}}\, w \qquad b' = \beta - \frac{\gamma\, \mu}{\sqrt{\sigma^2 +
# \varepsilon}}$$
#
# **Question.** By how much do the scores change when all three are folded? How many layers are left?

# %%
def fold(convolution, norm):
    """One convolution that does what a convolution without bias and a batch normalisation in evaluation do."""
    folded = nn.Conv2d(convolution.in_channels, convolution.out_channels, convolution.kernel_size,
                       convolution.stride, convolution.padding)  # fmt: skip
    with minitorch.no_grad():
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        folded.weight.copy_(convolution.weight * scale.reshape(-1, 1, 1, 1))
        folded.bias.copy_(norm.bias - norm.running_mean * scale)
    return folded


layers, folded = list(model), []
for layer, following in zip(layers, [*layers[1:], None]):
    if isinstance(following, nn.BatchNorm2d):
        folded.append(fold(layer, following))
    elif not isinstance(layer, nn.BatchNorm2d):
        folded.append(layer)
folded = nn.Sequential(*folded).eval()
model.eval()
with minitorch.no_grad():
    x = minitorch.from_numpy(test_images[:200])
    difference = abs(model(x) - folded(x)).max().item()
print(f"{len(model)} layers become {len(folded)}; the largest difference of a score is {difference:.1e}")
assert difference < 1e-3 and len(folded) == len(model) - 3

# %% [markdown]
# Rounding. A normalisation that is folded costs nothing in use, and this is how networks are shipped.
#
# ## Four normalisations, one picture
#
# They differ only in *which numbers share a mean and a variance*: in (N, C, H, W)
#
# | | over | forgets |
# | --- | --- | --- |
# | batch | N, H, W | nothing of a single image |
# | layer | C, H, W | brightness and contrast of an image |
# | group | some C, H, W | the same, group by group |
# | instance | H, W | brightness and contrast of each map |
#
# **Question.** Four pictures of the same bag: as it is, minus 1 (brightness), times 0.3 (contrast), times -1
# (inverted). Which normalisations make the first three look alike? Does any undo the inversion?

# %%
bag = test_images[np.flatnonzero(test_labels == 8)[1]]
variants = np.stack([bag, bag - 1, 0.3 * bag, -bag])  # (4, 1, 28, 28)
pair = np.concatenate([variants, variants[:, :, ::-1]], axis=1)  # two channels: the bag and the bag upside down
norms = {
    "input": nn.Sequential(), "batch": nn.BatchNorm2d(2), "layer": nn.LayerNorm([2, 28, 28]),
    "instance": nn.InstanceNorm2d(2),
}  # fmt: skip
figure, grid = subplots(4, 4, height=9)
alike = {}
for row, (name, norm) in zip(grid, norms.items()):
    with minitorch.no_grad():
        y = norm(minitorch.from_numpy(pair)).numpy()
    alike[name] = [np.abs(y[0] - y[i]).max() < 1e-2 for i in range(1, 4)]
    print(f"{name:8}: equal to the first picture: minus 1 {alike[name][0]}, times 0.3 {alike[name][1]}, times -1 "
          f"{alike[name][2]}")
    for axes, picture in zip(row, y[:, 0]):
        image(axes, picture, vmin=-2, vmax=2)
    row[0].set_ylabel(name)
for axes, title in zip(grid[0], ("as it is", "minus 1", "times 0.3", "times -1")):
    axes.set_title(title)
groups = {1: nn.LayerNorm([4, 7, 7]), 4: nn.InstanceNorm2d(4)}
x = minitorch.randn(3, 4, 7, 7)
for count, twin in groups.items():
    assert np.allclose(nn.GroupNorm(count, 4)(x).detach().numpy(), twin(x).detach().numpy(), atol=1e-5)
print("group normalisation with one group is layer normalisation, with a group for each channel instance normalisation")
assert alike["layer"] == alike["instance"] == [True, True, False] and alike["batch"] == [False, False, False]
save(figure, "09_four_kinds")

# %% [markdown]
# Layer and instance normalisation take away brightness and contrast of the single image; batch normalisation keeps
# them, as differences to the rest of the batch. None of them turns black into white. What a normalisation takes away
# the network cannot use: do not normalise by image where brightness is the answer.
#
# ## Backward
#
# Each $\hat{x}$ depends on every number of its channel, through $\mu$ and $\sigma$. Written out and tidied up, in the
# scale of $\hat{x}$:
#
# $$\partial x = \frac{\gamma}{\sqrt{\sigma^2 + \varepsilon}} \left( g - \overline{g} - \hat{x} \cdot
# \overline{g \hat{x}} \right)$$
#
# **Question.** Without any calculation: what must the gradients of a channel add up to? (What happens to the output
# when all inputs rise by the same amount?)

# %%
x = minitorch.tensor(random.normal(2, 3, (8, 3, 5, 5)), requires_grad=True)
layer = nn.BatchNorm2d(3).double()
y = layer(x)
g = random.normal(size=y.shape)
y.backward(minitorch.tensor(g))
normal = y.detach().numpy()  # weight 1 and bias 0: y is x-hat itself
axes = (0, 2, 3)
scale = 1 / np.sqrt(x.detach().numpy().var(axes, keepdims=True) + layer.eps)
by_hand = scale * (g - g.mean(axes, keepdims=True) - normal * (g * normal).mean(axes, keepdims=True))
print(f"largest difference of the formula and the engine: {np.abs(by_hand - x.grad.numpy()).max():.1e}")
print("sum of the gradients by channel:", np.abs(x.grad.numpy().sum(axes)).round(10))
assert np.allclose(by_hand, x.grad.numpy()) and np.allclose(x.grad.numpy().sum(axes), 0)

# %% [markdown]
# To zero: raising all inputs alike changes nothing, so the derivative in that direction is 0. The formula takes the
# mean off the gradient, and its part along $\hat{x}$: the two directions to which the layer is blind.
#
# To remember:
#
# * Normalise over batch and places, scale and shift by learnt numbers. First weights and learning rate matter less.
# * `train()` and `eval()` are two different functions. Mixing them up shows late.
# * Small batches: group normalisation. In use: fold.
# * Ask of each normalisation what it makes the network blind to.
#
# ## Exercises
#
# `pytest lessons/exercises/test_09_normalisation.py`
