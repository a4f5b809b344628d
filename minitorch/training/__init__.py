"""What a training run needs around the loop: evaluation, progress, history, checkpoints, a clean stop on Ctrl-C."""

from minitorch.training.checkpoint import load_checkpoint, save_checkpoint, writable_folder
from minitorch.training.history import History
from minitorch.training.interrupt import catch_interrupt
from minitorch.training.metrics import accuracy, confusion_matrix, predict
from minitorch.training.progress import Progress

__all__ = [
    "History",
    "Progress",
    "accuracy",
    "catch_interrupt",
    "confusion_matrix",
    "load_checkpoint",
    "predict",
    "save_checkpoint",
    "writable_folder",
]
