"""The training loop against one written by hand, and what it promises about batches, modes and interrupts."""

import os
import signal

import numpy as np
import pytest
from training_runs import arrays, assert_same_weights, loader, network, points, run

import minitorch
from minitorch import nn, optim
from minitorch.data import DataLoader, Dataset, TensorDataset
from minitorch.nn.utils import clip_grad_norm_, clip_grad_value_
from minitorch.training import Callback, Diverged, Trainer, topk


def by_hand(model, batches, epochs=1, change_gradients=lambda parameters: None, lr=0.1):
    """The loop that everybody writes."""
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(epochs):
        for inputs, targets in batches:
            loss = nn.CrossEntropyLoss()(model(minitorch.from_numpy(inputs)), minitorch.from_numpy(targets))
            optimizer.zero_grad()
            loss.backward()
            change_gradients(model.parameters())
            optimizer.step()
            losses.append(loss.item())
    return losses


def test_equals_a_loop_by_hand():
    model, other = network(dropout=0.3), network(dropout=0.3)
    minitorch.manual_seed(1)
    losses = by_hand(other, loader(shuffle=True), epochs=3)
    minitorch.manual_seed(1)
    history = run(model).fit(loader(shuffle=True), epochs=3)
    assert_same_weights(model, other)
    means = np.array(losses).reshape(3, -1).mean(1)  # all batches have one size
    np.testing.assert_allclose([row["train_loss"] for row in history], means, rtol=1e-12)


def test_rows_of_the_history():
    model = network()
    metrics = {"accuracy": lambda scores, targets: (scores.argmax(1) == targets).mean(), "top2": topk(2)}
    trainer = run(model, lr=0.25, metrics=metrics)
    history = trainer.fit(loader(), loader(30, 7, seed=1), epochs=2)
    assert history is trainer.history and trainer.row is history[1]
    parts = ("loss", "accuracy", "top2")
    names = ["epoch", "lr", *(f"{kind}_{part}" for kind in ("train", "validation") for part in parts)]
    assert list(history[0]) == names and [row["epoch"] for row in history] == [1, 2] and history[0]["lr"] == 0.25
    assert all(type(value) in (int, float) for value in history[0].values())
    inputs, targets = points(30, seed=1)
    model.eval()
    scores = model(minitorch.from_numpy(inputs)).detach().numpy()
    assert history[1]["validation_accuracy"] == pytest.approx((scores.argmax(1) == targets).mean())
    expected = -np.log(np.exp(scores)[np.arange(30), targets] / np.exp(scores).sum(1)).mean()
    assert history[1]["validation_loss"] == pytest.approx(expected, rel=1e-5)
    assert (trainer.epoch, trainer.step, trainer.batch) == (2, 12, 0)


def test_several_sets_of_validation_data():
    history = run().fit(loader(), {"validation": loader(9, seed=1), "test": loader(12, seed=2)})
    assert [name for name in history[0] if "loss" in name] == ["train_loss", "validation_loss", "test_loss"]
    assert history[0]["validation_loss"] != history[0]["test_loss"]


def test_epochs_count_those_of_earlier_calls():
    once, twice = network(), network()
    run(once).fit(loader(), epochs=3)
    trainer = run(twice)
    assert len(trainer.fit(loader(), epochs=1)) == 1
    assert len(trainer.fit(loader(), epochs=3)) == 3
    assert len(trainer.fit(loader(), epochs=3)) == 3
    assert_same_weights(twice, once)


def test_regression_has_a_loss_alone():
    model = nn.Linear(4, 1)
    data = TensorDataset(points()[0], points()[0].sum(1, keepdims=True))
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.05), nn.MSELoss(), callbacks=[])
    history = trainer.fit(DataLoader(data, 8), DataLoader(data, 8), epochs=30)
    assert list(history[0]) == ["epoch", "lr", "train_loss", "validation_loss"]
    assert history[-1]["validation_loss"] < 0.02 * history[0]["train_loss"]


# Gradients.


