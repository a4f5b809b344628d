"""Runs the sample and error inputs that PyTorch keeps for testing its own operators through minitorch.

PyTorch ships with a list of operators, each with functions that make sample inputs (corner cases included) and inputs
that must be refused. `check_samples` compares results, shapes, dtypes and gradients; `check_errors` wants an error.

    python tests/opinfo/opinfo_harness.py add nn.functional.conv2d     # these operators
    python tests/opinfo/opinfo_harness.py                              # all
"""

import contextlib
import sys
import warnings

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

import minitorch
import minitorch.nn.functional as F

ERRORS = (TypeError, ValueError, IndexError, RuntimeError)
RANDOM = {"nn.functional.dropout", "nn.functional.dropout2d", "nn.functional.multi_head_attention_forward"}

# Operators whose samples put the arguments in another order than the public function.
CALLS = {
    "__getitem__": lambda x, index: x[index],
    "where": lambda x, condition, other: minitorch.where(condition, x, other),
    "einsum": lambda tensors, equation: minitorch.einsum(equation, *tensors),
    "nn.functional.embedding": lambda weight, input, **settings: F.embedding(input, weight, **settings),
}

OPERATORS = """
abs add addcdiv addcmul addmm all allclose amax amin any arange argmax argmin argsort atan2 baddbmm bmm
broadcast_tensors broadcast_to cat ceil chunk clamp clamp_max clamp_min clone cos cosh count_nonzero cross cumprod
cumsum diag diagonal div dot einsum eq erf exp expand expand_as expm1 eye flatten flip floor fmod full gather ge gt
hstack hypot index_add index_select isclose isfinite isinf isnan le lerp linspace log log10 log1p log2 log_softmax
logaddexp logical_and logical_not logical_or logical_xor logsumexp lt masked_fill masked_select matmul max maximum
mean median min minimum mm movedim mul mv nan_to_num narrow ne neg nonzero norm ones_like outer permute pow prod
reciprocal repeat repeat_interleave reshape roll round rsqrt scatter scatter_add select sigmoid sign sin sinh softmax
sort split split_with_sizes sqrt square squeeze stack std std_mean sub sum t take_along_dim tan tanh tensor_split
tensordot tile topk trace transpose tril triu trunc unbind unflatten unsqueeze var var_mean view vstack where
zeros_like __getitem__ index_fill index_put sum_to_size remainder floor_divide reshape_as view_as
""".split()
FUNCTIONAL = """
adaptive_avg_pool2d adaptive_max_pool2d avg_pool1d avg_pool2d batch_norm binary_cross_entropy
binary_cross_entropy_with_logits celu channel_shuffle conv1d conv2d conv_transpose2d cosine_embedding_loss
cosine_similarity cross_entropy dropout dropout2d elu embedding fold gelu glu grid_sample group_norm hardsigmoid
hardswish hardtanh hinge_embedding_loss huber_loss instance_norm interpolate kl_div l1_loss layer_norm leaky_relu
linear local_response_norm logsigmoid margin_ranking_loss max_pool1d max_pool2d mish mse_loss
multi_head_attention_forward nll_loss normalize one_hot pad pairwise_distance pixel_shuffle pixel_unshuffle prelu
relu relu6 rms_norm scaled_dot_product_attention selu silu smooth_l1_loss softmin softplus softsign tanhshrink
threshold triplet_margin_loss unfold upsample_bilinear upsample_nearest
""".split()
WANTED = set(OPERATORS) | {f"nn.functional.{name}" for name in FUNCTIONAL}


def operators(names=()):
    """The records of PyTorch's list for the wanted operators."""
    return [op for op in op_db if op.name in WANTED and (not names or op.name in names)]


def label(op):
    """The operator's name with that of its variant."""
    return op.name + (f".{op.variant_test_name}" if op.variant_test_name else "")


