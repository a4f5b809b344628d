"""Where a run stands in its random numbers and in the pass through its data, so that it can go on from there."""

from minitorch.random import default_generator


def position(trainer):
    """The states of the default generator and of the loaders, as `minitorch.save` takes them."""
    loaders = {}
    for name, loader in _loaders(trainer).items():
        if hasattr(loader, "state_dict"):
            loaders[name] = loader.state_dict()
    if "train" in loaders:  # an epoch that was cut short is over, although its pass is not
        loaders["train"] = {**loaders["train"], "batch": trainer.batch or None}
    return {
        "generator": default_generator.get_state(),
        "epoch_start": getattr(trainer, "_epoch_start", None),
        "loaders": loaders,
    }


def set_position(trainer, state):
    """Go on from what `position` gave; ValueError where the loaders are others."""
    loaders = _loaders(trainer)
    for name, loader_state in state["loaders"].items():
        if not hasattr(loaders.get(name), "load_state_dict"):
            raise ValueError(f"the run has no loader {name!r} that could go on from the middle of a pass")
        loaders[name].load_state_dict(loader_state)
    default_generator.set_state(state["generator"])
    trainer._epoch_start = state["epoch_start"]


def batches_left(trainer):
    """The batches of the epoch at hand that are still to come.

    A `DataLoader` starts in the middle by itself. Of another iterable the first batches are taken again, with the
    generator as it was when the epoch began, and dropped.
    """
    loader = trainer.train_loader
    if hasattr(loader, "load_state_dict"):
        if trainer.batch:
            loader.load_state_dict({**loader.state_dict(), "batch": trainer.batch})
        return loader
    if not trainer.batch:
        trainer._epoch_start = default_generator.get_state()
        return loader
    now = default_generator.get_state()
    default_generator.set_state(trainer._epoch_start)
    batches = iter(loader)
    for _ in range(trainer.batch):
        next(batches, None)
    default_generator.set_state(now)
    return batches


def _loaders(trainer):
    return {"train": trainer.train_loader, **trainer.validation_loaders}
