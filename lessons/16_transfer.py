# %% [markdown]
# # Lesson 16: Transfer
#
# **Teaches:** how a network that has learnt one task helps with another: its features, how to fine-tune them,
# learning rates by layer, what is forgotten, how little data is enough, and when transfer harms.
#
# **Needs:** lessons 3 (nearest neighbours, linear classifiers), 8 (LeNet) and 15 (comparing with several seeds).
#
# **Time:** 75 minutes to read and discuss; 50 s of computing (`--quick`: 9 s).
#
# **Sources:** Donahue et al. 2014, "DeCAF"; Yosinski, Clune, Bengio and Lipson 2014, "How transferable are features
# in deep neural networks?"; Howard and Ruder 2018, "Universal language model fine-tuning" (learning rates by layer);
# McCloskey and Cohen 1989, "Catastrophic interference in connectionist networks".

# %%
import numpy as np
from classroom import BLUE, GRAY, GREEN, ORANGE, PURPLE, QUICK, RED, image, save, subplots

import minitorch
from minitorch import models, nn, optim, training
from minitorch.data import DataLoader, TensorDataset, datasets
from minitorch.optim import lr_scheduler
from minitorch.tools import inspection

SEEDS = range(2 if QUICK else 3)
clothes = datasets.FashionMini(train=True)
images, labels = clothes.arrays()
test_images, test_labels = datasets.FashionMini(train=False).arrays()

# %% [markdown]
# ## Two tasks
#
# A museum has many pictures of T-shirts, pullovers, dresses, sandals, sneakers and bags: the *source* task. Now it
# wants to tell trousers, coats, shirts and ankle boots apart, the *target* task, and has only a handful of pictures
# of each. To make it harder, nobody centred the pictures: each is moved by up to five pixels in each direction.

# %%
SOURCE, TARGET = (0, 2, 3, 5, 7, 8), (1, 4, 6, 9)


def moved(pictures, seed, most=5):
    """Each picture (N, 1, H, W) at a random place; background, 0, comes in from outside."""
    random = np.random.default_rng(seed)
    height, width = pictures.shape[2:]
    padded = np.pad(pictures, ((0, 0), (0, 0), (most, most), (most, most)))
    corners = random.integers(0, 2 * most + 1, size=(len(pictures), 2))
    return np.stack([p[:, top : top + height, left : left + width] for p, (top, left) in zip(padded, corners)])


def standardised(pictures):
    """With mean 0 and standard deviation 1 over the training pictures."""
    return ((pictures - images.mean()) / images.std()).astype(np.float32)


pixels, test_pixels = standardised(moved(images, 0)), standardised(moved(test_images, 1))


def task(x, y, classes, count=None, seed=0):
    """The pictures of some classes, at most `count` of each, and their places in the list of classes."""
    random = np.random.default_rng(seed)
    chosen = np.concatenate([random.permutation(np.flatnonzero(y == c))[:count] for c in classes])
    return x[chosen], np.searchsorted(classes, y[chosen])


source_x, source_y = task(pixels, labels, SOURCE)
source_test, source_test_y = task(test_pixels, test_labels, SOURCE)
target_test, target_test_y = task(test_pixels, test_labels, TARGET, count=100 if QUICK else None)

figure, axes = subplots(2, 5, height=6)
for row, classes, name in zip(axes, (SOURCE, TARGET), ("source", "target")):
    x, y = task(pixels, labels, classes, count=2, seed=4)
    for ax, number in zip(row, (0, 2, 4, 6, 1)):
        image(ax, x[number, 0], f"{name}: {clothes.classes[classes[y[number]]]}".removesuffix("/top"))
        ax.title.set_fontsize(15)
save(figure, "16_tasks")

# %% [markdown]
# First, a network for the source task: LeNet-5.


# %%
def train(model, x, y, steps, lr=0.05, groups=None, seed=0):
    """SGD with a cosine; `groups` has parameters with rates of their own."""
    minitorch.manual_seed(seed)
    loader = DataLoader(TensorDataset(x, y), batch_size=min(32, len(x)), shuffle=True)
    epochs = -(-steps // len(loader))
    optimizer = optim.SGD(groups or model.parameters(), lr=lr, momentum=0.9)
    schedule = training.Schedule(lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(loader)), per="step")
    training.Trainer(model, optimizer, nn.CrossEntropyLoss(), callbacks=[schedule]).fit(loader, epochs=epochs)
    return model


def accuracy(model, x, y):
    """The share of right answers."""
    return training.accuracy(training.predict(model, x), y)


