# %% [markdown]
# # Lesson 5: Initialisation
#
# **Teaches:** why the first values of the weights decide whether a deep network learns at all; the rules of Xavier
# Glorot and Kaiming He, derived in three lines and measured layer by layer; why zero is the worst start; dead ReLUs.
#
# **Needs:** lesson 4 (SGD and the MLP). From statistics: mean and variance.
#
# **Time:** 60 minutes to read and discuss; 40 s of computing (`--quick`: 8 s).
#
# **Sources:** Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks";
# He, Zhang, Ren and Sun 2015, "Delving deep into rectifiers", section 2.2; Lu, Shin, Su and Karniadakis 2020, "Dying
# ReLU and initialization".

# %%
import math

import numpy as np
from classroom import BLUE, GRAY, GREEN, ORANGE, PURPLE, QUICK, RED, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim
from minitorch.data import datasets
from minitorch.nn import init

WIDTH, DEPTH = 256, 10
SEEDS = range(2 if QUICK else 5)

images, labels = datasets.FashionMini(train=True).arrays()
pixels = (images - images.mean()) / images.std()  # mean 0 and variance 1 over all pixels of all images
pixels = minitorch.from_numpy(pixels.reshape(len(images), -1))
labels = minitorch.from_numpy(labels)
some_images = pixels[:500]

# %% [markdown]
# ## A sum of many random numbers
#
# A unit of a linear layer adds up products: $y = w_1 x_1 + w_2 x_2 + \dots + w_n x_n$.
#
# **Question.** All $w_i$ and all $x_i$ are drawn at random with mean 0 and variance 1. What is the variance of $y$ for
# $n = 256$: 1, 16, 256 or 65536? Write down your guess, then run the next cell.

# %%
minitorch.manual_seed(0)
for n in (16, 64, 256, 1024):
    weight, x = minitorch.randn(500, n), minitorch.randn(500, n)
    y = x @ weight.T
    print(f"n = {n:4}: variance of y {y.var().item():8.1f}")
    assert abs(y.var().item() / n - 1) < 0.05, "variances of independent products add up to n"

# %% [markdown]
# It is $n$. The products do not depend on each other and have mean 0, so their variances add up:
#
# $$\mathrm{Var}(y) = n \cdot \mathrm{Var}(w) \cdot \overline{x^2}$$
#
# where $\overline{x^2}$ is the mean square of the inputs. **This line is the whole lesson**; the rest is what follows
# from it when layers stand on each other. Each layer multiplies the mean square by $n \cdot \mathrm{Var}(w)$, so after
# ten layers it is multiplied by $(n \cdot \mathrm{Var}(w))^{10}$.
#
# ## Ten layers
#
# **Question.** Ten linear layers, 256 wide, on real images; the weights are normal with a standard deviation of
# 0.01. What will the variance be after ten layers? And with a standard deviation of 1? Guess the powers of ten.

# %%
def make_weights(initialise, widths):
    """A list of weights (out, in), one for each step from a width to the next; `initialise` writes into each."""
    weights = []
    for n_in, n_out in zip(widths, widths[1:]):
        weight = minitorch.empty(n_out, n_in)
        initialise(weight)
        weights.append(weight.requires_grad_())
    return weights


def run_layers(weights, activation, x=some_images):
    """The outputs of all layers, a list; their gradients are kept for later."""
    outputs = []
    for weight in weights:
        x = activation(x @ weight.T)
        x.retain_grad()
        outputs.append(x)
    return outputs


def mean_square(x):
    """The mean of the squares: the variance where the mean is 0."""
    return (x.double() ** 2).mean().item()


def normal(std):
    """An initialisation by normal numbers with this standard deviation."""
    return lambda weight: init.normal_(weight, std=std)


def linear(x):
    """No activation at all."""
    return x * 1


WIDTHS = [784] + [WIDTH] * DEPTH
stds = {0.01: BLUE, 1 / math.sqrt(WIDTH): GREEN, 1.0: RED}
layers = np.arange(1, DEPTH + 1)
figure, axes = subplots()
for std, color in stds.items():
    measured = []
    for seed in SEEDS:
        minitorch.manual_seed(seed)
        measured.append([mean_square(y) for y in run_layers(make_weights(normal(std), WIDTHS), linear)])
    measured = np.mean(measured, axis=0)
    predicted = 784 * std**2 * mean_square(some_images) * (WIDTH * std**2) ** (layers - 1)
    print(f"std {std:.4f}: after layer 1 {measured[0]:.2g}, after layer 10 {measured[-1]:.2g} ({predicted[-1]:.2g})")
    assert np.allclose(np.log10(measured), np.log10(predicted), atol=0.1), "the formula holds in every layer"
    axes.semilogy(layers, measured, "o", color=color, label=f"weights of std {std:.2g}")
    axes.semilogy(layers, predicted, color=color, alpha=0.4)
