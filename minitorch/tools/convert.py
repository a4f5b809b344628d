"""Make a safetensors file of PyTorch weights, such as the .pth files of torchvision and timm.

::

    python -m minitorch convert resnet18-f37072fd.pth resnet18.safetensors

It runs where PyTorch is installed, and is the only part of minitorch that needs it: a .pth file is a pickle, which
minitorch itself never reads. The file is read with ``weights_only=True``, so it cannot run code.
"""

import importlib
import pickle
from collections.abc import Mapping

from minitorch.models.weights import without_prefixes
from minitorch.serialization import save

# Where training scripts put the weights among other things.
_NESTED = ("state_dict", "model", "model_state_dict", "model_ema", "state_dict_ema")


def weights_of(checkpoint):
    """The flat dictionary of tensors in what a .pth file holds.

    Raises:
        ValueError: there is none, such as in a file of a whole pickled model.
    """
    for key in _NESTED:
        if isinstance(checkpoint, Mapping) and isinstance(checkpoint.get(key), Mapping):
            checkpoint = checkpoint[key]
            break
    if not isinstance(checkpoint, Mapping) or not checkpoint:
        raise ValueError(f"convert: expected a dictionary of tensors, found {type(checkpoint).__name__}")
    wrong = [key for key, value in checkpoint.items() if not hasattr(value, "numpy")]
    if wrong:
        raise ValueError(f"convert: expected tensors alone, but {wrong[0]!r} is {type(checkpoint[wrong[0]]).__name__}")
    return without_prefixes(checkpoint)


def convert(source, target):
    """Read PyTorch weights and write them as safetensors, under the same names.

    Args:
        source: a .pth or .pt file: a state dictionary, or a checkpoint with one under a usual name.
        target: the file to write. Half-precision bfloat16 becomes float32.

    Returns:
        The number of tensors.

    Raises:
        ModuleNotFoundError: PyTorch is not installed.
        ValueError: the file holds no weights, or something that is not plain data.
        OSError: it cannot be read, or the other not written.
    """
    try:
        torch = importlib.import_module("torch")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("convert: reading .pth files needs PyTorch: pip install torch") from error
    try:
        checkpoint = torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"convert: {source} holds no plain weights, or is damaged; of a whole pickled model, save the weights "
            "alone where its code is at hand: torch.save(model.state_dict(), ...)"
        ) from error
    except (RuntimeError, EOFError) as error:
        raise ValueError(f"convert: {source} holds no plain weights, or is damaged ({error})") from error
    weights = weights_of(checkpoint)
    arrays = {}
    for key, value in weights.items():
        value = value.detach()
        arrays[key] = (value.float() if value.dtype == torch.bfloat16 else value).contiguous().numpy()
    save(arrays, target)
    return len(arrays)
