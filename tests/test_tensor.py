"""The tensor's own methods: what it is, how it leaves the engine, types and places."""

import inspect

import numpy as np
import pytest

import minitorch
from minitorch import dtype, ops
from minitorch.creation import arange, ones, tensor, zeros
from minitorch.device import cuda_is_available
from minitorch.tensor import Tensor


def test_what_it_is():
    x = arange(6.0).reshape(2, 3)
    assert x.shape == x.size() == (2, 3) and x.size(-1) == 3 and x.ndim == x.dim() == 2 and len(x) == 2
    assert x.numel() == x.nelement() == 6 and x.element_size() == x.itemsize == 4 and x.nbytes == 24
    assert x.stride() == (3, 1) and x.T.stride() == (1, 3) and x.stride(0) == 3
    assert x.dtype == dtype.float32 and x.is_floating_point() and not x.long().is_floating_point()
    assert str(x.device) == "cpu" and not x.is_cuda and x.is_contiguous() and not x.T.is_contiguous()
    assert x.is_leaf and x.grad_fn is None and (x * ones(3, requires_grad=True)).grad_fn.name() == "MulBackward0"
    for wrong in (lambda: x.size(2), lambda: x.stride(-3)):
        with pytest.raises(IndexError, match=r"(size|stride): .*\[-2, 1\]"):
            wrong()


def test_out_of_the_engine():
    x = tensor([[1.5, 2.0]])
    assert x.tolist() == [[1.5, 2.0]] and tensor(3).tolist() == 3 and type(tensor([True]).item()) is bool
    assert type(tensor(3).item()) is int and type(x[0, 0].item()) is float
    x.numpy()[0, 0] = 7
    assert x[0, 0].item() == 7 and np.asarray(x).shape == (1, 2) and np.asarray(x, dtype=np.int64).dtype == np.int64
    with pytest.raises(RuntimeError, match=r"item: a tensor of shape \(1, 2\) has 2 elements"):
        x.item()
    with pytest.raises(RuntimeError, match="has 0 elements"):
        zeros(0).item()
    with pytest.raises(RuntimeError, match=r"numpy: .*detach\(\)\.numpy\(\)"):
        ones(1, requires_grad=True).numpy()
    with pytest.raises(RuntimeError, match="numpy: "):
        np.asarray(ones(1, requires_grad=True))


def test_as_a_python_number():
    x = tensor([2.7])
    assert float(x) == pytest.approx(2.7) and int(x) == 2 and bool(x) and not bool(tensor(0))
    assert [10, 20, 30][tensor(1)] == 20 and list(range(3))[tensor([2]).long()] == 2 and f"{tensor(1.5):.2f}" == "1.50"
    for number in (bool, int, float):
        for many in (zeros(2), zeros(0)):
            with pytest.raises(RuntimeError, match=f"{number.__name__}: .*shape"):
                number(many)
    with pytest.raises(TypeError, match="integer tensors of a single element"):
        [1, 2][x]
    with pytest.raises(TypeError, match="0-dimensional"):
        len(tensor(1))
    with pytest.raises(TypeError, match="0-dimensional"):
        list(tensor(1))


def test_iteration_membership_and_comparison_with_anything():
    x = tensor([[1, 2], [3, 4]])
    assert [row.tolist() for row in x] == [[1, 2], [3, 4]]
    a, b = x
    assert b.tolist() == [3, 4] and 3 in x and 9 not in x
    assert (x == None) is False and (x != None) is True and (x == "a") is False  # noqa: E711
    assert len({x, a, x}) == 2
    for operator in ("__lt__", "__add__", "__mul__"):
        with pytest.raises(TypeError):
            getattr(x, operator)("a")


def test_what_can_be_looked_for():
    x = tensor([1.0, 2.0])
    assert True in x and np.float32(2) in x and tensor(2) in x and tensor([1.0, 5.0]) in x and 3.5 not in x
    for wrong in ("a", None, [1.0], (1.0,)):
        with pytest.raises(RuntimeError, match=f"in: expected a number or a tensor .* got {type(wrong).__name__}"):
            wrong in x  # noqa: B015



def test_numpy_on_the_left_leaves_the_operation_to_the_tensor():
    x = ones(2, requires_grad=True)
    for y in (np.float64(2) * x, np.float32(2) + x, np.int64(2) - x, np.float64(2) / x, np.float64(2) ** x):
        assert isinstance(y, Tensor) and y.requires_grad and y.dtype == dtype.float32


