# %% [markdown]
# # Lesson 1: Tensors, graphs and the chain rule
#
# **Teaches:** how a program differentiates itself. You build an engine for single numbers that fits on one page, see
# why gradients are added and why the order of visits matters, and then meet `Tensor`, which does the same for arrays.
#
# **Needs:** Python with classes, NumPy arrays, and the derivative of school: slope, product rule, chain rule.
#
# **Time:** 75 minutes to read and discuss; 5 s of computing (`--quick`: 4 s).
#
# **Sources:** Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors"; Baydin,
# Pearlmutter, Radul and Siskind 2018, "Automatic differentiation in machine learning: a survey".

# %%
import math
import time

import numpy as np
from classroom import BLUE, GRAY, GREEN, ORANGE, OUTPUT, QUICK, RED, save, subplots

import minitorch
from minitorch import autograd, tools

# %% [markdown]
# ## A slope, measured
#
# A network learns by small steps: change each of its numbers a little, in the direction in which the error falls. For
# that we must know, for every number, how fast the error changes when that number changes: the slope, or derivative.
#
# Take $y = a b + a$ at $a = 2$, $b = -3$, so that $y = -4$.
#
# **Question.** Raise $a$ by 0.001. By how much does $y$ change? And if you raise $b$ by 0.001 instead? Write down both
# numbers, then run the next cell.


# %%
def formula(a, b):
    """Works for plain numbers now, and for everything else that can be added and multiplied later."""
    return a * b + a


step = 0.001
change_by_a = formula(2 + step, -3) - formula(2, -3)
change_by_b = formula(2, -3 + step) - formula(2, -3)
print(f"a + 0.001 changes y by {change_by_a:+.6f}, a slope of {change_by_a / step:.3f}")
print(f"b + 0.001 changes y by {change_by_b:+.6f}, a slope of {change_by_b / step:.3f}")
assert round(change_by_a / step, 6) == -2 and round(change_by_b / step, 6) == 2

# %% [markdown]
# The rules of school say the same without any step. Write $\partial y / \partial a$ for the slope of $y$ when $a$ alone
# changes and all else is held fixed. Then $\partial y / \partial a = b + 1 = -2$, because $a$ occurs twice, once
# multiplied by $b$ and once alone; and $\partial y / \partial b = a = 2$.
#
# Measuring takes one more run of the formula for each number. A network has millions of numbers. We want all slopes
# from one run: that is what the chain rule gives us.
#
# ## An engine on one page
#
# Each operation is simple, and knows its own slopes: for $c = a + b$ they are 1 and 1, for $c = a b$ they are $b$ and
# $a$. So let every number remember from which numbers it was computed (its *parents*) and the slope towards each.
# The numbers then form a graph. To get the slopes of the result, walk through the graph backwards and use the
# chain rule at each step:
#
# $$\frac{\partial y}{\partial \text{parent}} \mathrel{+}=
#   \frac{\partial y}{\partial \text{node}} \cdot \frac{\partial \text{node}}{\partial \text{parent}}$$


# %%
class Value:
    """A number that remembers from what it was computed."""

    def __init__(self, data, parents=(), slopes=(), name=""):
        self.data, self.grad = data, 0.0
        self.parents, self.slopes, self.name = parents, slopes, name

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data), "×")

    def tanh(self):
        result = math.tanh(self.data)
        return Value(result, (self,), (1 - result**2,), "tanh")

    def backward(self):
        """Add to the grad of every number on the way how fast this one changes with it."""
        self.grad += 1.0
        for node in backward_order(self):
            for parent, slope in zip(node.parents, node.slopes):
                parent.grad += slope * node.grad


def backward_order(result):
    """All nodes below the result, each before its parents: when a node is visited, its grad is complete."""
    order, seen, stack = [], set(), [(result, False)]
    while stack:
        node, leaving = stack.pop()
        if leaving:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(parent, False) for parent in node.parents]
    return order[::-1]