axes.set(xlabel="layer", ylabel="mean square of the outputs", xticks=layers)
axes.set_title("Ten linear layers: measured (points), formula (lines)")
axes.legend()
save(figure, "05_ten_layers")

# %% [markdown]
# The formula holds over forty powers of ten. Small weights leave nothing of the image, large weights blow it up, and
# only one choice in between, $\mathrm{Var}(w) = 1 / n$, keeps the numbers as large as they were.
#
# **Question.** The largest float32 number is about $3 \cdot 10^{38}$, the smallest about $10^{-45}$. With weights of
# standard deviation 1, after how many layers will the first infinity appear? With 0.01, when is everything exactly 0?

# %%
def layers_until(happens, std, limit=100):
    """The first layer of width WIDTH after which `happens(outputs)` is true."""
    x = minitorch.randn(20, WIDTH)
    for layer in range(1, limit + 1):
        x = x @ minitorch.randn(WIDTH, WIDTH).mul(std)
        if happens(x.numpy()):
            return layer
    raise ValueError(f"nothing happened in {limit} layers")


minitorch.manual_seed(0)
to_infinity = layers_until(lambda x: not np.isfinite(x).all(), std=1.0)
to_zero = layers_until(lambda x: not x.any(), std=0.01)
print(f"std 1: the first number that is not finite in layer {to_infinity}; std 0.01: all is 0 in layer {to_zero}")
assert 30 <= to_infinity <= 34 and 50 <= to_zero <= 60, "each layer multiplies by 16, or by 0.16"

# %% [markdown]
# Each layer multiplies the size of the numbers by $\sqrt{256} \cdot \mathrm{std}$, which is 16 or 0.16. Powers do the
# rest: a hundred layers are out of the question with either.
#
# ## A function that cannot explode: tanh
#
# The outputs of $\tanh$ lie between -1 and 1, so nothing can explode. Is then every start good?
#
# **Question.** Sketch the histogram of the outputs of layer 10 for weights of standard deviation 0.01, of 1, and for
# Xavier's rule, $\mathrm{Var}(w) = 2 / (n_{in} + n_{out})$. Then run the cell.

# %%
TANH_STARTS = {"std 0.01": normal(0.01), "Xavier": init.xavier_normal_, "std 1": normal(1.0)}
figure, grid = subplots(3, 4, sharex=True)
tanh_outputs = {}
for axes, layer in zip(grid[0], (1, 2, 5, 10)):
    axes.set_title(f"layer {layer}")
for row, (name, initialise) in zip(grid, TANH_STARTS.items()):
    minitorch.manual_seed(0)
    outputs = run_layers(make_weights(initialise, WIDTHS), minitorch.tanh)
    tanh_outputs[name] = outputs
    saturated = np.mean(np.abs(outputs[-1].detach().numpy()) > 0.99)
    print(f"{name:9}: mean square in layer 10 {mean_square(outputs[-1]):.2g}, {saturated:.0%} of it beyond 0.99")
    for layer, axes in zip((1, 2, 5, 10), row):
        axes.hist(outputs[layer - 1].detach().numpy().ravel(), bins=41, range=(-1, 1), color=BLUE)
        axes.set_yticks([])
    row[0].set_ylabel(name)
figure.suptitle("Outputs of tanh: silent, alive, saturated")
share = np.mean(np.abs(tanh_outputs["std 1"][-1].detach().numpy()) > 0.99)
assert mean_square(tanh_outputs["std 0.01"][-1]) < 1e-14 and share > 0.8
assert 0.03 < mean_square(tanh_outputs["Xavier"][-1]) < 0.1
save(figure, "05_tanh")