def test_numpy_arrays_stand_for_tensors_beside_an_operator():
    torch = pytest.importorskip("torch", reason="needs torch")
    numbers, array = np.array([[0.5, 1.5], [2.5, 3.5]], np.float32), np.array([[1.0, 2.0], [1.5, 0.25]])
    for operator in ("+", "-", "*", "/", "**", "//", "%", "@", "==", "!=", "<", "<=", ">", ">="):
        for a in (array, array.astype(np.float32), array[:1], array.astype(np.int64) if operator != "@" else array):
            if operator == "@" and a.shape != (2, 2):
                continue
            for expression in (f"x {operator} a", f"a {operator} x"):
                for requires_grad in (False, True):
                    ours = eval(expression, {"x": tensor(numbers, requires_grad=requires_grad), "a": a})
                    x, other = torch.tensor(numbers), torch.tensor(a)
                    if operator == "@":
                        kind = torch.promote_types(x.dtype, other.dtype)
                        x, other = x.to(kind), other.to(kind)
                    theirs = eval(expression, {"x": x, "a": other})
                    assert isinstance(ours, Tensor) and f"torch.{ours.dtype}" == str(theirs.dtype), expression
                    assert not requires_grad or ours.requires_grad or ours.dtype == dtype.bool_
                    np.testing.assert_allclose(ours.detach().numpy(), theirs.numpy(), rtol=1e-6)
    x = tensor(numbers, requires_grad=True)
    (array * x * array).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), array * array)
    for wrong in (np.array(["a", "b"]), np.ones(2, np.complex64), [1, 2], None, "a"):
        with pytest.raises(TypeError):
            x * wrong
        with pytest.raises(TypeError):
            x @ wrong
    with pytest.raises(RuntimeError, match=r"mul: shapes \(2, 2\) and \(3,\)"):
        x * np.ones(3)


def test_functions_of_numpy():
    x = tensor([1.0, 4.0])
    root = np.sqrt(x)
    assert isinstance(root, Tensor) and root.tolist() == [1, 2] and root.dtype == dtype.float32
    assert np.mean(x).item() == 2.5 and np.sum(x).item() == 5 and np.concatenate([x, x]).tolist() == [1, 4, 1, 4]
    with pytest.raises(RuntimeError, match="detach"):
        np.exp(tensor([1.0], requires_grad=True))


def test_size():
    x = ones(2, 3)
    assert x.shape == (2, 3) and x.size() == x.shape and isinstance(x.shape, tuple) and x.shape.numel() == 6
    assert repr(x.shape) == str(x.size()) == "minitorch.Size([2, 3])" and repr(x.shape[1:]) == "minitorch.Size([3])"
    assert repr(x.shape + (1,)) == "minitorch.Size([2, 3, 1])" and repr((1,) + x.shape) == "minitorch.Size([1, 2, 3])"
    assert repr(x.shape * 2) == repr(2 * x.shape) == "minitorch.Size([2, 3, 2, 3])" and x.shape[-1] == 3
    assert repr(minitorch.Size()) == "minitorch.Size([])" and minitorch.Size(tensor([1, 2])) == (1, 2)
    rows, columns = x.shape
    assert (rows, columns) == (2, 3) and {x.shape: 1}[2, 3] == 1 and x.size(-1) == 3
    with pytest.raises(TypeError):
        minitorch.Size(["a"])
    with pytest.raises(TypeError):
        x.shape + [1]


def test_results_with_names():
    x = tensor([[1.0, 4.0], [3.0, 2.0]], requires_grad=True)
    found = x.max(0)
    assert repr(found) == (
        "minitorch.return_types.max(\nvalues=tensor([3., 4.], grad_fn=<MaxBackward0>),\nindices=tensor([1, 0]))"
    )
    values, indices = found
    assert found.values is values and found[1] is indices and isinstance(found, minitorch.return_types.max)
    for name, result in (("min", x.min(1)), ("sort", x.sort()), ("topk", x.topk(1))):
        assert repr(result).startswith(f"minitorch.return_types.{name}(\nvalues=tensor(")


