"""Metrics, history, checkpoints, interrupts."""

import csv
import os
import signal

import numpy as np
import pytest

import minitorch
from minitorch import models, optim
from minitorch.nn import BatchNorm1d, Linear, Sequential
from minitorch.training import (
    History,
    accuracy,
    catch_interrupt,
    confusion_matrix,
    load_checkpoint,
    predict,
    save_checkpoint,
    writable_folder,
)


def test_accuracy_counts_right_rows():
    scores = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    assert accuracy(scores, [1, 0, 0, 0]) == 0.75


@pytest.mark.parametrize("scores, labels", [(np.ones(3), [0, 1, 2]), (np.ones((3, 2)), [0]), (np.ones((0, 2)), [])])
def test_accuracy_refuses_shapes(scores, labels):
    with pytest.raises(ValueError, match="accuracy"):
        accuracy(scores, labels)


def test_confusion_matrix_rows_are_true_classes():
    counts = confusion_matrix(predictions=[0, 1, 1, 2], labels=[0, 0, 1, 1], classes=3)
    np.testing.assert_array_equal(counts, [[1, 1, 0], [0, 1, 1], [0, 0, 0]])


def test_confusion_matrix_refuses():
    with pytest.raises(ValueError, match="predictions must be 0..1"):
        confusion_matrix([2], [0], 2)
    with pytest.raises(ValueError, match="two vectors"):
        confusion_matrix([1, 0], [0], 2)


def test_predict_restores_the_mode_and_uses_evaluation():
    model = Sequential(Linear(3, 4), BatchNorm1d(4))
    images = np.random.default_rng(0).standard_normal((7, 3)).astype("float32")
    parts = predict(model, images, batch_size=2)  # a last batch of 1 would raise in training mode
    assert model.training
    model.eval()
    expected = model(minitorch.from_numpy(images)).softmax(1).detach().numpy()
    np.testing.assert_allclose(parts, expected, rtol=1e-5)
    predict(model, images)
    assert not model.training


def test_history_is_a_csv(tmp_path):
    history = History(tmp_path / "history.csv")
    history.add(epoch=1, loss=0.5)
    history.add(epoch=2, loss=0.25)
    with open(tmp_path / "history.csv") as file:
        assert list(csv.DictReader(file)) == [{"epoch": "1", "loss": "0.5"}, {"epoch": "2", "loss": "0.25"}]
    assert history.column("loss") == [0.5, 0.25]


def trained(steps, model, optimizer):
    for _ in range(steps):
        x = minitorch.randn(4, 3)
        optimizer.zero_grad()
        (model(x) ** 2).mean().backward()
        optimizer.step()


def test_checkpoint_restores_everything(tmp_path):
    def fresh():
        minitorch.manual_seed(1)
        model = Sequential(Linear(3, 4), BatchNorm1d(4))
        return model, optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    model, optimizer = fresh()
    trained(3, model, optimizer)
    save_checkpoint(tmp_path / "c.safetensors", model, optimizer, epoch=3, note=["a", {"b": None}])
    trained(3, model, optimizer)
    other, other_optimizer = fresh()
    state = load_checkpoint(tmp_path / "c.safetensors", other, other_optimizer)
    assert state == {"epoch": 3, "note": ["a", {"b": None}]}
    trained(3, other, other_optimizer)
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[key].numpy(), value.numpy(), err_msg=key)


def test_checkpoint_cut_in_half(tmp_path):
    path = tmp_path / "c.safetensors"
    model = models.lenet5()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    save_checkpoint(path, model, optimizer)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    before = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    with pytest.raises(ValueError, match="c.safetensors"):
        load_checkpoint(path, model, optimizer)
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[key])


def test_checkpoint_of_another_model_changes_nothing(tmp_path):
    path = tmp_path / "c.safetensors"
    model = Linear(3, 4)
    save_checkpoint(path, model, optim.SGD(model.parameters(), lr=0.1))
    other = Linear(3, 5)
    before = other.weight.detach().numpy().copy()
    with pytest.raises(ValueError, match="does not fit"):
        load_checkpoint(path, other, optim.SGD(other.parameters(), lr=0.1))
    np.testing.assert_array_equal(other.weight.detach().numpy(), before)
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        load_checkpoint(tmp_path / "none", other, None)
    same = Linear(3, 4)
    before = same.weight.detach().numpy().copy()
    groups = [{"params": [same.weight]}, {"params": [same.bias]}]  # the checkpoint's optimizer has one group
    with pytest.raises(ValueError, match="does not fit"):
        load_checkpoint(path, same, optim.SGD(groups, lr=0.1))
    np.testing.assert_array_equal(same.weight.detach().numpy(), before)
    minitorch.save({"weight": minitorch.ones(2)}, path)
    with pytest.raises(ValueError, match="not a checkpoint"):
        load_checkpoint(path, other, None)


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot be written to"):
        writable_folder(tmp_path / "file" / "folder")
    with pytest.raises(OSError, match="cannot be written to"):
        writable_folder(tmp_path / "file")
    assert writable_folder(tmp_path / "a" / "b").is_dir()
    assert not list((tmp_path / "a" / "b").iterdir())


def test_interrupt_raises_a_flag_then_acts():
    with catch_interrupt() as interrupted:
        assert not interrupted()
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