def fresh(num_classes, seed):
    """LeNet-5 that has learnt nothing."""
    minitorch.manual_seed(seed)
    return models.lenet5(num_classes=num_classes)


source = train(fresh(len(SOURCE), 0), source_x, source_y, steps=300 if QUICK else 1000)
source_accuracy = accuracy(source, source_test, source_test_y)
print(f"source task: {source_accuracy:.1%} of {len(source_test_y)} test pictures right")
assert source_accuracy > (0.75 if QUICK else 0.85)

# %% [markdown]
# ## What does it know about what it has never seen?
#
# The network has no output for boots. But before the output stand 84 numbers, its *features*. They were made to tell
# six other kinds of clothes apart; perhaps they serve here, too.
#
# We take five pictures of each target class, average their features, and give each test picture the class of the
# nearest average. Nothing is trained.
#
# **Question.** Compare that with the same on raw pixels, and on the numbers after each layer. Where will it work
# best? Sketch a curve from the pixels to the last layer, then run the next cell.

# %%
LAYERS = {"conv 1": "features.2", "conv 2": "features.5", "linear 1": "classifier.2", "linear 2": "classifier.4"}


def numbers_of(model, x):
    """Layer -> its numbers as rows (N, D), and first the pixels themselves."""
    outputs = inspection.activations(model, x, LAYERS.values())
    rows = {name: outputs[path].reshape(len(x), -1) for name, path in LAYERS.items()}
    return {"pixels": x.reshape(len(x), -1), **rows}


def nearest_mean(train_x, train_y, x):
    """The class with the nearest average."""
    means = np.stack([train_x[train_y == c].mean(axis=0) for c in range(train_y.max() + 1)])
    return ((x[:, None] - means) ** 2).sum(-1).argmin(axis=1)


draws = range(5 if QUICK else 20)
known, known_y = task(pixels, labels, TARGET, count=100)
by_layer = {}
for name, model in (("trained on the source", source), ("untrained", fresh(len(SOURCE), 1))):
    known_rows, test_rows = numbers_of(model, known), numbers_of(model, target_test)
    by_layer[name] = []
    for layer, rows in known_rows.items():
        right = [nearest_mean(*task(rows, known_y, range(4), 5, seed), test_rows[layer]) == target_test_y
                 for seed in draws]
        by_layer[name].append(np.mean(right))
print(f"nearest average of 5 pictures, mean of {len(draws)} draws")
for layer, trained_share, untrained_share in zip(known_rows, *by_layer.values()):
    print(f"{layer:9} trained {trained_share:.1%}, untrained {untrained_share:.1%}")
trained_curve, untrained_curve = by_layer.values()
assert trained_curve[-1] > trained_curve[0] + 0.1 and trained_curve[-1] == max(trained_curve)
assert max(untrained_curve) < untrained_curve[0] + 0.08

figure, axes = subplots()
for (name, shares), color in zip(by_layer.items(), (BLUE, GRAY)):
    axes.plot(list(known_rows), 100 * np.array(shares), "o-", color=color, label=name)
axes.axhline(25, color=RED, linewidth=1)
axes.text(4, 26, "guessing", color=RED, ha="right")
axes.legend()
axes.set(ylabel="test accuracy, %", ylim=(20, 100), title="Classes it has never seen, five pictures each")
save(figure, "16_layers")

# %% [markdown]
# The further the layer, the better it tells apart clothes that it has never seen. In the untrained network, with the
# same layers and random weights, hardly anything is gained: it is the learning on other classes that made the
# features.
#
# Here are the target pictures as points: pixels and features, each turned so that the two directions in which they
# vary most lie in the plane (principal components).
#
# **Question.** In which picture do the classes form islands? Run the next cell.

# %%
def separation(rows, y):
    """The variance between the classes' averages as a part of all variance."""
    means = np.stack([rows[y == c].mean(axis=0) for c in range(len(TARGET))])
    return ((means[y] - rows.mean(axis=0)) ** 2).sum() / ((rows - rows.mean(axis=0)) ** 2).sum()


rows_of = numbers_of(source, target_test)
between_pixels, between_features = (separation(rows_of[layer], target_test_y) for layer in ("pixels", "linear 2"))
print(f"between classes: {between_pixels:.0%} of the variance of pixels, {between_features:.0%} of features")
assert between_features > 2 * between_pixels

figure, axes = subplots(1, 2, width=14, height=6.5)
for ax, title, layer in zip(axes, ("pixels", "features from other classes"), ("pixels", "linear 2")):
    points = inspection.pca(rows_of[layer]).points
    for number, color in enumerate((BLUE, ORANGE, GREEN, PURPLE)):
        here = points[target_test_y == number]
        ax.scatter(*here.T, s=10, color=color, label=clothes.classes[TARGET[number]])
    ax.set(title=title, xticks=[], yticks=[])
