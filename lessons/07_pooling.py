# %% [markdown]
# # Lesson 7: Pooling, equivariance and invariance
#
# **Teaches:** what pooling does and where its gradient goes; what happens to features and answers when the image is
# shifted; how padding and stride break the promise of the convolution, and what mends it.
#
# **Needs:** lesson 6 (convolution, padding, stride).
#
# **Time:** 75 minutes to read and discuss; 60 s of computing (`--quick`: 8 s).
#
# **Sources:** Zhang 2019, "Making convolutional networks shift-invariant again"; Azulay and Weiss 2019, "Why do deep
# convolutional networks generalize so poorly to small image transformations?"; Kayhan and van Gemert 2020, "On
# translation invariance in CNNs: convolutional layers can exploit absolute spatial location".

# %%
import numpy as np
from classroom import BLUE, GRAY, GREEN, ORANGE, PURPLE, QUICK, RED, image, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim
from minitorch.data import DataLoader, TensorDataset, datasets

# %% [markdown]
# ## Pooling
#
# Pooling divides a feature map into windows, usually of 2 x 2, and keeps one number of each: the largest (max pooling)
# or the mean (average pooling). The map becomes smaller, later layers become cheaper, and each of their pixels sees
# more of the image.
#
# **Question.** The gradient of the result is 1 everywhere. What is the gradient of the input, for the maximum and for
# the mean? Fill in two 4 x 4 squares by hand, then compare.

# %%
numbers = minitorch.tensor([[[[1.0, 5, 2, 0], [3, 4, 1, 7], [0, 0, 9, 8], [2, 1, 6, 5]]]], requires_grad=True)
print(numbers[0, 0].detach().numpy())
pooled = {}
for name, pool in {"max": F.max_pool2d, "mean": F.avg_pool2d}.items():
    numbers.grad = None
    result = pool(numbers, 2)
    result.sum().backward()
    pooled[name] = numbers.grad.numpy()[0, 0]
    print(f"{name} pooling gives\n{result.detach().numpy()[0, 0]}\nand the gradient\n{pooled[name]}")
assert (pooled["mean"] == 0.25).all() and pooled["max"].sum() == 4 and set(np.unique(pooled["max"])) == {0, 1}

# %% [markdown]
# The maximum passes its gradient on to the winner alone, the mean gives a quarter to each.
#
# ## Two promises
#
# Let $S$ be a shift of the image by some pixels. A function $f$ is
#
# * **equivariant** if the result shifts along: $f(Sx) = S f(x)$. We want it from *features*: where is the sleeve?
# * **invariant** if the result stays as it was: $f(Sx) = f(x)$. We want it from the *answer*: is it a coat?
#
# A convolution is equivariant: the same template is tried everywhere. So says the book.
#
# **Question.** We shift an image by 3 pixels, and compare the feature maps of shifted image and shifted feature maps,
# behind 1, 3 and 6 convolutions with a padding of zeros. Where do they differ?

# %%
images, _ = datasets.FashionMini(train=False).arrays()
images = (images - images.mean()) / images.std()  # as for training; the background is not 0 any more


def shift(x, rows, columns):
    """Move images (..., H, W) down and to the right; what leaves on one side comes in on the other."""
    return np.roll(x, (rows, columns), axis=(-2, -1))


def convolutions(count, padding_mode, seed=0):
    """A network of `count` convolutions of 3 x 3 with ReLU that keep the size of the image."""
    minitorch.manual_seed(seed)
    channels = [1] + [8] * count
    layers = []
    for c_in, c_out in zip(channels, channels[1:]):
        layers += [nn.Conv2d(c_in, c_out, 3, padding=1, padding_mode=padding_mode), nn.ReLU()]
        nn.init.kaiming_normal_(layers[-2].weight, nonlinearity="relu")
    return nn.Sequential(*layers)


def run(model, x):
    """The outputs of a model for an array of images, as an array."""
    with minitorch.no_grad():
        return model(minitorch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))).numpy()


