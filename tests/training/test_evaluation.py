"""Evaluation: means over samples, probabilities, and modes that come back."""

import numpy as np
import pytest
from training_runs import loader, network, points

import minitorch
from minitorch import nn
from minitorch.training import evaluate, evaluation_mode, predict, topk


def scores_of(model, inputs):
    modes = [module.training for module in model.modules()]
    scores = model.eval()(minitorch.from_numpy(inputs)).detach().numpy()
    for module, training in zip(model.modules(), modes):
        module.training = training
    return scores


def test_means_are_over_samples():
    """Batches of 8, 8 and 4."""
    model = network(dropout=0.5)
    inputs, labels = points(20)
    scores = scores_of(model, inputs)
    found = evaluate(model, loader(20), nn.CrossEntropyLoss(), {"top2": topk(2)})
    losses = -np.log(np.exp(scores)[np.arange(20), labels] / np.exp(scores).sum(1))
    assert found == {"loss": pytest.approx(losses.mean(), rel=1e-6), "top2": topk(2)(scores, labels)}
    assert evaluate(model, loader(20)) == {"accuracy": (scores.argmax(1) == labels).mean()}


def test_every_module_gets_its_mode_back():
    model = network()
    for root, norm, last in ((True, False, True), (False, True, False), (True, True, False)):
        model.train(root)
        model[1].training, model[4].training = norm, last
        before = [module.training for module in model.modules()]
        evaluate(model, loader())
        predict(model, points()[0])
        assert [module.training for module in model.modules()] == before
        with pytest.raises(RuntimeError), evaluation_mode(model):
            assert not any(module.training for module in model.modules()) and not minitorch.is_grad_enabled()
            raise RuntimeError
        assert [module.training for module in model.modules()] == before and minitorch.is_grad_enabled()


def test_modes_come_back_after_an_exception_in_the_model_or_the_data():
    def broken():
        yield from loader()
        raise LookupError

    model = network()
    model[1].eval()
    for batches, error in ((broken(), LookupError), ([(np.ones((2, 9), np.float32), [0, 1])], Exception)):
        with pytest.raises(error):
            evaluate(model, batches)
        assert model.training and not model[1].training and model[4].training


def test_evaluation_teaches_nothing():
    model = network(dropout=0.5)
    batches = list(loader())
    state = minitorch.default_generator.get_state()
    before = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    evaluate(model, batches)
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[key])
    assert all(parameter.grad is None for parameter in model.parameters())
    assert minitorch.default_generator.get_state() == state


def test_a_model_without_parameters():
    inputs, labels = points(20)
    model = nn.Softmax(1)
    assert evaluate(model, loader(20)) == {"accuracy": (inputs.argmax(1) == labels).mean()}
    assert predict(model, inputs).shape == (20, 4)


def test_predictions_of_an_array_and_of_a_loader():
    model, inputs = network(), points(20)[0]
    scores = scores_of(model, inputs)
    expected = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    for data in (inputs, loader(20), list(loader(20))):
        found = predict(model, data, batch_size=1)  # batch norm refuses one row in training mode
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    with pytest.raises(ValueError, match="no inputs"):
        predict(model, inputs[:0])
    with pytest.raises(ValueError, match="no samples"):
        evaluate(model, [])
