"""`Trainer`: the training loop, to be read in ten minutes. A loop of your own needs none of it.

    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss())
    history = trainer.fit(train_loader, validation_loader, epochs=10)

In short, `fit` is::

    for epoch in range(epochs):
        for inputs, targets in train_loader:
            loss = loss_function(model(inputs), targets)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        evaluate(model, validation_loader)

Everything else that a run may do (progress, files, schedules, averages, stopping early) is in callbacks.
"""

import math
from collections.abc import Mapping

from minitorch.autograd import no_grad
from minitorch.nn.utils import clip_grad_value_, clip_grads_with_norm_, get_total_norm
from minitorch.random import default_generator
from minitorch.training.callbacks import check_callbacks, check_positive, methods_by_moment, remembering
from minitorch.training.divergence import diverged, diverged_in_evaluation, first_nonfinite
from minitorch.training.evaluation import as_tensor, device_of, evaluate
from minitorch.training.interrupt import catch_interrupt
from minitorch.training.metrics import default_metrics
from minitorch.training.position import batches_left, position, set_position
from minitorch.training.progress import Progress


class Trainer:
    """Trains a model on batches of a loader, and evaluates it after each epoch.

    Args:
        model: the network.
        optimizer: an optimizer of its parameters.
        loss: function (scores, targets) -> the mean loss of the batch, such as ``nn.CrossEntropyLoss()``.
        metrics: name -> function (scores, targets) of NumPy arrays -> the batch's mean. By default the accuracy, where
            the targets are class numbers or class probabilities.
        callbacks: list of `Callback`; by default ``[Progress()]``.
        device: where batches go; by default where the model is.
        accumulate: batches whose gradients are gathered for one step, as if they were one large batch.
        clip_norm: largest norm of all gradients together, see `nn.utils.clip_grad_norm_`.
        clip_value: largest absolute value of a gradient's element.
        batch_transform: function (inputs, targets) -> (inputs, targets) for training batches as the loader gives them,
            such as MixUp; targets may become class probabilities.

    Attributes:
        epoch, step: epochs and optimizer steps done; `batch` counts the batches done in the epoch at hand.
        history: a dictionary for each epoch: "epoch", "lr", "train_loss", "validation_loss", "train_accuracy", ...
        row: the last of them.
        sums: of the epoch at hand: "count" of samples, and the sum over samples of the loss and each metric.
        lr: learning rate of the first parameter group in the latest step.
        stopped: why a callback ended the run before its last epoch; None if none did.
    """

    def __init__(self, model, optimizer, loss, *, metrics=None, callbacks=None, device=None, accumulate=1,
                 clip_norm=None, clip_value=None, batch_transform=None):
        for name, function in (("loss", loss), ("batch_transform", batch_transform or len)):
            if not callable(function):
                raise TypeError(f"Trainer: {name} must be a function, got {type(function).__name__}")
        check_positive("Trainer", "accumulate", accumulate, whole=True)
        for name, limit in (("clip_norm", clip_norm), ("clip_value", clip_value)):
            if limit is not None:
                check_positive("Trainer", name, limit)
        self.model, self.optimizer, self.loss, self.metrics = model, optimizer, loss, metrics
        self.callbacks = check_callbacks([Progress()] if callbacks is None else callbacks)
        self.device = device_of(model) if device is None else device
        self.accumulate, self.clip_norm, self.clip_value = accumulate, clip_norm, clip_value
        self.batch_transform = batch_transform
        self.epoch = self.batch = self.step = 0
        self.history, self.row, self.sums = [], {}, {}
        self.lr = float(optimizer.param_groups[0]["lr"])
        self.stopped, self._cut = None, False
        self._pending = [0, 0]  # batches and samples whose gradients wait for the step

    def fit(self, train, validation=None, epochs=1):
        """Train until `epochs` epochs are done in all, those of earlier calls and of a restored run included.

        Args:
            train: a `DataLoader`, or another iterable of batches (inputs, targets), NumPy arrays or tensors.
            validation: one more, to be evaluated after each epoch; or a dictionary name -> loader, whose names begin
                the columns in the history.
            epochs: how many.

        Returns:
            The history, a dictionary for each epoch.

        Raises:
            Diverged: the loss (also that of the validation), a gradient or a weight is NaN or infinite; says in which
                step and layer it began.
            KeyboardInterrupt: after Ctrl-C or SIGTERM, when the step at hand is done and `on_interrupt` was called.
        """
        check_positive("fit", "epochs", epochs, whole=True)
        self.train_loader, self.epochs, self.stopped = train, epochs, None
        self.validation_loaders = {"validation": validation} if not isinstance(validation, Mapping) else validation
        self._methods = methods_by_moment(self.callbacks)
        self.optimizer.zero_grad()
        try:
            with catch_interrupt() as self._interrupted:
                self._call("on_load")
                self._call("on_fit_start")
                while self.epoch < epochs and self.stopped is None:
                    self._train_epoch()
                    self._finish_epoch()
                self._call("on_fit_end")
                if self._interrupted():
                    raise KeyboardInterrupt
        finally:
            self._call("close")
        return self.history

    def stop(self, reason, at_once=False):
        """End the run after the epoch at hand, or end that epoch after the step at hand; for callbacks."""
        self.stopped, self._cut = reason, at_once

    def _call(self, moment):
        for method in self._methods[moment]:
            method(self)

    def _train_epoch(self):
        """The batches of an epoch, or the rest of them."""
        if not self.model.training:  # a layer that was set to eval() for itself, such as a frozen norm, stays so
            self.model.train()
        if self.batch == 0:
            self.sums = {}
        self._cut, self._pending = False, [0, 0]
        self._call("on_epoch_start")
        for inputs, targets in batches_left(self):
            self._train_batch(inputs, targets)
            if self._pending[0] == self.accumulate:
                self._update()
            if self._cut:
                break
        if self._pending[0]:
            self._update()
        if not self.batch:
            raise ValueError("fit: the training loader gives no batches")

    def _train_batch(self, inputs, targets):
        """Forward and backward pass of a batch."""
        if not self._pending[0]:
            self._call("on_step_start")
        if self.batch_transform is not None:
            inputs, targets = self.batch_transform(inputs, targets)
        generator = default_generator.get_state()  # from which dropout draws: the batch could be run again
        batch = as_tensor(inputs, self.device), as_tensor(targets, self.device)
        scores = self.model(batch[0])
        loss = self.loss(scores, batch[1])
        count = len(targets)
        if self.accumulate == 1:
            loss.backward()
        else:
            (loss * count).backward()
        value = loss.item()
        if not math.isfinite(value):
            raise diverged(self, f"the loss is {value}", batch, generator)
        self._pending = [self._pending[0] + 1, self._pending[1] + count]
        self._latest = batch, generator
        self.batch += 1
        self._add_to_sums(value, scores.detach(), batch[1], count)

    def _add_to_sums(self, loss, scores, targets, count):
        scores, targets = scores.cpu().numpy(), targets.cpu().numpy()
        if self.metrics is None:
            self.metrics = default_metrics(scores, targets)
        sums = self.sums or dict.fromkeys(("count", "loss", *self.metrics), 0)
        sums["count"] += count
        sums["loss"] += loss * count
        for name, metric in self.metrics.items():
            sums[name] += metric(scores, targets) * count
        self.sums = sums

    def _update(self):
        """The optimizer's step with the gradients that were gathered."""
        if self.accumulate > 1:
            with no_grad():
                for parameter in self.model.parameters():
                    if parameter.grad is not None:
                        parameter.grad.mul_(1 / self._pending[1])
        self._call("on_gradients")
        if self.clip_norm is not None:
            norm = get_total_norm([p.grad for p in self.model.parameters() if p.grad is not None])
            if not math.isfinite(norm.item()):
                raise diverged(self, f"the norm of the gradients is {norm.item()}", *self._latest)
            clip_grads_with_norm_(self.model.parameters(), self.clip_norm, norm)
        if self.clip_value is not None:
            clip_grad_value_(self.model.parameters(), self.clip_value)
        self.lr = float(self.optimizer.param_groups[0]["lr"])
        self.optimizer.step()
        self.step, self._pending = self.step + 1, [0, 0]
        self._call("on_step_end")
        self.optimizer.zero_grad()
        if self._interrupted():
            self._call("on_interrupt")
            raise KeyboardInterrupt

    def _finish_epoch(self):
        """Validation, and the row of the epoch in the history."""
        self.check_weights()
        self.row = {"epoch": self.epoch + 1, "lr": self.lr}
        self.row.update({f"train_{name}": value for name, value in self.means().items()})
        self.row.update(self.evaluate(self.model))
        self.history.append(self.row)
        self.epoch, self.batch = self.epoch + 1, 0
        self._call("on_epoch_end")

    def means(self):
        """Loss and metrics of the epoch so far, by name."""
        return {name: float(total / self.sums["count"]) for name, total in self.sums.items() if name != "count"}

    def evaluate(self, model, prefix=""):
        """A model's loss and metrics on the validation data, with names such as "validation_loss" after a prefix.

        Raises Diverged where the loss is not finite.
        """
        row = {}
        for name, loader in self.validation_loaders.items():
            if loader is None:
                continue
            device = self.device if model is self.model else None  # an average may be kept elsewhere
            means = evaluate(model, loader, self.loss, self.metrics, device)
            row.update({f"{prefix}{name}_{key}": value for key, value in means.items()})
            if not math.isfinite(means["loss"]):
                raise diverged_in_evaluation(self, model, loader, f"{prefix}{name}_loss is {means['loss']}")
        return row

    def check_weights(self):
        """Raise Diverged if a weight is not finite, as after a step with a NaN in the gradient."""
        if first_nonfinite(self.model.parameters()) is not None:
            raise diverged(self, "a weight is not finite", *self._latest)

    def state_dict(self):
        """All that a run needs to go on from here, between two steps, as `minitorch.save` takes it."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "position": position(self),
            **{name: getattr(self, name) for name in ("epoch", "batch", "step", "lr", "sums", "history")},
            "callbacks": {name: callback.state_dict() for name, callback in remembering(self.callbacks).items()},
        }

    def load_state_dict(self, state):
        """Take back what `state_dict` gave, within `fit` or before it. Raises ValueError where it does not fit."""
        callbacks = remembering(self.callbacks)
        if callbacks.keys() != state["callbacks"].keys():
            raise ValueError(f"the state has the callbacks {', '.join(state['callbacks']) or 'none'}, this run has "
                             f"{', '.join(callbacks) or 'none'}")  # fmt: skip
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        for name, callback in callbacks.items():
            callback.load_state_dict(state["callbacks"][name])
        for name in ("epoch", "batch", "step", "lr", "sums", "history"):
            setattr(self, name, state[name])
        self.row = self.history[-1] if self.history else {}
        set_position(self, state["position"])
