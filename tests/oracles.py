"""PyTorch's libraries, as oracles for tests."""

import importlib

import pytest

torch = pytest.importorskip("torch", reason="needs torch")
torch.set_num_threads(1)  # idle threads of PyTorch would wait busily beside those of the engine


def library(name):
    """torchvision or timm; None where it is missing."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None
    except RuntimeError:  # torchvision without its compiled operations, which nothing here uses
        operations = {
            "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
            "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
            "roi_align": "(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, "
            "int sampling_ratio, bool aligned) -> Tensor",
        }
        for operation, signature in operations.items():
            torch.library.define(f"torchvision::{operation}", signature)
        return importlib.import_module(name)
