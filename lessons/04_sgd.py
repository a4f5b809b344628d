# %% [markdown]
# # Lesson 4: Stochastic gradient descent and the first network
#
# **Teaches:** what the learning rate, momentum and the batch size do, seen on a picture of the loss; why inputs are
# standardised; the multilayer perceptron (MLP) and what its hidden layer is for.
#
# **Needs:** lesson 3 (the linear classifier). From school: the parabola and its minimum.
#
# **Time:** 90 minutes to read and discuss; 60 s of computing (`--quick`: 7 s).
#
# **Sources:** Robbins and Monro 1951, "A stochastic approximation method"; Polyak 1964, "Some methods of speeding up
# the convergence of iteration methods"; LeCun, Bottou, Orr and Müller 1998, "Efficient BackProp"; Goyal et al. 2017,
# "Accurate, large minibatch SGD".

# %%
import numpy as np
from classroom import BLUE, GRAY, GREEN, ORANGE, PURPLE, QUICK, RED, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim
from minitorch.data import DataLoader, TensorDataset, datasets

images, labels = datasets.FashionMini(train=True).arrays()
test_images, test_labels = datasets.FashionMini(train=False).arrays()

# %% [markdown]
# ## A loss that can be drawn
#
# A network has thousands of weights, and its loss lives in thousands of dimensions. We begin with two, so that we can
# look. From the brightness $x$ of the upper half of a picture we predict the brightness $y$ of the lower half by a
# line, $\hat y = w x + b$. The loss is the mean of $(w x + b - y)^2$ over 10,000 pictures: a bowl over the plane of
# $w$ and $b$.
#
# How the bowl bends is told by its second derivatives by $w$ and $b$, a table of 2 x 2 numbers called the *Hessian*.
# The *curvature* along a direction is the second derivative when we walk that way; it is largest in one direction and
# smallest across it. `np.linalg.eigvalsh` finds both from the table.

# %%
upper = images[:, 0, :14].mean((1, 2)).astype(np.float64)
lower = images[:, 0, 14:].mean((1, 2)).astype(np.float64)


def hessian_of(x):
    """The second derivatives of the loss of a line by (w, b): they do not depend on where we are."""
    return 2 * np.array([[(x * x).mean(), x.mean()], [x.mean(), 1.0]])


def gradient_of(x, y, point):
    """The gradient of the mean of (w x + b - y)^2 at (w, b), over the examples that are given."""
    error = point[0] * x + point[1] - y
    return 2 * np.array([(error * x).mean(), error.mean()])


def lowest(x, y):
    """The (w, b) with the least loss."""
    return np.linalg.solve(hessian_of(x), 2 * np.array([(x * y).mean(), y.mean()]))


def descend(x, y, start, lr, steps, momentum=0.0, batch_size=None, seed=0):
    """The path of gradient descent (steps + 1, 2), with all examples at each step or with random batches."""
    random = np.random.default_rng(seed)
    path, velocity = [np.array(start, dtype=float)], np.zeros(2)
    for _ in range(steps):
        batch = slice(None) if batch_size is None else random.integers(len(x), size=batch_size)
        velocity = momentum * velocity + gradient_of(x[batch], y[batch], path[-1])
        path.append(path[-1] - lr * velocity)
    return np.array(path)


def excess(x, y, path):
    """How far the loss along a path is above the least one."""
    away = path - lowest(x, y)
    return 0.5 * np.einsum("si,ij,sj->s", away, hessian_of(x), away)


best = lowest(upper, lower)
steep, flat = np.linalg.eigvalsh(hessian_of(upper))[::-1]
limit = 2 / steep
print(f"least loss at w = {best[0]:.3f}, b = {best[1]:.3f}")
print(f"curvature: {steep:.3f} in the steepest direction, {flat:.3f} in the flattest, ratio {steep / flat:.0f}")
assert steep / flat > 10