# %% [markdown]
# With 0.01 the last layers are silent: every image gives the same answer, 0. With 1 most outputs are saturated: they
# stick to -1 or 1, where $\tanh$ is flat. With Xavier's rule all layers are alive; they shrink slowly, because $\tanh$
# takes away a little in each layer and the rule counts on none.
#
# ## Gradients go the other way
#
# Backward, the gradient of an input is a sum over the *outputs* it feeds: $n_{out}$ products of a weight and a
# gradient. The same line holds, read from right to left, with $\partial x$ for the gradient that arrives at $x$ and
# $f'$ for the slope of the activation:
#
# $$\mathrm{Var}(\partial x) = n_{out} \cdot \mathrm{Var}(w) \cdot \overline{(\partial y)^2 \, f'(y)^2}$$
#
# **Question.** Textbooks say that the gradient dies in saturated units, because $f' \approx 0$ there. For the saturated
# network above, will the gradient in layer 1 be larger or smaller than in layer 10? Decide before you look.

# %%
def gradient_squares(outputs):
    """The mean square of the gradient of each layer's outputs, for random gradients of variance 1 at the end."""
    outputs[-1].backward(minitorch.randn(*outputs[-1].shape))
    return [mean_square(y.grad) for y in outputs]


figure, axes = subplots()
by_start = {}
for (name, initialise), color in zip(TANH_STARTS.items(), (BLUE, GREEN, RED)):
    measured = []
    for seed in SEEDS:
        minitorch.manual_seed(seed)
        measured.append(gradient_squares(run_layers(make_weights(initialise, WIDTHS), minitorch.tanh)))
    by_start[name] = np.array(measured)
    print(f"{name:9}: mean square of the gradient in layer 1 between {by_start[name][:, 0].min():.2g} and "
          f"{by_start[name][:, 0].max():.2g} over {len(SEEDS)} seeds")
    axes.semilogy(layers, by_start[name].mean(axis=0), "o-", color=color, label=name)
axes.set(xlabel="layer", ylabel="mean square of the gradient", xticks=layers)
axes.set_title("Gradients through ten layers of tanh (1 at the end)")
axes.legend()


def shifted_tanh(x):
    """tanh with a bias of 3: saturated by the bias, not by the weights."""
    return (x + 3).tanh()


minitorch.manual_seed(0)
by_bias = gradient_squares(run_layers(make_weights(init.xavier_normal_, WIDTHS), shifted_tanh))
print(f"Xavier with biases of 3: mean square of the gradient in layer 1 {by_bias[0]:.2g}")
assert by_bias[0] < 1e-9, "saturation without large weights does kill the gradient"
assert by_start["std 0.01"].max() <= 1.1 and by_start["std 0.01"][:, 0].max() < 1e-13
assert by_start["std 1"][:, 0].min() > 1e7, "here the engine disagrees with the book"
assert by_start["Xavier"][:, 0].min() > 0.05 and by_start["Xavier"][:, 0].max() < 1
save(figure, "05_gradients")

# %% [markdown]
# **Here the engine disagrees with the book.** Most units are saturated and pass next to nothing, but the few that are
# not pass their gradient on through 256 weights of size 1, and that wins: the gradient *explodes*, by many powers of
# ten. The network is useless all the same: a step along such a gradient throws the weights anywhere. The book is right
# where something else than the weights saturates the units: with Xavier's weights and a bias of 3 everywhere, the last
# line above, the gradient does die.
#
# ## In or out?
#
# Forward wants $\mathrm{Var}(w) = 1 / n_{in}$, backward wants $1 / n_{out}$. In a layer that is not square they cannot
# both have it. Xavier takes the mean of the two numbers: $\mathrm{Var}(w) = 2 / (n_{in} + n_{out})$.
#
# **Question.** A network that narrows, 1024, 512, 256, 128, 64 wide, no activation. With $1 / n_{in}$ the outputs keep
# their size. What do the gradients of the first layer do, against those of the last?

# %%
def fan_in(weight):
    """Normal with variance 1 / n_in."""
    init.kaiming_normal_(weight, nonlinearity="linear")


def fan_out(weight):
    """Normal with variance 1 / n_out."""
    init.kaiming_normal_(weight, mode="fan_out", nonlinearity="linear")


print("                  outputs in layer 4   gradients in layer 1   (both were 1 at the other end)")
narrowing = {}
for name, initialise in {"1 / n_in": fan_in, "1 / n_out": fan_out, "Xavier": init.xavier_normal_}.items():
    measured = []
    for seed in SEEDS:
        minitorch.manual_seed(seed)
        outputs = run_layers(make_weights(initialise, [1024, 512, 256, 128, 64]), linear, minitorch.randn(500, 1024))
        measured.append((mean_square(outputs[-1]), gradient_squares(outputs)[0]))
    narrowing[name] = np.mean(measured, axis=0)
    print(f"{name:12} {narrowing[name][0]:18.2f} {narrowing[name][1]:22.3f}")