def test_limits_of_types():
    torch = pytest.importorskip("torch", reason="needs torch")
    for name in ("float16", "float32", "float64"):
        ours, theirs = minitorch.finfo(getattr(minitorch, name)), torch.finfo(getattr(torch, name))
        for attribute in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype"):
            assert getattr(ours, attribute) == pytest.approx(getattr(theirs, attribute)), attribute
        assert repr(ours) == repr(theirs)
    for name in ("int8", "int16", "int32", "int64", "uint8"):
        ours, theirs = minitorch.iinfo(getattr(minitorch, name)), torch.iinfo(getattr(torch, name))
        assert (ours.bits, ours.max, ours.min, ours.dtype) == (theirs.bits, theirs.max, theirs.min, theirs.dtype)
        assert repr(ours) == f"iinfo(min={theirs.min}, max={theirs.max}, dtype={name})"
    assert minitorch.finfo().dtype == "float32"
    for call in (lambda: minitorch.finfo(minitorch.int8), lambda: minitorch.iinfo(minitorch.float32),
                 lambda: minitorch.iinfo(minitorch.bool)):
        with pytest.raises(TypeError, match="expected a"):
            call()


def test_type():
    torch = pytest.importorskip("torch", reason="needs torch")
    for name in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"):
        ours = ones(1).to(getattr(minitorch, name))
        assert ours.type() == torch.ones(1).to(getattr(torch, name)).type().replace("torch", "minitorch")
        assert ones(1).type(ours.dtype).dtype == ones(1).type(ours.type()).dtype == ours.dtype
    with pytest.raises(ValueError, match="type: expected"):
        ones(1).type("float")


def test_types():
    x = tensor([0.0, 1.7, -2.9])
    assert x.int().tolist() == x.long().tolist() == [0, 1, -2] and x.bool().tolist() == [False, True, True]
    for method, expected in (("float", "float32"), ("double", "float64"), ("half", "float16"), ("long", "int64"),
                             ("int", "int32"), ("bool", "bool"), ("short", "int16"), ("char", "int8"),
                             ("byte", "uint8")):
        y = getattr(x.abs(), method)()
        assert y.dtype.name == expected and y.shape == (3,)
    assert x.float() is x and x.to(dtype.float32) is x and x.to("cpu") is x and x.to(x) is x and x.cpu() is x
    assert x.to(dtype.float64, copy=True) is not x and x.to(dtype.float32, copy=True) is not x
    assert x.to("cpu", dtype.int64).dtype == x.to(tensor([1])).dtype == x.type_as(tensor([1])).dtype == dtype.int64
    assert x.to(device="cpu", dtype=dtype.float16).dtype == dtype.float16
    for wrong, error in ((("gpu",), RuntimeError), ((3.5,), TypeError), ((complex,), TypeError)):
        with pytest.raises(error, match="device|dtype"):
            x.to(*wrong)
    leaf = ones(2, requires_grad=True)
    leaf.double().sum().backward()
    assert leaf.grad.dtype == dtype.float32


@pytest.mark.skipif(cuda_is_available(), reason="there is a GPU")
def test_without_a_gpu_cuda_says_what_is_missing():
    for call in (lambda: ones(1).cuda(), lambda: ones(1).to("cuda"), lambda: ones(1, device="cuda:0")):
        with pytest.raises(RuntimeError, match="cuda: .*(CuPy|GPU).*(pip install|nvidia-smi)"):
            call()


def test_random_fillings():
    minitorch.manual_seed(0)
    x = zeros(2000)
    assert x.uniform_(2, 3) is x and x.min().item() >= 2 and x.max().item() < 3
    x.normal_(5, 2)
    assert abs(x.mean().item() - 5) < 0.2 and abs(x.std().item() - 2) < 0.15
    x.bernoulli_(0.25)
    assert set(x.tolist()) == {0, 1} and abs(x.mean().item() - 0.25) < 0.05


def test_every_method_has_a_docstring_and_pytorchs_name():
    torch = pytest.importorskip("torch", reason="needs torch")
    own = {"array", "sum_to_size"}
    for name, member in inspect.getmembers(Tensor):
        if not name.startswith("_"):
            assert name in own or hasattr(torch.Tensor, name), name
            assert not callable(member) or member.__doc__, name


def test_public_functions_keep_pytorchs_argument_names():
    torch = pytest.importorskip("torch", reason="needs torch")
    functional = torch.nn.functional
    for name in ("cross_entropy", "nll_loss", "mse_loss", "batch_norm", "dropout", "softmax", "log_softmax"):
        theirs = list(inspect.signature(getattr(functional, name)).parameters)
        assert list(inspect.signature(getattr(ops, name)).parameters) == theirs, name