# %% [markdown]
# Gradient descent goes downhill: $(w, b) \leftarrow (w, b) - \eta\, \nabla L$, where $\nabla L$ holds the slopes of the
# loss by $w$ and by $b$, and $\eta$ is the *learning rate*.
#
# In one direction with curvature $\lambda$ the loss is a parabola, $\tfrac{1}{2} \lambda a^2$ at distance $a$ from its
# lowest point; its slope is $\lambda a$, and a step leads from $a$ to $(1 - \eta \lambda)\, a$.
#
# **Question.** For which learning rates does the distance $a$ shrink? For which does it change its sign at each step?
# For which does it grow? The bowl has curvatures that we just printed: from which $\eta$ on will descent explode?
# Write it down, then run the next cell.

# %%
for lr in (0.1 * limit, 0.5 * limit, 0.99 * limit, 1.01 * limit):
    path = descend(upper, lower, (-0.5, 0.9), lr, 500)
    print(f"learning rate {lr:.3f}: excess loss {excess(upper, lower, path)[-1]:.1e} after 500 steps")
print(f"2 / largest curvature = {limit:.3f}")
below, above = (excess(upper, lower, descend(upper, lower, (-0.5, 0.9), f * limit, 2000)) for f in (0.99, 1.01))
assert below[-1] < below[0] / 10 and above[-1] > 10 * above[0]


def contours(axes, x, y, centre, width=1.4):
    """The bowl as lines of equal loss."""
    w, b = np.meshgrid(*(np.linspace(c - width, c + width, 120) for c in centre))
    height = excess(x, y, np.stack([w.ravel(), b.ravel()], axis=1)).reshape(w.shape)
    axes.contour(w, b, height, levels=np.geomspace(0.003, 6, 14), colors=GRAY, linewidths=1, alpha=0.6)
    axes.plot(*centre, "*", color=GREEN, markersize=18, zorder=5)
    axes.set(xlabel="w", ylabel="b", xlim=(centre[0] - width, centre[0] + width),
             ylim=(centre[1] - width, centre[1] + width))


figure, axes = subplots(1, 3, width=15, height=6, sharey=True)
for ax, part, title in zip(axes, (0.1, 0.9, 1.01), ("small", "large", "too large")):
    contours(ax, upper, lower, best)
    path = descend(upper, lower, best + (-1.0, 0.9), part * limit, 30)
    ax.plot(*path.T, "o-", color=RED if part > 1 else BLUE, markersize=6, linewidth=2)
    ax.set_title(f"{title}: {part * limit:.2f}")
for ax in axes[1:]:
    ax.set_ylabel("")
save(figure, "04_learning_rate")

# %% [markdown]
# The limit is $\eta < 2 / \lambda_{\max}$, set by the **steepest** direction. But progress in the **flattest**
# direction, a factor $1 - \eta \lambda_{\min}$ for each step, is then slow. The ratio of the two curvatures decides
# how long it takes.
#
# ## Standardise the inputs
#
# The bowl is long because the brightness $x$ has a mean that is not 0: raising $w$ and lowering $b$ nearly cancel.
# Let us subtract the mean of $x$ and divide by its standard deviation.
#
# **Question.** What are the two curvatures then? How many steps will descent need? Write it down, then run the next
# cell.

# %%
standard = (upper - upper.mean()) / upper.std()
print("second derivatives:", np.round(hessian_of(standard), 6).tolist())
needed = {}
for name, x in {"as it is": upper, "standardised": standard}.items():
    curvatures = np.linalg.eigvalsh(hessian_of(x))
    path = descend(x, lower, lowest(x, lower) + (-1.0, 0.9), 2 / curvatures.sum(), 2000)
    needed[name] = int(np.argmax(excess(x, lower, path) < 1e-6))
    print(f"{name}: {needed[name]} steps until the loss is within a millionth of the least")
assert needed["standardised"] == 1 and needed["as it is"] > 20

# %% [markdown]
# A round bowl: the gradient points to the middle, and one step suffices. No network gets a perfectly round bowl, but
# standardised inputs are the first and cheapest step to it. (Lesson 9 does the same to the layers within.)
#
# ## Momentum
#
# A ball that rolls does not stop and look at each step: it keeps a velocity. $v \leftarrow \mu v + \nabla L$, then
# $(w, b) \leftarrow (w, b) - \eta v$. In the flat direction all gradients agree and the velocity adds up to $1 / (1 -
# \mu)$ gradients; across the valley they cancel.
#
# **Question.** With the same learning rate, how many times fewer steps does $\mu = 0.9$ need? Is $\mu = 0.99$ better
# still? Write it down, then run the next cell.

