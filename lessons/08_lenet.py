# %% [markdown]
# # Lesson 8: LeNet on real images
#
# **Teaches:** the first convolutional network that went to work, as a whole: where its weights and its work are, what
# it learns, what its filters look like, what its shape assumes about images, and how to look at mistakes.
#
# **Needs:** lessons 4 (SGD), 5 (initialisation), 6 (convolution) and 7 (pooling).
#
# **Time:** 75 minutes to read and discuss; 60 s of computing (`--quick`: 8 s).
#
# **Sources:** LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition"; Xiao,
# Rasul and Vollgraf 2017, "Fashion-MNIST"; Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural
# networks".

# %%
import numpy as np
from classroom import BLUE, GRAY, GREEN, ORANGE, QUICK, image, save, subplots

import minitorch
import minitorch.nn.functional as F
from minitorch import models, nn, optim, tools
from minitorch.data import DataLoader, TensorDataset, datasets
from minitorch.training import accuracy, confusion_matrix, predict

names = datasets.FashionMini.classes
train_images, train_labels = datasets.FashionMini(train=True).arrays()
test_images, test_labels = datasets.FashionMini(train=False).arrays()
mean, std = train_images.mean(), train_images.std()
train_images, test_images = (train_images - mean) / std, (test_images - mean) / std
if QUICK:
    train_images, train_labels = train_images[::4], train_labels[::4]
EPOCHS = 2 if QUICK else 8
SEEDS = range(1 if QUICK else 2)
print(f"{len(train_images):,} images to learn from, {len(test_images):,} to test; classes: {', '.join(names)}")

# %% [markdown]
# ## The network
#
# Two convolutions of 5 x 5, each followed by pooling, then three linear layers:
#
# $$1 \times 28 \times 28 \to 6 \times 28 \times 28 \to 6 \times 14 \times 14 \to 16 \times 10 \times 10 \to
# 16 \times 5 \times 5 \to 120 \to 84 \to 10$$
#
# (This is today's form, with ReLU, max pooling, and two rows of zeros around the image; `models.lenet5_1998` is the
# original.) A convolution from $C$ to $O$ channels has $O \cdot (25\,C + 1)$ weights and biases, and does
# $25\,C\,O$ multiplications for each pixel of its output.
#
# **Question.** Compute both numbers for all five layers with pencil and paper. Which share of the parameters is in the
# two convolutions? And which share of the multiplications? (The table calls them MACs, each with its addition; its
# column *field* is the receptive field of lesson 6.)

# %%
summary = tools.summary(models.lenet5(), (1, 28, 28))
print(summary)
rows = {row.layer: row for row in summary.rows}
parameters = rows["features"].parameters / rows[""].parameters
work = rows["features"].macs / rows[""].macs
print(f"the convolutions have {parameters:.0%} of the parameters and do {work:.0%} of the multiplications")
assert rows[""].parameters == 61_706 and parameters < 0.05 and work > 0.8
figure, axes = subplots()
layers = {"conv 1": "features.0", "conv 2": "features.3", "linear 1": "classifier.1", "linear 2": "classifier.3",
          "linear 3": "classifier.5"}  # fmt: skip
axes.bar(np.arange(5) - 0.2, [rows[layer].parameters for layer in layers.values()], 0.4, label="parameters")
axes.bar(np.arange(5) + 0.2, [rows[layer].macs for layer in layers.values()], 0.4, label="multiplications")
axes.set_xticks(range(5), layers)
axes.set_title("Convolutions work, linear layers store")
axes.legend()
save(figure, "08_costs")

# %% [markdown]
# Shared weights: few numbers, used at every place. Most of the weights sit in one linear layer, the first, which takes
# the 400 numbers of the last map.
#
# ## Training, and whom to compare with
#
# A number says nothing alone. Beside LeNet we train a linear classifier and an MLP with about as many parameters, with
# the same steps, from Kaiming's start.
#
# **Question.** Guess the three shares of test images right. A blind guess gets one in ten.

# %%
def linear_classifier():
    """Pixels to scores."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def mlp():
    """Two hidden layers, about as many parameters as LeNet."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 72), nn.ReLU(), nn.Linear(72, 60), nn.ReLU(), nn.Linear(60, 10)
    )  # fmt: skip


