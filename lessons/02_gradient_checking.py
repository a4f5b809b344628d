# %% [markdown]
# # Lesson 2: Gradient checking
#
# **Teaches:** how to find out whether a gradient is right, by measuring slopes; which step to take and why float64; how
# a check finds mistakes that training hides.
#
# **Needs:** lesson 1 (the chain rule and `Tensor`). From school: the Taylor polynomial, or the belief that a smooth
# curve looks like a parabola from near by.
#
# **Time:** 60 minutes to read and discuss; 20 s of computing (`--quick`: 4 s).
#
# **Sources:** Press, Teukolsky, Vetterling and Flannery 2007, "Numerical Recipes", section 5.7; Goldberg 1991, "What
# every computer scientist should know about floating-point arithmetic".

# %%
import numpy as np
from classroom import BLUE, GRAY, GREEN, ORANGE, QUICK, RED, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch import autograd, models, nn, optim
from minitorch.data import DataLoader, TensorDataset, datasets

# %% [markdown]
# ## Two ways to measure a slope
#
# The slope of $f$ at $x$ is the limit of a difference quotient. On a computer the step $h$ stays finite, and there are
# two obvious quotients:
#
# $$\text{forward: } \frac{f(x + h) - f(x)}{h} \qquad \text{central: } \frac{f(x + h) - f(x - h)}{2 h}$$
#
# We try both on $f(x) = e^{\sin x}$, whose derivative we know, $f'(x) = \cos(x)\, e^{\sin x}$.
#
# **Question.** With $h = 0.01$, which quotient is closer, and by how much: twice, ten times, a hundred times? Write
# down your guess, then run the next cell.


# %%
def f(x):
    """The function that we differentiate in this lesson."""
    return np.exp(np.sin(x))


def slope(x):
    """Its derivative, from school."""
    return np.cos(x) * np.exp(np.sin(x))


def forward_difference(f, x, h):
    """(f(x + h) - f(x)) / h"""
    return (f(x + h) - f(x)) / h


def central_difference(f, x, h):
    """(f(x + h) - f(x - h)) / 2h"""
    return (f(x + h) - f(x - h)) / (2 * h)


points = np.random.default_rng(0).uniform(-3, 3, size=200)
errors = {}
for name, difference in {"forward": forward_difference, "central": central_difference}.items():
    errors[name] = np.abs(difference(f, points, 0.01) - slope(points)).mean()
    print(f"{name}: average error {errors[name]:.1e} over {len(points)} points")
print(f"ratio: {errors['forward'] / errors['central']:.0f}")
assert errors["forward"] > 100 * errors["central"]

# %% [markdown]
# Taylor says why. From near by,
#
# $$f(x + h) = f(x) + h f'(x) + \tfrac{1}{2} h^2 f''(x) + \tfrac{1}{6} h^3 f'''(x) + \dots$$
#
# In the forward quotient $\tfrac{1}{2} h f''$ is left over: the error falls like $h$. In the central one the even terms
# cancel and $\tfrac{1}{6} h^2 f'''$ is left: the error falls like $h^2$.
#
# ## The smaller the step, the better?
#
# A float64 number has 16 digits; after each operation the rest is rounded away. The relative size of that error,
# $\varepsilon$, is $2^{-53}$.
#
# **Question.** We lower $h$ from 0.1 to $10^{-15}$. Sketch the error of the central difference against $h$. Is there a
# best step? Then run the next cell.

# %%
steps = 10.0 ** np.arange(-1, -15.25, -0.25)


def average_errors(difference, dtype):
    """The error for each step, averaged over the points, with all arithmetic in one dtype."""
    x = points.astype(dtype)
    return np.array([np.abs(difference(f, x, dtype(h)) - slope(points)).mean() for h in steps])


forward64 = average_errors(forward_difference, np.float64)
central64 = average_errors(central_difference, np.float64)
print("    h     forward   central")
for h, by_forward, by_central in list(zip(steps, forward64, central64))[::8]:
    print(f"{h:8.0e} {by_forward:9.1e} {by_central:9.1e}")
best_forward, best_central = steps[forward64.argmin()], steps[central64.argmin()]
print(f"best steps: forward {best_forward:.0e} (error {forward64.min():.0e}), "
      f"central {best_central:.0e} (error {central64.min():.0e})")