# %%
momenta = (0.0, 0.8, 0.9, 0.99)
figure, axes = subplots()
steps_needed = {}
for momentum, color in zip(momenta, (GRAY, BLUE, GREEN, RED)):
    path = descend(upper, lower, best + (-1.0, 0.9), 0.25 * limit, 3000, momentum)
    height = excess(upper, lower, path)
    steps_needed[momentum] = int(np.flatnonzero(height > 1e-6)[-1]) + 1
    print(f"momentum {momentum}: within a millionth for good after {steps_needed[momentum]} steps")
    axes.semilogy(height[:300], color=color, label=f"momentum {momentum:g}")
axes.set(xlabel="steps", ylabel="excess loss", ylim=(1e-9, 300), title="Momentum: faster, until it swings")
axes.legend(loc="upper right", ncols=2)
assert steps_needed[0.8] < steps_needed[0.0] / 2 and steps_needed[0.99] > steps_needed[0.9] > steps_needed[0.8]
save(figure, "04_momentum")

# %% [markdown]
# Too much momentum swings to and fro like a ball in a bowl without friction. Here 0.8 is best; for networks, 0.9 is the
# usual first choice.
#
# ## Batches
#
# To know the gradient exactly we must look at all pictures. A *batch* of a few gives an estimate. How good?
#
# **Question.** A batch of 64 in place of 16: by what factor does the error of the estimated gradient shrink? Write it
# down, then run the next cell.

# %%
pixels = (images - images.mean()) / images.std()
pixels, test_pixels = pixels.reshape(-1, 784), ((test_images - images.mean()) / images.std()).reshape(-1, 784)
residual = np.full((len(labels), 10), 0.1, dtype=np.float32) - np.eye(10, dtype=np.float32)[labels]  # said minus true
exact = residual.T @ pixels / len(labels)
random = np.random.default_rng(0)
batch_sizes = 2 ** np.arange(0, 11, 2)
noise = []
for size in batch_sizes:
    errors = []
    for _ in range(40 if QUICK else 200):
        batch = random.integers(len(labels), size=size)
        errors.append(np.linalg.norm(residual[batch].T @ pixels[batch] / size - exact) ** 2)
    noise.append(np.sqrt(np.mean(errors)) / np.linalg.norm(exact))
    print(f"batch of {size:4d}: error {noise[-1]:.3f} of the gradient's length")
exponent = np.polyfit(np.log(batch_sizes), np.log(noise), 1)[0]
print(f"error ~ batch size to the power {exponent:.2f}")
assert abs(exponent + 0.5) < 0.05

figure, axes = subplots()
axes.loglog(batch_sizes, noise, "o-", color=BLUE)
axes.loglog(batch_sizes, noise[0] / np.sqrt(batch_sizes), "--", color=GRAY, linewidth=1.5)
axes.text(batch_sizes[3], 1.8 * noise[3], "1 / √batch size", color=GRAY)
axes.set_xticks(batch_sizes, [str(size) for size in batch_sizes])
axes.set_yticks((0.2, 0.5, 1, 2, 5), ("0.2", "0.5", "1", "2", "5"))
axes.minorticks_off()
axes.set(xlabel="batch size", ylabel="error / gradient", title="Four times the work, half the error")
save(figure, "04_gradient_noise")

# %% [markdown]
# The error falls like $1 / \sqrt{B}$: four times the work for half the error. That is why small batches pay: for the
# price of one exact gradient over 10,000 pictures we can make 156 steps with batches of 64.
#
# But noise has a price, too. Back to the bowl, with batches.
#
# **Question.** With a constant learning rate and small batches, where does descent end? What changes if we halve the
# learning rate? Write it down, then run the next cell.

# %%
floor = {}
for lr in (0.1, 0.05, 0.025):
    heights = []
    for seed in range(2 if QUICK else 5):
        path = descend(standard, lower, lowest(standard, lower), lr, 2000 if QUICK else 6000, batch_size=4, seed=seed)
        heights.append(excess(standard, lower, path)[500:].mean())
    floor[lr] = np.mean(heights)
    print(f"learning rate {lr:5}: stays {floor[lr]:.2e} above the least loss")
