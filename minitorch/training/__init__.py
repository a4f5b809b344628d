"""Training: the loop and what a run needs around it. A loop of your own can use any of it, or nothing.

- `Trainer` is the loop; `Diverged` is what it raises for NaN and infinity.
- `Callback` is what happens beside it: `Progress`, `History`, `Checkpoint`, `EarlyStopping`, `TimeBudget`, `Schedule`,
  `Averaging`, `Statistics`.
- `evaluate`, `predict` and `evaluation_mode` ask a model without teaching it.
- `accuracy`, `topk_accuracy`, `confusion_matrix`, `class_scores` judge its answers.
- `save_checkpoint`, `load_checkpoint`, `checkpoint_exists`, `put_aside`, `write_history`, `catch_interrupt` and
  `writable_folder` are for a loop by hand.
"""

from minitorch.training.averaging import Averaging
from minitorch.training.callbacks import Callback
from minitorch.training.checkpoint import Checkpoint
from minitorch.training.checkpoint_file import exists as checkpoint_exists
from minitorch.training.checkpoint_file import load_checkpoint, put_aside, save_checkpoint, writable_folder
from minitorch.training.divergence import Diverged
from minitorch.training.evaluation import evaluate, evaluation_mode, predict
from minitorch.training.history import History, write_history
from minitorch.training.interrupt import catch_interrupt
from minitorch.training.metrics import ClassScores, accuracy, class_scores, confusion_matrix, topk, topk_accuracy
from minitorch.training.progress import Progress
from minitorch.training.schedule import Schedule
from minitorch.training.statistics import Series, Statistics
from minitorch.training.stopping import EarlyStopping, TimeBudget
from minitorch.training.trainer import Trainer

__all__ = [
    "Averaging",
    "Callback",
    "Checkpoint",
    "ClassScores",
    "Diverged",
    "EarlyStopping",
    "History",
    "Progress",
    "Schedule",
    "Series",
    "Statistics",
    "TimeBudget",
    "Trainer",
    "accuracy",
    "catch_interrupt",
    "checkpoint_exists",
    "class_scores",
    "confusion_matrix",
    "evaluate",
    "evaluation_mode",
    "load_checkpoint",
    "predict",
    "put_aside",
    "save_checkpoint",
    "topk",
    "topk_accuracy",
    "writable_folder",
    "write_history",
]