assert abs(narrowing["1 / n_in"][0] - 1) < 0.2 and narrowing["1 / n_in"][1] < 0.2
assert abs(narrowing["1 / n_out"][1] - 1) < 0.2 and narrowing["1 / n_out"][0] > 10
assert narrowing["1 / n_in"][1] < narrowing["Xavier"][1] < narrowing["1 / n_out"][1]

# %% [markdown]
# Each of the first two rules keeps one side and loses the other; Xavier's loses some on both. Between the first and the
# last layer a fan-in start is off by the ratio of the widths alone, not by a power of the depth, so in practice either
# rule will do: what matters is the activation.
#
# ## ReLU takes half
#
# ReLU sets the negative half of its inputs to 0. What is left of the mean square is half:
# $\overline{\mathrm{relu}(y)^2} = \mathrm{Var}(y) / 2$. The rule of Kaiming He, known by his first name, makes up for
# it: $\mathrm{Var}(w) = 2 / n_{in}$.
#
# **Question.** With Xavier's rule and ReLU, how much is left after ten layers? After thirty? And which rule does
# `nn.Linear` use when nobody says anything?

# %%
def engine_default(weight):
    """What `nn.Linear` draws: uniform between -1 / sqrt(n_in) and 1 / sqrt(n_in)."""
    bound = 1 / math.sqrt(weight.shape[1])
    init.uniform_(weight, -bound, bound)


def kaiming(weight):
    """Normal with variance 2 / n_in."""
    init.kaiming_normal_(weight, nonlinearity="relu")


assert abs(nn.Linear(WIDTH, 100).weight).max().item() <= 1 / math.sqrt(WIDTH)
figure, axes = subplots()
deep = np.arange(1, 31)
relu_squares = {}
starts = {"Kaiming": (kaiming, BLUE), "Xavier": (init.xavier_normal_, ORANGE), "nn.Linear": (engine_default, RED)}
for name, (initialise, color) in starts.items():
    measured = []
    for seed in SEEDS:
        minitorch.manual_seed(seed)
        measured.append([mean_square(y) for y in run_layers(make_weights(initialise, [784] + [WIDTH] * 30), F.relu)])
    relu_squares[name] = np.array(measured)
    factor = (relu_squares[name][:, 10] / relu_squares[name][:, 0]).mean() ** (1 / 10)
    print(f"{name:9}: layer 10 {relu_squares[name][:, 9].mean():.2g}, layer 30 {relu_squares[name][:, -1].mean():.2g}; "
          f"each layer multiplies by about {factor:.2f}")
    axes.semilogy(deep, relu_squares[name].mean(axis=0), "o-", color=color, label=name, markersize=5)
    expected = {"Kaiming": 1, "Xavier": 1 / 2, "nn.Linear": 1 / 6}[name]
    assert abs(factor / expected - 1) < 0.15, "the formula's factor"
axes.set(xlabel="layer", ylabel="mean square of the outputs")
axes.set_title("ReLU takes half in each layer; only Kaiming's rule gives it back")
axes.legend()
save(figure, "05_relu")

# %% [markdown]
# Xavier's rule loses a half in each layer, as it must. **And `nn.Linear` loses five sixths**: its numbers are uniform
# between $\pm 1 / \sqrt{n}$, and such numbers have a variance of only $1 / (3n)$; ReLU takes half of that. PyTorch does
# the same, for reasons of history; both call `kaiming_uniform_` with an odd argument, but it is not Kaiming's rule.
# Biases, left out here, add a little in each layer, but the same for each image.
#
# The rule holds for the mean over many networks. One network has its own luck, and the luck grows with depth and falls
# with width:

# %%
print("Kaiming, layer 30, over 10 networks: smallest and largest mean square")
spread = {}
for width in (32, 256):
    measured = []
    for seed in range(10):
        minitorch.manual_seed(seed)
        weights = make_weights(kaiming, [784] + [width] * 30)
        measured.append(mean_square(run_layers(weights, F.relu, some_images[:100])[-1]))
    spread[width] = max(measured) / min(measured)
    print(f"width {width:3}: {min(measured):.2g} to {max(measured):.2g}")
assert spread[32] > 3 * spread[256], "narrow networks stray more"

# %% [markdown]
# ## The worst start: all the same
#
# **Question.** All weights begin at 0, or all at 0.05. The network has 100 hidden units. After 200 steps of training:
# how many *different* hidden units does it have?

