"""What goes on inside a network, as numbers: activations, heat maps of the evidence for a class, principal components.

`tools.plot` draws them.
"""

import collections
import contextlib
import functools

import numpy as np

from minitorch.autograd import enable_grad, grad
from minitorch.creation import from_numpy
from minitorch.nn import Linear
from minitorch.nn.functional import interpolate
from minitorch.training.evaluation import as_tensor, device_of, evaluation_mode

HeatMaps = collections.namedtuple("HeatMaps", ["maps", "classes", "scores"])
HeatMaps.__doc__ = """Where in each image a network sees the evidence for a class.

Attributes:
    maps: array (N, H, W); the larger, the more evidence.
    classes: class numbers (N,).
    scores: array (N,), the scores of these classes.
"""

PCA = collections.namedtuple("PCA", ["points", "components", "explained", "mean"])
PCA.__doc__ = """Principal components of points.

Attributes:
    points: array (N, count), coordinates along the components.
    components: array (count, D), orthogonal directions of length 1; the entry of the largest size is positive.
    explained: array (count,), which share of the variance each component holds.
    mean: array (D,), of the points.
"""


@contextlib.contextmanager
def _outputs(model, paths):
    """Within the block path -> what the module gave in the latest forward pass."""
    seen = {}
    modules = {path: model.get_submodule(path) for path in paths}
    handles = [module.register_forward_hook(functools.partial(_keep, seen, path)) for path, module in modules.items()]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _keep(seen, path, module, args, output):
    seen[path] = output


def activations(model, images, layers=None):
    """What layers make of images, in evaluation mode.

    Args:
        model: the network.
        images: (N, C, H, W), as the network takes them.
        layers: paths of modules; unless given, those that end the stages of the network (`feature_info`).

    Returns:
        A dictionary: path -> array (N, ...).

    Raises:
        AttributeError: there is no module at a path. ValueError: it was not called.
    """
    layers = [info.name for info in model.feature_info] if layers is None else list(layers)
    with _outputs(model, layers) as seen, evaluation_mode(model):
        model(as_tensor(images, device_of(model)))
    missing = [path for path in layers if path not in seen]
    if missing:
        raise ValueError(f"activations: the network does not call {', '.join(missing)}")
    return {path: seen[path].cpu().numpy() for path in layers}


def head_inputs(model, images, batch_size=500):
    """The vector of each image that the last layer gets: the network's own description of the image.

    Args:
        model: an `ImageClassifier`, with a layer at ``model.head_name``.
        images: array (N, C, H, W).
        batch_size: images at a time.

    Returns:
        Array (N, D).
    """
    rows = []
    head = model.get_submodule(model.head_name)
    handle = head.register_forward_pre_hook(lambda module, args: rows.append(args[0].flatten(1).cpu().numpy()))
    try:
        with evaluation_mode(model):
            for start in range(0, len(images), batch_size):
                model(as_tensor(images[start : start + batch_size], device_of(model)))
    finally:
        handle.remove()
    return np.concatenate(rows)


def class_activation_map(model, images, classes=None, resize=True):
    """The evidence for a class at each place: the last map, weighted as the last layer weights its channels.

    Where global average pooling and one linear layer follow the map A, the score of class c is the mean over the
    places of ``sum_k weight[c, k] A_k``, plus the bias; that sum at each place is the class-activation map.

    Args:
        model: an `ImageClassifier` of that form, such as a `ResNet`.
        images: (N, C, H, W), as the network takes them.
        classes: class numbers (N,), or one for all; the class of the highest score unless given.
        resize: enlarge the maps to the size of the images.

    Returns:
        `HeatMaps`; negative numbers speak against the class.

    Raises:
        ValueError: a network of another form; `grad_cam` is for any. Others as `grad_cam`.

    Source: Zhou et al. 2016, "Learning deep features for discriminative localization" (arXiv:1512.04150).
    """
    head = model.get_submodule(model.head_name)
    images = as_tensor(images, device_of(model))
    with evaluation_mode(model):
        feature_map = model.features(images)[-1]
        scores = model.forward_head(feature_map)
        fits = isinstance(head, Linear) and head.in_features == feature_map.shape[1]
        if not fits or not np.allclose(*_cpu(scores, head(feature_map.mean((2, 3)))), rtol=1e-3, atol=1e-3):
            raise ValueError(
                f"class_activation_map: between the last map and the scores {type(model).__name__} has more than "
                "average pooling and a linear layer; use grad_cam"
            )
        classes = _classes("class_activation_map", scores, classes)
        weight = head.weight[from_numpy(classes).to(images.device)]  # (N, channels)
        maps = (feature_map * weight[:, :, None, None]).sum(1)
    return _heat_maps(maps, images, classes, scores, resize)