# %% [markdown]
# That is the whole engine. Its formula is the one from above; nothing in `formula` knows about derivatives.
#
# **Question.** On the way back, in what order will the three nodes $y$, $ab$ and $a$ be visited? And what does each
# parent receive? Draw the graph on paper with the slope at each arrow, then run the next cell.


# %%
def draw(axes, result):
    """The graph of a Value from left to right: data in black, gradient in orange, slopes at the arrows."""
    nodes = backward_order(result)[::-1]
    column = {}
    for node in nodes:
        column[node] = 1 + max((column[parent] for parent in node.parents), default=-1)
    place, filled = {}, {}
    for node in nodes:
        row = filled[column[node]] = filled.get(column[node], -1) + 1
        place[node] = np.array([3.0 * column[node], -1.5 * row - 0.75 * (column[node] % 2)])
    for node in nodes:
        for parent, slope in zip(node.parents, node.slopes):
            axes.annotate("", place[node], place[parent],
                          arrowprops={"arrowstyle": "-|>", "color": GRAY, "lw": 2, "shrinkA": 45, "shrinkB": 45})
            x, y = 0.6 * place[parent] + 0.4 * place[node]
            axes.text(x, y, f"{slope:g}", color=BLUE, ha="center", va="center", backgroundcolor="white")
        x, y = place[node]
        axes.text(x, y, f"{node.name}\n{node.data:g}", ha="center", va="center", fontsize=22,
                  bbox={"boxstyle": "round,pad=0.5", "facecolor": "#e8eff8", "edgecolor": BLUE})
        axes.text(x, y - 0.62, f"grad {node.grad:g}", color=ORANGE, ha="center", va="center", fontsize=20)
    corners = np.array(list(place.values()))
    axes.set_xlim(corners[:, 0].min() - 1, corners[:, 0].max() + 1)
    axes.set_ylim(corners[:, 1].min() - 1, corners[:, 1].max() + 0.8)
    axes.set_axis_off()


a, b = Value(2.0, name="a"), Value(-3.0, name="b")
y = formula(a, b)
y.backward()
print("visited:", ", ".join(node.name for node in backward_order(y)))
print("grad of a:", a.grad, " grad of b:", b.grad)
assert (a.grad, b.grad) == (-2.0, 2.0)

figure, axes = subplots(height=5)
draw(axes, y)
axes.set_title("y = a b + a: numbers forward, gradients back")
save(figure, "01_scalar_graph")

# %% [markdown]
# Two contributions arrive at $a$: $1 \cdot 1$ from the sum directly, and $1 \cdot (-3)$ through the product. They are
# *added*: this is why the engine says `+=`. Forgetting it is the most common mistake in a first engine.
#
# ## Why the order matters
#
# One could also walk back along every path from the result to each number and add up the products of the slopes.
# That is what the chain rule says, and it gives the right answer. Let us count steps. The chain
# $x_1 = x_0 + x_0$, $x_2 = x_1 + x_1$, ... doubles a number 20 times.
#
# **Question.** How many paths lead from $x_{20}$ back to $x_0$? How many nodes does our engine visit? Write down both
# numbers, then run the next cell.


# %%
def doubled(x, times):
    """x + x, then the sum of that with itself, and so on."""
    for _ in range(times):
        x = x + x
    return x


def gradient_by_paths(node, gradient=1.0):
    """Walk every path by recursion; returns how many steps it took."""
    node.grad += gradient
    return 1 + sum(gradient_by_paths(parent, slope * gradient) for parent, slope in zip(node.parents, node.slopes))


lengths = range(1, 15 if QUICK else 19)
path_steps, order_steps = [], []
for times in lengths:
    x, also_x = Value(1.0), Value(1.0)
    path_steps.append(gradient_by_paths(doubled(x, times)))
    result = doubled(also_x, times)
    order_steps.append(len(backward_order(result)))
    result.backward()
    assert x.grad == also_x.grad == 2.0**times  # both are right
