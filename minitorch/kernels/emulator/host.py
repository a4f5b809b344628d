"""Finds what a .cu file holds for the host, ``main`` for example, which the emulator does not compile.

A student's file often holds a whole program. What is declared at file scope is left out if it uses what only the host
has (a launch by ``<<<``, functions of the CUDA runtime, the C++ library) and nothing that is marked for the device.
"""

import re

DEVICE = re.compile(r"\b__(?:global|device|constant|shared|managed)__\b")
HOST = re.compile(
    r"<<<|\bcuda[A-Z]\w*|\bcu(?:rand|blas|dnn)[A-Z_]\w*|\bstd\b|\bmain\s*\(|\b(?:cout|cerr|endl|string|FILE|RAND_MAX)\b|"
    r"\bvector\s*<|\b(?:malloc|calloc|free|exit|s?rand|atoi|fopen|fprintf|gettimeofday)\s*\("
)
SCOPE = re.compile(r'\s*(?:namespace\b[^;{}()]*|extern\s+" "\s*)\{')
FUNCTION = re.compile(r"\)\s*(?:const|noexcept|override|->\s*[\w:<>*& ]+)?\s*$")
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*", re.MULTILINE | re.DOTALL)
# Headers that programs name for the host, or out of habit: they hold nothing that a kernel needs.
HEADERS = (
    "algorithm", "array", "assert.h", "bitset", "cassert", "cctype", "cfloat", "chrono", "climits", "cmath",
    "complex", "cstddef", "cstdint", "cstdio", "cstdlib", "cstring", "ctime", "cublas_v2.h", "cuda.h",
    "cuda_profiler_api.h", "cuda_runtime.h", "cuda_runtime_api.h", "cudnn.h", "curand.h", "deque",
    "device_launch_parameters.h", "device_functions.h", "exception", "float.h", "fstream", "functional",
    "initializer_list", "inttypes.h", "iomanip", "ios", "iostream", "iterator", "limits", "limits.h", "list",
    "locale", "map", "math.h", "memory", "mutex", "numeric", "optional", "queue", "random", "ratio", "set", "sstream",
    "stdbool.h", "stddef.h", "stdexcept", "stdint.h", "stdio.h", "stdlib.h", "string", "string.h", "sys/time.h",
    "thread", "time.h", "tuple", "type_traits", "unistd.h", "unordered_map", "unordered_set", "utility", "vector",
)  # fmt: skip
HEADER = re.compile(rf'^[ \t]*#[ \t]*include[ \t]*[<"](?:{"|".join(map(re.escape, HEADERS))})[>"]', re.MULTILINE)


def host_parts(plain):
    """The spans of what is declared at file scope for the host alone.

    Args:
        plain: the text without comments, see `signature.blank`.
    """
    text = DIRECTIVE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), plain)
    found, start, depth, opening = [], 0, 0, 0
    for match in re.finditer(r"[{};]", text):
        end = match.end()
        if match.group() == "{":
            if depth == 0 and SCOPE.fullmatch(text, start, end):
                start = end
                continue
            opening = match.start() if depth == 0 else opening
            depth += 1
            continue
        if match.group() == "}":
            depth -= 1
            if depth < 0:  # the end of a namespace
                depth, start = 0, end
                continue
            if depth > 0 or not FUNCTION.search(text, start, opening):
                continue
        elif depth > 0:
            continue
        part = text[start:end]
        if HOST.search(part) and not DEVICE.search(part):
            found.append((start + len(part) - len(part.lstrip()), end))
        start = end
    return found