assert 1e-9 < best_forward < 1e-7 and 1e-6 < best_central < 1e-4
assert central64.min() < forward64.min() / 100

figure, axes = subplots()
axes.loglog(steps, forward64, "o-", color=ORANGE, label="forward")
axes.loglog(steps, central64, "o-", color=BLUE, label="central")
axes.legend()
axes.set(xlabel="step h", ylabel="error of the slope", title="float64: too large a step, too small a step")
save(figure, "02_step_and_error")

# %% [markdown]
# There is a best step. Below it the two values of $f$ agree in nearly all of their digits; their difference consists of
# rounding errors, and dividing by a small $h$ makes those large. Both effects together, for the central difference:
#
# $$\text{error}(h) \approx \frac{h^2}{6} |f'''(x)| + \frac{\varepsilon |f(x)|}{h}$$
#
# A sum of something that falls and something that rises. Set the derivative by $h$ to zero:
#
# $$h^* = \sqrt[3]{3 \varepsilon |f| / |f'''|} \approx \sqrt[3]{\varepsilon}$$
#
# For float64 that is about $5 \cdot 10^{-6}$, for float32 with $\varepsilon = 2^{-24}$ about $4 \cdot 10^{-3}$.
#
# **Question.** How many digits of the slope are right at best, in float64 and in float32? Write down two numbers, then
# run the next cell.

# %%
central32 = average_errors(central_difference, np.float32)
third = np.abs(central_difference(lambda x: central_difference(slope, x, 1e-4), points, 1e-4)).mean()  # |f'''|
size = np.abs(f(points)).mean()

figure, axes = subplots()
for name, measured, epsilon, color in (("float32", central32, 2.0**-24, RED), ("float64", central64, 2.0**-53, BLUE)):
    predicted = steps**2 / 6 * third + epsilon * size / steps
    best = steps[measured.argmin()]
    digits = -np.log10(measured.min() / np.abs(slope(points)).mean())
    print(f"{name}: best step {best:.0e}, cube root of epsilon {epsilon ** (1 / 3):.0e}, {digits:.1f} digits right")
    assert 0.1 < best / epsilon ** (1 / 3) < 10
    axes.loglog(steps, measured, "o", color=color, label=name)
    axes.loglog(steps, predicted, color=color, linewidth=1.5)
axes.set_ylim(central64.min() / 10, 100)
axes.legend()
axes.set(xlabel="step h", ylabel="error of the slope", title="Central difference: dots measured, lines predicted")
assert central32.min() > 1e-6 > 1e-9 > central64.min()
assert np.isclose(central32[-1], np.abs(slope(points)).mean())  # the measured slope is 0
save(figure, "02_precision")

# %% [markdown]
# The red dots lie flat below $10^{-8}$: float32 has no number between $x$ and $x + h$ there, both values of $f$ are
# the same, and the measured slope is 0. So: check in **float64**, with **central** differences and $h \approx
# 10^{-6}$ to $10^{-5}$, and expect about ten digits. In float32 not even a perfect gradient passes a strict check.
#
# Does that mean that a float32 *gradient* is that bad? The engine computes it by the chain rule, not by differences.
#
# From here on we need networks, which later lessons explain: `cross_entropy` (lesson 3) turns the scores of a network
# into the *loss*, one number that says how wrong they are; SGD (lesson 4) makes it smaller in small steps; LeNet-5
# (lesson 8) is a network for images. Take them as functions: numbers go in, a number comes out, and it has slopes.
#
# **Question.** A small network computes its loss in float32. Compare with the float64 truth: which is further off, the
# engine's float32 gradient or the float32 difference quotient? By how many digits? Then run the next cell.

# %%
digits, digit_labels = datasets.Digits(train=True).arrays()
digits = digits.reshape(len(digits), 64)
small_batch, small_labels = minitorch.from_numpy(digits[:16]), minitorch.from_numpy(digit_labels[:16])


def loss_of(parameters, x):
    """A network 64 -> 20 -> 10 on the small batch, in the dtype of what it is given."""
    w1, b1, w2, b2 = parameters
    return F.cross_entropy((x @ w1.T + b1).tanh() @ w2.T + b2, small_labels)