# %%
def mlp(initialise, depth, width=100, activation=nn.ReLU):
    """`depth` hidden layers and ten scores; biases begin at 0. None keeps the engine's own start, biases too."""
    widths = [784] + [width] * depth
    hidden = [part for n, m in zip(widths, widths[1:]) for part in (nn.Linear(n, m), activation())]
    model = nn.Sequential(*hidden, nn.Linear(width, 10))
    for module in model:
        if initialise is not None and isinstance(module, nn.Linear):
            initialise(module.weight)
            init.zeros_(module.bias)
    return model


def train(model, steps, lr=0.05, momentum=0.9):
    """The losses of the steps, on batches of 100 random images; ends early where the loss is not finite."""
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    losses = []
    for _ in range(steps):
        chosen = minitorch.randint(0, len(pixels), (100,))
        loss = F.cross_entropy(model(pixels[chosen]), labels[chosen])
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def different_units(model):
    """The number of hidden units of the first layer whose weights differ by more than rounding."""
    return len(np.unique(model[0].weight.detach().numpy().round(4), axis=0))


def share_right(model):
    """The share of the training images that get their class."""
    with minitorch.no_grad():
        return (model(pixels).argmax(1) == labels).float().mean().item()


def alike(weight):
    """0.05 everywhere."""
    init.constant_(weight, 0.05)


result = {}
for name, initialise in {"all 0": init.zeros_, "all 0.05": alike, "Kaiming": kaiming}.items():
    minitorch.manual_seed(0)
    model = mlp(initialise, depth=1)
    train(model, 200, lr=0.01)
    result[name] = different_units(model), share_right(model)
    print(f"{name:8}: {result[name][0]:3} different hidden units, {result[name][1]:.1%} of the images right")
assert result["all 0"][0] == result["all 0.05"][0] == 1 and result["Kaiming"][0] == 100
assert result["all 0"][1] < 0.15 and result["all 0.05"][1] < 0.6 < result["Kaiming"][1]

# %% [markdown]
# One. Units that begin alike see the same inputs, get the same gradient, and stay alike for ever: a hundred of them are
# worth one. With zeros not even that one learns: the gradient of each weight has a zero weight or a silent unit as a
# factor, and only the last biases move. Random numbers are not noise to be suffered; they *break the symmetry*. Biases
# may begin at 0: the weights have broken it already.
#
# ## Dead ReLUs
#
# A ReLU unit that is negative for every image gives 0 for every image, and its gradient is 0 for every image: it will
# never come back. It is dead.
#
# **Question.** Kaiming's start has no dead units. From which learning rate on do a hundred steps kill some: 0.1, 0.3, 1
# or 3? And how many come back to life if we go on with small steps?

# %%
def dead_units(model):
    """Which units of the hidden layer are 0 for all training images."""
    with minitorch.no_grad():
        return (model[:2](pixels) == 0).all(0).numpy()


rates = (0.1, 0.3, 1.0, 3.0)
dead_share, right = [], []
for lr in rates:
    measured = []
    for seed in range(1 if QUICK else 3):
        minitorch.manual_seed(seed)
        model = mlp(kaiming, depth=1)
        assert not dead_units(model).any(), "nothing is dead at the start"
        train(model, 100, lr=lr, momentum=0)
        measured.append((dead_units(model).mean(), share_right(model)))
    dead_share.append(np.mean(measured, axis=0)[0])
    right.append(np.mean(measured, axis=0)[1])
    print(f"learning rate {lr:3}: {dead_share[-1]:4.0%} of the hidden units dead, {right[-1]:.0%} of the images right")

before = dead_units(model)
train(model, 200, lr=0.05, momentum=0)
after = dead_units(model)
print(f"dead after large steps: {before.sum()}; of these still dead after 200 small ones: {(before & after).sum()}")
assert dead_share[0] < 0.02 and dead_share[-1] > 0.25 and right[-1] < right[0]
assert before.any() and after[before].all(), "the dead stay dead"
figure, axes = subplots()
axes.semilogx(rates, dead_share, "o-", color=RED, label="dead hidden units")
axes.semilogx(rates, right, "o-", color=BLUE, label="images right")
axes.set_xticks(rates, rates)
axes.minorticks_off()
axes.set(xlabel="learning rate of 100 steps", ylabel="share", ylim=(-0.02, 1))
axes.set_title("Large steps kill ReLUs, and the dead do not learn")
axes.legend()
save(figure, "05_dead_relus")

