// Convolution by columns: im2col writes every window of an image as a column, so that one matrix product with the
// weight makes a convolution; col2im is its transpose, which the gradient to the input needs.
//
// A GPU runs a kernel as a grid of blocks of threads. All threads run the same text and differ only in `blockIdx` and
// `threadIdx`; 32 neighbours (a warp) run each instruction together. When the 32 read or write 32 neighbouring
// numbers, the memory system serves them with a few wide transfers: the access is coalesced. In an image the numbers
// of a row are neighbours, so in both kernels neighbouring threads take neighbouring columns of an image.
#ifndef real
#define real float  // the launcher compiles once with float, once with double
#endif

// columns[image, (channel, kernel row, kernel column), window] = x[image, channel, row, column], or 0 in the padding.
//
// A block has blockDim.y planes (one channel of one image each) times blockDim.x windows of them; the y axis of the
// grid, and then the loop, cover what windows are left. A thread copies all taps of one window: for each tap the
// threads of a warp write neighbouring numbers, and read neighbours too where the stride is 1. Both accesses are
// coalesced. The windows overlap, so a number is read by up to KH * KW threads of a block, mostly from the cache.
// Nothing is in shared memory, for no thread reads what another wrote.
//
// Two divisions a thread find the window's place; a plane's numbers are counted in 32 bits, whole arrays in 64.
// Least traffic for N images of C channels: C*H*W*N numbers read, C*KH*KW*OH*OW*N written, 4 bytes each; no flops.
extern "C" __global__ void im2col(
    const real* __restrict__ x,  // (N, C, H, W)
    real* __restrict__ columns,
    long long image_stride,  // numbers between one image and the next in columns
    long long row_stride,    // and between one (channel, kernel row, kernel column) and the next
    int planes,              // N * C
    int channels, int height, int width, int out_height, int out_width, int kernel_height, int kernel_width,
    int stride_height, int stride_width, int pad_top, int pad_left, int dilation_height, int dilation_width) {
    const int plane = blockIdx.x * blockDim.y + threadIdx.y;
    if (plane >= planes) {
        return;
    }
    const real* image = x + (long long)plane * height * width;
    const long long first_row = (long long)(plane % channels) * kernel_height * kernel_width;
    real* destination = columns + plane / channels * image_stride + first_row * row_stride;

    const int windows = out_height * out_width;
    for (int window = blockIdx.y * blockDim.x + threadIdx.x; window < windows; window += gridDim.y * blockDim.x) {
        const int top = window / out_width * stride_height - pad_top;
        const int left = window % out_width * stride_width - pad_left;
        real* tap = destination + window;
        for (int i = 0; i < kernel_height; ++i) {
            const int row = top + i * dilation_height;
            for (int j = 0; j < kernel_width; ++j) {
                const int column = left + j * dilation_width;
                const bool inside = 0 <= row && row < height && 0 <= column && column < width;
                *tap = inside ? image[row * width + column] : 0;
                tap += row_stride;
            }
        }
    }
}

// Where along one axis the window lies that meets a given position through a given tap:
// window * stride + rest = position + padding - tap * dilation, and it exists if the rest is 0.
struct Meeting {
    int window, rest;

    // The window for the next tap, without another division.
    __device__ void next_tap(int dilation, int stride) {
        window -= dilation / stride;
        rest -= dilation % stride;
        if (rest < 0) {
            rest += stride;
            --window;
        }
    }

    __device__ bool exists(int windows) const {
        return rest == 0 && 0 <= window && window < windows;
    }
};

// x[image, channel, row, column] = the sum of all numbers of columns that im2col would have read from there.
//
// Written as a loop over columns, each would be added to its place in x, and threads of overlapping windows would
// collide there: it would take atomic additions, in an order that changes from run to run. The kernel gathers
// instead: a thread owns one number of x and sums over the taps of the kernel what the window that meets it through
// this tap has to give. Blocks and grid are as in im2col, over the numbers of a plane of x; no shared memory.
//
// For one tap, neighbouring threads read neighbouring windows where the stride is 1, and every second or third thread
// does where it is 2 or 3: coalesced. Least traffic: C*KH*KW*OH*OW*N numbers read, each once, C*H*W*N written, 4
// bytes each, and one addition for each number read.
extern "C" __global__ void col2im(
    const real* __restrict__ columns,
    real* __restrict__ x,  // (N, C, H, W)
    long long image_stride, long long row_stride,  // of columns, see im2col
    int planes, int channels, int height, int width, int out_height, int out_width, int kernel_height,
    int kernel_width, int stride_height, int stride_width, int pad_top, int pad_left, int dilation_height,
    int dilation_width) {
    const int plane = blockIdx.x * blockDim.y + threadIdx.y;
    if (plane >= planes) {
        return;
    }
    const long long first_row = (long long)(plane % channels) * kernel_height * kernel_width;
    const real* source = columns + plane / channels * image_stride + first_row * row_stride;
    real* image = x + (long long)plane * height * width;

    const int pixels = height * width;
    for (int pixel = blockIdx.y * blockDim.x + threadIdx.x; pixel < pixels; pixel += gridDim.y * blockDim.x) {
        const int row = pixel / width + pad_top, column = pixel % width + pad_left;
        const Meeting first = {column / stride_width, column % stride_width};
        Meeting vertical = {row / stride_height, row % stride_height};
        const real* tap = source;
        real sum = 0;
        for (int i = 0; i < kernel_height; ++i) {
            const bool row_exists = vertical.exists(out_height);
            Meeting horizontal = first;
            for (int j = 0; j < kernel_width; ++j) {
                if (row_exists && horizontal.exists(out_width)) {
                    sum += tap[vertical.window * out_width + horizontal.window];
                }
                horizontal.next_tap(dilation_width, stride_width);
                tap += row_stride;
            }
            vertical.next_tap(dilation_height, stride_height);
        }
        image[pixel] = sum;
    }
}
