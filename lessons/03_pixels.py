# %% [markdown]
# # Lesson 3: Classifying pixels
#
# **Teaches:** what can be done before deep learning, and where it ends: nearest neighbours, a linear classifier and
# what its weights look like, and features made by hand (gray histograms, histograms of gradients, visual words).
#
# **Needs:** lessons 1 and 2. NumPy arrays; the logarithm and the exponential function.
#
# **Time:** 90 minutes to read and discuss; 40 s of computing (`--quick`: 7 s).
#
# **Sources:** Cover and Hart 1967, "Nearest neighbor pattern classification"; Dalal and Triggs 2005, "Histograms of
# oriented gradients for human detection"; Csurka, Dance, Fan, Willamowski and Bray 2004, "Visual categorization with
# bags of keypoints"; the images are from Fashion-MNIST, Xiao, Rasul and Vollgraf 2017.

# %%
import numpy as np
from classroom import BLUE, GRAY, ORANGE, QUICK, RED, image, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim, training
from minitorch.data import datasets

SEEDS = range(2 if QUICK else 4)
TRAIN, TEST = (1000, 500) if QUICK else (4000, 2000)

fashion = datasets.FashionMini(train=True)
images, labels = fashion.arrays()
test_images, test_labels = datasets.FashionMini(train=False).arrays()
images, test_images = images[:, 0], test_images[:, 0]  # grey: one channel, which we leave out

# %% [markdown]
# ## A picture is a point
#
# Here are photographs of clothes, 28 x 28 pixels, in ten classes. For a computer each is a list of 784 numbers: a
# point in a space of 784 dimensions.
#
# **Question.** How far, in that space, is a shirt from another shirt, and how far from a trouser? Is the nearest of
# 4,000 pictures of the same class? In what share of cases? Look at the pictures, write down a percentage, then go on.

# %%
shirts, trousers = (images[labels == number].reshape(-1, 784) for number in (6, 1))
to_shirts, to_trousers = (
    np.mean([np.linalg.norm(other[200:] - shirt, axis=1).mean() for shirt in shirts[:200]])
    for other in (shirts, trousers)
)
print(f"mean distance of a shirt from another shirt {to_shirts:.1f}, from a trouser {to_trousers:.1f}")
assert 1 < to_trousers / to_shirts < 1.3

figure, axes = subplots(2, 5, height=6)
for number, ax in enumerate(axes.flat):
    image(ax, images[np.flatnonzero(labels == number)[3]], fashion.classes[number])
save(figure, "03_classes")

# %% [markdown]
# On average a shirt is only a little nearer to other shirts than to trousers: a class is no narrow cloud. But among
# thousands of pictures some may be very near.
#
# ## Nearest neighbours
#
# The simplest classifier learns nothing. It keeps all pictures and answers with the class of the nearest one, or lets
# the $k$ nearest vote. All distances between $M$ and $N$ pictures come from one product of matrices, because
#
# $$|a - b|^2 = |a|^2 - 2\, a \cdot b + |b|^2$$


# %%
def squared_distances(a, b):
    """Squared distances (M, N) between the rows of a (M, D) and of b (N, D)."""
    return (a * a).sum(1)[:, None] - 2 * a @ b.T + (b * b).sum(1)


def neighbours_say(train_x, train_y, x, k=1):
    """The class with the most votes among the k nearest; of equal classes the one with the smaller number."""
    nearest = squared_distances(x, train_x).argpartition(k - 1, axis=1)[:, :k]
    votes = np.stack([(train_y[nearest] == c).sum(1) for c in range(10)], axis=1)
    return votes.argmax(1)


def draw_split(seed):
    """Training and test pictures as rows, drawn with a seed: (x, y, test x, test y)."""
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(images))[:TRAIN]
    tested = random.permutation(len(test_images))[:TEST]
    return images[chosen], labels[chosen], test_images[tested], test_labels[tested]


sizes = [size for size in (30, 100, 300, 1000, 4000) if size <= TRAIN]
by_size = np.zeros((len(SEEDS), len(sizes)))
by_k = {k: [] for k in (1, 5, 25, 125)}
for seed in SEEDS:
    x, y, test_x, test_y = draw_split(seed)
    x, test_x = x.reshape(len(x), -1), test_x.reshape(len(test_x), -1)
    for number, size in enumerate(sizes):
        by_size[seed, number] = (neighbours_say(x[:size], y[:size], test_x) == test_y).mean()
    for k in by_k:
        by_k[k].append((neighbours_say(x, y, test_x, k) == test_y).mean())