print("doublings  steps by paths  steps in order")
for times, by_paths, in_order in list(zip(lengths, path_steps, order_steps))[::4]:
    print(f"{times:9d}  {by_paths:14,d}  {in_order:14d}")
assert path_steps == [2 ** (times + 1) - 1 for times in lengths] and order_steps == [times + 1 for times in lengths]
print(f"20 doublings: {2**20:,} paths, {len(backward_order(doubled(Value(1.0), 20)))} nodes")

figure, axes = subplots()
axes.semilogy(lengths, path_steps, "o-", color=RED)
axes.semilogy(lengths, order_steps, "o-", color=BLUE)
axes.text(lengths[-1], path_steps[-1] / 60, "every path", color=RED, ha="right")
axes.text(lengths[-1], order_steps[-1] * 3, "every node once", color=BLUE, ha="right")
axes.set(xlabel="doublings", ylabel="steps backward", title="The same gradient at two prices")
save(figure, "01_paths_and_nodes")

# %% [markdown]
# The number of paths doubles with each addition; the number of nodes grows by one. So a node must wait until everything
# that was computed from it has been visited: only then is its gradient complete, and it is passed on once.
#
# This is *backpropagation*: one walk back through the graph, at about the price of the walk forward, gives the slope of
# one result by **all** numbers at once.
#
# ## The chain rule multiplies
#
# The slope through a chain of functions is the product of their slopes. The slope of
# $\sigma(x) = 1 / (1 + e^{-x})$, the sigmoid, is $\sigma(x) (1 - \sigma(x))$; it is largest at 0, where it is 1/4. The
# slope of tanh at 0 is 1.
#
# **Question.** Send a number through ten sigmoids, one after another. By how much does the result change when the
# number changes by 1: about 1/10? 1/100? less? And through ten tanh? Write down your guess, then run the next cell.


# %%
def sigmoid(x):
    """1 / (1 + exp(-x)), from what our engine has: (tanh(x / 2) + 1) / 2."""
    return ((x * Value(0.5)).tanh() + Value(1.0)) * Value(0.5)


depths = range(1, 21)
starts = np.random.default_rng(0).normal(size=20)
slopes = {"tanh": [], "sigmoid": []}
for name, function in {"tanh": Value.tanh, "sigmoid": sigmoid}.items():
    for depth in depths:
        gradients = []
        for start in starts:
            x = y = Value(float(start))
            for _ in range(depth):
                y = function(y)
            y.backward()
            gradients.append(x.grad)
        slopes[name].append(np.mean(gradients))
print(f"average over {len(starts)} random starts")
for depth in (1, 5, 10, 20):
    print(f"depth {depth:2d}: tanh {slopes['tanh'][depth - 1]:.4f}   sigmoid {slopes['sigmoid'][depth - 1]:.1e}")
assert all(slopes["sigmoid"][depth - 1] <= 0.25**depth for depth in depths)
assert slopes["tanh"][9] > 10_000 * slopes["sigmoid"][9]

figure, axes = subplots()
for name, color in (("tanh", BLUE), ("sigmoid", ORANGE)):
    axes.semilogy(depths, slopes[name], "o-", color=color)
    axes.text(depths[-1], slopes[name][-1] * (0.05 if name == "tanh" else 60), name, color=color, ha="right")
axes.set(xlabel="functions in a row", ylabel="slope from end to start", title="A product of small slopes vanishes",
         xticks=[1, 5, 10, 15, 20])
save(figure, "01_vanishing")

# %% [markdown]
# Each sigmoid multiplies the slope by at most a quarter. After ten of them less than a millionth is left, and what
# comes before them hardly learns. This single fact shaped the history of deep learning; lessons 5 and 10 come back.
#
# ## From numbers to tensors
#
# A graph with a node for every single number is slow: Python looks at each node. `minitorch.Tensor` holds a whole
# array, one node for a whole array operation. The idea is exactly the same, and so are the names: `backward()`, and
# then `.grad`. Tensors that are to have a gradient are made with `requires_grad=True`.