x = images[:20]
figure, panels = subplots(1, 4, height=4.6)
for axes, (count, mode) in zip(panels, ((1, "zeros"), (3, "zeros"), (6, "zeros"), (6, "circular"))):
    model = convolutions(count, mode)
    broken = np.abs(run(model, shift(x, 0, 3)) - shift(run(model, x), 0, 3)).max(axis=(0, 1)) > 1e-4
    # The frame of the shifted map has moved along, so look at both frames: the old one and the new one.
    band = np.flatnonzero(broken[14])
    image(axes, broken, f"{count} layer{'s' if count > 1 else ''},\n{mode}", vmin=-0.2, vmax=1)
    print(f"{count} convolutions, padding {mode:8}: {broken.mean():4.0%} of the pixels differ; "
          f"columns {band.tolist()} of the middle row")
    if mode == "zeros":
        frames = {*range(count), *range(28 - count, 28), *range(3 - count, 3 + count)}
        assert band.tolist() == sorted(frames & {*range(28)})
    else:
        assert not broken.any(), "with a circular padding there is no border, and the promise is kept"
figure.suptitle("Where shifted features and features of the shifted image differ")
save(figure, "07_border")

# %% [markdown]
# In the middle the promise is kept exactly. Near the border it is broken, and the broken band grows by one pixel with
# each layer: the zeros of the padding are no part of the image, and they do not shift along. (The second band, inside
# on the left, is the old border, which the shift has carried there.) With circular padding, where the left neighbour of
# the first column is the last, there is no border and no difference.
#
# ## Pooling with stride
#
# **Question.** The signal 0 0 1 1 0 0 1 1 goes on and on. Max pooling with windows of 2 gives 0 1 0 1. Now shift the
# signal by one. What does max pooling give?

# %%
def max_pool(x):
    """Max pooling of 2 x 2 with stride 2."""
    return F.max_pool2d(x, 2)


def blur_pool(x):
    """The maximum of every 2 x 2 window, then a blur with (1, 2, 1) / 4 in both directions, then every second pixel."""
    x = F.max_pool2d(F.pad(x, (0, 1, 0, 1), mode="circular"), 2, stride=1)
    x = F.pad(x, (1, 1, 1, 1), mode="circular")
    return F.avg_pool2d(F.avg_pool2d(x, 2, stride=1), 2)  # two means of neighbours are (1, 2, 1) / 4


signal = np.tile(np.array([0.0, 0, 1, 1, 0, 0, 1, 1]), (8, 1))[None, None]
rows = {}
for name, pool in {"max pooling": max_pool, "blurred": blur_pool}.items():
    rows[name] = [run(pool, shift(signal, 0, by))[0, 0, 0] for by in (0, 1)]
    print(f"{name:12}: {rows[name][0]}; shifted by one: {rows[name][1]}")
contrast = {name: (np.ptp(before), np.ptp(after)) for name, (before, after) in rows.items()}
assert contrast["max pooling"] == (1, 0) and contrast["blurred"] == (0.5, 0)
mean_change = {name: float(abs(before.mean() - after.mean())) for name, (before, after) in rows.items()}
print("change of the mean:", mean_change)
assert mean_change["max pooling"] == 0.5 and mean_change["blurred"] == 0

# %% [markdown]
# All ones: a shift by a single pixel has wiped out the pattern. This is *aliasing*: whoever keeps every second pixel of
# a signal must first remove what changes faster than that, or it comes back as something else. Signal processing has
# known it since the telegraph; max pooling with stride does not care. Zhang's remedy is to take the maximum of *every*
# window, to blur, and only then to keep every second pixel. The blurred version keeps its mean at least.
#
# ## Features of a shifted image
#
# **Question.** Two stages of convolution and max pooling halve the map twice. By how many pixels must we shift the
# image so that the features come out exactly as before, only shifted? Sketch the difference against the shift, 0 to 8.