assert 1.5 < floor[0.1] / floor[0.05] < 3 and 1.5 < floor[0.05] / floor[0.025] < 3

figure, axes = subplots(1, 3, width=15, height=6, sharey=True)
for ax, size in zip(axes, (1, 16, 256)):
    contours(ax, standard, lower, lowest(standard, lower), width=0.6)
    path = descend(standard, lower, lowest(standard, lower) + (-0.5, 0.45), 0.1, 100, batch_size=size)
    ax.plot(*path.T, "o-", color=ORANGE, markersize=4, linewidth=1.5)
    ax.set_title(f"batch of {size}")
for ax in axes[1:]:
    ax.set_ylabel("")
save(figure, "04_batches")

# %% [markdown]
# It never arrives: it dances around the lowest point, in a cloud whose height is in proportion to the learning rate.
# So one begins with a large rate, to travel far, and ends with a small one, to settle. Lesson 15 is about such
# schedules.
#
# ## A network with a hidden layer
#
# The linear classifier draws straight borders. Here are two spirals that no line can separate. The *multilayer
# perceptron* puts a layer of hidden units between: $h = \mathrm{relu}(W_1 x + b_1)$, scores $= W_2 h + b_2$.
#
# **Question.** How well can a linear classifier do on two spirals? How well two linear layers *without* relu between
# them? And with it? Write down three percentages, then run the next cell.


# %%
def spirals(count=400, seed=0):
    """Two spirals: points (count, 2) and their classes, 0 or 1."""
    random = np.random.default_rng(seed)
    classes = np.arange(count) % 2
    along = np.sqrt(random.uniform(0.02, 1, size=count))
    angle = 2.5 * np.pi * along + np.pi * classes
    points = along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1) + random.normal(size=(count, 2)) * 0.02
    return 2 * points.astype(np.float32), classes


def fit(model, x, y, epochs, lr, momentum=0.9, batch_size=32):
    """Train a classifier by SGD and return it."""
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    for _ in range(epochs):
        for batch, classes in DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True):
            loss = F.cross_entropy(model(minitorch.from_numpy(batch)), minitorch.from_numpy(classes))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


def say(model, x):
    """The classes with the highest scores."""
    with minitorch.no_grad():
        return model(minitorch.from_numpy(x)).numpy().argmax(1)


MODELS = {
    "linear": lambda: nn.Linear(2, 2),
    "two linear layers": lambda: nn.Sequential(nn.Linear(2, 32), nn.Linear(32, 2)),
    "MLP with relu": lambda: nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 2)),
}
grid = np.stack(np.meshgrid(np.linspace(-2.3, 2.3, 200), np.linspace(-2.3, 2.3, 200)), -1).astype(np.float32)
figure, axes = subplots(1, 3, width=15, height=5.8)
spiral_accuracy = {name: [] for name in MODELS}
for ax, (name, make) in zip(axes, MODELS.items()):
    for seed in range(1 if QUICK else 4):
        minitorch.manual_seed(seed)
        x, y = spirals(seed=seed)
        model = fit(make(), x, y, epochs=40 if QUICK else 100, lr=0.1)
        new_x, new_y = spirals(seed=seed + 100)
        spiral_accuracy[name].append((say(model, new_x) == new_y).mean())
    values = spiral_accuracy[name]
    print(f"{name:18} {np.mean(values):.0%} of new points right (lowest {min(values):.0%}, highest {max(values):.0%})")
    ax.contourf(grid[..., 0], grid[..., 1], say(model, grid.reshape(-1, 2)).reshape(200, 200), levels=[-0.5, 0.5, 1.5],
                colors=["#cfe0f3", "#fbe3cc"])
    ax.scatter(*x.T, c=np.where(y, ORANGE, BLUE), s=22)
    ax.set(title=f"{name}: {np.mean(values):.0%}", xticks=[], yticks=[], aspect="equal")