axes[1].legend(markerscale=3, fontsize=15)
save(figure, "16_features")

# %% [markdown]
# ## Three ways to learn the target
#
# * **From scratch**: a fresh network sees the few target pictures only.
# * **Frozen features**: compute the 84 features once, train only a new head, 84 -> 4.
# * **Fine-tuning**: take the source's weights over, give it a new head, and train everything.
#
# `models.load_weights(model, state, replace_head=True)` takes over all weights but those of the head, whose size
# differs.
#
# **Question.** With 2, 5, 20 and 100 pictures of each class: which way is best at each? Where do the curves cross?
# Sketch them, then run the next cell.


# %%
def transferred(seed, num_classes=4):
    """The source network with a new head."""
    model = fresh(num_classes, seed)
    models.load_weights(model, source.state_dict(), replace_head=True)
    return model


def with_frozen_features(model, x, y, steps, seed):
    """Train the head alone, on features that are computed once."""
    features = inspection.head_inputs(model, x)
    head = model.get_submodule(model.head_name)
    train(head, features, y, steps, seed=seed)
    return model


STEPS = {2: 60, 5: 100, 20: 100, 100: 200} if not QUICK else {2: 30, 20: 40}
WAYS = ("from scratch", "frozen features", "fine-tuning")
shares = {way: np.zeros((len(STEPS), len(SEEDS))) for way in WAYS}
for row, (count, steps) in enumerate(STEPS.items()):
    for seed in SEEDS:
        x, y = task(pixels, labels, TARGET, count, seed)
        trained = (train(fresh(len(TARGET), seed), x, y, steps, seed=seed),
                   with_frozen_features(transferred(seed), x, y, steps, seed),
                   train(transferred(seed), x, y, steps, lr=0.02, seed=seed))
        for way, model in zip(WAYS, trained):
            shares[way][row, seed] = accuracy(model, target_test, target_test_y)
print(f"test accuracy, mean of {len(SEEDS)} seeds")
print("pictures of each class", *(f"{count:6d}" for count in STEPS))
for way, values in shares.items():
    print(f"{way:22}", *(f"{value:6.1%}" for value in values.mean(axis=1)))

scratch, frozen, tuned = (shares[way].mean(axis=1) for way in WAYS)
assert (frozen > scratch + 0.05)[:2].all() and (tuned > scratch + 0.05)[:2].all()
assert QUICK or (tuned[-1] > frozen[-1] and tuned[-1] - scratch[-1] < 0.05)
enough = [str(count) for count, share in zip(STEPS, scratch) if share >= frozen[0]] or [f"more than {max(STEPS)}"]
print(f"from scratch needs {enough[0]} pictures of each class for what frozen features do with 2, {frozen[0]:.1%}")

figure, axes = subplots()
for (way, values), color in zip(shares.items(), (GRAY, ORANGE, BLUE)):
    axes.semilogx(list(STEPS), 100 * values.mean(axis=1), "o-", color=color, label=way)
    axes.fill_between(list(STEPS), 100 * values.min(axis=1), 100 * values.max(axis=1), color=color, alpha=0.15)
axes.set_xticks(list(STEPS), [str(count) for count in STEPS])
axes.minorticks_off()
axes.legend(loc="lower right")
axes.set(xlabel="pictures of each class", ylabel="test accuracy, %", ylim=(20, 100), title="How little data is enough")
save(figure, "16_how_little")

# %% [markdown]
# With few pictures, whatever starts from the source is far ahead of a fresh network. Frozen features are the
# cheapest: the network runs once, then a linear layer learns. Fine-tuning takes over where there are enough pictures
# to improve the features without learning them by heart.
#
# ## Learning rates by layer
#
# The early layers see edges, which serve every task; the late ones see clothes. So one lets the late layers learn
# faster. `nn.utils.parameter_groups` makes groups by the names of layers, each with its own rate.
#
# Fine-tuning has a price: the network changes, and the source task, whose head we have kept, gets worse.
#
# **Question.** We fine-tune with one high rate, one low rate, and rates by layer. How does each do on the target, and
# how much of the source task is forgotten? Write down a ranking for each, then run the next cell.


# %%
def by_layer_rates(model):
    """The convolutions at a tenth of the head's rate, what is between at a third."""
    rates = {"features": {"lr": 0.005}, model.head_name: {"lr": 0.05}, "classifier": {"lr": 0.015}}
    return nn.utils.parameter_groups(model, rates)


