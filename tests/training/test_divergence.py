"""NaN and infinity stop a run, with the step, the learning rate and the layer where they began."""

import numpy as np
import pytest
from training_runs import arrays, assert_same_weights, loader, network, points, run

import minitorch
from minitorch import nn, optim
from minitorch.data import DataLoader, TensorDataset
from minitorch.optim.lr_scheduler import ExponentialLR
from minitorch.optim.swa_utils import AveragedModel
from minitorch.training import Averaging, Diverged, Schedule, Trainer


class Bad(nn.Module):
    """A layer of which one call gives or makes something that is not finite."""

    def __init__(self, call, change):
        super().__init__()
        self.weight = nn.Parameter(minitorch.ones(4))
        self.call, self.change, self.calls = call, change, 0

    def forward(self, x):
        if self.training:
            self.calls += 1
        x = x * self.weight
        return self.change(x) if self.call <= self.calls else x


def nan_output(x):
    return x * float("nan")


def infinite_output(x):
    return x / (x * 0)


def nan_gradient(x):
    """x, with the gradient 0 * inf in one place: the root has the slope infinity at 0."""
    return x + ((x - x.detach()) ** 2).sqrt() * 0


def diverge(change, call=9, **settings):
    """A network of two linear layers with the bad one between them, named "body.bad"; the exception."""
    model = nn.Sequential({
        "body": nn.Sequential({"first": nn.Linear(4, 4), "drop": nn.Dropout(0.3), "bad": Bad(call, change)}),
        "last": nn.Linear(4, 3),
    })  # fmt: skip
    trainer = run(model, **settings)
    with pytest.raises(Diverged) as caught:
        trainer.fit(loader(), epochs=5)
    return caught.value, trainer


@pytest.mark.parametrize("change", [nan_output, infinite_output])
def test_an_output(change):
    """The ninth call is the third step of the second epoch; the weights are those after the eighth."""
    error, trainer = diverge(change)
    assert (error.epoch, error.step, error.lr, error.layer) == (2, 9, 0.1, "body.bad")
    assert trainer.step == 8 and all(np.isfinite(value).all() for value in arrays(trainer.model).values())
    words = r"epoch 2, step 9, learning rate 0.1: it began in the output of layer 'body.bad' \(Bad\)"
    with pytest.raises(Diverged, match=words):
        raise error


@pytest.mark.parametrize("settings", [{"clip_norm": 1.0}, {"clip_norm": 1.0, "accumulate": 2}])
def test_a_gradient_before_the_step(settings):
    """With clipping, the norm tells it before the weights are touched. The layer before it gets the NaN, too."""
    error, trainer = diverge(nan_gradient, **settings)
    assert (error.step, error.layer) == (9 if len(settings) == 1 else 5, "body.bad")
    assert "it began in the gradient of layer 'body.bad' (the backward of" in str(error)
    assert trainer.step == error.step - 1
    assert all(np.isfinite(value).all() for value in arrays(trainer.model).values())


@pytest.mark.parametrize("call", [9, 12])
def test_a_gradient_that_shows_after_the_step(call):
    """Without clipping it is seen in the next step, or at the end of the epoch (step 12); told is where it began."""
    error, trainer = diverge(nan_gradient, call)
    assert (error.epoch, error.step, error.layer) == (2, call, "body.bad")
    assert "it began in the weights of layer 'body.bad', which are NaN or infinite since that step" in str(error)


def test_the_learning_rate_is_that_of_the_step():
    model = nn.Sequential(Bad(9, nan_gradient), nn.Linear(4, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    schedule = Schedule(ExponentialLR(optimizer, 0.5), per="step")
    with pytest.raises(Diverged) as caught:
        Trainer(model, optimizer, nn.CrossEntropyLoss(), callbacks=[schedule]).fit(loader(), epochs=2)
    assert caught.value.lr == 0.1 * 0.5**8


def test_a_rate_that_is_too_high():
    with pytest.raises(Diverged) as caught:
        run(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3)), lr=1e30).fit(loader())
    assert caught.value.layer in ("0", "1") and caught.value.lr == 1e30 and caught.value.step <= 3


def test_scores_that_are_too_large_for_the_loss():
    """The square of 1e25 is infinite in float32; the last layer gave the scores, the container only passed them on."""
    model = nn.Sequential({"body": nn.Linear(4, 4), "head": nn.Sequential(nn.Linear(4, 3))})
    model.head[0].bias.array[...] = 1e25
    targets = np.zeros((8, 3), np.float32)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss(), callbacks=[])
    words = r"in the output of layer 'head.0', too large for the loss \(1e\+25 to"
    with pytest.raises(Diverged, match=words) as caught:
        trainer.fit([(points(8)[0], targets)])
    assert caught.value.layer == "head.0"