def draw_parameters(dtype, seed=0):
    """Weights and biases, the same numbers for each dtype up to rounding."""
    random = np.random.default_rng(seed)
    shapes = ((20, 64), (20,), (10, 20), (10,))
    return [minitorch.tensor(random.normal(size=s) / 5, dtype=minitorch.float32).to(dtype).requires_grad_()
            for s in shapes]


def analytic_and_numeric(dtype, h, seed):
    """The gradient of w2 as one array: by the engine, and by central differences."""
    parameters, x = draw_parameters(dtype, seed), small_batch.to(dtype)
    (by_engine,) = autograd.grad(loss_of(parameters, x), parameters[2:3])
    weight = parameters[2].detach().numpy()  # shares its memory with the tensor, so writing moves the weight
    by_differences = np.zeros(weight.shape)
    with minitorch.no_grad():
        for place in np.ndindex(weight.shape):
            middle = weight[place]
            weight[place] = middle + h
            above = loss_of(parameters, x).item()
            weight[place] = middle - h
            by_differences[place] = (above - loss_of(parameters, x).item()) / (2 * h)
            weight[place] = middle
    return by_engine.numpy(), by_differences


def relative_error(a, b):
    """How far two arrays are apart, as a part of their size."""
    return np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b))


rows = []
for seed in range(2 if QUICK else 5):
    truth, differences64 = analytic_and_numeric(minitorch.float64, 1e-5, seed)
    engine32, differences32 = analytic_and_numeric(minitorch.float32, 4e-3, seed)
    rows.append([relative_error(x, truth) for x in (differences64, engine32, differences32)])
    assert rows[-1][0] < 1e-8 and rows[-1][1] < 1e-6 and rows[-1][2] > 30 * rows[-1][1]
print(f"relative error against the engine in float64, average over {len(rows)} random networks")
names = ("differences in float64", "engine in float32", "differences in float32")
for name, error in zip(names, np.mean(rows, axis=0)):
    print(f"{name:24} {error:.0e}")

# %% [markdown]
# The engine's float32 gradient is good; it is the *measurement* that needs float64. This is why training runs in
# float32 and checks run in float64.
#
# ## Checking millions of numbers
#
# `gradcheck` measures the slope by each number, with two runs of the function for each.
#
# **Question.** How many runs does a complete check of LeNet-5 take? Is there a cheaper one? Think, then run the next
# cell.

# %%
minitorch.manual_seed(0)
model = models.lenet5().double()
count = sum(p.numel() for p in model.parameters())
print(f"LeNet-5 has {count:,} parameters: {2 * count:,} runs")

clothes, clothes_labels = datasets.FashionMini(train=True).arrays(np.float64)
x, target = minitorch.from_numpy(clothes[:8]), minitorch.from_numpy(clothes_labels[:8])


def slope_along(model, direction, h=1e-6):
    """The slope of the loss when all parameters move along one direction, by two runs."""
    losses = []
    with minitorch.no_grad():
        for way in (h, -2 * h, h):  # there, across, and back
            for parameter, part in zip(model.parameters(), direction):
                parameter += way * part
            losses.append(F.cross_entropy(model(x), target).item())
    return (losses[0] - losses[1]) / (2 * h)


F.cross_entropy(model(x), target).backward()
direction_errors = []
for seed in range(5):
    minitorch.manual_seed(seed)
    direction = [minitorch.randn(*p.shape, dtype=minitorch.float64) for p in model.parameters()]
    length = sum((part**2).sum().item() for part in direction) ** 0.5
    direction = [part / length for part in direction]
    by_engine = sum((p.grad * part).sum().item() for p, part in zip(model.parameters(), direction))
    measured = slope_along(model, direction)
    direction_errors.append(abs(measured - by_engine) / (abs(measured) + abs(by_engine)))
    print(f"direction {seed}: engine {by_engine:+.10f}, measured {measured:+.10f}")
assert max(direction_errors) < 1e-4

# %% [markdown]
# Write $\nabla L$ for the *gradient*, the list of all slopes of the loss $L$. If all parameters move along a random
# direction $v$ of length 1, the loss changes with the slope $\nabla L \cdot v$, each slope times its part of the move,
# added up: two runs check **all** 61,706 numbers at once. But is one number enough of a test?
#
# **Question.** A gradient of 1,000 numbers is right except for one, which is twice too large. You may measure ten
# slopes: by ten of the numbers, chosen at random, or along ten random directions. How often does each way notice?
# Write down two percentages, then run the next cell.

