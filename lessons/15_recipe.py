# %% [markdown]
# # Lesson 15: The recipe
#
# **Teaches:** the ingredients of a modern training run, added one at a time and measured: schedules, warm-up, early
# stopping, augmentation, label smoothing, MixUp, dropout, stochastic depth, averages of the weights. And how to tell
# a gain from luck.
#
# **Needs:** lessons 4 (SGD), 8 (training a network) and 10 (residual blocks).
#
# **Time:** 90 minutes to read and discuss; 60 s of computing (`--quick`: 9 s).
#
# **Sources:** Loshchilov and Hutter 2017, "SGDR"; Smith and Topin 2018, "Super-convergence"; Goyal et al. 2017,
# "Accurate, large minibatch SGD"; Prechelt 1998, "Early stopping - but when?"; Szegedy et al. 2016, "Rethinking the
# Inception architecture"; Zhang et al. 2018, "mixup"; Srivastava et al. 2014, "Dropout"; Huang et al. 2016, "Deep
# networks with stochastic depth"; Izmailov et al. 2018, "Averaging weights leads to wider optima and better
# generalization".

# %%
import numpy as np
from classroom import BLUE, GRAY, GREEN, ORANGE, PURPLE, QUICK, RED, image, save, subplots

import minitorch
from minitorch import nn, optim, training
from minitorch.data import DataLoader, Subset, TensorDataset, datasets, transforms
from minitorch.optim import lr_scheduler, swa_utils

SEEDS = range(2 if QUICK else 3)
EPOCHS = 4 if QUICK else 12
COUNT, TEST_COUNT = (500, 1000) if QUICK else (1000, 2000)  # pictures to train on and to test on

images, labels = datasets.FashionMini(train=True).arrays()
test_images, test_labels = datasets.FashionMini(train=False).arrays()
tested = np.random.default_rng(0).permutation(len(test_images))[:TEST_COUNT]
test_images, test_labels = test_images[tested], test_labels[tested]
MEAN, STD = float(images.mean()), float(images.std())
pixels, test_pixels = (images - MEAN) / STD, (test_images - MEAN) / STD
test_loader = DataLoader(TensorDataset(test_pixels, test_labels), batch_size=1000)

# %% [markdown]
# ## One run, with places for every ingredient
#
# The recipe matters most where data is scarce: we train on 1,000 pictures of clothes. The network is small, so that
# we can afford dozens of runs: three residual blocks of two linear layers each. The training loop is
# `training.Trainer`.


# %%
class Block(nn.Module):
    """x + two linear layers; dropout within, and stochastic depth on the whole branch."""

    def __init__(self, width, dropout, drop_path):
        super().__init__()
        self.body = nn.Sequential(nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout),
                                  nn.Linear(width, width))
        self.drop_path = nn.StochasticDepth(drop_path, "row")

    def forward(self, x):
        return x + self.drop_path(self.body(x))


def network(dropout=0.0, drop_path=0.0, width=64):
    """784 -> three residual blocks -> 10."""
    blocks = [Block(width, dropout, drop_path) for _ in range(3)]
    return nn.Sequential(nn.Flatten(), nn.Linear(784, width), *blocks, nn.ReLU(), nn.Linear(width, 10))


def chosen_pictures(seed, count=COUNT):
    """Which training pictures a run may see."""
    return np.random.default_rng(seed).permutation(len(pixels))[:count]


def sgd(parameters, lr):
    """SGD with momentum 0.9."""
    return optim.SGD(parameters, lr=lr, momentum=0.9)


def train(seed, *, make=network, data=None, epochs=EPOCHS, lr=0.05, optimizer=sgd, schedule=None, average=None,
          smoothing=0.0, batch_transform=None, callbacks=()):
    """One run; returns its trainer.

    Args:
        make: makes the network.
        data: the training set; 1,000 pictures chosen by the seed unless given.
        schedule: function (optimizer, steps of the run, steps of an epoch) -> schedule, stepped after each step.
        average: function (model) -> callback.
    """
    minitorch.manual_seed(seed)
    if data is None:
        chosen = chosen_pictures(seed)
        data = TensorDataset(pixels[chosen], labels[chosen])
    loader = DataLoader(data, batch_size=50, shuffle=True)
    model = make()
    optimizer = optimizer(model.parameters(), lr=lr)
    callbacks = list(callbacks)
    if schedule is not None:
        steps = len(loader)
        callbacks.append(training.Schedule(schedule(optimizer, epochs * steps, steps), per="step"))
    if average is not None:
        callbacks.append(average(model))
    loss = nn.CrossEntropyLoss(label_smoothing=smoothing)
    trainer = training.Trainer(model, optimizer, loss, callbacks=callbacks, batch_transform=batch_transform)
    trainer.fit(loader, test_loader, epochs=epochs)
    return trainer


