"""PyTorch's own sample inputs and error inputs for the tensor functions: every operator must be right on all of them.

Of each operator and type at most 40 samples are run, spread evenly; `opinfo_harness.py` runs all.
"""

import contextlib
import warnings

import numpy as np
import pytest

# It imports PyTorch's list of operators, which needs torch and expecttest.
harness = pytest.importorskip("opinfo.opinfo_harness", reason="needs torch")

MOST = 40
OPERATORS = [op for op in harness.operators() if not op.name.startswith("nn.functional.")]
DTYPES = (harness.torch.float64, harness.torch.int64, harness.torch.bool)

# Which of equal numbers comes first is not defined; their positions can differ from PyTorch's.
ORDERING = {"sort", "argsort", "topk"}


def samples(op, dtype, gradients):
    """At most MOST samples of an operator, evenly from all."""
    harness.torch.manual_seed(0)
    kept = []
    with contextlib.suppress(NotImplementedError):
        kept = [s for s in op.sample_inputs("cpu", dtype, requires_grad=gradients) if not harness.untranslatable(s)]
    places = np.linspace(0, len(kept) - 1, min(len(kept), MOST)).round().astype(int)
    return [kept[i] for i in places]


def check_order(op, sample):
    """Values as PyTorch's, and positions that hold them, none of them twice."""
    (x, *rest), named = harness.translate([sample.input, *sample.args]), harness.translate(sample.kwargs)
    place = 1 if op.name == "topk" else 0  # of dim among the arguments after the input
    dim = named.get("dim", rest[place] if len(rest) > place else -1)
    *values, positions = harness.flat(harness.counterpart(op)(x, *rest, **named))
    *expected, reference = harness.flat(op(sample.input, *sample.args, **sample.kwargs))
    harness.assert_same(values, expected)
    harness.assert_same(positions * 0, reference * 0)
    harness.assert_same(x.gather(dim, positions), harness.torch.gather(sample.input, dim, reference))
    if positions.ndim:
        assert (np.diff(np.sort(positions.array, axis=dim), axis=dim) > 0).all()


@pytest.mark.parametrize("op", OPERATORS, ids=harness.label)
def test_samples(op):
    faults, count = [], 0
    for dtype in DTYPES:
        if dtype not in op.dtypes:
            continue
        gradients = op.supports_autograd and dtype.is_floating_point
        for sample in samples(op, dtype, gradients):
            count += 1
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    if op.name in ORDERING and not dtype.is_floating_point:
                        check_order(op, sample)
                    else:
                        harness.check_sample(op, sample, gradients)
            except Exception as error:  # all faults of an operator are shown together
                faults.append(f"{dtype} {harness.summary(sample)}: {type(error).__name__}: {str(error).strip()[:300]}")
    assert not faults, f"{len(faults)} of {count} samples:\n" + "\n".join(faults[:10])


@pytest.mark.parametrize("op", [op for op in OPERATORS if op.error_inputs_func is not None], ids=harness.label)
def test_error_inputs(op):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, faults = harness.check_errors(op)
    assert not faults, "\n".join(faults[:10])
