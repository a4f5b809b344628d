"""EMA and SWA within a run, against averages taken by their definitions."""

import json

import numpy as np
import pytest
from training_runs import arrays, loader, network, run

import minitorch
from minitorch import nn
from minitorch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from minitorch.training import Averaging, Callback, Checkpoint, History, evaluate


class Weights(Callback):
    """Keeps the weights after each step and after each epoch."""

    rank = 5

    def __init__(self):
        self.steps, self.epochs = [], []

    def on_step_end(self, trainer):
        self.steps.append(arrays(trainer.model))

    def on_epoch_end(self, trainer):
        self.epochs.append(arrays(trainer.model))


def test_ema_after_every_step():
    model, weights = network(), Weights()
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.8), use_buffers=True)
    validation = loader(30, seed=1)
    history = run(model, [weights, Averaging(averaged)]).fit(loader(), validation, epochs=2)
    assert averaged.n_averaged.item() == 12
    for key in ("0.weight", "1.running_var", "4.bias"):
        expected = weights.steps[0][key].astype(np.float64)
        for step in weights.steps[1:]:
            expected = 0.8 * expected + 0.2 * step[key]
        np.testing.assert_allclose(arrays(averaged.module)[key], expected, rtol=1e-5, atol=1e-7, err_msg=key)
    found = evaluate(averaged.module, validation, nn.CrossEntropyLoss())
    assert history[1]["average_validation_loss"] == found["loss"] != history[1]["validation_loss"]
    assert history[1]["average_validation_accuracy"] == found["accuracy"]


def test_swa_of_the_last_epochs_with_new_norms(tmp_path):
    def trained():
        model, weights = network(dropout=0.4), Weights()
        averaging = Averaging(AveragedModel(model), per="epoch", start=2, update_norms=True)
        files = History(tmp_path / "history.json")
        trainer = run(model, [weights, averaging, files, Checkpoint(tmp_path, resume=True)])
        return trainer.fit(loader(), loader(30, seed=1), epochs=5), averaging, weights

    history, averaging, weights = trained()
    module = averaging.averaged.module
    assert averaging.averaged.n_averaged.item() == 3
    for key in ("0.weight", "4.weight"):
        expected = np.mean([epoch[key] for epoch in weights.epochs[2:]], 0)
        np.testing.assert_allclose(arrays(module)[key], expected, rtol=1e-5, atol=1e-7)
    hidden = np.concatenate([module[0](minitorch.from_numpy(x)).detach().numpy() for x, _ in loader()])
    means = hidden.reshape(6, 8, 6).mean(1).mean(0)  # the mean of six batches
    np.testing.assert_allclose(arrays(module)["1.running_mean"], means, rtol=1e-4, atol=1e-6)
    assert "average_validation_loss" in history[-1] and "average_validation_loss" not in history[-2]
    assert json.loads((tmp_path / "history.json").read_text()) == history
    again, restored, _ = trained()  # the run is over: nothing is done twice
    assert again == history
    for key, value in arrays(restored.averaged).items():
        np.testing.assert_array_equal(value, arrays(averaging.averaged)[key])


def test_nothing_to_average_yet():
    model = network()
    averaging = Averaging(AveragedModel(model), per="step", start=5, update_norms=True)
    history = run(model, [averaging]).fit(loader(), loader(), epochs=2)
    assert averaging.averaged.n_averaged.item() == 0 and not any("average" in name for name in history[-1])


def test_bad_settings():
    averaged = AveragedModel(network())
    with pytest.raises(TypeError, match="must be an optim.swa_utils.AveragedModel, got Sequential"):
        Averaging(network())
    for settings in ({"per": "batch"}, {"start": -1}, {"start": 1.0}):
        with pytest.raises(ValueError, match=f"{next(iter(settings))} must be"):
            Averaging(averaged, **settings)
