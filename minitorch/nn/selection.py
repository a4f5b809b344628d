"""Parts of a model by the patterns of their names: what is frozen, and what an optimizer treats in which way."""

import difflib
import fnmatch

from minitorch.nn.layer_norm import GroupNorm, InstanceNorm1d, InstanceNorm2d, LayerNorm, RMSNorm
from minitorch.nn.module import Module
from minitorch.nn.normalization import BatchNorm1d, BatchNorm2d

BATCH_NORMS = (BatchNorm1d, BatchNorm2d)
NORMS = (*BATCH_NORMS, GroupNorm, InstanceNorm1d, InstanceNorm2d, LayerNorm, RMSNorm)


def freeze(model, *patterns):
    """Take parameters out of the training: they get no gradients, and optimizers leave them alone.

    To train the head alone: ``freeze(model); unfreeze(model, model.head_name)``. Batch norms still adapt their
    running statistics; see `freeze_batch_norm`.

    Args:
        model: the network.
        patterns: paths of parameters or of modules, which stand for all below, with the wildcards of a shell:
            ``"layer1"``, ``"layer[12].*.weight"``, ``"*bn*"``. All parameters, unless given.

    Returns:
        The paths of the parameters that the patterns fit.

    Raises:
        TypeError: not a module, a pattern that is no string.
        ValueError: a pattern that fits nothing; nothing is changed then.
    """
    return _set_requires_grad("freeze", model, patterns, False)


def unfreeze(model, *patterns):
    """Take parameters back into the training. Arguments, result and errors as `freeze`."""
    return _set_requires_grad("unfreeze", model, patterns, True)


def _set_requires_grad(name, model, patterns, value):
    parameters = _named(name, model)
    chosen = _chosen(name, parameters, patterns)
    for path in chosen:
        parameters[path].requires_grad_(value)
        if not value:
            parameters[path].grad = None  # or the next step would still use it
    return chosen


def freeze_batch_norm(model, *patterns, affine=False):
    """Hold batch norms in evaluation, also through ``model.train()``: the running statistics are used and stay.

    For fine-tuning on few images or in small batches, whose own statistics say little.

    Args:
        model: the network.
        patterns: paths of modules, as for `freeze`. All batch norms, unless given.
        affine: freeze their weights and biases, too.

    Returns:
        The paths of the batch norms.

    Raises:
        TypeError, ValueError: as `freeze`; ValueError also where there is no batch norm, or one without running
            statistics.
    """
    norms = _batch_norms("freeze_batch_norm", model, patterns)
    bare = [path for path, norm in norms.items() if norm.running_mean is None]
    if bare:
        raise ValueError(f"freeze_batch_norm: {bare[0]} has no running statistics that it could use")
    for norm in norms.values():
        norm.frozen = True
        norm.eval()
        if affine:
            freeze(norm)
    return list(norms)


def unfreeze_batch_norm(model, *patterns, affine=False):
    """Let batch norms follow ``model.train()`` again, and set them to the mode of the model.

    Args:
        affine: unfreeze their weights and biases, too.

    Other arguments, result and errors as `freeze_batch_norm`.
    """
    norms = _batch_norms("unfreeze_batch_norm", model, patterns)
    for norm in norms.values():
        norm.frozen = False
        norm.train(model.training)
        if affine:
            unfreeze(norm)
    return list(norms)


def _batch_norms(name, model, patterns):
    _check_module(name, model)
    norms = {path: module for path, module in model.named_modules() if isinstance(module, BATCH_NORMS)}
    if not norms:
        raise ValueError(f"{name}: {type(model).__name__} has no batch norm")
    return {path: norms[path] for path in _chosen(name, norms, patterns)}


def parameter_groups(model, options=None, *, weight_decay=None):
    """Groups of parameters for an optimizer, with options by pattern, and no weight decay where it does harm.

    A head at ten times the learning rate of the rest, and weights alone pulled towards zero::

        groups = nn.utils.parameter_groups(model, {"fc": {"lr": 0.1}}, weight_decay=5e-4)
        optimizer = optim.SGD(groups, lr=0.01, momentum=0.9)

    Args:
        model: the network. Frozen parameters are in the groups, too: without gradients they are not changed.
        options: pattern, as for `freeze`, -> options of those parameters; of several that fit, the first one counts.
        weight_decay: for all weights. Biases, the scales of normalisations and all other vectors get 0, unless the
            options say otherwise: to shrink them does not make the function simpler (Goyal et al. 2017,
            arXiv:1706.02677, section 5.1). What the optimizer says, for all, unless given.

    Returns:
        A list of dictionaries ``{"params": [...], option: value, ...}``, in the order of the model.

    Raises:
        TypeError: not a module, options that are no dictionary of dictionaries.
        ValueError: a pattern that fits nothing, a model without parameters.
    """
    parameters = _named("parameter_groups", model)
    options = {} if options is None else options
    if not isinstance(options, dict) or not all(isinstance(value, dict) for value in options.values()):
        raise TypeError(
            f'parameter_groups: options must be pattern -> dictionary, as {{"fc": {{"lr": 0.1}}}}, got {options!r}'
        )
    own = {}  # path -> its options
    for pattern, settings in options.items():
        for path in _chosen("parameter_groups", parameters, (pattern,)):
            own.setdefault(path, settings)
    scales = set() if weight_decay is None else _without_decay(model)
    groups = {}
    for path, parameter in parameters.items():
        settings = dict(own.get(path, {}))
        if weight_decay is not None:
            settings.setdefault("weight_decay", 0.0 if path in scales else weight_decay)
        key = id(own.get(path)), path in scales
        groups.setdefault(key, {"params": [], **settings})["params"].append(parameter)
    return list(groups.values())


def _without_decay(model):
    """The paths of the parameters that weight decay is not for."""
    paths = set()
    for path, module in model.named_modules():
        for name, parameter in module.named_parameters(prefix=path, recurse=False):
            if parameter.ndim <= 1 or isinstance(module, NORMS):
                paths.add(name)
    return paths


def _named(name, model):
    """Path -> parameter."""
    _check_module(name, model)
    parameters = dict(model.named_parameters())
    if not parameters:
        raise ValueError(f"{name}: {type(model).__name__} has no parameters")
    return parameters


def _check_module(name, model):
    if not isinstance(model, Module):
        raise TypeError(f"{name}: expected an nn.Module, got {type(model).__name__}")


def _chosen(name, paths, patterns):
    """The paths that fit any of the patterns, all without patterns."""
    chosen = set() if patterns else set(paths)
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise TypeError(f"{name}: a pattern must be a string, got {type(pattern).__name__}")
        fitting = {path for path in paths if _fits(path, pattern)}
        if not fitting:
            near = difflib.get_close_matches(pattern, _places(paths), n=1, cutoff=0)[0]
            raise ValueError(f"{name}: nothing has a name like {pattern!r}; the nearest name is {near!r}")
        chosen |= fitting
    return [path for path in paths if path in chosen]


def _fits(path, pattern):
    return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, f"{pattern}.*")


def _places(paths):
    """The paths and those of all modules above, in order."""
    parts = [path.split(".") for path in paths]
    return list(dict.fromkeys(".".join(names[:n]) for names in parts for n in range(1, len(names) + 1)))
