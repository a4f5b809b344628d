# %% [markdown]
# # Lesson 15: The recipe
#
# **Teaches:** the ingredients of a modern training run, added one at a time and measured: schedules, warm-up, early stopping,
# augmentation, label smoothing, MixUp, dropout, stochastic depth, averages of the weights. And how to tell a gain from luck.
#
# **Needs:** lessons 4 (SGD), 8 (training a network) and 10 (residual blocks).
#
# **Time:** 90 minutes to read and discuss; 60 s of computing (`--quick`: 6 s).
#
# **Sources:** Loshchilov and Hutter 2017, "SGDR"; Smith and Topin 2018, "Super-convergence"; Goyal et al. 2017, "Accurate,
# large minibatch SGD"; Prechelt 1998, "Early stopping - but when?"; Szegedy et al. 2016, "Rethinking the Inception
# architecture"; Zhang et al. 2018, "mixup"; Srivastava et al. 2014, "Dropout"; Huang et al. 2016, "Deep networks with
# stochastic depth"; Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization".

# %%
import numpy as np
from classroom import BLUE, GRAY, GREEN, ORANGE, PURPLE, QUICK, RED, image, save, subplots

import minitorch
from minitorch import nn, optim, training
from minitorch.data import DataLoader, Subset, TensorDataset, datasets, transforms
from minitorch.optim import lr_scheduler, swa_utils

SEEDS = range(2 if QUICK else 4)
EPOCHS = 6 if QUICK else 15
COUNT = 500 if QUICK else 1000  # training pictures

images, labels = datasets.FashionMini(train=True).arrays()
test_images, test_labels = datasets.FashionMini(train=False).arrays()
MEAN, STD = float(images.mean()), float(images.std())
pixels, test_pixels = (images - MEAN) / STD, (test_images - MEAN) / STD
test_loader = DataLoader(TensorDataset(test_pixels, test_labels), batch_size=1000)

# %% [markdown]
# ## One run, with places for every ingredient
#
# The recipe matters most where data is scarce: we train on 1,000 pictures of clothes. The network is small, so that we can
# afford dozens of runs: three residual blocks of two linear layers each. The training loop is `training.Trainer`.


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
# **Question.** We train the same network five times; only the seed differs: other pictures, first weights, order. By how
# many points do the test accuracies differ? Write down your guess, then run the next cell.

# %%
baseline = [train(seed) for seed in SEEDS]
accuracies = np.array([test_accuracy(trainer) for trainer in baseline])
print("test accuracies:", *(f"{accuracy:.1%}" for accuracy in accuracies))
print(f"mean {accuracies.mean():.1%}, standard deviation {accuracies.std(ddof=1):.1%}")
results = {"baseline": accuracies}  # name -> test accuracy for each seed


def compare(name, trainers, accuracy=test_accuracy):
    """Note the accuracies of an ingredient and print its gain: the differences to the baseline, seed by seed."""
    results[name] = np.array([accuracy(trainer) for trainer in trainers])
    gain = results[name] - results["baseline"]
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    print(f"{name:18} {results[name].mean():.1%}, gain {100 * gain.mean():+.1f} ± {100 * error:.1f} points")
    return results[name].mean()


# %% [markdown]
# NOISE
#
# ## Schedules
#
# Lesson 4 showed why: a large learning rate travels far, a small one settles.