def grad_cam(model, images, layer=None, classes=None, resize=True):
    """The evidence for a class at each place of a layer, for any network: Grad-CAM.

    ``relu(sum_k alpha_k A_k)`` of the layer's output A, where alpha_k is the mean over the places of the gradient of
    the class's score with respect to A_k.

    Args:
        model: the network; in evaluation mode here, and no gradient of its parameters is touched.
        images: (N, C, H, W), as the network takes them.
        layer: path of a module that gives (N, K, h, w); the end of the last stage (`feature_info`) unless given.
        classes: class numbers (N,), or one for all; the class of the highest score unless given.
        resize: enlarge the maps to the size of the images.

    Returns:
        `HeatMaps`.

    Raises:
        AttributeError: there is no such module.
        ValueError: it does not give maps, or the scores do not depend on it; classes that are none.

    Source: Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks" (arXiv:1610.02391), equations 1
    and 2.
    """
    layer = model.feature_info[-1].name if layer is None else layer
    # Images that want gradients make a graph also where all parameters are frozen.
    images = as_tensor(images, device_of(model)).detach().clone().requires_grad_()
    with _outputs(model, [layer]) as seen, evaluation_mode(model), enable_grad():
        scores = model(images)
        feature_map = seen.get(layer)
        if feature_map is None or feature_map.ndim != 4:
            got = "is not called" if feature_map is None else f"gives shape {tuple(feature_map.shape)}"
            raise ValueError(f"grad_cam: the layer must give maps (N, K, h, w), {layer!r} {got}")
        classes = _classes("grad_cam", scores, classes)
        rows = from_numpy(np.arange(len(classes))).to(images.device)
        (gradient,) = grad(scores[rows, from_numpy(classes).to(images.device)].sum(), feature_map, allow_unused=True)
        if gradient is None:
            raise ValueError(f"grad_cam: the scores do not depend on what {layer!r} gives")
    alpha = gradient.mean((2, 3), keepdim=True)
    return _heat_maps((alpha * feature_map.detach()).sum(1).relu(), images, classes, scores, resize)


def _cpu(*tensors):
    return [tensor.detach().cpu().numpy() for tensor in tensors]


def _classes(name, scores, classes):
    """Class numbers (N,) as an array; those of the highest scores where there are none."""
    (values,) = _cpu(scores)
    if classes is None:
        return values.argmax(1)
    classes = np.broadcast_to(np.asarray(classes), len(values)) if np.ndim(classes) == 0 else np.asarray(classes)
    count = values.shape[1]
    fits = classes.shape == values.shape[:1] and classes.dtype.kind in "iu"
    if not fits or not np.all((classes >= 0) & (classes < count)):
        raise ValueError(f"{name}: classes must be {len(values)} numbers from 0 to {count - 1}, got {classes!r}")
    return classes.astype(np.int64)


def _heat_maps(maps, images, classes, scores, resize):
    if resize:
        maps = interpolate(maps.unsqueeze(1), tuple(images.shape[2:]), mode="bilinear", align_corners=False).squeeze(1)
    maps, scores = _cpu(maps, scores)
    return HeatMaps(maps, classes, scores[np.arange(len(classes)), classes])


def pca(points, count=2):
    """Principal components: the orthogonal directions in which points vary most, by the singular values.

    Args:
        points: array (N, D).
        count: how many components, at most N and D.

    Returns:
        `PCA`. The sign of a component is free; here its entry of the largest size is positive, so that the same
        points give the same picture.

    Raises:
        ValueError: points of another shape, too many components, numbers that are not finite.

    Source: Pearson 1901, "On lines and planes of closest fit"; Jolliffe 2002, "Principal component analysis", ch. 3.
    """
    points = np.asarray(points, np.float64)
    if points.ndim != 2 or not 1 <= count <= min(points.shape):
        raise ValueError(f"pca: expected points (N, D) with N and D of at least {count}, got shape {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("pca: points must be finite")
    mean = points.mean(0)
    _, sizes, directions = np.linalg.svd(points - mean, full_matrices=False)
    components = directions[:count]
    largest = np.abs(components).argmax(1)
    components = components * np.where(components[np.arange(count), largest] < 0, -1, 1)[:, np.newaxis]
    total = (sizes**2).sum()
    explained = sizes[:count] ** 2 / total if total else np.zeros(count)
    return PCA((points - mean) @ components.T, components, explained, mean)


def density(series, bins=80, tail=0.01):
    """Histograms of all times on common intervals, for a picture of how a distribution moves.

    Args:
        series: a `training.Series`, whose histograms reach from the smallest to the largest number of each time.
        bins: number of intervals.
        tail: which share of the numbers of a time may lie below the lowest interval, and which above the highest.

    Returns:
        (shares per unit (T, bins), ends of the intervals (bins + 1,)); a time without any numbers has zeros.
    """
    curves = []  # of each time: ends of its intervals, and the share of numbers below each
    for low, high, counts in zip(series.low, series.high, series.counts):
        if counts.sum():
            low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
            below = np.concatenate([[0], np.cumsum(counts)]) / counts.sum()
            curves.append((np.linspace(low, high, len(counts) + 1), below))
        else:
            curves.append(None)
    known = [curve for curve in curves if curve is not None]
    lowest = min((np.interp(tail, below, ends) for ends, below in known), default=-0.5)
    highest = max((np.interp(1 - tail, below, ends) for ends, below in known), default=0.5)
    edges = np.linspace(lowest, highest, bins + 1)
    table = np.zeros((len(curves), bins))
    for row, curve in zip(table, curves):
        if curve is not None:
            row[:] = np.diff(np.interp(edges, *curve, left=0, right=1)) / np.diff(edges)
    return table, edges