assert max(spiral_accuracy["linear"] + spiral_accuracy["two linear layers"]) < 0.8
assert min(spiral_accuracy["MLP with relu"]) > 0.9
save(figure, "04_spirals")

# %% [markdown]
# Two linear layers are one: $W_2 (W_1 x + b_1) + b_2 = (W_2 W_1)\, x + (W_2 b_1 + b_2)$. However many are stacked, the
# border stays a line. It is the bend of relu between them that lets the border bend.
#
# ## Learning rate and batch size together
#
# Now the MLP on clothes: 784 pixels, 64 hidden units, 10 classes.
#
# **Question.** We train with batches of 16, 64 and 256, for a fixed number of passes over the data (*epochs*). Which
# batch size wants the largest learning rate? Sketch three curves, test accuracy against learning rate, then run the
# next cell.


# %%
def mlp():
    """784 -> 64 -> 10."""
    return nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))


rates = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
sizes = (16, 64, 256)
seeds = range(1 if QUICK else 3)
count, epochs = (1500, 1) if QUICK else (4000, 3)
accuracy = np.zeros((len(sizes), len(rates), len(seeds)))
with np.errstate(over="ignore", invalid="ignore"):  # the largest rates may explode
    for i, size in enumerate(sizes):
        for j, lr in enumerate(rates):
            for seed in seeds:
                minitorch.manual_seed(seed)
                chosen = np.random.default_rng(seed).permutation(len(pixels))[:count]
                model = fit(mlp(), pixels[chosen], labels[chosen], epochs, lr, momentum=0, batch_size=size)
                accuracy[i, j, seed] = (say(model, test_pixels) == test_labels).mean()
means = accuracy.mean(axis=2)
print("test accuracy, average of", len(seeds), "seeds;  learning rate", *rates, sep="  ")
for size, row in zip(sizes, means):
    print(f"batch of {size:3d}", *(f"{value:.1%}" for value in row), sep="  ")
best_rates = [rates[row.argmax()] for row in means]
print("best learning rates:", dict(zip(sizes, best_rates)))
assert best_rates == sorted(best_rates) and (QUICK or best_rates[-1] > best_rates[0])
assert means[0, -1] < means[0].max() - 0.1 and means[2, 0] < means[2].max() - 0.1

figure, axes = subplots()
for row, size, color in zip(means, sizes, (BLUE, ORANGE, PURPLE)):
    axes.semilogx(rates, 100 * row, "o-", color=color, label=f"batch of {size}")
axes.legend(loc="lower center")
axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
axes.minorticks_off()
axes.set(xlabel="learning rate", ylabel="test accuracy, %", ylim=(0, 100), title="Larger batches want larger steps")
save(figure, "04_rate_and_batch")

# %% [markdown]
# Each curve has a slope on the left, where learning is slow, and a cliff on the right, where it fails. Larger batches
# have less noise and make fewer steps in an epoch, so they want larger steps. A common rule is: batch size times two,
# learning rate times two, up to a point.
#
# ## What the hidden layer is worth
#
# **Question.** In lesson 3 the linear classifier had about 84% on clothes. What will the MLP reach with all 10,000
# pictures? Write it down, then run the next cell.

# %%
final = {"linear": [], "MLP": []}
for seed in range(1 if QUICK else 3):
    for name, make, lr in (("linear", lambda: nn.Linear(784, 10), 0.003), ("MLP", mlp, 0.01)):  # each at its own rate
        minitorch.manual_seed(seed)
        model = fit(make(), pixels, labels, 2 if QUICK else 10, lr)
        final[name].append((say(model, test_pixels) == test_labels).mean())
for name, values in final.items():
    print(f"{name:6} {np.mean(values):.1%} (lowest {min(values):.1%}, highest {max(values):.1%})")
assert all(mlp_share > linear_share for linear_share, mlp_share in zip(*final.values()))

# %% [markdown]
# Better, for every seed; and it still looks at pixels at fixed places. The next lessons make networks deeper (5) and
# teach them that a picture is a picture (6 to 8).
#
# ## Exercises
#
# `lessons/exercises/04_sgd.py`, checked by
#
# `pytest lessons/exercises/test_04_sgd.py`
#
# In the last two you write the gradients of an MLP by hand and train it without the engine.