print(f"nearest neighbour, average of {len(SEEDS)} draws")
for size, accuracy in zip(sizes, by_size.mean(0)):
    print(f"{size:5d} pictures: {accuracy:.1%} right")
for k, accuracy in by_k.items():
    print(f"{TRAIN} pictures, k = {k:3d}: {np.mean(accuracy):.1%} right")
assert by_size[:, 0].min() > 0.3 and (np.diff(by_size.mean(0)) > 0).all() and np.mean(by_k[125]) < np.mean(by_k[5])

figure, axes = subplots()
axes.semilogx(sizes, 100 * by_size.mean(0), "o-", color=BLUE)
axes.fill_between(sizes, 100 * by_size.min(0), 100 * by_size.max(0), color=BLUE, alpha=0.2)
axes.set_xticks(sizes, [str(size) for size in sizes])
axes.minorticks_off()
axes.axhline(10, color=GRAY, linewidth=1.5)
axes.text(sizes[-1], 12, "guessing", color=GRAY, ha="right")
axes.set(xlabel="pictures kept", ylabel="test accuracy, %", ylim=(0, 100),
         title="The nearest neighbour gets better with every picture")
save(figure, "03_neighbours")

# %% [markdown]
# With 30 pictures it is far better than guessing, and each threefold increase of the collection helps further. The best
# $k$ is small; when 125 pictures vote, the near ones are outvoted by the far.
#
# The price: every answer compares with all pictures. And distance between pixels is a strange notion of similarity.
#
# **Question.** We move every test picture two pixels to the right. To our eyes nothing has changed. How many of the
# answers are still right? Write down a percentage, then run the next cell.


# %%
def move(pictures, columns):
    """Shift pictures (N, H, W) to the right; what comes in from the left is background, 0."""
    moved = np.zeros_like(pictures)
    moved[:, :, columns:] = pictures[:, :, : pictures.shape[2] - columns]
    return moved


def share_right_when_moved(columns):
    """The nearest neighbour's accuracy on moved test pictures, one number for each seed."""
    results = []
    for seed in SEEDS:
        x, y, test_x, test_y = draw_split(seed)
        moved = move(test_x, columns)
        said = neighbours_say(x.reshape(len(x), -1), y, moved.reshape(len(moved), -1))
        results.append((said == test_y).mean())
    return np.array(results)


moved_by = {columns: share_right_when_moved(columns) for columns in (0, 1, 2, 4)}
for columns, results in moved_by.items():
    print(f"moved by {columns} pixels: {results.mean():.1%} right")
assert moved_by[0].mean() > moved_by[1].mean() > moved_by[2].mean() > moved_by[4].mean()
assert moved_by[2].mean() < moved_by[0].mean() - 0.1

# %% [markdown]
# Two pixels cost a large part of the accuracy. Pixels at fixed places are a poor description of what a picture shows.
# We will see how much better others do.
#
# ## A linear classifier
#
# The next idea learns. Each class $c$ has a weight for each pixel and a bias; its *score* is $s_c = \sum_i w_{ci} x_i
# + b_c$. The softmax makes probabilities of the ten scores, and the loss is the surprise at the true class $t$:
#
# $$p_c = \frac{e^{s_c}}{\sum_k e^{s_k}} \qquad L = -\log p_t \qquad
#   \frac{\partial L}{\partial s_c} = p_c - [c = t]$$
#
# where $[c = t]$ is 1 for the true class and 0 for the others. That gradient is worth remembering: *what was said minus
# what is true*. The engine computes it for us, and an *optimizer*, here Adam, takes many small steps against it; how
# such steps are chosen is the subject of lesson 4.


# %%
def train_linear(x, y, steps=100 if QUICK else 200, lr=0.01, weight_decay=0.0, seed=0):
    """A linear layer (features -> 10), trained with all examples at each step."""
    minitorch.manual_seed(seed)
    model = nn.Linear(x.shape[1], 10)
    optimizer = optim.Adam(model.parameters(), lr=lr, weight_decay=weight_decay)
    x, y = minitorch.from_numpy(x), minitorch.from_numpy(y)
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def scores_of(model, x):
    """The scores as an array (N, 10)."""
    with minitorch.no_grad():
        return model(minitorch.from_numpy(x)).numpy()


