"""Statistics of layers over time, against NumPy on what hooks of the test see."""

import numpy as np
import pytest
from training_runs import loader, network, run

from minitorch.training import Callback, Statistics
from minitorch.training.statistics import measure


def by_hand(values):
    values = np.asarray(values, np.float64).ravel()
    root = np.sqrt((values**2).sum())
    return [values.mean(), values.std(), root, (values == 0).mean(), values.min(), values.max()]


class Look(Callback):
    """Keeps outputs, gradients and weights of each step."""

    rank = 5

    def __init__(self, model):
        self.outputs, self.gradients, self.weights = [], [], []
        for number in (0, 2):
            model[number].register_forward_hook(
                lambda module, args, output, number=number: self.outputs.append((number, output.detach().numpy()))
            )

    def on_gradients(self, trainer):
        self.gradients.append({name: p.grad.numpy().copy() for name, p in trainer.model.named_parameters()})
        self.weights.append({name: p.detach().numpy().copy() for name, p in trainer.model.named_parameters()})


def test_series_of_a_run():
    model = network()
    look, statistics = Look(model), Statistics(every=5, bins=7)
    run(model, [look, statistics]).fit(loader(), epochs=2)  # 12 steps: 1, 6, 11
    assert statistics.names("activation") == ["0", "1", "2", "3", "4"]
    assert statistics.names("gradient") == statistics.names("weight") == [n for n, _ in model.named_parameters()]
    for kind, name, seen in (
        ("activation", "2", [output for number, output in look.outputs if number == 2]),
        ("gradient", "0.weight", [step["0.weight"] for step in look.gradients]),
        ("weight", "4.bias", [step["4.bias"] for step in look.weights]),
    ):
        series = statistics.series(kind, name)
        assert series.steps.tolist() == [1, 6, 11] and series.counts.shape == (3, 7)
        for i, step in enumerate(series.steps):
            numbers = [column[i] for column in series[1:7]]
            np.testing.assert_allclose(numbers, by_hand(seen[step - 1]), rtol=1e-6)
            expected = np.histogram(seen[step - 1].astype(np.float64), 7)[0]
            np.testing.assert_array_equal(series.counts[i], expected)
    assert 0 < statistics.series("activation", "2").zeros[0] < 1


def test_hooks_are_there_in_these_steps_alone():
    seen = []

    class Count(Callback):
        rank = 15

        def on_step_start(self, trainer):
            seen.append(sum(len(module._forward_hooks) for module in trainer.model.modules()))

    model = network()
    run(model, [Statistics(every=4), Count()]).fit(loader())
    assert seen == [5, 0, 0, 0, 5, 0]
    assert not any(module._forward_hooks for module in model.modules())


def test_hooks_are_taken_off_after_an_error():
    model = network()
    with pytest.raises(ValueError):
        run(model, [Statistics()], batch_transform=lambda x, y: (x, y[:3])).fit(loader())
    assert not any(module._forward_hooks for module in model.modules())


def test_gathered_gradients_are_seen_once():
    model = network()
    statistics = Statistics(every=1)
    run(model, [statistics], accumulate=3).fit(loader())
    assert statistics.series("activation", "0").steps.tolist() == [1, 2]
    assert statistics.series("gradient", "0.bias").steps.tolist() == [1, 2]


def test_measure_of_odd_arrays():
    numbers, counts = measure(np.array([1, np.nan, 3, np.inf], np.float32), 2)
    np.testing.assert_allclose(numbers, by_hand([1, 3]))
    assert counts.tolist() == [1, 1]
    numbers, counts = measure(np.full((3, 3), 2.0), 4)
    assert numbers[1] == 0 and counts.tolist() == [0, 0, 9, 0]  # bins of a quarter, from 1.5 on
    numbers, counts = measure(np.array([-1.7e308, 1.7e308]), 1)  # farther apart than a number can say
    assert numbers[4:].tolist() == [-1.7e308, 1.7e308] and counts.tolist() == [2]
    assert measure(np.array([1.0, np.nextafter(1.0, 2)]), 4)[1].tolist() == [0, 0, 2, 0]  # too close for four bins
    for number in (3e38, -3e38):
        numbers, counts = measure(np.full(5, number, np.float32), 4)
        assert counts.sum() == 5 and numbers[1] == 0
    for array in (np.empty((0, 2)), np.full(3, np.nan)):
        numbers, counts = measure(array, 3)
        assert np.isnan(numbers).all() and counts.tolist() == [0, 0, 0]


def test_state_goes_on_in_another():
    model, first, second = network(), Statistics(every=5, bins=7), Statistics(every=5, bins=7)
    run(model, [first]).fit(loader(), epochs=2)
    second.load_state_dict(first.state_dict())
    for kind in ("activation", "gradient", "weight"):
        assert second.names(kind) == first.names(kind)
        for name in first.names(kind):
            for mine, other in zip(second.series(kind, name), first.series(kind, name)):
                np.testing.assert_array_equal(mine, other)
    run(model, [second]).fit(loader(), epochs=1)
    assert second.series("weight", "4.bias").steps.tolist()[:3] == [1, 6, 11]


def test_bad_questions():
    statistics = Statistics()
    with pytest.raises(ValueError, match="kind must be one of activation, gradient, weight, got 'loss'"):
        statistics.names("loss")
    with pytest.raises(KeyError, match="no weight of '0.bias'"):
        statistics.series("weight", "0.bias")
    for settings in ({"every": 0}, {"bins": 2.5}):
        with pytest.raises(ValueError, match="must be a positive integer"):
            Statistics(**settings)