def with_source_head(model):
    """The source network again, with all of its layers but the head as they are now."""
    old = fresh(len(SOURCE), 0)
    models.load_weights(old, model.state_dict(), replace_head=True)
    head = old.get_submodule(old.head_name)
    head.load_state_dict(source.get_submodule(source.head_name).state_dict())
    return old


PLANS = {"one high rate": (0.05, None), "one low rate": (0.005, None), "by layer": (0.05, by_layer_rates)}
on_target, on_source = {}, {}
for name, (lr, groups) in PLANS.items():
    results = []
    for seed in SEEDS:
        x, y = task(pixels, labels, TARGET, 20, seed)
        model = transferred(seed)
        train(model, x, y, 40 if QUICK else 100, lr, groups and groups(model), seed)
        results.append((accuracy(model, target_test, target_test_y),
                        accuracy(with_source_head(model), source_test, source_test_y)))
    on_target[name], on_source[name] = np.mean(results, axis=0)
    print(f"{name:14} target {on_target[name]:.1%}, source {on_source[name]:.1%} (was {source_accuracy:.1%})")
assert on_source["one high rate"] < on_source["by layer"] < source_accuracy
assert on_source["by layer"] > source_accuracy - 0.05
assert QUICK or abs(on_target["by layer"] - on_target["one low rate"]) < 0.03

figure, axes = subplots()
axes.axhline(100 * source_accuracy, color=GRAY, linewidth=1.5)
axes.text(-0.45, 100 * source_accuracy + 1, "source, before", color=GRAY)
for offset, values, name, color in ((-0.2, on_target, "target", BLUE), (0.2, on_source, "source, after", ORANGE)):
    places = np.arange(len(values)) + offset
    heights = [100 * value for value in values.values()]
    axes.bar(places, heights, width=0.38, color=color, label=name)
    for place, height in zip(places, heights):
        axes.text(place, height + 1, f"{height:.0f}", ha="center")
axes.set_xticks(range(len(PLANS)), list(PLANS))
axes.legend(loc="upper center", ncols=2)
axes.set(ylabel="test accuracy, %", ylim=(0, 118), title="What is learnt, and what is forgotten")
save(figure, "16_rates")

# %% [markdown]
# A high rate everywhere forgets most: *catastrophic forgetting*. Rates by layer keep nearly all of the source task.
# On the target the book expects them to win; here one low rate for all does about as well, with so small a network
# and so few pictures. What you choose depends on whether the old task is still needed.
#
# ## When transfer harms
#
# Now another target: handwritten digits, stretched to 28 x 28 pixels, five of each.
#
# **Question.** Do features of clothes help to read digits? Write down your guess, then run the next cell.


# %%
def enlarged(pictures):
    """8 x 8 pixels to 28 x 28: each three times as high and wide, with a border; standardised."""
    large = np.pad(np.kron(pictures, np.ones((1, 1, 3, 3))), ((0, 0), (0, 0), (2, 2), (2, 2)))
    return ((large - large.mean()) / large.std()).astype(np.float32)


digits, digit_labels = datasets.Digits(train=True).arrays()
test_digits, test_digit_labels = datasets.Digits(train=False).arrays()
digits, test_digits = enlarged(digits), enlarged(test_digits)
results = []
for seed in SEEDS:
    x, y = task(digits, digit_labels, range(10), 5, seed)
    steps = 60 if QUICK else 100
    trained = (train(fresh(10, seed), x, y, steps, seed=seed),
               with_frozen_features(transferred(seed, 10), x, y, steps, seed),
               train(transferred(seed, 10), x, y, steps, lr=0.02, seed=seed))
    results.append([accuracy(model, test_digits, test_digit_labels) for model in trained])
for way, value in zip(WAYS, np.mean(results, axis=0)):
    print(f"digits, five of each: {way:16} {value:.1%}")
from_scratch, from_frozen, from_tuned = np.mean(results, axis=0)
assert from_scratch > from_frozen + 0.05 and (QUICK or from_scratch > from_tuned)

# %% [markdown]
# They harm: a fresh network is ahead. The source taught the network to look for outlines of clothes and to ignore
# what does not matter for them, and strokes of a pen do. Large sets of natural photographs, with a thousand classes,
# give features that serve far more tasks; but the rule holds there, too: **compare with training from scratch before
# you believe in transfer.**
#
# A network with batch normalisation has one more trap: its statistics are those of the source. Let them adapt, or
# hold them with `nn.utils.freeze_batch_norm`, and try which is better for so few pictures.