@pytest.mark.parametrize("accumulate, step", [(1, 3), (2, 2), (4, 1)])
def test_the_data(accumulate, step):
    inputs, labels = points()
    inputs[20, 1] = np.nan
    with pytest.raises(Diverged, match=f"epoch 1, step {step}.*the input batch itself holds NaN") as caught:
        run(network(), accumulate=accumulate).fit(DataLoader(TensorDataset(inputs, labels), 8))
    assert caught.value.layer is None


def test_the_targets():
    inputs, targets = points(24)[0], np.zeros((24, 3), np.float32)
    targets[13] = np.nan
    model = network()
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss(), callbacks=[])
    with pytest.raises(Diverged, match="step 2.*the target batch itself holds NaN"):
        trainer.fit(DataLoader(TensorDataset(inputs, targets), 8))


def test_the_data_of_the_validation():
    inputs, labels = points(24)
    inputs[20, 1] = np.nan
    trainer = run(network(dropout=0.5))
    words = "validation_loss is nan in epoch 1, after step 6, learning rate 0.1: the input batch itself holds NaN"
    with pytest.raises(Diverged, match=words) as caught:
        trainer.fit(loader(), DataLoader(TensorDataset(inputs, labels), 8), epochs=2)
    assert (caught.value.epoch, caught.value.step, caught.value.layer) == (1, 6, None)
    assert trainer.model.training and trainer.history == []


def test_running_statistics_that_are_not_finite():
    """They do no harm in training, where those of the batch are used."""
    model = network()
    model[1].running_var.array[2] = np.nan
    with pytest.raises(Diverged, match="validation_loss is nan .*in the output of layer '1' .BatchNorm1d"):
        run(model).fit(loader(), loader())


def test_an_average_that_is_not_finite():
    model = network()
    averaged = AveragedModel(model, avg_fn=lambda average, current, count: average * float("nan"))
    with pytest.raises(Diverged, match="average_validation_loss is nan in epoch 1, after step 6") as caught:
        run(model, [Averaging(averaged)]).fit(loader(), loader())
    assert caught.value.layer == "4" and all(np.isfinite(value).all() for value in arrays(model).values())


def test_a_validation_loss_that_is_not_found_again():
    """As with augmentation drawn anew in each pass."""
    class Loss:
        calls = 0

        def __call__(self, scores, targets):
            Loss.calls += 1
            return nn.CrossEntropyLoss()(scores, targets) * (float("nan") if Loss.calls == 8 else 1)

    model = network()
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.1), Loss(), callbacks=[])
    with pytest.raises(Diverged, match="a second pass through the data did not show where"):
        trainer.fit(loader(), loader())


def test_the_loss_function():
    model = nn.Linear(4, 3)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.1), lambda scores, targets: (scores * 0).log().mean(),
                      callbacks=[])  # fmt: skip
    with pytest.raises(Diverged, match="the loss is -inf in epoch 1, step 1, .*began in the loss function; the scores"):
        trainer.fit(loader())


def test_the_search_leaves_the_model_and_the_generator_alone():
    """Running statistics, weights and the stream of numbers are those at the moment of the fault."""
    def spoiled(model):
        class Loss:
            calls = 0

            def __call__(self, scores, targets):
                Loss.calls += 1
                value = nn.CrossEntropyLoss()(scores, targets)
                return value if Loss.calls < 4 else value * float("nan")

        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        return Trainer(model, optimizer, Loss(), callbacks=[])

    model, other = network(dropout=0.5), network(dropout=0.5)
    with pytest.raises(Diverged, match="began in the loss function"):
        spoiled(model).fit(loader(), epochs=1)
    state = minitorch.default_generator.get_state()
    minitorch.manual_seed(3)
    network(dropout=0.5)
    batches = iter(loader())
    run(other).fit([next(batches) for _ in range(3)])
    other(minitorch.from_numpy(next(batches)[0]))  # the forward pass that went wrong
    assert minitorch.default_generator.get_state() == state
    assert_same_weights(model, other)
    assert not any(module._forward_hooks for module in model.modules())


def test_dropout_is_drawn_alike_in_the_search():
    """A fault that depends on what is dropped: the mask is that of the step."""
    class Rare(nn.Module):
        def forward(self, x):
            return x / (x != 0).any(1, keepdim=True) if self.training else x

    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), Rare(), nn.Linear(4, 3))
    with pytest.raises(Diverged) as caught:
        run(model, lr=0.001).fit(loader(), epochs=40)
    assert caught.value.layer == "2"


def test_a_layer_whose_weights_another_uses():
    """The module that holds the weights is never called itself."""
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.store = nn.Linear(4, 3)

        def forward(self, x):
            return nn.functional.linear(x, self.store.weight, self.store.bias)

    model = nn.Sequential(Bad(10**9, nan_output), Shared())
    trainer = run(model)
    trainer.fit(loader())
    model[1].store.bias.array[0] = np.inf
    with pytest.raises(Diverged, match="layer '1.store'"):
        trainer.fit(loader(), epochs=2)