def start(model):
    """Kaiming's rule for every layer, biases 0."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    return model


def train(model, images, labels, lr=0.05):
    """SGD with momentum and a learning rate that falls to 0. Returns the mean loss of each epoch."""
    loader = DataLoader(TensorDataset(images, labels), batch_size=100, shuffle=True)
    optimizer = optim.SGD([p for p in model.parameters() if p.requires_grad], lr=lr, momentum=0.9)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=EPOCHS * len(loader))
    losses = []
    for _ in range(EPOCHS):
        total = 0.0
        for x, y in loader:
            loss = F.cross_entropy(model(minitorch.from_numpy(x)), minitorch.from_numpy(y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        losses.append(total / len(loader))
    return losses


def experiment(build, train_images=train_images, test_images=test_images, lr=0.05):
    """The trained models of all seeds and their shares of test images right."""
    trained, shares = [], []
    for seed in SEEDS:
        minitorch.manual_seed(seed)
        model = start(build())
        losses = train(model, train_images, train_labels, lr)
        trained.append(model)
        shares.append(accuracy(predict(model, test_images), test_labels))
        learnt = accuracy(predict(model, train_images), train_labels)
        print(f"  seed {seed}: loss {losses[0]:.2f} to {losses[-1]:.2f}; right: training {learnt:.1%}, "
              f"test {shares[-1]:.1%}")
    return trained, np.mean(shares)


right = {}
print(f"linear, {sum(p.numel() for p in linear_classifier().parameters()):,} parameters")
_, right["linear"] = experiment(linear_classifier, lr=0.01)
print(f"MLP, {sum(p.numel() for p in mlp().parameters()):,} parameters")
_, right["MLP"] = experiment(mlp)
print(f"LeNet, {sum(p.numel() for p in models.lenet5().parameters()):,} parameters")
trained, right["LeNet"] = experiment(models.lenet5)
lenet = trained[0]
assert QUICK or right["linear"] + 0.01 < min(right["MLP"], right["LeNet"])
assert QUICK or abs(right["LeNet"] - right["MLP"]) < 0.03

# %% [markdown]
# Both networks beat the linear classifier. **LeNet and the MLP are closer than most books would have it**, hardly
# further apart than two seeds of one network: small grey images, all centred and of one size, leave an MLP little to
# complain about. Are convolutions then worth nothing here? The next experiment says what LeNet's result rests on.
#
# ## What if pixels had no neighbours?
#
# Take one random order of the 784 pixels and rearrange *all* images by it, training and test alike. Not a bit of
# information is lost; only who is whose neighbour.
#
# **Question.** What happens to the MLP? What happens to LeNet?

# %%
order = np.random.default_rng(0).permutation(784)


def scrambled(images):
    """The same pixels in another order, the same for all images."""
    return np.ascontiguousarray(images.reshape(len(images), 784)[:, order].reshape(images.shape))


figure, panels = subplots(1, 6, height=3)
for number in range(3):
    image(panels[2 * number], train_images[number, 0], names[train_labels[number]])
    image(panels[2 * number + 1], scrambled(train_images)[number, 0], "scrambled")
print("MLP on scrambled images")
_, right["MLP, scrambled"] = experiment(mlp, scrambled(train_images), scrambled(test_images))
print("LeNet on scrambled images")
_, right["LeNet, scrambled"] = experiment(models.lenet5, scrambled(train_images), scrambled(test_images))
loss_of = {name: right[name] - right[f"{name}, scrambled"] for name in ("MLP", "LeNet")}
print("lost by scrambling:", ", ".join(f"{name} {lost:.1%}" for name, lost in loss_of.items()))
assert QUICK or (loss_of["LeNet"] > 0.02 and abs(loss_of["MLP"]) < 0.01)
assert QUICK or right["LeNet, scrambled"] < min(right["MLP, scrambled"], right["linear"])
save(figure, "08_scrambled")

# %% [markdown]
# The MLP does not notice: to a linear layer the order of its inputs is a matter of names. LeNet falls below the linear
# classifier: its filters look for patterns of neighbours, and there are none. That neighbours belong together is what a
# convolution *knows* before it has seen a single image; on larger and less tidy images than these it is worth more.
#
# ## What the filters look like
#
# **Question.** The filters began as random numbers. Will you recognise edges or spots in the six filters of the first
# layer after training? How much of the first values will have changed?

# %%
minitorch.manual_seed(0)
before = start(models.lenet5()).features[0].weight.detach().numpy()[:, 0].copy()
after = lenet.features[0].weight.detach().numpy()[:, 0]
figure, grid = subplots(2, 6, height=5)
limit = np.abs(after).max()
for number in range(6):
    for row, filters, name in ((0, before, "before"), (1, after, "after")):
        title = f"{name} {number}"
        image(grid[row, number], filters[number], title, cmap="RdBu_r", vmin=-limit, vmax=limit)
moved = np.linalg.norm(after - before) / np.linalg.norm(before)
alike = (after * before).sum() / (np.linalg.norm(after) * np.linalg.norm(before))
print(f"the filters moved by {moved:.0%} of their length; cosine of before and after {alike:.2f}")
assert alike > 0.3, "training does not replace the start, it changes it"
save(figure, "08_filters")

# %% [markdown]
# They are not as tidy as in textbooks: some have a direction, light on one side and dark on the other, as the edge
# kernels of lesson 6; in others one still recognises the random start. Filters of 5 x 5 trained on ten thousand small
# images need not become beautiful to be useful. How useful are they?
#
# **Question.** Keep both convolutions as they were drawn, at random, and train the linear layers alone. How many of the
# test images will be right?

# %%
def frozen_lenet():
    """LeNet whose convolutions are not trained."""
    model = models.lenet5()
    model.features.requires_grad_(False)
    return model


print("LeNet with random convolutions")
_, right["random filters"] = experiment(frozen_lenet)
print(", ".join(f"{name} {share:.1%}" for name, share in right.items()))
assert QUICK or 0.6 < right["random filters"] < right["linear"]
figure, axes = subplots()
colors = [GRAY, BLUE, GREEN, BLUE, GREEN, ORANGE]
axes.barh(list(right), list(right.values()), color=colors)
for place, share in enumerate(right.values()):
    axes.text(share + 0.005, place, f"{share:.1%}", va="center")
axes.invert_yaxis()
axes.set(xlim=(0, 1), xlabel="test images right", title="What is a convolution worth?")
save(figure, "08_compared")

# %% [markdown]
# With random filters the network finds its way, but falls behind the linear classifier on bare pixels: what random
# filters and pooling throw away costs more than three linear layers can make good. The filters look half random, and
# yet training them is what makes LeNet. Judge filters by such an experiment, not by their looks.
#
# ## Inside
#
# **Question.** Which of the six maps of the first layer will light up on the outline of a bag, which on its surface?
# Look at the filters above and guess; the cell shows the maps.

# %%
bag = test_images[np.flatnonzero(test_labels == names.index("Bag"))[1]]
with minitorch.no_grad():
    maps = lenet.features(minitorch.from_numpy(bag[None]))  # behind conv 1, pool 1, conv 2, pool 2
print("maps:", [tuple(m.shape) for m in maps])
first, last = maps[0].numpy()[0], maps[-1].numpy()[0]
strongest = np.sort(np.argsort(-last.sum(axis=(1, 2)))[:6])  # of the 16 maps of layer 2
figure, grid = subplots(2, 7, height=5)
image(grid[0, 0], bag[0], "image")
image(grid[1, 0], last.mean(axis=0), "all of\nlayer 2")
for number, strong in enumerate(strongest):
    image(grid[0, number + 1], np.maximum(first[number], 0), f"layer 1: {number}", cmap="magma")
    image(grid[1, number + 1], last[strong], f"layer 2: {strong}", cmap="magma")
assert [m.shape[-1] for m in maps] == [28, 14, 10, 5]
save(figure, "08_maps")

# %% [markdown]
# The maps of the first layer are still images of a bag; those of the second, 5 x 5 (the six strongest), say where
# something is, in a language that only the linear layers behind them need to understand.
#
# ## Mistakes
#
# **Question.** Ten classes. Which class is recognised worst, and with which is it confused?

# %%
probabilities = predict(lenet, test_images)
said = probabilities.argmax(axis=1)
counts = confusion_matrix(said, test_labels, 10)
share = counts / counts.sum(axis=1, keepdims=True)
figure, axes = subplots(height=8)
axes.imshow(np.sqrt(share), cmap="Blues")
for (i, j), value in np.ndenumerate(share):
    if value >= 0.01:
        color = "white" if value > 0.4 else "black"
        axes.text(j, i, f"{value:.0%}", ha="center", va="center", fontsize=12, color=color)
axes.set_xticks(range(10), names, rotation=45, ha="right")
axes.set_yticks(range(10), names)
axes.set(xlabel="the network says", ylabel="it is", title="Confusions")
recall = share.diagonal()
worst = int(recall.argmin())
others = share[worst].copy()
others[worst] = 0
print(f"best: {names[recall.argmax()]} {recall.max():.0%}; worst: {names[worst]} {recall.min():.0%}, "
      f"most often taken for {names[others.argmax()]}")
tops = [names.index(name) for name in ("T-shirt/top", "Pullover", "Coat", "Shirt", "Dress")]
assert worst in tops and others.argmax() in tops and (QUICK or names[worst] == "Shirt")
inside = counts[np.ix_(tops, tops)].sum() - counts[tops, tops].sum()
print(f"of the {len(said) - counts.trace():.0f} mistakes, {inside / (counts.sum() - counts.trace()):.0%} are among "
      f"{', '.join(names[i] for i in tops)}")
assert QUICK or inside / (counts.sum() - counts.trace()) > 0.6
save(figure, "08_confusions")

# %% [markdown]
# Most mistakes are among the clothes for the upper body, and the shirt is what one would have guessed. The classes are
# not equally hard, so one number for the whole test hides more than it says.
#
# **Question.** When the network is wrong, does it know? Among the answers that it gives with more than 90 per cent,
# what share is wrong?

# %%
confidence = probabilities.max(axis=1)
wrong = said != test_labels
print(f"mean confidence when right {confidence[~wrong].mean():.0%}, when wrong {confidence[wrong].mean():.0%}")
for low, high in ((0, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.99), (0.99, 1.01)):
    chosen = (confidence > low) & (confidence <= high)
    if chosen.any():
        count, share_wrong = chosen.sum(), wrong[chosen].mean()
        print(f"confidence {low:4.0%} to {min(high, 1):4.0%}: {count:4} images, {share_wrong:4.0%} of them wrong")
sure = confidence > 0.9
print(f"above 90%: {wrong[sure].mean():.1%} wrong; mean confidence there {confidence[sure].mean():.1%}")
assert confidence[wrong].mean() < confidence[~wrong].mean() and wrong[sure].mean() < wrong[~sure].mean()
figure, grid = subplots(2, 5)
worst_first = np.flatnonzero(wrong)[np.argsort(-confidence[wrong])]
for axes, i in zip(grid.flat, worst_first):
    image(axes, test_images[i, 0], f"{names[said[i]]} {confidence[i]:.0%}\nis {names[test_labels[i]]}")
    axes.title.set_fontsize(14)
figure.suptitle("Wrong, with the most confidence")
save(figure, "08_mistakes")

# %% [markdown]
# Confidence is worth something: the surer the network, the rarer a mistake. It is no guarantee: the pictures show
# mistakes made with nearly full confidence. Look at them one by one: some labels are a matter of taste, and a person
# would not do better on 28 x 28 pixels. Looking at mistakes costs ten minutes, and usually says what to do next: other
# data, other labels, or another network.
#
# To remember:
#
# * In LeNet convolutions do most of the work with few of the parameters.
# * Compare: with a linear classifier, with an MLP of the same size, over several seeds.
# * What a convolution knows beforehand is that neighbours belong together. Scramble the pixels and it is gone.
# * Learnt filters need not be beautiful, and random ones will not do. Measure.
# * Look at the confusion matrix and at the mistakes, not at one number.
#
# ## Exercises
#
# `pytest lessons/exercises/test_08_lenet.py`