def test_accuracy(trainer):
    """Of the weights at the end."""
    return trainer.history[-1]["validation_accuracy"]


# %% [markdown]
# ## First, the noise
#
# **Question.** We train the same network several times; only the seed differs: other pictures, first weights, order.
# By how many points do the test accuracies differ? Write down your guess, then run the next cell.

# %%
baseline = [train(seed) for seed in SEEDS]
accuracies = np.array([test_accuracy(trainer) for trainer in baseline])
print("test accuracies:", *(f"{accuracy:.1%}" for accuracy in accuracies))
print(f"mean {accuracies.mean():.1%}, standard deviation {100 * accuracies.std(ddof=1):.1f} points")
results = {"constant rate": accuracies}  # name -> test accuracy for each seed


def compare(name, trainers, reference, accuracy=test_accuracy):
    """Note the accuracies of an ingredient and print its gain: the differences to a reference, seed by seed."""
    results[name] = np.array([accuracy(trainer) for trainer in trainers])
    gain = results[name] - results[reference]
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    print(f"{name:18} {results[name].mean():.1%}, gain {100 * gain.mean():+.1f} ± {100 * error:.1f} points")


# %% [markdown]
# Runs that differ by nothing but chance differ by that much. A gain that is not clearly larger is no gain. Two rules
# for this lesson, and for every paper that you read:
#
# * Compare several seeds, each with **the same seed** with and without the ingredient, and look at the mean of the
#   differences and its standard error, the number behind ±.
# * A gain below about twice its standard error may be chance. With three seeds even that is generous.
#
# ## Schedules
#
# Lesson 4 showed why: a large learning rate travels far, a small one settles. Common ways to lower it: in steps;
# along a half cosine; *one cycle*, up to twice the rate and then down to nearly nothing.
#
# **Question.** Which of the three beats the constant rate, and where in the run does the gain come? Write down your
# guess, then run the next cell.