# %%
random = np.random.default_rng(0)
trials, noticed_by_numbers, noticed_by_directions = 500, 0, 0
for _ in range(trials):
    truth = random.normal(size=1000)
    claimed = truth.copy()
    claimed[random.integers(1000)] *= 2
    chosen = random.choice(1000, size=10, replace=False)
    noticed_by_numbers += (np.abs(claimed - truth)[chosen] > 1e-6).any()
    directions = random.normal(size=(10, 1000))
    noticed_by_directions += (np.abs(directions @ (claimed - truth)) > 1e-6).any()
print(f"ten numbers: {noticed_by_numbers / trials:.0%}   ten directions: {noticed_by_directions / trials:.0%}")
assert noticed_by_numbers < 0.05 * trials and noticed_by_directions == trials

# %% [markdown]
# A random direction mixes all numbers, so a single wrong one shows. What it does not tell is *where* the mistake is;
# for that, check each number of a small example.
#
# ## Planted mistakes
#
# Here is a layer with its own backward, $y = \mathrm{relu}(x W^\top + b)$, where relu puts 0 in place of what is
# negative, and four versions of it with typical mistakes.


# %%
class Layer(autograd.Function):
    """y = relu(x weight^T + bias), with forward on arrays and backward on tensors."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        y = np.maximum(x @ weight.T + bias, 0)
        ctx.save_for_backward(x, weight, y)
        return y

    @staticmethod
    def backward(ctx, grad):
        x, weight, y = ctx.saved_tensors
        grad = grad * (y > 0)
        return grad @ weight, grad.T @ x, grad.sum(0)


class BiasAveraged(Layer):
    """Averages the bias's gradient over the batch."""

    @staticmethod
    def backward(ctx, grad):
        of_x, of_weight, of_bias = Layer.backward(ctx, grad)
        return of_x, of_weight, of_bias / len(grad)


class ReluForgotten(Layer):
    """Lets the gradient through where relu was 0."""

    @staticmethod
    def backward(ctx, grad):
        x, weight, _ = ctx.saved_tensors
        return grad @ weight, grad.T @ x, grad.sum(0)


class HalfTheWeight(Layer):
    """A factor 1/2 too much."""

    @staticmethod
    def backward(ctx, grad):
        of_x, of_weight, of_bias = Layer.backward(ctx, grad)
        return of_x, 0.5 * of_weight, of_bias


class WrongSign(Layer):
    """Minus the weight's gradient."""

    @staticmethod
    def backward(ctx, grad):
        of_x, of_weight, of_bias = Layer.backward(ctx, grad)
        return of_x, -of_weight, of_bias


LAYERS = (Layer, BiasAveraged, ReluForgotten, HalfTheWeight, WrongSign)

# %% [markdown]
# **Question.** We train a network on handwritten digits with each version as its hidden layer, over several seeds.
# Which versions will still learn to read digits? Rank them, then run the next cell.

# %%
test_digits, test_labels = datasets.Digits(train=False).arrays()
test_x = minitorch.from_numpy(test_digits.reshape(len(test_digits), 64))