# %%
a = minitorch.tensor(2.0, requires_grad=True)
b = minitorch.tensor(-3.0, requires_grad=True)
y = formula(a, b)  # the same formula
y.backward()
print("grad of a:", a.grad, " grad of b:", b.grad)
assert (a.grad.item(), b.grad.item()) == (-2.0, 2.0)

# %% [markdown]
# Now the price. A neuron with 1,000 inputs computes $y = \tanh(\sum_i w_i x_i + b)$.
#
# **Question.** How many nodes has its graph in our engine of single numbers, and how many with tensors? How many times
# faster will the tensors be? Write down three numbers, then run the next cell.

# %%
inputs = np.random.default_rng(1).normal(size=1000) / 30
weights = np.random.default_rng(2).normal(size=1000)

start = time.perf_counter()
numbers = [Value(float(w), name="w") for w in weights]
total = Value(0.1, name="b")
for number, x in zip(numbers, inputs):
    total = total + number * Value(float(x))
y = total.tanh()
y.backward()
scalar_time = time.perf_counter() - start

repeats = 100  # one run is over too soon for the clock
x = minitorch.tensor(inputs)
start = time.perf_counter()
for _ in range(repeats):
    w = minitorch.tensor(weights, requires_grad=True)
    bias = minitorch.tensor(0.1, dtype=minitorch.float64, requires_grad=True)
    z = ((w * x).sum() + bias).tanh()
    z.backward()
tensor_time = (time.perf_counter() - start) / repeats


def tensor_nodes(node):
    """The number of operations in the graph of a tensor: `grad_fn` is the last one, `next_functions` leads back."""
    seen, waiting = set(), [node]
    while waiting:
        node = waiting.pop()
        if node is not None and hasattr(node, "next_functions") and node not in seen:
            seen.add(node)
            waiting += [parent for parent, _ in node.next_functions]
    return len(seen)


operations = sum(bool(node.parents) for node in backward_order(y))
print(f"operations: {operations} on numbers, {tensor_nodes(z.grad_fn)} on tensors")
print(f"forward and backward: {1e3 * scalar_time:.2f} ms with numbers, {1e3 * tensor_time:.3f} ms with tensors, "
      f"{scalar_time / tensor_time:.0f} times faster")
assert operations == 2001 and tensor_nodes(z.grad_fn) == 4
assert np.allclose([number.grad for number in numbers], w.grad.numpy())
tools.draw_graph(z, OUTPUT / "01_tensor_graph.svg")  # open it in a browser
print("graph of the tensors: 01_tensor_graph.svg")

# %% [markdown]
# The gradients agree. Four operations, written for arrays in fast code, do the work of two thousand. The picture
# `01_tensor_graph.svg` shows the four; open it in a browser.
#
# ## Shapes, broadcasting, and sums
#
# The gradient of a tensor has the shape of the tensor: one slope for each of its numbers. A linear layer computes
# $Y = X W^\top + b$ for a batch of 64 inputs: $X$ has shape (64, 100), $W$ has (10, 100), and $b$, of shape (10,), is
# added to each of the 64 rows.
#
# **Question.** The result is the sum of all 640 outputs. What is the shape of the gradient of $b$, and what number
# stands in each place? Write it down, then run the next cell.

# %%
minitorch.manual_seed(0)
x = minitorch.randn(64, 100, requires_grad=True)
weight = minitorch.randn(10, 100, requires_grad=True)
bias = minitorch.zeros(10, requires_grad=True)
output = x @ weight.T + bias
output.sum().backward()
for name, tensor in {"x": x, "weight": weight, "bias": bias}.items():
    print(f"{name:6} {tuple(tensor.shape)!s:10} gradient {tuple(tensor.grad.shape)!s:10}")
print("gradient of the bias:", bias.grad)
assert tuple(bias.grad.shape) == (10,) and (bias.grad == 64).all()

