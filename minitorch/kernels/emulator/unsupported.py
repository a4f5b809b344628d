"""What a student's file may ask for although the emulator does not have it, in words that say what to do about it.

The rule is what NVRTC has without any header. Only to a file that includes a header of the C or C++ library, and so is
meant for nvcc, the emulator gives what such headers bring into a kernel: constants, and the mathematical functions
also as ``std::sqrt``.
"""

import re

UNSUPPORTED = (
    (r"\bcooperative_groups|\bcg\b|\bthis_thread_block\b|\btiled_partition\b|\bcoalesced_threads\b|\bthis_grid\b",
     "the emulator does not cover cooperative groups; use __syncthreads(), __syncwarp() and the shuffles such as "
     "__shfl_down_sync()"),
    (r"\bcuda_(?:fp16|bf16|fp8)\b|\b_*(?:half|nv_bfloat16|nv_bfloat162|half2)\b|\b__\w*(?:half|bfloat16)\w*",
     "the emulator does not cover numbers of 16 bits (half, bfloat16); use float"),
    (r"\bmma\b|\bwmma\b|\bnvcuda\b",
     "the emulator does not cover matrix instructions (wmma); write the product as a loop"),
    (r"\bcuda/|\bcuda_(?:pipeline|awbarrier)|'cuda'|\b__pipeline_\w+|\bmemcpy_async\b",
     "the emulator does not cover the library cuda:: and copies that run in the background; copy in a loop and use "
     "__syncthreads() and atomicAdd()"),
    (r"\bcurand\w*",
     "the emulator does not cover cuRAND in kernels; pass an array of random numbers, or compute them in the kernel"),
    (r"\b(?:cub|thrust)\b", "the emulator does not cover CUB and Thrust; write out what the function does"),
    (r"\bcudaTextureObject_t\b|\b(?:tex[123]D\w*|texture|surf[123]D\w*)\b",
     "the emulator does not cover textures; read from an array"),
    (r"'__(shfl(?:_up|_down|_xor)?|any|all|ballot)'",
     "GPUs since Volta have no __{0}; use __{0}_sync, whose first argument is the mask of the lanes that take part, "
     "0xffffffff for all"),
    (r"'(INFINITY|NAN|HUGE_VALF?|M_\w+|(?:FLT|DBL|U?INT|U?LONG|U?LLONG|CHAR|SHRT)_\w+)'",
     "a kernel has {0} only with #include <cmath>, <cfloat> or <climits>, and only if it is for nvcc; for NVRTC write "
     "the number"),
    (r"(\S+): No such file|'([^']+)' file not found",
     "the emulator has no header {0}: it compiles a .cu file alone, as NVRTC does; put what the kernels need of the "
     "header into the file"),
)  # fmt: skip
STANDARD = re.compile(r"\bstd::(\w+)")
SUGGESTION = re.compile(r"; did you mean.*")
MATHEMATICAL = frozenset(
    "abs acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor "
    "fma fmax fmin fmod frexp hypot isfinite isinf isnan ldexp lgamma log log10 log1p log2 nan nearbyint nextafter pow "
    "remainder rint round signbit sin sinh sqrt tan tanh tgamma trunc".split()
)


def in_other_words(errors, source):
    """The compiler's errors, or, where it stumbles over something that the emulator does not cover, only what that is.

    Args:
        errors: a list of line number and text.
        source: the .cu text.
    """
    lines = source.splitlines()
    told = [(line, reason(text, lines[line - 1] if line <= len(lines) else "")) for line, text in errors]
    return list(dict.fromkeys(pair for pair in told if pair[1])) or errors


def reason(error, line):
    """What a compiler's error means if something is not covered, else None.

    Args:
        error: the compiler's words.
        line: the text that they are about.
    """
    error = SUGGESTION.sub("", error)
    if "'std'" in error:
        return reason_against_standard(error, line)
    for pattern, words in UNSUPPORTED:
        found = re.search(pattern, error)
        if found:
            return words.format(*filter(None, found.groups()))
    return None


def reason_against_standard(error, line):
    """What is wrong with the use of something in namespace std."""
    name = next((name for name in STANDARD.findall(line) if f"'{name}'" in error), None)
    name = name or next(iter(STANDARD.findall(line)), "")
    if name in MATHEMATICAL:
        return f"NVRTC has no std::{name}; write {name}, which takes float and double (nvcc: #include <cmath>)"
    if name in ("min", "max"):
        return f"a kernel has no std::{name}; write {name}, which takes integers, float and double"
    return f"a kernel has nothing of the C++ library but mathematical functions, so no std::{name}"
