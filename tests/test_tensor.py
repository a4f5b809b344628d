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


def test_numpy_on_the_left_leaves_the_operation_to_the_tensor():
    x = ones(2, requires_grad=True)
    for y in (np.float64(2) * x, np.float32(2) + x, np.int64(2) - x, np.float64(2) / x, np.float64(2) ** x):
        assert isinstance(y, Tensor) and y.requires_grad and y.dtype == dtype.float32
    with pytest.raises(TypeError, match="mul: .*ndarray.*minitorch.tensor"):
        np.ones(2) * x


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
