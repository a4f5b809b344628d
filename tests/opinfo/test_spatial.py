"""PyTorch's own sample inputs and error inputs for spatial operations, normalisations and attention."""

import warnings

import numpy as np
import pytest

harness = pytest.importorskip("opinfo.opinfo_harness", reason="needs torch")
torch = harness.torch

MOST = 40  # samples of an operator and type, spread evenly; `opinfo_harness.py` runs all
NAMES = """
adaptive_avg_pool2d adaptive_max_pool2d avg_pool1d avg_pool2d batch_norm conv1d conv2d conv_transpose2d grid_sample
group_norm instance_norm interpolate layer_norm local_response_norm max_pool1d max_pool2d multi_head_attention_forward
rms_norm scaled_dot_product_attention unfold upsample_bilinear upsample_nearest
"""
OPERATORS = [op for op in harness.operators() if op.name.removeprefix("nn.functional.") in NAMES.split()]


def without_dropout(sample):
    """The sample with a dropout probability of 0: two libraries do not draw the same numbers."""
    if "dropout_p" in sample.kwargs:
        sample.kwargs["dropout_p"] = 0.0
    elif "use_separate_proj_weight" in sample.kwargs:  # multi_head_attention_forward takes it by position
        sample.args = (*sample.args[:9], 0.0, *sample.args[10:])
    return sample


def samples(op, dtype, gradients):
    torch.manual_seed(0)
    found = list(op.sample_inputs("cpu", dtype, requires_grad=gradients))
    places = np.linspace(0, len(found) - 1, min(len(found), MOST)).round().astype(int)
    return [without_dropout(found[i]) for i in places if not harness.untranslatable(found[i])]


@pytest.mark.parametrize("op", OPERATORS, ids=harness.label)
def test_samples(op):
    kinds = [(torch.float64, True), (torch.int64, False), (torch.uint8, False)]
    faults = []
    for dtype, gradients in kinds:
        if dtype not in op.dtypes or (op.name == "nn.functional.max_pool2d" and dtype != torch.float64):
            continue  # thousands of samples, which take long to make; integers are drawn elsewhere
        for sample in samples(op, dtype, gradients):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    harness.check_sample(op, sample, gradients)
            except Exception as error:  # all faults of an operator are shown together
                text = str(error).strip()[:300]
                faults.append(f"{dtype} {harness.summary(sample)}: {type(error).__name__}: {text}")
    assert not faults, "\n".join(faults[:10])


@pytest.mark.parametrize("op", [op for op in OPERATORS if op.error_inputs_func is not None], ids=harness.label)
def test_error_inputs(op):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, faults = harness.check_errors(op)
    assert not faults, "\n".join(faults[:10])