def counterpart(op):
    """The function here of the same name: in `minitorch`, in `nn.functional`, or a method of Tensor."""
    name = op.name.removeprefix("nn.functional.")
    if op.name in CALLS:
        return CALLS[op.name]
    for place in (F,) if op.name.startswith("nn.functional.") else (minitorch, minitorch.Tensor):
        if hasattr(place, name):
            return getattr(place, name)
    raise AttributeError(f"minitorch has no {op.name}")


def translate(value, leaves=None):
    """A PyTorch argument as a minitorch one; tensors that require a gradient are noted in `leaves`."""
    if isinstance(value, torch.Tensor):
        result = minitorch.from_numpy(value.detach().numpy())
        if value.requires_grad:
            result.requires_grad_()
            if leaves is not None:
                leaves.append((value, result))
        return result
    if isinstance(value, torch.dtype):
        return np.dtype(str(value).removeprefix("torch."))
    if isinstance(value, torch.device):
        return str(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[translate(v, leaves) for v in value])
    if isinstance(value, (list, tuple, torch.Size)):
        kind = list if isinstance(value, list) else tuple
        return kind(translate(v, leaves) for v in value)
    if isinstance(value, dict):
        return {k: translate(v, leaves) for k, v in value.items()}
    if isinstance(value, slice):
        return slice(*[translate(v, leaves) for v in (value.start, value.stop, value.step)])
    return value


def untranslatable(sample):
    """Samples that ask for what the engine has not: complex numbers, memory formats, sparse layouts."""
    text = repr(sample.kwargs) + repr(sample.args)
    words = ("complex", "memory_format", "layout", "bfloat16", "torch.sparse", "float8")
    return any(word in text for word in words)


def flat(result):
    """All leaves of a nested result."""
    if isinstance(result, (list, tuple)):
        return [x for part in result for x in flat(part)]
    return [result]


def assert_same(mine, theirs):
    """Equal shape, dtype and numbers."""
    mine, theirs = flat(mine), flat(theirs)
    assert len(mine) == len(theirs), f"{len(mine)} results, PyTorch has {len(theirs)}"
    for a, b in zip(mine, theirs):
        if not isinstance(b, torch.Tensor):
            assert a == b, f"{a} is not {b}"
            continue
        assert isinstance(a, minitorch.Tensor), f"{type(a).__name__} is no tensor"
        assert tuple(a.shape) == tuple(b.shape), f"shape {a.shape}, PyTorch {tuple(b.shape)}"
        assert f"torch.{a.dtype.name}" == str(b.dtype), f"dtype {a.dtype}, PyTorch {b.dtype}"
        tolerance = 1e-6 if b.dtype == torch.float64 else 2e-4
        x, y = a.detach().numpy(), b.detach().numpy()
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance / 10, equal_nan=True)


def compare_gradients(mine, theirs, leaves):
    """Gradients of a random combination of all differentiable results."""
    pairs = [(a, b) for a, b in zip(flat(mine), flat(theirs)) if isinstance(b, torch.Tensor) and b.requires_grad]
    if not pairs or not leaves:
        return
    for a, _ in pairs:
        assert a.requires_grad, "the result does not require a gradient, PyTorch's does"
    random = np.random.default_rng(0)
    starts = [random.standard_normal(tuple(b.shape)).astype(b.detach().numpy().dtype) for _, b in pairs]
    leaves = list({id(t): (t, m) for t, m in leaves}.values())
    theirs = torch.autograd.grad(
        [b for _, b in pairs], [t for t, _ in leaves], [torch.from_numpy(np.asarray(s)) for s in starts],
        allow_unused=True,
    )  # fmt: skip
    mine = minitorch.autograd.grad(
        [a for a, _ in pairs], [m for _, m in leaves], [minitorch.from_numpy(np.asarray(s)) for s in starts],
        allow_unused=True,
    )  # fmt: skip
    for a, b in zip(mine, theirs):
        if a is None or b is None:
            other = b if a is None else a
            assert other is None or not np.any(other.detach().numpy()), f"gradient {a}, PyTorch {b}"
        else:
            assert_same(a, b)