def say(model, x):
    """The classes with the highest scores."""
    return scores_of(model, x).argmax(1)


minitorch.manual_seed(0)
untrained = nn.Linear(784, 10)
nn.init.zeros_(untrained.weight)
nn.init.zeros_(untrained.bias)

# %% [markdown]
# **Question.** All weights are zero. What is the loss, before any training, on ten classes? And where will it be after
# training? Write down two numbers, then run the next cell.

# %%
count = 5000 if QUICK else 10000
flat, flat_labels = images[:count].reshape(count, -1), labels[:count]
flat_test = test_images.reshape(len(test_images), -1)


def loss_of(model):
    """The average loss on the training pictures."""
    return F.cross_entropy(minitorch.from_numpy(scores_of(model, flat)), minitorch.from_numpy(flat_labels)).item()


first_loss = loss_of(untrained)
linear = train_linear(flat, flat_labels)
last_loss = loss_of(linear)
accuracy = (say(linear, flat_test) == test_labels).mean()
print(f"loss before {first_loss:.4f} (log 10 is {np.log(10):.4f}), after {last_loss:.4f}; test accuracy {accuracy:.1%}")
assert np.isclose(first_loss, np.log(10), atol=1e-5) and last_loss < 0.6 and accuracy > 0.78

# %% [markdown]
# Ten equal probabilities are a surprise of $\log 10 = 2.30$. Keep this number in mind: a network that starts much
# higher was initialised badly, and one that stays there learns nothing.
#
# The ten rows of the weight have 784 numbers each: they are pictures themselves. A score is large where the picture
# has ink at red places and none at blue ones.
#
# **Question.** What will the weights of "trouser" look like? And those of "shirt"? Sketch one, then run the next cell.

# %%
weights = linear.weight.detach().numpy().reshape(10, 28, 28)
smooth = train_linear(flat, flat_labels, weight_decay=0.02)
smooth_weights = smooth.weight.detach().numpy().reshape(10, 28, 28)


def roughness(pictures):
    """How much neighbouring weights differ, as a part of their size."""
    differences = np.abs(np.diff(pictures, axis=2)).mean() + np.abs(np.diff(pictures, axis=1)).mean()
    return differences / np.abs(pictures).mean()


smooth_accuracy = (say(smooth, flat_test) == test_labels).mean()
print(f"without weight decay: roughness {roughness(weights):.2f}, test accuracy {accuracy:.1%}")
print(f"with weight decay:    roughness {roughness(smooth_weights):.2f}, test accuracy {smooth_accuracy:.1%}")
assert roughness(smooth_weights) < 0.9 * roughness(weights)

figure, axes = subplots(2, 5, height=6)
for number, ax in enumerate(axes.flat):
    limit = np.abs(smooth_weights[number]).max()
    image(ax, smooth_weights[number], fashion.classes[number], cmap="RdBu_r", vmin=-limit, vmax=limit)
save(figure, "03_weights")

# %% [markdown]
# One template for each class: red where ink speaks for the class, blue where it speaks against. (These are the
# weights with *weight decay*, which pulls them towards zero; without it they look like noise, because pixels in the
# corners are almost always empty and their weights hardly matter.)
#
# One template must do for all trousers, or all bags with and without handle. That is the limit of a linear
# classifier; and it, too, looks at fixed places.
#
# ## Features made by hand
#
# Until 2012 one designed *features*, numbers that say what matters and leave out what does not, and put a linear
# classifier on top. We try three.
#
# **Gray histogram.** How many pixels of each brightness? It forgets where they are.


# %%
def gray_histogram(pictures, bins=16):
    """The share of the pixels (N, H, W), values 0 to 1, in each of equal bins: (N, bins)."""
    bin_of = np.minimum((pictures * bins).astype(int), bins - 1)
    return np.stack([(bin_of == b).mean((1, 2)) for b in range(bins)], axis=1).astype(np.float32)


# %% [markdown]
# **HOG**, histograms of oriented gradients. At each pixel take the slope of the brightness to the right, $g_x$, and
# downwards, $g_y$. Its direction, from 0 to 180 degrees, tells how an edge runs; its length how strong the edge is.
# Divide the picture into cells of 4 x 4 pixels and add up, in each, how much edge there is in each of nine
# directions.


