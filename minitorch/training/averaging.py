"""Averages of the weights (EMA, SWA) as a callback."""

from minitorch.optim.swa_utils import AveragedModel, update_bn
from minitorch.training.callbacks import Callback
from minitorch.training.evaluation import as_tensor


class Averaging(Callback):
    """Keeps an average of the weights, after each step or each epoch, and evaluates it beside the model itself.

    An exponential moving average (EMA) is taken after each step, with the running statistics of batch norm in it::

        ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.999), use_buffers=True)
        Averaging(ema)

    Stochastic weight averaging (SWA) is taken after each of the last epochs, at a constant learning rate; the running
    statistics are computed anew at the end::

        swa = AveragedModel(model)
        Averaging(swa, per="epoch", start=8, update_norms=True), Schedule(SWALR(optimizer, swa_lr=0.01))

    The history gets columns such as "average_validation_loss".

    Args:
        averaged: an `optim.swa_utils.AveragedModel` of the trainer's model.
        per: "step" or "epoch".
        start: how many epochs pass before the first model is taken in.
        update_norms: at the end of the run go through the training data once to set the running statistics of batch
            norm; until then the average is not evaluated.

    Source: Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization".
    """

    rank = 20

    def __init__(self, averaged, per="step", start=0, update_norms=False):
        if not isinstance(averaged, AveragedModel):
            kind = type(averaged).__name__
            raise TypeError(f"Averaging: averaged must be an optim.swa_utils.AveragedModel, got {kind}")
        if per not in ("step", "epoch"):
            raise ValueError(f"Averaging: per must be 'step' or 'epoch', got {per!r}")
        if isinstance(start, bool) or not isinstance(start, int) or start < 0:
            raise ValueError(f"Averaging: start must be an integer of at least 0, got {start!r}")
        self.averaged, self.per, self.start, self.update_norms = averaged, per, start, update_norms
        self.finished_epoch = None  # for which the norms are up to date

    def on_step_end(self, trainer):
        if self.per == "step" and trainer.epoch >= self.start:
            self.averaged.update_parameters(trainer.model)

    def on_epoch_end(self, trainer):
        if self.per == "epoch" and trainer.epoch > self.start:
            self.averaged.update_parameters(trainer.model)
        if self.averaged.n_averaged.item() and not self.update_norms:
            self._evaluate(trainer)

    def on_fit_end(self, trainer):
        done = self.finished_epoch == trainer.epoch
        if not self.update_norms or done or not self.averaged.n_averaged.item():
            return
        update_bn(([as_tensor(inputs, trainer.device)] for inputs, _ in trainer.train_loader), self.averaged)
        self.finished_epoch = trainer.epoch
        if trainer.history:
            self._evaluate(trainer)

    def _evaluate(self, trainer):
        trainer.row.update(trainer.evaluate(self.averaged.module, "average_"))

    def state_dict(self):
        return {"averaged": self.averaged.state_dict(), "finished_epoch": self.finished_epoch}

    def load_state_dict(self, state):
        self.averaged.load_state_dict(state["averaged"])
        self.finished_epoch = state["finished_epoch"]