def check_sample(op, sample, gradients):
    """One sample: result and, where wanted, gradients."""
    function, leaves = counterpart(op), []
    arguments = translate([sample.input, *sample.args], leaves)
    named = translate(sample.kwargs, leaves)
    expected = op(sample.input, *sample.args, **sample.kwargs)
    result = function(*arguments, **named)
    if op.name in RANDOM or sample.kwargs.get("dropout_p", 0) > 0:
        for a, b in zip(flat(result), flat(expected)):
            assert (a is None) == (b is None) and (a is None or tuple(a.shape) == tuple(b.shape))
        return
    assert_same(result, expected)
    if gradients:
        compare_gradients(result, expected, leaves)


def check_samples(op, dtype):
    """(number of samples, failures as texts) of an operator for one dtype."""
    gradients = op.supports_autograd and dtype in (torch.float64, torch.float32)
    torch.manual_seed(0)
    failures, count = [], 0
    for sample in op.sample_inputs("cpu", dtype, requires_grad=gradients):
        if untranslatable(sample):
            continue
        count += 1
        try:
            check_sample(op, sample, gradients)
        except Exception as error:  # every failure is reported, of whatever kind
            text = f"{type(error).__name__}: {str(error).strip()}"
            failures.append(f"{label(op)} {dtype} {summary(sample)}\n      {text[:500]}")
    return count, failures


def summary(sample):
    """The arguments of a sample in one line, tensors by shape."""

    def short(value):
        if isinstance(value, torch.Tensor):
            return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(short(v) for v in value) + "]"
        return repr(value)

    parts = [short(v) for v in [sample.input, *sample.args]]
    return ", ".join(parts + [f"{k}={short(v)}" for k, v in sample.kwargs.items()])[:300]


def check_errors(op):
    """(number of error inputs, failures): each must raise one of `ERRORS`."""
    if op.error_inputs_func is None:
        return 0, []
    failures, count = [], 0
    for error_input in op.error_inputs("cpu"):
        sample = error_input.sample_input
        if untranslatable(sample):
            continue
        try:
            op(sample.input, *sample.args, **sample.kwargs)
        except Exception:
            pass
        else:
            continue  # PyTorch itself takes it on the CPU
        count += 1
        try:
            arguments, named = translate([sample.input, *sample.args]), translate(sample.kwargs)
        except ERRORS:
            continue  # complex numbers and the like cannot even be made here
        try:
            result = counterpart(op)(*arguments, **named)
        except ERRORS:
            continue
        except Exception as error:
            failures.append(f"{label(op)} error input {summary(sample)}: raises {type(error).__name__}: {error}")
        else:
            answer = [getattr(r, "shape", r) for r in flat(result)][:3]
            failures.append(f"{label(op)} error input {summary(sample)}: answers {answer}; {error_input.error_regex}")
    return count, failures


def main(names):
    """Print failures and counts for the named operators, or all."""
    warnings.simplefilter("ignore")
    total = bad = whole = count_ops = 0
    for op in operators(names):
        failures, samples = [], 0
        for dtype in (torch.float64, torch.float32, torch.int64, torch.uint8, torch.bool):
            if dtype in op.dtypes:
                with contextlib.suppress(NotImplementedError):
                    count, found = check_samples(op, dtype)
                    samples, failures = samples + count, failures + found
        errors, found = check_errors(op)
        failures += found
        total, bad = total + samples + errors, bad + len(failures)
        count_ops, whole = count_ops + 1, whole + (not failures)
        if failures:
            print(f"{label(op)}: {len(failures)} of {samples} samples and {errors} errors fail")
            for failure in failures[:4]:
                print("   ", failure)
    print(f"{total - bad} of {total} right; {whole} of {count_ops} operators whole")


if __name__ == "__main__":
    main(sys.argv[1:])