def test_accumulated_gradients_are_those_of_a_large_batch():
    """Also where the last batch is smaller (4 of 28 samples in batches of 8), or alone."""
    for count, small, large in ((48, 4, 12), (28, 8, 16), (20, 8, 16)):
        models = [nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)) for _ in range(2)]
        models[1].load_state_dict(models[0].state_dict())
        trainer = run(models[0], accumulate=large // small)
        trainer.fit(loader(count, small), epochs=2)
        run(models[1]).fit(loader(count, large), epochs=2)
        assert trainer.step == 2 * -(-count // large)
        for key, value in arrays(models[1]).items():
            np.testing.assert_allclose(arrays(models[0])[key], value, rtol=2e-5, atol=1e-6, err_msg=key)


@pytest.mark.parametrize(
    "settings, change",
    [
        ({"clip_norm": 0.1}, lambda parameters: clip_grad_norm_(parameters, 0.1)),
        ({"clip_value": 0.01}, lambda parameters: clip_grad_value_(parameters, 0.01)),
    ],
)
def test_clipped_gradients(settings, change):
    model, other, free = network(), network(), network()
    run(model, **settings).fit(loader(), epochs=2)
    by_hand(other, loader(), 2, change)
    run(free).fit(loader(), epochs=2)
    assert_same_weights(model, other)
    assert (arrays(free)["0.weight"] != arrays(model)["0.weight"]).any()


def test_gradients_from_before_do_not_count():
    model, other = network(), network()
    (model(minitorch.ones(5, 4)) ** 2).sum().backward()
    other(minitorch.ones(5, 4))  # for the running statistics
    run(model).fit(loader())
    run(other).fit(loader())
    assert_same_weights(model, other)


def test_soft_targets_of_a_batch_transform():
    """The loss gets what the transform gives; the accuracy goes by the likeliest class; validation is left alone."""
    seen = []

    def transform(inputs, targets):
        seen.append(len(inputs))
        return inputs * 0, np.full((len(inputs), 3), (0.2, 0.7, 0.1), np.float32)

    trainer = run(batch_transform=transform)
    history = trainer.fit(loader(), loader(seed=1), epochs=25)
    assert seen == [8] * 6 * 25
    scores = trainer.model.eval()(minitorch.zeros(1, 4)).softmax(1)
    np.testing.assert_allclose(scores.detach().numpy(), [[0.2, 0.7, 0.1]], atol=0.02)
    assert history[-1]["train_accuracy"] == 1 and history[-1]["validation_accuracy"] < 0.9


# Modes.


def test_modes_during_training_and_validation():
    seen = []

    class Watch(nn.Module):
        def forward(self, x):
            seen.append((self.training, minitorch.is_grad_enabled()))
            return x

    model = nn.Sequential(nn.Linear(4, 3), Watch())
    model.eval()
    run(model).fit(loader(16), loader(8), epochs=2)
    assert seen == [(True, True), (True, True), (False, False)] * 2
    assert all(module.training for module in model.modules())


def test_a_frozen_norm_stays_frozen():
    model = network()
    model[1].eval()
    before = arrays(model)
    run(model).fit(loader(), loader(), epochs=2)
    assert not model[1].training and model.training and model[0].training
    for name in ("1.running_mean", "1.running_var"):
        np.testing.assert_array_equal(arrays(model)[name], before[name])


# The same run, however the batches come.


class Noisy(Dataset):
    """Points with noise from the stream of the sample."""

    def __len__(self):
        return 40

    def __getitem__(self, index):
        noise = minitorch.data.current_generator().standard_normal(4)
        return (np.eye(3, 4)[index % 3] + noise).astype(np.float32), index % 3


def test_any_number_of_workers_gives_the_same_run():
    results = []
    for workers in (0, 1, 4):
        model = network(dropout=0.5)
        batches = DataLoader(Noisy(), 8, shuffle=True, num_workers=workers)
        history = run(model).fit(batches, DataLoader(Noisy(), 8, num_workers=workers), epochs=3)
        results.append((arrays(model), history))
    for weights, history in results[1:]:
        assert history == results[0][1]
        for key, value in weights.items():
            np.testing.assert_array_equal(value, results[0][0][key], err_msg=key)


def test_a_list_of_batches_of_tensors():
    model, other = network(), network()
    batches = [(minitorch.from_numpy(x), minitorch.from_numpy(y)) for x, y in loader()]
    run(model).fit(batches, epochs=2)
    run(other).fit(loader(), epochs=2)
    assert_same_weights(model, other)


def test_an_exception_of_a_worker_reaches_the_user():
    class Broken(Noisy):
        def __getitem__(self, index):
            if index == 21:
                raise LookupError("picture 21 is damaged")
            return super().__getitem__(index)

    for workers in (0, 2):
        with pytest.raises(LookupError, match="picture 21 is damaged"):
            run().fit(DataLoader(Broken(), 8, num_workers=workers))


# Interrupts.


class Signal(Callback):
    """Sends a signal to this process after a step, and notes the moments that follow."""

    def __init__(self, step, number=signal.SIGINT):
        self.step, self.number, self.moments = step, number, []

    def on_step_end(self, trainer):
        if trainer.step == self.step:
            os.kill(os.getpid(), self.number)

    def on_interrupt(self, trainer):
        self.moments.append(("interrupt", trainer.step, trainer.batch))

    def on_fit_end(self, trainer):
        self.moments.append(("fit end", trainer.step, trainer.batch))

    def close(self, trainer):
        self.moments.append("close")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_ends_between_two_steps_and_fit_goes_on(number):
    model, whole = network(dropout=0.5), network(dropout=0.5)
    run(whole).fit(loader(shuffle=True), epochs=2)
    minitorch.manual_seed(3)
    network(dropout=0.5)  # draws what the whole run had drawn
    callback = Signal(9, number)
    trainer = run(model, [callback])
    batches = loader(shuffle=True)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(batches, epochs=2)
    assert callback.moments == [("interrupt", 9, 3), "close"] and trainer.epoch == 1
    assert signal.getsignal(signal.SIGINT) is before
    trainer.fit(batches, epochs=2)
    assert callback.moments[2:] == [("fit end", 12, 0), "close"]
    assert_same_weights(model, whole)


def test_interrupt_in_the_last_validation_is_not_lost():
    class Late(Signal):
        def on_epoch_end(self, trainer):
            os.kill(os.getpid(), self.number)

    callback = Late(None)
    with pytest.raises(KeyboardInterrupt):
        run(callbacks=[callback]).fit(loader())
    assert callback.moments == [("fit end", 6, 0), "close"]


# Bad input.


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"accumulate": 0}, "accumulate must be a positive integer"),
        ({"accumulate": 1.5}, "accumulate must be a positive integer"),
        ({"clip_norm": -1}, "clip_norm must be a positive number"),
        ({"clip_value": float("nan")}, "clip_value must be a positive number"),
        ({"batch_transform": 3}, "batch_transform must be a function, got int"),
        ({"callbacks": [Callback]}, "make an instance"),
        ({"callbacks": ["progress"]}, "must be training.Callback objects"),
    ],
)
def test_bad_settings(settings, words):
    with pytest.raises((TypeError, ValueError), match=words):
        run(**settings)


def test_numbers_of_numpy_are_numbers():
    trainer = run(accumulate=np.int64(2), clip_norm=np.float32(1))
    assert len(trainer.fit(loader(), epochs=np.int32(2))) == 2 and trainer.step == 6


def test_bad_fit():
    with pytest.raises(ValueError, match="epochs must be a positive integer"):
        run().fit(loader(), epochs=0)
    with pytest.raises(ValueError, match="gives no batches"):
        run().fit([])
    with pytest.raises(ValueError, match="gives no samples"):
        run().fit(loader(), [])
    with pytest.raises(TypeError, match="loss must be a function"):
        Trainer(network(), optim.SGD(network().parameters(), lr=1), "cross entropy")


def test_an_error_closes_the_callbacks():
    callback = Signal(None)
    with pytest.raises(Diverged):
        run(callbacks=[callback], lr=float("1e30")).fit(loader(), epochs=5)
    assert callback.moments == ["close"]
