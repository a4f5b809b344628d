"""What the parser reads from .cu texts."""

import numpy as np
import pytest

from minitorch.kernels.signature import kernels

TEXT = '''
// __global__ void no(int a);
/* extern "C" __global__ void neither(int a) {} */
const char* text = "__global__ void nor(int a) {}";
__global__ void declared(int a);
template <typename T> __global__ void generic(T* x) {}
extern "C" __global__ void __launch_bounds__(256, 2) first(const real* __restrict__ x, real *y, unsigned n,
    long long int m /* , int q */, const bool flag, float z[], real* const* table) { if (n) { return; } }
extern "C" __global__
void empty(void) {
}
extern "C" {
__global__ void in_block(const unsigned char*p) {}
}
__global__ void plain(size_t n = sizeof(int)) {}
extern "C" __global__ __launch_bounds__(BLOCK * (2)) void expression(int n) {}
'''


def test_names_lines_and_linkage():
    found = kernels(TEXT)
    assert list(found) == ["first", "empty", "in_block", "plain", "expression"]
    assert [kernel.line for kernel in found.values()] == [7, 10, 13, 15, 16]
    assert [kernel.extern_c for kernel in found.values()] == [True, True, True, False, True]
    assert [kernel.most_threads for kernel in found.values()] == [256, None, None, None, None]
    begin, end = found["first"].body
    assert TEXT[begin : end + 1] == "{ if (n) { return; } }"


def test_parameters():
    found = kernels(TEXT)
    assert [(p.name, p.type, p.pointer, p.const) for p in found["first"].parameters] == [
        ("x", "real", 1, True),
        ("y", "real", 1, False),
        ("n", "unsigned int", 0, False),
        ("m", "long long", 0, False),
        ("flag", "bool", 0, True),
        ("z", "float", 1, False),
        ("table", "real", 2, False),
    ]
    assert found["empty"].parameters == ()
    assert str(found["in_block"]) == "in_block(const unsigned char* p)"
    assert [p.name for p in found["plain"].parameters] == ["n"]


@pytest.mark.parametrize(
    "declaration, dtype",
    [
        ("real x", np.float16), ("float x", np.float32), ("double* x", np.float64), ("int x", np.int32),
        ("unsigned x", np.uint32), ("long long x", np.int64), ("unsigned long long int x", np.uint64),
        ("char x", np.int8), ("signed char x", np.int8), ("unsigned char* x", np.uint8), ("short int x", np.int16),
        ("unsigned short x", np.uint16), ("bool x", np.bool_), ("size_t x", np.uint64), ("long x", np.int64),
    ],
)  # fmt: skip
def test_dtypes(declaration, dtype):
    (parameter,) = kernels(f"__global__ void k({declaration}) {{}}")["k"].parameters
    assert parameter.dtype(np.float16) == dtype


def test_what_cannot_be_understood():
    (parameter,) = kernels("__global__ void k(Options* options) {}")["k"].parameters
    with pytest.raises(ValueError, match=r"Options\* options: expected a type out of real, bool"):
        parameter.dtype(np.float32)
    with pytest.raises(ValueError, match="kernel k in line 2: cannot read the parameter 'int'"):
        kernels("\n__global__ void k(int) {}")
