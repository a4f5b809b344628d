"""Files as students bring them: headers, the C++ library, templates, structs; what is not covered is said in words."""

import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from minitorch.kernels import emulator
from minitorch.kernels.emulator import unsupported
from minitorch.kernels.emulator.debugging import Layout
from minitorch.kernels.signature import kernels, templates

HEAD = '\nextern "C" __global__ void kernel(float* y, const float* x, int n) {\n    int t = threadIdx.x;\n'

# text, line and words of what is said
NOT_COVERED = {
    "std without header": (HEAD + "y[t] = std::sqrt(x[t]);\n}", 4, "NVRTC has no std::sqrt; write sqrt"),
    "std::max": ("#include <algorithm>" + HEAD + "y[t] = std::max(x[t], 0.0f);\n}", 4, "no std::max; write max,"),
    "using std::min": (HEAD + "using std::min;\ny[t] = min(x[t], 0.0f);\n}", 4, "no std::min; write min,"),
    "std::numeric_limits": (
        "#include <limits>" + HEAD + "y[t] = std::numeric_limits<float>::max();\n}", 4, "so no std::numeric_limits",
    ),
    "cooperative groups": (
        "#include <cooperative_groups.h>\nnamespace cg = cooperative_groups;" + HEAD + "cg::this_thread_block();\n}", 1,
        r"cooperative groups; use __syncthreads\(\)",
    ),
    "groups without the header": (HEAD + "cooperative_groups::this_thread_block().sync();\n}", 4, "cooperative groups"),
    "half header": ("#include <cuda_fp16.h>" + HEAD + "y[t] = __half2float(__float2half(x[t]));\n}", 1, "use float"),
    "half parameter": ("__global__ void kernel(half* y) {\n    y[0] = y[1];\n}", 1, "numbers of 16 bits"),
    "bfloat16": (HEAD + "__nv_bfloat16 v = x[t];\ny[t] = v;\n}", 4, "numbers of 16 bits"),
    "half in a call": (HEAD + "y[t] = __half2float(n);\n}", 4, "numbers of 16 bits"),
    "wmma": ("#include <mma.h>" + HEAD + "}", 1, "matrix instructions"),
    "cuda::barrier": ("#include <cuda/barrier>" + HEAD + "}", 1, "library cuda::"),
    "curand": ("#include <curand_kernel.h>" + HEAD + "}", 1, "cuRAND"),
    "cub": ("#include <cub/cub.cuh>" + HEAD + "}", 1, "CUB and Thrust"),
    "texture": ("__global__ void kernel(cudaTextureObject_t image, float* y) { y[0] = 1; }", 1, "textures"),
    "shuffle of old": (HEAD + "y[t] = __shfl_down(x[t], 1);\n}", 4, "no __shfl_down; use __shfl_down_sync"),
    "vote of old": (HEAD + "y[t] = __any(n);\n}", 4, "no __any; use __any_sync"),
    "INFINITY without header": (HEAD + "y[t] = -INFINITY;\n}", 4, "has INFINITY only with #include <cmath>"),
    "own header": (HEAD + '}\n#include "helper.h"\n', 5, r"no header helper.h: it compiles a .cu file alone"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_COVERED)
def test_what_is_not_covered_is_said_with_its_line(case, write):
    source, line, words = NOT_COVERED[case]
    with pytest.raises(emulator.CompileError, match=words) as caught:
        emulator.launch(write(source, "mine.cu"), "kernel", 1, 1, [])
    assert caught.value.line == line and f"mine.cu does not compile:\n  line {line}: " in str(caught.value)
    assert str(caught.value).count("line ") == 1, caught.value


def test_other_errors_stay_in_the_compiler_s_words(write):
    source = "#include <cmath>" + HEAD + "y[t] = std::sqrt(half_of_it);\nint m = std;\n}"
    with pytest.raises(emulator.CompileError, match="line 4: 'half_of_it' was not declared") as caught:
        emulator.launch(write(source.replace("int m = std;", "")), "kernel", 1, 1, [])
    assert caught.value.line == 4


def test_the_compilers_spell_it_differently():
    line = "y[t] = std::exp(half(x[t]));"
    for words in ("'exp' is not a member of 'std'; did you mean 'exp'?", "no member named 'exp' in namespace 'std'"):
        assert "write exp" in unsupported.reason(words, line)
    for words in ("'half' was not declared in this scope", "use of undeclared identifier 'half'"):
        assert "16 bits" in unsupported.reason(words, line)
    for words in ("helper.h: No such file or directory", "'helper.h' file not found"):
        assert "no header helper.h" in unsupported.reason(words, '#include "helper.h"')
    assert unsupported.reason("'halve' was not declared in this scope; did you mean 'half'?", line) is None


def test_a_header_of_the_c_library_brings_its_names(write):
    source = """
    #include <cmath>
    #include <cfloat>
    __device__ float length(float a, float b) { return std::sqrt(a * a + b * b); }
    __global__ void kernel(float* y, double* z) {
        y[0] = length(3, 4);
        y[1] = std::fmax(-INFINITY, FLT_MAX) == FLT_MAX && std::isinf(-INFINITY) && std::isnan(NAN);
        y[2] = std::abs(-2) + std::abs(-0.5f);
        y[3] = INT_MIN == -2147483647 - 1 && UINT_MAX == 4294967295u && ULLONG_MAX == ~0ull && CHAR_BIT == 8;
        z[0] = std::exp(1.0), z[1] = M_PI, z[2] = M_E, z[3] = DBL_EPSILON, z[4] = M_SQRT2 * M_SQRT1_2;
        z[5] = std::pow(2.0, 10), z[6] = FLT_EPSILON;
    }
    """
    y, z = np.zeros(4, np.float32), np.zeros(7)
    emulator.launch(write(source), "kernel", 1, 1, [y, z], check=True)
    np.testing.assert_array_equal(y, [5, 1, 2.5, 1])
    limits = np.finfo(np.float64).eps, 1, 1024, np.finfo(np.float32).eps
    np.testing.assert_allclose(z, [np.e, np.pi, np.e, *limits], rtol=1e-15)


def test_every_mathematical_name_is_in_std(write):
    uses = "".join(f"using std::{name};\n" for name in unsupported.MATHEMATICAL)
    source = f"#include <cmath>\n__global__ void kernel(int* y) {{\n{uses}y[0] = 1; }}"
    emulator.launch(write(source), "kernel", 1, 1, [np.zeros(1, np.int32)])


TEMPLATES = """
template <typename T>
__device__ T twice(T v) { return v + v; }

template <typename T, int N = 3> struct Window { T values[N]; };

template <typename T, int N, bool FLIP>
__global__ void __launch_bounds__(64) shifted(T* y, const T* __restrict__ x, int n) {
    const int i = threadIdx.x;
    if (i < n) y[i] = twice(x[(FLIP ? n - 1 - i : i) + N]);
}
template __global__ void shifted<double, 1, false>(double*, const double*, int);

template <> __global__ void shifted<int, 0, false>(int* y, const int* x, int n) { y[0] = min(x[0], n); }

__global__ void plain(float* y, int n) { y[threadIdx.x] = twice(1.0f) + n; }
extern "C" __global__ __launch_bounds__(32 < 64 ? 64 : 32) void last(float* y) { y[threadIdx.x] = 3; }
"""


def test_kernels_beside_templates_are_found(write):
    assert [(kernel.name, kernel.line) for kernel in kernels(TEMPLATES).values()] == [("plain", 16), ("last", 17)]
    found = templates(TEMPLATES)
    assert list(found) == ["shifted"] and found["shifted"].line == 8
    assert found["shifted"].template == "typename T, int N, bool FLIP"
    y = np.zeros(4, np.float32)
    emulator.launch(write(TEMPLATES), "plain", 1, 4, [y, 1], check=True)
    np.testing.assert_array_equal(y, 3)


@pytest.mark.parametrize("name", ["shifted", "shifted<float, 1, true>"])
def test_a_template_is_told_how_to_become_a_kernel(name, write):
    with pytest.raises(emulator.ArgumentError, match="shifted in line 8 is a template") as caught:
        emulator.launch(write(TEMPLATES), name, 1, 4, [])
    wrapper = str(caught.value).splitlines()[-1].strip()
    assert wrapper.startswith('extern "C" __global__ void shifted_float_4_true(float* y, const float* x, int n) {')
    text = TEMPLATES[: TEMPLATES.index("template __global__")].replace("__global__ void", "__device__ void")
    x, y = np.arange(7, dtype=np.float32), np.zeros(3, np.float32)
    emulator.launch(write(text + wrapper), "shifted_float_4_true", 1, 3, [y, x, 3], check=True)
    np.testing.assert_array_equal(y, [12, 10, 8])


def test_kernels_in_namespaces_are_run(write):
    source = """
    namespace outer {
    __device__ int one() { return 1; }
    namespace { namespace inner { __global__ void in_two(int* y) { y[0] = one(); } } }
    }
    namespace other::deep {
    extern "C" { __global__ void in_another(int* y) { y[0] = 2; } }
    }
    __global__ void outside(int* y) { y[0] = outer::one() + 2; }
    """
    path, y = write(source), np.zeros(1, np.int32)
    for value, name in enumerate(("in_two", "in_another", "outside"), 1):
        emulator.launch(path, name, 1, 1, [y], check=True)
        assert y == value


BY_VALUE = """
struct Options { int n; float scale; };
__global__ void by_value(float* y, const Options options) { y[0] = options.n; }
__global__ void by_pointer(float* y, Options* options) { y[0] = options->n; }
__global__ void vector(float* y, float4 weights) { y[0] = weights.x; }
__global__ void table(float** y) { y[0][0] = 1; }
"""


@pytest.mark.parametrize(
    "name, words",
    [
        ("by_value", "'options' of type 'const Options': .* structs cannot; declare a parameter for each member"),
        ("by_pointer", r"'options' of type 'Options\*': arrays hold numbers"),
        ("vector", "'weights' of type 'float4': .* declare a number for each component"),
        ("table", r"'y' of type 'float\*\*': a table of pointers must be declared float\* const\*"),
    ],
)
def test_parameters_that_cannot_be_passed(name, words, write):
    for arguments in ([], [np.zeros(1, np.float32), (1, 2)]):
        with pytest.raises(emulator.ArgumentError, match=f"kernel {name}: the emulator cannot pass {words}"):
            emulator.launch(write(BY_VALUE), name, 1, 1, arguments)


SHAPES = """
#define T 4
constexpr int R = 3;
struct Pair { float a; int b; };
typedef float Row[5];
__device__ float grid[2][3];
template <int N> __device__ float across(float v) {
    __shared__ float part[N][N + 1];
    part[threadIdx.x][0] = v;
    return part[1 - threadIdx.x][0];
}
__device__ void put(float* p, int i) { p[i] = 1; }
__global__ void race(float* y) {
    __shared__ float tile[T][T + 1];
    tile[2][threadIdx.x / 2 + 3] = y[0];
}
__global__ void three(float* y) {
    __shared__ double cube[2][R][T];
    y[threadIdx.x] = cube[1][2][threadIdx.x];
}
__global__ void pairs(float* y) {
    __shared__ Pair pairs[2][2];
    y[0] = pairs[1][0].b;
}
__global__ void rows(float* y) {
    __shared__ Row rows[T];
    y[0] = rows[3][4];
}
__global__ void vectors(float* y) {
    __shared__ float4 v[4];
    y[0] = v[2].z;
}
__global__ void template_of_two(float* y) { y[threadIdx.x] = across<2>(1); }
__global__ void of_the_file(float* y) { grid[1][2] = threadIdx.x; }
__global__ void past(float* y) {
    __shared__ float tile[T][T + 1];
    put(&tile[0][0], 22);
}
__global__ void before(float* y) {
    static __shared__ __align__(16) float one[8], tile[T][T + 1];
    one[0] = 1;
    put(tile[0], -1);
}
__global__ void column(float* y, int i) {
    __shared__ float tile[T][T + 1];
    tile[0][i] = 1;
}
__global__ void row(float* y, int i) {
    __shared__ float tile[T][T + 1];
    tile[i][0] = 1;
}
"""


@pytest.mark.parametrize(
    "name, arguments, words",
    [
        ("race", [], r"race within a warp: writes shared tile\[2\]\[3\] \(tile is \[4\]\[5\]\), which thread"),
        ("three", [], r"reads shared cube\[1\]\[2\]\[0\] \(cube is \[2\]\[3\]\[4\]\), which is uninit"),
        ("pairs", [], r"reads shared pairs\[1\]\[0\] \(pairs is \[2\]\[2\]\), which is uninit"),
        ("rows", [], r"reads shared rows\[3\]\[4\] \(rows is \[4\]\[5\]\), which is uninit"),
        ("vectors", [], r"reads shared v\[2\], which is uninit"),
        ("template_of_two", [], r"shared part\[[01]\]\[0\] \(part is \[2\]\[3\]\), which thread"),
        ("of_the_file", [], r"writes the variable grid\[1\]\[2\] \(grid is \[2\]\[3\]\), which thread"),
        ("past", [], r"writes tile\[4\]\[2\], past the end of the shared array tile\[4\]\[5\]"),
        ("before", [], r"writes tile\[-1\]\[4\], before the start of the shared array tile\[4\]\[5\]"),
        ("column", [5], r"index 5 is past the end of dimension 2 of tile\[T\]\[T \+ 1\], an .* type 'float ?\[5\]'"),
        ("row", [4], r"index 4 is past the end of dimension 1 of tile\[T\]\[T \+ 1\], an array of type 'float ?\[4\]"),
        ("row", [-1], r"index -1 is before the start of dimension 1 of tile\[T\]\[T \+ 1\]"),
    ],
)
def test_elements_of_shared_arrays_have_their_indices(name, arguments, words, write):
    threads = 2 if "which thread" in words else 1
    with pytest.raises(emulator.KernelError, match=words):
        emulator.launch(write(SHAPES), name, 1, threads, [np.zeros(2, np.float32), *arguments], check=True)


def test_index_of_an_offset():
    assert [Layout((2, 3, 4), 8).index(8 * n + 5) for n in (0, 5, 23, 24, -1)] == [
        "[0][0][0]", "[0][1][1]", "[1][2][3]", "[2][0][0]", "[-1][2][3]",
    ]  # fmt: skip
    assert Layout((7,), 4).index(27) == "[6]" and Layout((), 4).index(0) == ""


def test_without_readelf_bytes_are_told(write, monkeypatch):
    from_path = shutil.which
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool == "readelf" else from_path(tool))
    source = SHAPES.replace("cube[1][2]", "cube[1][1]")  # a library that nobody has read yet
    with pytest.raises(emulator.UninitialisedError, match=r"reads shared cube \(byte 128\), which is uninit"):
        emulator.launch(write(source), "three", 1, 1, [np.zeros(2, np.float32)], check=True)


def test_a_process_that_was_stopped_has_no_endless_loop(write, tmp_path):
    source = """
    __global__ void kernel(float* y) {
        for (int i = 0; i < 20000000; ++i) y[0] = y[0] * 0.5f + 1;
    }
    """
    code = (
        "import numpy as np\nfrom minitorch.kernels import emulator\n"
        "arguments = [np.zeros(1, np.float32)]\n"
        f"path = {str(write(source))!r}\n"
        "emulator.launch(path, 'kernel', 1, 1, arguments, time_limit=30)\n"
        "print('warm', flush=True)\n"
        "emulator.launch(path, 'kernel', 1, 1, arguments, time_limit=1)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"warm\n"
    process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.5)
    finally:
        process.send_signal(signal.SIGCONT)
    assert process.wait() == 0
