// CUDA C++ as a .cu file sees it, on a CPU. This is put in front of the file's text before it goes to the C++ compiler.
//
// No header of the C++ library is included: it would bring names that NVRTC does not have, and take most of the
// compiler's time.
#pragma once

#include "cuda_types.h"
#include "cuda_math.h"
#include "cuda_integer.h"
#include "cuda_threads.h"
#include "cuda_atomic.h"
#include "cuda_entry.h"