# %%
SCHEDULES = {
    "constant rate": None,
    "steps": lambda optimizer, steps, epoch: lr_scheduler.MultiStepLR(optimizer, [steps // 2, 3 * steps // 4], 0.1),
    "cosine": lambda optimizer, steps, epoch: lr_scheduler.CosineAnnealingLR(optimizer, steps),
    "one cycle": lambda optimizer, steps, epoch: lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=steps),
}
scheduled = {}
for name, schedule in SCHEDULES.items():
    scheduled[name] = baseline if schedule is None else [train(seed, schedule=schedule) for seed in SEEDS]
    compare(name, scheduled[name], "constant rate")


def last_loss(trainers):
    """The training loss of the last epoch, averaged over the seeds."""
    return np.mean([trainer.history[-1]["train_loss"] for trainer in trainers])


for name, trainers in scheduled.items():
    print(f"{name:18} training loss at the end {last_loss(trainers):.3f}")
assert last_loss(scheduled["cosine"]) < last_loss(baseline)
assert QUICK or results["cosine"].mean() > results["constant rate"].mean()

figure, axes = subplots(1, 2, width=14, height=6)
for (name, trainers), color in zip(scheduled.items(), (GRAY, ORANGE, BLUE, GREEN)):
    epochs = range(1, EPOCHS + 1)
    curve = np.mean([[row["validation_accuracy"] for row in trainer.history] for trainer in trainers], axis=0)
    axes[0].plot(epochs, [row["lr"] for row in trainers[0].history], color=color, label=name)
    axes[1].plot(epochs, 100 * curve, color=color)
axes[0].set(xlabel="epoch", ylabel="learning rate at its end", ylim=(0, 0.12))
axes[0].legend(loc="upper right", ncols=2, fontsize=15)
axes[1].set(xlabel="epoch", ylabel="test accuracy, %")
figure.suptitle("The gain comes when the rate falls")
save(figure, "15_schedules")

# %% [markdown]
# From here on every run has the cosine, and each ingredient is measured against it.
#
# ## Warm-up
#
# At the first step the weights are random and the gradients large. *Warm-up* begins with a small rate and raises it
# over the first epochs.
#
# **Question.** Will warm-up help SGD at our learning rate? And Adam at a rate that is too large for it? Write down two
# guesses, then run the next cell.


# %%
def warmed_up(optimizer, steps, epoch):
    """Two epochs from a hundredth of the learning rate up to all of it, then the cosine."""
    rise = lr_scheduler.LinearLR(optimizer, 0.01, 1.0, total_iters=2 * epoch)
    fall = lr_scheduler.CosineAnnealingLR(optimizer, steps - 2 * epoch)
    return lr_scheduler.SequentialLR(optimizer, [rise, fall], [2 * epoch])


warmth = {}
for name, optimizer, lr in (("SGD, rate 0.05", sgd, 0.05), ("Adam, rate 0.04", optim.Adam, 0.04)):
    for kind, schedule in (("cold", SCHEDULES["cosine"]), ("warm", warmed_up)):
        runs = [train(seed, epochs=min(EPOCHS, 8), lr=lr, optimizer=optimizer, schedule=schedule) for seed in SEEDS]
        warmth[name, kind] = np.array([test_accuracy(trainer) for trainer in runs])
    gain = warmth[name, "warm"] - warmth[name, "cold"]
    print(f"{name}: {warmth[name, 'cold'].mean():.1%} without, {warmth[name, 'warm'].mean():.1%} with warm-up; "
          f"gain for each seed:", *(f"{100 * g:+.1f}" for g in gain))
assert (warmth["Adam, rate 0.04", "warm"] - warmth["Adam, rate 0.04", "cold"]).mean() > 0.03
assert QUICK or abs((warmth["SGD, rate 0.05", "warm"] - warmth["SGD, rate 0.05", "cold"]).mean()) < 0.03

# %% [markdown]
# Warm-up is no gain by itself: for SGD at a rate that suits it, little or nothing changes. It makes **rates possible
# that are too large at the start**. Adam divides each gradient by its recent size, so its first steps are full steps,
# however little it knows yet; there warm-up rescues the run. Large batches with large rates, and transformers, need
# it too.
#
# ## Early stopping
#
# Train on 300 pictures only, for long, and watch the test loss.
#
# **Question.** After some epochs the network begins to learn its pictures by heart. What will the test loss do then?
# And the test accuracy? Sketch both curves, then run the next cell.

# %%
long, stopped = [], []
for seed in SEEDS:
    chosen = chosen_pictures(seed, 300)
    few = TensorDataset(pixels[chosen], labels[chosen])
    long.append(train(seed, data=few, epochs=20 if QUICK else 40))
    stopped.append(train(seed, data=few, epochs=20 if QUICK else 40, callbacks=[training.EarlyStopping(patience=5)]))
loss, accuracy = (np.array([[row[f"validation_{what}"] for row in t.history] for t in long])
                  for what in ("loss", "accuracy"))
best = loss.argmin(axis=1)
for number, trainer in enumerate(stopped):
    kept = training.evaluate(trainer.model, test_loader)["accuracy"]
    print(f"stopped after epoch {trainer.epoch}: {trainer.stopped}; accuracy {kept:.1%}, and without stopping "
          f"{accuracy[number, -1]:.1%}")
print(f"test loss {loss.min(axis=1).mean():.2f} at best, {loss[:, -1].mean():.2f} at the end")
assert (loss[:, -1] > 1.3 * loss.min(axis=1)).all()
assert QUICK or accuracy[:, -1].mean() > accuracy[np.arange(len(best)), best].mean() - 0.02

figure, axes = subplots(1, 2, width=14, height=6)
epochs = np.arange(1, loss.shape[1] + 1)
for ax, values, label in ((axes[0], loss, "test loss"), (axes[1], 100 * accuracy, "test accuracy, %")):
    ax.plot(epochs, values.mean(0), color=BLUE)
    ax.axvline(best.mean() + 1, color=RED, linewidth=1.5)
    ax.set(xlabel="epoch", ylabel=label)
axes[0].text(best.mean() + 2, 0.95 * loss.mean(0).max(), "stop here?", color=RED)
figure.suptitle("300 pictures: the loss says stop, the accuracy does not")
save(figure, "15_early_stopping")

# %% [markdown]
# The book says: stop where the validation loss is least. The loss does rise, by a lot; but the accuracy at the end is
# as good as where the loss was least. The network grows *overconfident*: its mistakes are made with more and more
# certainty, which the loss punishes and the accuracy does not see. So watch the number that you care about. If it is
# the probability, stop early, or see the next section but one.
#
# (We stop by the test set here, to see what is going on. In your own work keep a third set, for validation, and look
# at the test set once.)
#
# ## Augmentation
#
# Change each picture a little, in another way in each epoch: the label stays, the pixels do not. It says to the
# network: *this difference does not matter*.

# %%
CHANGES = {
    "moved": transforms.RandomCrop(28, padding=3),
    "flipped": transforms.RandomHorizontalFlip(),
}
clothes = datasets.FashionMini(train=True)
minitorch.manual_seed(0)
boot = clothes[int(np.flatnonzero(clothes.targets == 9)[0])][0]
figure, axes = subplots(2, 6, height=5)
for row, (name, change) in zip(axes, CHANGES.items()):
    image(row[0], boot, "as it is")
    for number, ax in enumerate(row[1:]):
        image(ax, change(boot), "" if number else name)
save(figure, "15_augmentation")

# %% [markdown]
# **Question.** We train without changes, with moves, and with flips, and test on pictures as they are, moved by two
# pixels, and flipped. Fill in a table of three by three: where does each way of training win? Then run the next cell.

# %%
augmented = {"as they are": scheduled["cosine"]}
for name, change in CHANGES.items():
    transform = transforms.Compose([change, transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    training_set = datasets.FashionMini(train=True, transform=transform)
    augmented[name] = [train(seed, data=Subset(training_set, chosen_pictures(seed)), schedule=SCHEDULES["cosine"])
                       for seed in SEEDS]
background = test_pixels.min()
moved = np.pad(test_pixels, ((0, 0), (0, 0), (0, 0), (2, 0)), constant_values=background)[..., :28]
tests = {"as they are": test_pixels, "moved": moved, "flipped": test_pixels[..., ::-1].copy()}
table = np.array([[np.mean([training.accuracy(training.predict(trainer.model, x), test_labels) for trainer in trainers])
                   for x in tests.values()] for trainers in augmented.values()])
print("tested on           ", *(f"{name:>12}" for name in tests))
for name, row in zip(augmented, table):
    print(f"trained {name:12}", *(f"{value:12.1%}" for value in row))
assert table[1, 1] > table[0, 1] + 0.05 and table[2, 2] > table[0, 2] + 0.05
assert table[1, 0] < table[0, 0] - 0.02 and (QUICK or abs(table[2, 0] - table[0, 0]) < 0.02)
compare("moved", augmented["moved"], "cosine")
compare("flipped", augmented["flipped"], "cosine")

# %% [markdown]
# Each augmentation wins, by far, where the test pictures vary in the way that it taught. Where they do not, flips
# cost hardly anything here, but moves cost **much**: these pictures are all centred, a network of linear layers must
# learn each place anew, and in so short a run it has not seen enough. Augmentation is a statement about the pictures
# to come; make it when it is true. For photographs of the world it nearly always is, and to a convolutional network
# moves come easier (lesson 7).
#
# ## Softer targets: label smoothing and MixUp
#
# The loss demands probability 1 for the true class, and never has enough. *Label smoothing* asks for 0.91 and for
# 0.01 at each of the others. *MixUp* trains on weighted means of two pictures, with the weighted mean of their
# labels.
#
# **Question.** A network says "I am 90% sure" on average. How often is it right? And with softer targets? Write down
# your guess, then run the next cell.

# %%
softened = {
    "cosine": scheduled["cosine"],
    "label smoothing": [train(seed, schedule=SCHEDULES["cosine"], smoothing=0.1) for seed in SEEDS],
    "MixUp": [train(seed, schedule=SCHEDULES["cosine"], batch_transform=transforms.MixUp(0.4, 10)) for seed in SEEDS],
}
surplus = {}
for name, trainers in softened.items():
    sure = np.mean([training.predict(trainer.model, test_pixels).max(axis=1).mean() for trainer in trainers])
    right = np.mean([test_accuracy(trainer) for trainer in trainers])
    surplus[name] = sure - right
    compare(name, trainers, "cosine")
    print(f"                   sure {sure:.1%}, right {right:.1%}: {100 * surplus[name]:+.0f} points too sure")
assert QUICK or surplus["cosine"] > 0.05
assert surplus["label smoothing"] < surplus["cosine"] and surplus["MixUp"] < surplus["cosine"]

# %% [markdown]
# Without softer targets the network is far surer than it should be. Both make it more modest. Whether they also make it
# more often right, judge by the gains above and their errors.
#
# ## Dropout and stochastic depth
#
# *Dropout* sets each hidden number to 0 with some probability, in training only, so that no unit may rely on another.
# *Stochastic depth* does it to the whole branch of a residual block, so that the network is shorter at each step.
#
# **Question.** Both are to make training harder. What will they do to the training loss, and what to the test accuracy?
# Write down your guess, then run the next cell.

# %%
made_with = {"dropout": lambda: network(dropout=0.5), "stochastic depth": lambda: network(drop_path=0.3)}
dropped = {}
for name, make in made_with.items():
    dropped[name] = trainers = [train(seed, schedule=SCHEDULES["cosine"], make=make) for seed in SEEDS]
    compare(name, trainers, "cosine")
    print(f"                   training loss {last_loss(trainers):.3f}, without {last_loss(scheduled['cosine']):.3f}")
assert all(abs(last_loss(trainers) - last_loss(scheduled["cosine"])) < 0.05 for trainers in dropped.values())
assert QUICK or all(abs(results[name].mean() - results["cosine"].mean()) < 0.02 for name in dropped)

# %% [markdown]
# The book promises a higher training loss, for the training is harder, and a better test accuracy. Here both losses are
# nearly that of the plain network, and the accuracy moves by less than two points: small networks and short runs notice
# little of either. Both were made for networks with far more weights than pictures, trained for long.
#
# ## Averages of the weights
#
# With a constant rate the weights dance around a low place (lesson 4). Their **average** sits in the middle. *EMA*
# keeps an exponential moving average over steps; *SWA* the mean over the last epochs.
#
# **Question.** At a constant rate, without any schedule: how does the averaged network compare with the last one of
# the same run? Write down your guess, then run the next cell.


# %%
def ema(model):
    """An average that reaches back about 50 steps."""
    rule = swa_utils.get_ema_multi_avg_fn(decay=0.98)
    return training.Averaging(swa_utils.AveragedModel(model, multi_avg_fn=rule))


def swa(model):
    """The mean of the weights after each epoch of the second half."""
    return training.Averaging(swa_utils.AveragedModel(model), per="epoch", start=EPOCHS // 2)


def averaged_accuracy(trainer):
    """Of the averaged weights."""
    return trainer.history[-1]["average_validation_accuracy"]


for name, average in {"EMA": ema, "SWA": swa}.items():
    trainers = [train(seed, average=average) for seed in SEEDS]
    compare(name, trainers, "constant rate", averaged_accuracy)
    losses = np.array([[t.history[-1]["validation_loss"], t.history[-1]["average_validation_loss"]] for t in trainers])
    last, averaged = losses.mean(axis=0)
    print(f"                   test loss {last:.3f} of the last weights, {averaged:.3f} averaged")
    assert QUICK or (losses[:, 1] < losses[:, 0]).all()

# %% [markdown]
# For every seed the average has a lower loss than the weights it averages: much of what a schedule brings, for the
# price of a second copy. Networks with batch normalisation need one more pass for its statistics
# (`update_norms=True`).
#
# ## Everything together
#
# **Question.** Cosine, MixUp, stochastic depth and EMA in one run: is the gain the sum of the gains? Run the next cell.

# %%
together = [train(seed, schedule=SCHEDULES["cosine"], average=ema, batch_transform=transforms.MixUp(0.4, 10),
                  make=lambda: network(drop_path=0.1)) for seed in SEEDS]
compare("together", together, "constant rate", averaged_accuracy)
gain = {name: 100 * (values - results["constant rate"]) for name, values in results.items()}
parts = gain["EMA"].mean() + sum((gain[name] - gain["cosine"]).mean() for name in ("MixUp", "stochastic depth"))
print(f"sum of the gains {parts + gain['cosine'].mean():+.1f}, gain together {gain['together'].mean():+.1f} points")

figure, axes = subplots(height=7.5)
names = [name for name in results if name != "constant rate"][::-1]
means = np.array([gain[name].mean() for name in names])
errors = np.array([gain[name].std(ddof=1) for name in names]) / np.sqrt(len(SEEDS))
axes.axvspan(-100 * accuracies.std(ddof=1), 100 * accuracies.std(ddof=1), color=GRAY, alpha=0.2)
axes.errorbar(means, range(len(names)), xerr=2 * errors, fmt="o", color=PURPLE, capsize=6)
axes.set_yticks(range(len(names)), names)
axes.set(xlabel="gain over a constant rate, points, ± 2 standard errors",
         title="Gray: how much runs differ by chance alone")
save(figure, "15_gains")

# %% [markdown]
# Each point comes with its bar, and the gray band is the luck of a single run. Which of these ingredients would you
# defend in a talk? What you have learnt here is not which ingredient is best: that depends on the network, the data
# and the length of the run. It is how to find out.
#
# The same experiment with a convolutional network on more pictures takes an evening, not a minute: `examples/` has the
# networks.