# %% [markdown]
# A large step makes the bias and the weights so negative that no image reaches the unit any more. From then on its
# gradient is exactly 0, so that not one of the dead came back. Remedies: smaller steps at the beginning (warm-up), a
# leaky ReLU, whose slope on the left is not quite 0, or normalisation, which a later lesson brings.
#
# ## Does it matter for learning?
#
# **Question.** Ten hidden layers, ReLU, SGD with momentum, six starts. Which of them will learn within 150 steps? A
# network that knows nothing has a loss of $\ln 10 \approx 2.3$.

# %%
CONTESTANTS = {
    "all 0": (init.zeros_, GRAY), "std 0.01": (normal(0.01), PURPLE), "std 1": (normal(1.0), RED),
    "nn.Linear": (None, GREEN), "Xavier": (init.xavier_normal_, ORANGE), "Kaiming": (kaiming, BLUE),
}  # fmt: skip


def compare(names, depth, steps, seeds, lr):
    """For each start the losses by step, mean over the seeds; a run that diverged counts as infinite from there."""
    curves = {}
    for name in names:
        runs = []
        for seed in range(seeds):
            minitorch.manual_seed(seed)
            losses = train(mlp(CONTESTANTS[name][0], depth), steps, lr)
            runs.append(losses + [math.inf] * (steps - len(losses)))
        curves[name] = np.mean(runs, axis=0)
        last = np.array(runs)[:, -20:].mean(axis=1)
        print(f"depth {depth}, {name:9}: loss of the last 20 steps {last.min():.2f} to {last.max():.2f} ({seeds} runs)")
    return curves


curves = compare(CONTESTANTS, DEPTH, steps=60 if QUICK else 150, seeds=1 if QUICK else 3, lr=0.05)
figure, axes = subplots()
for name, curve in curves.items():
    smooth = np.convolve(curve, np.ones(10) / 10, "valid")
    axes.plot(smooth, color=CONTESTANTS[name][1], label=name if name in ("Xavier", "Kaiming") else None)
axes.text(30, 2.4, "all 0, std 0.01, nn.Linear: nothing learnt", color=GREEN)
axes.set(xlabel="step", ylabel="loss (mean of 10 steps)", ylim=(0, 3))
axes.set_title("Ten layers: two of six starts learn (std 1 diverges at once)")
axes.legend(loc="lower left")
end = {name: curve[-20:].mean() for name, curve in curves.items()}
assert all(end[name] > 2.2 for name in ("all 0", "std 0.01", "std 1", "nn.Linear"))
assert all(end[name] < 1.7 for name in ("Xavier", "Kaiming")) and math.isinf(end["std 1"])
save(figure, "05_training")

# %% [markdown]
# Nothing else was different: same network, same data, same optimizer. Xavier's and Kaiming's starts learn; std 1
# diverges in its first steps; the rest, the engine's own default among them, sit at the loss of a network that knows
# nothing. (They may wake up after many more steps; a default is made for shallow networks, and with normalisation
# layers it hardly matters.)
#
# At ten layers the factor of two between Xavier and Kaiming does not decide. Kaiming He and his colleagues needed their
# rule for thirty layers.
#
# **Question.** Thirty layers (and smaller steps, for depth makes training touchy). Xavier's start has a factor of
# $2^{30}$ less signal. Does it still learn?

# %%
deep_curves = compare(("Xavier", "Kaiming"), 30, steps=60 if QUICK else 120, seeds=1 if QUICK else 2, lr=0.005)
deep_end = {name: curve[-20:].mean() for name, curve in deep_curves.items()}
assert deep_end["Xavier"] > 2.2 > deep_end["Kaiming"], "at thirty layers Kaiming's rule decides"

# %% [markdown]
# It does not, and Kaiming's does. To remember:
#
# * Each layer multiplies the mean square by $n \cdot \mathrm{Var}(w)$ and by what the activation leaves; depth makes
#   a power of it. Good starts keep the product at 1.
# * Linear and tanh: Xavier, $2 / (n_{in} + n_{out})$. ReLU: Kaiming, $2 / n_{in}$. For a convolution, $n_{in}$ counts
#   the channels times the kernel's area.
# * Weights must differ from each other; biases may be 0.
# * The default of a library is a habit, not a theorem. Measure.
#
# ## Exercises
#
# `pytest lessons/exercises/test_05_initialisation.py`