# %%
def hog(pictures, cell=4, directions=9):
    """Histograms of oriented gradients of pictures (N, H, W): (N, cells * directions), each row of length 1."""
    down, right = np.gradient(pictures, axis=(1, 2))
    strength = np.hypot(right, down)
    angle = np.arctan2(down, right) % np.pi  # an edge has no front and back
    bin_of = np.minimum((angle / np.pi * directions).astype(int), directions - 1)
    count, height, width = pictures.shape
    histograms = []
    for direction in range(directions):
        edges = np.where(bin_of == direction, strength, 0)
        histograms.append(edges.reshape(count, height // cell, cell, width // cell, cell).sum((2, 4)))
    features = np.stack(histograms, axis=-1).reshape(count, -1)
    share = features / (features.sum(1, keepdims=True) + 1e-6)
    return np.sqrt(share).astype(np.float32)  # the root tames edges that are very strong


# %% [markdown]
# **Bag of visual words.** Cut small patches out of all pictures and find 100 typical ones, the *visual words*, with
# k-means: assign each patch to the nearest word, move each word to the mean of its patches, repeat. A picture is then
# described by how often each word occurs in it; like a text by its words, in any order.


# %%
def patches_of(pictures, size=6, stride=2):
    """All patches (N, places, size * size), each with mean 0 and, if it is not flat, length 1."""
    views = np.lib.stride_tricks.sliding_window_view(pictures, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    patches = views.reshape(len(pictures), -1, size * size)
    patches = patches - patches.mean(-1, keepdims=True)
    length = np.linalg.norm(patches, axis=-1, keepdims=True)
    return patches / np.maximum(length, 0.5)


def learn_words(patches, count=100, rounds=10, seed=0):
    """k-means: the means (count, D) of groups of patches (M, D), each patch in the group of the nearest mean."""
    random = np.random.default_rng(seed)
    words = patches[random.choice(len(patches), count, replace=False)].copy()
    for _ in range(rounds):
        group = squared_distances(patches, words).argmin(1)
        for number in range(count):
            if (group == number).any():
                words[number] = patches[group == number].mean(0)
    return words


def bag_of_words(pictures, words):
    """The share of each visual word among the patches of a picture: (N, words), square roots."""
    patches = patches_of(pictures)
    nearest = squared_distances(patches.reshape(-1, patches.shape[-1]), words).argmin(1).reshape(len(pictures), -1)
    counts = np.stack([np.bincount(row, minlength=len(words)) for row in nearest])
    return np.sqrt(counts / nearest.shape[1]).astype(np.float32)  # and words that occur very often


some = patches_of(images[:1000])
some = some.reshape(-1, some.shape[-1])
some = some[np.random.default_rng(0).choice(len(some), 3000 if QUICK else 20000, replace=False)]
words = learn_words(some)

figure, axes = subplots(1, 2, height=5.5, width=13, width_ratios=(1, 1.15))
picture = images[np.flatnonzero(labels == 9)[3]]
image(axes[0], picture, "a boot")
order = np.argsort(-np.linalg.norm(words - words.mean(0), axis=1))[:50]
wall = np.pad(words[order].reshape(5, 10, 6, 6), ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=np.nan)
wall = wall.transpose(0, 2, 1, 3).reshape(35, 70)
image(axes[1], wall, "50 of the 100 visual words", cmap="RdBu_r", vmin=-0.5, vmax=0.5)
save(figure, "03_visual_words")

# %% [markdown]
# The words are edges in all directions, corners, bars and a flat patch. Nobody drew them; they are what pictures of
# clothes consist of. Compare them in lesson 8 with the filters that a convolutional network learns.
#
# **Question.** Four linear classifiers: on 784 raw pixels, on 16 gray values, on 441 sums of edges (49 cells of nine
# directions), on the counts of 100 visual words. Rank them by test accuracy. Then rank them again for test pictures
# moved by two pixels. Run the next cell.

# %%
FEATURES = {
    "raw pixels": lambda pictures: pictures.reshape(len(pictures), -1),
    "gray histogram": gray_histogram,
    "HOG": hog,
    "visual words": lambda pictures: bag_of_words(pictures, words),
}


def standardised(x, test_x):
    """Each feature with mean 0 and standard deviation 1 over the training set, or less where it hardly varies."""
    mean, scale = x.mean(0), x.std(0) + 0.05 * x.std()
    return (x - mean) / scale, [(t - mean) / scale for t in test_x]


table = {name: [] for name in FEATURES}
for seed in SEEDS:
    x, y, test_x, test_y = draw_split(seed)
    for name, features in FEATURES.items():
        train_features, tests = standardised(features(x), [features(test_x), features(move(test_x, 2))])
        model = train_linear(train_features, y, weight_decay=0.01, seed=seed)
        table[name].append([(say(model, t) == test_y).mean() for t in tests])
means = {name: np.mean(rows, axis=0) for name, rows in table.items()}
print(f"test accuracy with {TRAIN} training pictures, average of {len(SEEDS)} draws")
for name, (still, moved) in means.items():
    print(f"{name:15} {still:.1%}, moved by two pixels {moved:.1%}, lost {still - moved:.1%}")

lost = {name: still - moved for name, (still, moved) in means.items()}
assert lost["gray histogram"] < 0.02 and means["gray histogram"][0] < 0.5
assert lost["visual words"] < lost["HOG"] < 0.6 * lost["raw pixels"]
assert means["HOG"][0] > means["raw pixels"][0] - (0.02 if QUICK else 0)
assert means["raw pixels"][0] - 0.06 < means["visual words"][0] < means["HOG"][0]

figure, axes = subplots()
places = np.arange(len(means))
for offset, column, name, color in ((-0.2, 0, "as they are", BLUE), (0.2, 1, "moved by two pixels", ORANGE)):
    values = [100 * pair[column] for pair in means.values()]
    axes.bar(places + offset, values, width=0.38, color=color, label=name)
    for place, value in zip(places, values):
        axes.text(place + offset, value + 1, f"{value:.0f}", ha="center")
axes.set_xticks(places, list(means))
axes.legend(loc="upper center", ncols=2)
axes.set(ylabel="test accuracy, %", ylim=(0, 112), title="A linear classifier on four descriptions")
save(figure, "03_features")

# %% [markdown]
# * The gray histogram does not notice the move at all, and does not know a trouser from a bag either.
# * HOG does at least as well as the raw pixels, with fewer numbers, and survives the move far better: an edge that
#   moves by two pixels often stays in its cell.
# * The bag of words does not know where its words stand. It is a little worse on pictures that stay, and hardly notices
#   the move.
#
# So each feature chooses what to forget. To forget position makes a classifier *invariant* to moves, and costs what
# position would have told it. Which invariance is worth its price had to be found by experiment, for each kind of
# picture anew. A convolutional network *learns* its features; lessons 6 to 8 build one.
#
# ## Where it goes wrong
#
# **Question.** Which two classes does the best of them confuse most? Look at the pictures of the classes, then run
# the next cell.

# %%
x, y, test_x, test_y = draw_split(0)
train_features, (test_features,) = standardised(hog(x), [hog(test_x)])
said = say(train_linear(train_features, y, weight_decay=1e-3), test_features)
counts = training.confusion_matrix(said, test_y, 10)
pairs = sorted(((int(counts[i, j] + counts[j, i]), i, j) for i in range(10) for j in range(i)), reverse=True)
for number, i, j in pairs[:4]:
    print(f"{fashion.classes[i]} and {fashion.classes[j]}: {number} mistakes of {(said != test_y).sum()}")
tops = {fashion.classes.index(name) for name in ("T-shirt/top", "Pullover", "Dress", "Coat", "Shirt")}
among_tops = [number for number, i, j in pairs if {i, j} <= tops]
print(f"mistakes among tops: {sum(among_tops) / (said != test_y).sum():.0%}")
assert all({i, j} <= tops for _, i, j in pairs[:3]) and sum(among_tops) > 0.5 * (said != test_y).sum()

figure, axes = subplots(2, 5, height=6.8)
for number, ax in zip(np.flatnonzero(said != test_y), axes.flat):
    name, truth = (fashion.classes[c].removesuffix("/top") for c in (said[number], test_y[number]))
    image(ax, test_x[number], name)
    ax.set_xlabel(f"is: {truth}")
    ax.title.set_color(RED)
figure.suptitle("said, and is", color=GRAY)
save(figure, "03_mistakes")

# %% [markdown]
# More than half of all mistakes are among T-shirts, pullovers, dresses, coats and shirts. Look at the picture: which
# of them would you have got right?
#
# ## Exercises
#
# `lessons/exercises/03_pixels.py`, checked by
#
# `pytest lessons/exercises/test_03_pixels.py`