# %%
class Pool(nn.Module):
    """One of the poolings above, as a layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def features(pool, padding_mode, width=12):
    """Two stages of convolution, ReLU and pooling: (N, 1, H, W) to (N, 2 * width, H / 4, W / 4)."""
    return [
        nn.Conv2d(1, width, 3, padding=1, padding_mode=padding_mode), nn.ReLU(), Pool(pool),
        nn.Conv2d(width, 2 * width, 3, padding=1, padding_mode=padding_mode), nn.ReLU(), Pool(pool),
    ]  # fmt: skip


def change(model, x, by):
    """The relative change of the features when the image is shifted, against the best shift of the features."""
    before, after = run(model, x), run(model, shift(x, 0, by))
    differences = [np.linalg.norm(after - shift(before, 0, k)) for k in range(before.shape[-1])]
    return min(differences) / np.linalg.norm(before - before.mean(axis=(2, 3), keepdims=True))


shifts = range(9)
curves = {"max pooling": [], "blurred max pooling": []}
for seed in range(1 if QUICK else 5):
    for name, pool in zip(curves, (max_pool, blur_pool)):
        minitorch.manual_seed(seed)
        model = nn.Sequential(*features(pool, "circular"))
        curves[name].append([change(model, images[:50], by) for by in shifts])
figure, axes = subplots()
for (name, values), color in zip(curves.items(), (RED, BLUE)):
    curves[name] = np.mean(values, axis=0)
    print(f"{name:19}:", curves[name].round(2))
    axes.plot(shifts, curves[name], "o-", color=color, label=name)
axes.set(xlabel="shift of the image in pixels", ylabel="relative change of the features", ylim=(0, None))
axes.set_title("Features come back at multiples of the stride only")
axes.legend()
for values in curves.values():
    assert values[4] < 1e-5 and values[8] < 1e-5 and values[1:4].min() > 0.05
assert (curves["blurred max pooling"][1:4] < 0.7 * curves["max pooling"][1:4]).all()
save(figure, "07_features")

# %% [markdown]
# Only multiples of 4, the product of both strides, bring the features back. In between they change, and the blur takes
# off a good part of the change, not all of it. (Circular padding is used here so that nothing but the stride can be the
# cause; the mean over several random networks is shown.)
#
# ## Does the answer stay?
#
# Now we train. The images are made small, 14 x 14, and laid on the middle of an empty canvas of 24 x 24, so that a
# shift by up to 5 pixels loses nothing. All networks see centred images only, but one. They differ in three things:
#
# * the head: a linear layer on all pixels of the last map, or the mean of each channel (*global average pooling*) and
#   a linear layer on that;
# * the padding: zeros or circular;
# * the pooling: plain or blurred.
#
# **Question.** The images of the test are shifted by 0 to 5 pixels. Which network will still be right at 5? Put the
# five networks in order.

# %%
def small_images(train):
    """Images of half the size on an empty canvas (N, 1, 24, 24), and labels."""
    x, labels = datasets.FashionMini(train=train).arrays()
    x = x.reshape(-1, 1, 14, 2, 14, 2).mean(axis=(3, 5))
    return np.pad(x, ((0, 0), (0, 0), (5, 5), (5, 5))), labels


def flat_head(width=12):
    """All pixels of the last map into one linear layer."""
    return [nn.Flatten(), nn.Linear(2 * width * 6 * 6, 10)]


def global_head(padding_mode, width=12):
    """One more convolution, the mean of each channel, and a linear layer."""
    last = nn.Conv2d(2 * width, 4 * width, 3, padding=1, padding_mode=padding_mode)
    return [last, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, 10)]


def train(model, images, labels, epochs, lr, shifted=False, seed=0):
    """SGD with a learning rate that falls to 0; `shifted` moves each batch by up to 5 pixels."""
    loader = DataLoader(TensorDataset(images, labels), batch_size=100, shuffle=True)
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=epochs * len(loader))
    random = np.random.default_rng(seed)
    for _ in range(epochs):
        for x, y in loader:
            x = shift(x, 0, int(random.integers(-5, 6))) if shifted else x
            loss = F.cross_entropy(model(minitorch.from_numpy(x)), minitorch.from_numpy(y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def build(name):
    """One of the five networks."""
    if name.startswith("flat"):
        return nn.Sequential(*features(max_pool, "zeros"), *flat_head())
    mode = "zeros" if name == "global" else "circular"
    pool = blur_pool if "blurred" in name else max_pool
    return nn.Sequential(*features(pool, mode), *global_head(mode))


NETWORKS = {
    "flat": RED, "flat, trained on shifts": ORANGE, "global": GRAY, "global, circular": PURPLE,
    "global, circular, blurred": GREEN,
}  # fmt: skip
train_images, train_labels = small_images(train=True)
test_images, test_labels = small_images(train=False)
if QUICK:
    train_images, train_labels = train_images[::10], train_labels[::10]
    test_images, test_labels = test_images[::10], test_labels[::10]
train_images, train_labels = train_images[:7000], train_labels[:7000]
shifts = range(6)
right, same = {}, {}
for name in NETWORKS:
    answers = []
    for seed in range(1 if QUICK else 2):
        minitorch.manual_seed(seed)
        model = build(name)
        lr = 0.05 if name.startswith("flat") else 0.1
        train(model, train_images, train_labels, 1 if QUICK else 3, lr, shifted="shifts" in name, seed=seed)
        answers.append([run(model, shift(test_images, 0, by)).argmax(axis=1) for by in shifts])
    answers = np.array(answers)  # (seeds, shifts, images)
    right[name] = (answers == test_labels).mean(axis=(0, 2))
    same[name] = (answers == answers[:, :1]).mean(axis=(0, 2))
    print(f"{name:25}: right {right[name].round(2)}, answer as without shift {same[name].round(2)}")

figure, axes = subplots()
for name, color in NETWORKS.items():
    axes.plot(shifts, right[name], "o-", color=color, label=name)
axes.set(xlabel="shift of the test images in pixels", ylabel="share right", ylim=(0, 1))
axes.set_title("Who is still right when the image moves?")
axes.legend(fontsize=15, loc="lower left")
save(figure, "07_answers")

# %% [markdown]
# (In quick mode the networks are hardly trained, and only what follows from their form is certain.)

# %%
assert same["global, circular"][4] > 0.999 and same["global, circular, blurred"][4] > 0.999
if not QUICK:
    assert right["flat"][0] > 0.7 and right["flat"][5] < 0.3
    assert np.ptp(right["flat, trained on shifts"]) < 0.1
    assert np.ptp(right["global, circular, blurred"]) < min(0.05, np.ptp(right["global, circular"]))
    assert right["flat"][0] > right["global"][0] and right["flat"][0] > right["flat, trained on shifts"][0]
    assert same["global, circular, blurred"][1:4].min() > same["global, circular"][1:4].min()

# %% [markdown]
# What the numbers say:
#
# * **flat** is the best on centred images and falls nearly to guessing: for its linear layer, a pixel further to
#   the right is another input, with weights of its own.
# * **global, circular** is exactly as good at 4 as at 0: equivariant features, then a mean over all places, give an
#   invariant answer. Between multiples of 4 the stride lets it down.
# * **blurred** closes most of that gap, with the same number of weights.
# * **global** with zero padding is not invariant even at 4: the border is seen.
# * **trained on shifts** is flat with shifted training images. It has *learnt* to be nearly invariant, as far as it was
#   shown. It pays: on centred images it is not as good as the one that knows only those.
#
# Invariance costs accuracy where it is not needed: on centred images the place of a pixel is information, and the
# networks with the global head, which throw it away, are behind after as many steps. Ask of your data what may vary
# before you build it in.
#
# ## Padding knows where you are
#
# **Question.** An image is black but for one white pixel, in the left or the right half. Can a network of convolutions
# and global average pooling, that "does not know places", learn in which half it is?

# %%
def dots(count, random, size=12):
    """Black images with one white pixel (count, 1, size, size), and whether it is in the right half."""
    places = random.integers(0, size, (count, 2))
    x = np.zeros((count, 1, size, size), np.float32)
    x[np.arange(count), 0, places[:, 0], places[:, 1]] = 1
    return x, (places[:, 1] >= size // 2).astype(np.int64)


def left_or_right(padding_mode, seed, steps):
    """The share of new images right, after training a network of four convolutions with global average pooling."""
    minitorch.manual_seed(seed)
    random = np.random.default_rng(seed)
    model = nn.Sequential(convolutions(4, padding_mode, seed), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        x, y = map(minitorch.from_numpy, dots(64, random))
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, y = dots(1000, random)
    scores = run(model, x)
    return (scores.argmax(axis=1) == y).mean(), np.ptp(scores, axis=0).max()


found = {}
for mode in ("zeros", "circular"):
    measured = [left_or_right(mode, seed, steps=120 if QUICK else 300) for seed in range(1 if QUICK else 3)]
    found[mode] = np.mean(measured, axis=0)[0]
    print(f"padding {mode:8}: right for", ", ".join(f"{share:.0%}" for share, _ in measured),
          f"of new images; the scores differ by up to {max(spread for _, spread in measured):.1g}")
assert found["zeros"] > 0.75 and found["circular"] < 0.6
assert max(spread for _, spread in measured) < 1e-3, "with circular padding all places give the same scores"

# %% [markdown]
# With zeros it can: from the border inwards each layer carries the news that here the image ends, and the mean over all
# places, though it forgets places, does not forget how much of each kind there was. With circular padding it cannot,
# whatever it learns: all positions give the same scores. That a convolutional network does not know places is a half
# truth; the padding tells it.
#
# To remember:
#
# * Convolution: equivariant, but for the border. Pooling with stride: only for multiples of the stride.
# * Equivariant features and a global mean: an invariant answer. A linear layer on all pixels: none.
# * Blur before you keep every second pixel.
# * Shifted training images teach invariance to any network, as far as they are shifted.
#
# ## Exercises
#
# `pytest lessons/exercises/test_07_pooling.py`