def train(layer, seed, epochs=4 if QUICK else 15):
    """The test accuracy of 64 -> 32 -> 10 with the given hidden layer."""
    minitorch.manual_seed(seed)
    hidden, output = nn.Linear(64, 32), nn.Linear(32, 10)
    parameters = [*hidden.parameters(), *output.parameters()]
    optimizer = optim.SGD(parameters, lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for x, y in DataLoader(TensorDataset(digits, digit_labels), batch_size=32, shuffle=True):
            scores = output(layer.apply(minitorch.from_numpy(x), hidden.weight, hidden.bias))
            optimizer.zero_grad()
            F.cross_entropy(scores, minitorch.from_numpy(y)).backward()
            optimizer.step()
    with minitorch.no_grad():
        said = output(layer.apply(test_x, hidden.weight, hidden.bias)).argmax(1).numpy()
    return (said == test_labels).mean()


seeds = range(2 if QUICK else 5)
with np.errstate(over="ignore"):  # the wrong sign climbs until the numbers overflow
    accuracy = {layer.__name__: [train(layer, seed) for seed in seeds] for layer in LAYERS}
print(f"test accuracy, average of {len(seeds)} seeds (lowest, highest)")
for name, values in accuracy.items():
    print(f"{name:14} {np.mean(values):.1%} ({min(values):.1%}, {max(values):.1%})")
assert np.mean(accuracy["BiasAveraged"]) > np.mean(accuracy["Layer"]) - 0.02
assert np.mean(accuracy["HalfTheWeight"]) > np.mean(accuracy["Layer"]) - 0.05
assert np.mean(accuracy["ReluForgotten"]) > 0.5 and np.mean(accuracy["WrongSign"]) < 0.3

# %% [markdown]
# Some of them read digits about as well as the right one. **That a network learns does not prove its gradients right.**
#
# **Question.** Which of the four will `gradcheck` catch? Run the next cell.

# %%
verdicts = {}
random = np.random.default_rng(0)
inputs = [minitorch.tensor(random.normal(size=s), requires_grad=True) for s in ((5, 4), (3, 4), (3,))]
for layer in LAYERS:
    try:
        verdicts[layer.__name__] = autograd.gradcheck(layer.apply, inputs)
    except autograd.GradcheckError as error:
        verdicts[layer.__name__] = False
        print(f"{layer.__name__}: {error}\n")
print(verdicts)
assert verdicts == {layer.__name__: layer is Layer for layer in LAYERS}

figure, axes = subplots()
names = list(accuracy)
axes.barh(names[::-1], [100 * np.mean(accuracy[name]) for name in names[::-1]],
          color=[GREEN if verdicts[name] else RED for name in names[::-1]])
for row, name in enumerate(names[::-1]):
    inside = np.mean(accuracy[name]) > 0.4
    place, color = (2, "white") if inside else (100 * np.mean(accuracy[name]) + 2, RED)
    axes.text(place, row, "gradcheck: " + ("passes" if verdicts[name] else "caught"), color=color, va="center")
axes.set(xlabel="test accuracy in %", title="Learning hides mistakes, checking finds them", xlim=(0, 100))
save(figure, "02_planted_mistakes")

# %% [markdown]
# Every one of them, with the place: input 0 is $x$, 1 the weight, 2 the bias. The message gives both numbers; their
# ratio is often the clue. Minus one is a sign, one half a factor, the batch size a mean in place of a sum.
#
# ## Kinks
#
# relu has no slope at 0. If $x - h$ and $x + h$ lie on different sides of 0, the difference quotient is neither 0 nor
# 1, and the check complains about a gradient that is right.
#
# **Question.** 100 normally distributed numbers go through relu. With $h = 10^{-2}$, in how many of 100 such draws
# does at least one number straddle the kink? And with $h = 10^{-4}$? Write down two numbers, then run the next cell.

# %%
kink_steps = 10.0 ** np.arange(-1, -6.5, -0.5)
draws = np.random.default_rng(0).normal(size=(2000, 100))
alarms = []
for h in kink_steps:
    numeric = central_difference(lambda x: np.maximum(x, 0), draws, h)
    alarms.append((np.abs(numeric - (draws > 0)) > 1e-3).any(axis=1).mean())
for h, share in list(zip(kink_steps, alarms))[::2]:
    print(f"h = {h:.0e}: false alarm in {share:.1%} of the draws")
expected = 1 - (1 - 2 * kink_steps / np.sqrt(2 * np.pi)) ** 100  # the density of the normal distribution at 0
assert alarms[2] > 0.4 and alarms[6] < 0.02

figure, axes = subplots()
axes.semilogx(kink_steps, 100 * np.array(alarms), "o", color=BLUE, label="measured")
axes.semilogx(kink_steps, 100 * expected, color=GRAY, label="expected", linewidth=1.5)
axes.legend()
axes.set(xlabel="step h", ylabel="draws with a false alarm, %", title="A step across a kink looks like a mistake")
save(figure, "02_kinks")

# %% [markdown]
# A small step makes false alarms rare. `minitorch.autograd.gradcheck` uses $h = 10^{-6}$, compares the slopes to the
# left and to the right where numbers disagree, and draws the input anew if it stands at a kink. It never excuses a
# kink: a wrong gradient cannot hide behind one.
#
# ## Exercises
#
# `lessons/exercises/02_gradient_checking.py`, checked by
#
# `pytest lessons/exercises/test_02_gradient_checking.py`
#
# In the last one you write a layer with its backward, and `gradcheck` is the judge.