# %%
SCHEDULES = {
    "constant": None,
    "steps": lambda optimizer, steps, epoch: lr_scheduler.MultiStepLR(optimizer, [steps // 2, 3 * steps // 4], 0.1),
    "cosine": lambda optimizer, steps, epoch: lr_scheduler.CosineAnnealingLR(optimizer, steps),
    "one cycle": lambda optimizer, steps, epoch: lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=steps),
}
scheduled = {}
for name, schedule in SCHEDULES.items():
    scheduled[name] = baseline if schedule is None else [train(seed, schedule=schedule) for seed in SEEDS]
    compare(name, scheduled[name])
    losses = [trainer.history[-1]["train_loss"] for trainer in scheduled[name]]
    print(f"                   training loss {np.mean(losses):.3f}")
figure, axes = subplots(1, 2, width=14, height=6)
for (name, trainers), color in zip(scheduled.items(), (GRAY, ORANGE, BLUE, GREEN)):
    axes[0].plot(range(1, EPOCHS + 1), [row["lr"] for row in trainers[0].history], color=color, label=name)
    curve = np.mean([[row["validation_accuracy"] for row in t.history] for t in trainers], axis=0)
    axes[1].plot(range(1, EPOCHS + 1), 100 * curve, color=color, label=name)
axes[0].set(xlabel="epoch", ylabel="learning rate")
axes[1].set(xlabel="epoch", ylabel="test accuracy, %")
axes[1].legend(loc="lower right")
save(figure, "15_schedules")

# %% [markdown]
# ## Warm-up


# %%
def warmed_up(optimizer, steps, epoch):
    """Two epochs from a hundredth of the learning rate up to all of it, then the cosine."""
    rise = lr_scheduler.LinearLR(optimizer, 0.01, 1.0, total_iters=2 * epoch)
    fall = lr_scheduler.CosineAnnealingLR(optimizer, steps - 2 * epoch)
    return lr_scheduler.SequentialLR(optimizer, [rise, fall], [2 * epoch])


for optimizer, rates in ((sgd, (0.05, 0.2)), (optim.Adam, (0.005, 0.04))):
    for lr in rates:
        for schedule in (SCHEDULES["cosine"], warmed_up):
            values = [test_accuracy(train(seed, epochs=min(EPOCHS, 8), lr=lr, optimizer=optimizer, schedule=schedule))
                      for seed in SEEDS]
            print(optimizer.__name__, lr, schedule.__name__, np.round(values, 3))

# %% [markdown]
# ## Early stopping

# %%
few = [chosen_pictures(seed, 300) for seed in SEEDS]
for seed, chosen in zip(SEEDS, few):
    data = TensorDataset(pixels[chosen], labels[chosen])
    long = train(seed, data=data, epochs=40)
    stopped = train(seed, data=data, epochs=40, callbacks=[training.EarlyStopping(patience=5)])
    loss = [row["validation_loss"] for row in long.history]
    acc = [row["validation_accuracy"] for row in long.history]
    print(np.argmin(loss) + 1, min(loss), loss[-1], acc[np.argmin(loss)], max(acc), acc[-1], stopped.stopped,
          training.evaluate(stopped.model, test_loader))

# %% [markdown]
# ## Augmentation

# %%
augment = transforms.Compose([
    transforms.RandomCrop(28, padding=2),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    transforms.Normalize(MEAN, STD),
])
augmented_set = datasets.FashionMini(train=True, transform=augment)
augmented = [train(seed, data=Subset(augmented_set, chosen_pictures(seed)), schedule=SCHEDULES["cosine"]) for seed in SEEDS]
compare("augmentation", augmented)
moved = np.roll(test_pixels, 2, axis=3)
for ts in (scheduled["cosine"], augmented):
    print([training.accuracy(training.predict(t.model, moved), test_labels) for t in ts], [t.history[-1]["train_accuracy"] for t in ts])

# %%
for name, kw in {"label smoothing": {"smoothing": 0.1}, "MixUp": {"batch_transform": transforms.MixUp(0.4, 10)},
                 "dropout": {"make": lambda: network(dropout=0.3)}, "stochastic depth": {"make": lambda: network(drop_path=0.3)}}.items():
    ts = [train(seed, schedule=SCHEDULES["cosine"], **kw) for seed in SEEDS]
    compare(name, ts)
    for tt, nn_ in ((ts, name), (scheduled["cosine"], "cosine")):
        conf = [training.predict(t.model, test_pixels).max(1).mean() for t in tt]
        tr = [training.accuracy(training.predict(t.model, pixels[chosen_pictures(s)]), labels[chosen_pictures(s)]) for s, t in zip(SEEDS, tt)]
        print(nn_, "conf", np.mean(conf), "train", np.mean(tr), "val loss", np.mean([t.history[-1]["validation_loss"] for t in tt]))

# %%
for name, average in {"EMA": lambda model: training.Averaging(swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.98))),
                      "SWA": lambda model: training.Averaging(swa_utils.AveragedModel(model), per="epoch", start=EPOCHS // 2)}.items():
    ts = [train(seed, average=average) for seed in SEEDS]
    compare(name, ts, lambda t: t.history[-1]["average_validation_accuracy"])
    print([t.history[-1]["average_validation_loss"] for t in ts], [t.history[-1]["validation_loss"] for t in ts], [t.history[-1]["validation_accuracy"] for t in ts])
def ema(model):
    return training.Averaging(swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.98)))
ts = [train(seed, data=Subset(augmented_set, chosen_pictures(seed)), epochs=2 * EPOCHS, schedule=SCHEDULES["cosine"], smoothing=0.1, average=ema, make=lambda: network(drop_path=0.2)) for seed in SEEDS]
compare("all", ts)
compare("all+ema", ts, lambda t: t.history[-1]["average_validation_accuracy"])