# %% [markdown]
# The bias was used 64 times, once for each row, and each use contributes a slope of 1. Used many times means *added*,
# as with $a$ in the first formula. So the gradient of anything that was broadcast is summed over the axes along which
# it was repeated.
#
# The same bookkeeping gives the two rules for a product of matrices. With $G$ for the gradient that arrives at $Y$,
#
# $$\frac{\partial L}{\partial W} = G^\top X \qquad \frac{\partial L}{\partial X} = G W
#   \qquad \frac{\partial L}{\partial b} = \sum_n G_n$$
#
# and the shapes leave no other way to multiply. The next cell checks them with a random $G$.

# %%
grad_output = minitorch.randn(64, 10)
of_x, of_weight, of_bias = autograd.grad(x @ weight.T + bias, (x, weight, bias), grad_output)
for name, ours, theirs in (("G W", grad_output @ weight, of_x), ("G^T X", grad_output.T @ x, of_weight),
                           ("sum of G", grad_output.sum(0), of_bias)):
    difference = (ours - theirs).abs().max().item()
    print(f"{name:8} differs from the engine by at most {difference:.1e}")
    assert difference < 1e-4

# %% [markdown]
# ## Three habits
#
# **Question.** `output.sum().backward()` is called three times on fresh graphs with the same `bias`. What is in
# `bias.grad` afterwards: 64, or three times as much? Write it down, then run the next cell.

# %%
bias.grad = None
for _ in range(3):
    (x @ weight.T + bias).sum().backward()
print("after three calls:", bias.grad[0].item())
assert bias.grad[0].item() == 3 * 64

with minitorch.no_grad():
    output = x @ weight.T + bias
print("under no_grad: requires_grad is", output.requires_grad, "and grad_fn is", output.grad_fn)
assert not output.requires_grad and output.grad_fn is None

# %% [markdown]
# * Gradients are **added** to what is there. A training loop empties them before each step: `optimizer.zero_grad()`.
# * Under `no_grad()` nothing is remembered: use it whenever no gradient is wanted, it saves memory and time.
# * A graph is used **once**: after `backward()` what it saved is set free. To go twice, say `retain_graph=True`.
#
# ## A gradient is a tensor, too
#
# Backward is made of ordinary operations on tensors, so it can be differentiated again: `create_graph=True`. Here are
# tanh and its first two derivatives, and not one formula for a derivative is written in this lesson.
#
# **Question.** Where is the slope of tanh largest, and where does the slope itself change fastest? Sketch both curves,
# then run the next cell.

# %%
x = minitorch.linspace(-4, 4, 401, dtype=minitorch.float64, requires_grad=True)
y = x.tanh()
(first,) = autograd.grad(y.sum(), x, create_graph=True)
(second,) = autograd.grad(first.sum(), x)
steepest = x.detach()[first.argmax()].item()
fastest = x.detach()[second.argmax()].item()
print(f"tanh is steepest at {steepest:.2f}; its slope changes fastest at {fastest:.2f} and at {-fastest:.2f}")
assert abs(steepest) < 0.01 and np.allclose(first.detach().numpy(), 1 - np.tanh(x.detach().numpy()) ** 2)
assert abs(abs(fastest) - math.atanh(1 / math.sqrt(3))) < 0.02

figure, axes = subplots()
for curve, name, color in ((y, "tanh", BLUE), (first, "slope", ORANGE), (second, "slope of the slope", GREEN)):
    axes.plot(x.detach().numpy(), curve.detach().numpy(), color=color, label=name)
axes.axhline(0, color=GRAY, linewidth=1)
axes.legend(loc="upper left")
axes.set(xlabel="x", title="tanh, differentiated twice by the engine")
save(figure, "01_derivatives")

# %% [markdown]
# The slope is 1 in the middle and almost 0 outside: a unit of tanh that is far from 0 is *saturated* and learns slowly.
#
# ## Exercises
#
# Open `lessons/exercises/01_chain_rule.py`, fill in the functions, and let the checks tell you how you are doing:
#
# `pytest lessons/exercises/test_01_chain_rule.py`
#
# Exercise 1.5 asks for an engine of your own. Whoever has written one never again wonders what `backward()` does.
