// Attention, y = softmax(query key^T scale + mask) value, without ever writing the matrix of scores (Dao et al. 2022,
// "FlashAttention"; the softmax in one pass is that of Milakov and Gimelshein 2018). The backward computes the weights
// anew from the logarithm of their sum, which the forward keeps for every query.
//
// Arrays are C-contiguous: query (groups, queries, size), key (groups, keys, size), value (groups, keys, value_size),
// where a group is one head of one sample; sizes go up to 128.
//
// Each block has a tile of 64 rows and walks over all columns. Its 128 threads are 8 teams of 16 lanes; a team owns 8
// rows and each of its lanes some columns. All the work is two products, with the operands in shared memory, so that
// global memory is read once for 64 rows, and the sums in registers:
//   add_dots      a tile of scores: (rows of A) (rows of B)^T, an 8 x 4 piece of it in each thread
//   add_mixture   a tile of results: (weights) (rows of B), an 8 x 4 or 8 x 8 piece of it in each thread
// A thread thus reads 12 or 16 numbers from shared memory for 32 or 64 multiplications.
//
// Least work, with n = groups * queries * keys: forward 2 n (size + value_size) flops, backward 2.5 times that (here 3.5
// times: both of its kernels compute the weights). Least traffic: each array once; here the blocks of a group read its
// keys and values anew for every 64 queries, mostly from the L2 cache.
#ifndef real
#define real float
#endif

constexpr int THREADS = 128;
constexpr int LANES = 16;                               // of a team; half a warp
constexpr int ROWS = 64;                                // of a tile
constexpr int OWN_ROWS = ROWS * LANES / THREADS;        // rows of a team: 8
constexpr int COLUMNS = sizeof(real) == 4 ? 64 : 32;    // of a tile of scores; for double shared memory has half the room
constexpr int OWN_COLUMNS = COLUMNS / LANES;            // columns of a lane
constexpr int CHUNK = sizeof(real) == 4 ? 32 : 16;      // part of the summed axis that is in shared memory at a time
constexpr int STRIDE = ROWS + 4;                        // of transposed tiles; 4 more spread a column over the banks
constexpr int OPERANDS = 2 * CHUNK * STRIDE;            // numbers of shared memory for a chunk of A and one of B
constexpr int WEIGHTS = COLUMNS * STRIDE;               // and for a tile of weights
constexpr unsigned int ALL = 0xffffffffu;
constexpr real LOWEST = sizeof(real) == 4 ? (real)-3.4e38 : (real)-1.7e308;  // finite: LOWEST - LOWEST is no NaN

struct Shape {
    int queries, keys, size, value_size;
    real scale;
};

// What is added to the scores: a mask that broadcasts has strides of 0; -inf closes a key to a query.
struct Mask {
    const real* bias;  // or null
    int query_stride, key_stride;
    bool causal;

    __device__ real operator()(real score, int query, int key) const {
        if (causal && key > query) return -(real)1 / (real)0;
        return bias ? score + bias[(long long)query * query_stride + key * key_stride] : score;
    }
};

// The column of a lane's number j: columns lie in runs of RUN, which a lane reads with one instruction.
template <int RUN>
__device__ int column_of(int j) {
    return j / RUN * LANES * RUN + threadIdx.x % LANES * RUN + j % RUN;
}

__device__ int first_row() { return threadIdx.x / LANES * OWN_ROWS; }

// Copy numbers start .. start + CHUNK of N rows to shared memory, transposed; 0 beyond the end. Eight threads read 8
// numbers of a row, 32 bytes, and a warp writes to 32 different banks.
template <int N>
__device__ void load_transposed(real* to, const real* from, int rows, int size, int start) {
#pragma unroll 2
    for (int i = threadIdx.x; i < N * CHUNK; i += THREADS) {
        const int row = i / 8 % N, k = i / (8 * N) * 8 + i % 8;
        to[k * STRIDE + row] = row < rows && start + k < size ? from[row * size + start + k] : (real)0;
    }
}

// sum[i][j] += the product of row i of A and row j of B, over `size` numbers.
__device__ void add_dots(real (&sum)[OWN_ROWS][OWN_COLUMNS], const real* a, int a_rows, const real* b, int b_rows,
                         int size, real* operands) {
    real *a_tile = operands, *b_tile = operands + CHUNK * STRIDE;
    for (int start = 0; start < size; start += CHUNK) {
        load_transposed<ROWS>(a_tile, a, a_rows, size, start);
        load_transposed<COLUMNS>(b_tile, b, b_rows, size, start);
        __syncthreads();  // the chunks are complete
#pragma unroll 4
        for (int k = 0; k < CHUNK; ++k) {
            real left[OWN_ROWS], right[OWN_COLUMNS];
            for (int i = 0; i < OWN_ROWS; ++i) left[i] = a_tile[k * STRIDE + first_row() + i];
            for (int j = 0; j < OWN_COLUMNS; ++j) right[j] = b_tile[k * STRIDE + column_of<2>(j)];
            for (int i = 0; i < OWN_ROWS; ++i)
                for (int j = 0; j < OWN_COLUMNS; ++j) sum[i][j] += left[i] * right[j];
        }
        __syncthreads();  // nobody reads them any more
    }
}

// sum[i][j] += the mixture of the rows of B by the weights of row i. The weights are transposed, (COLUMNS, STRIDE).
template <int WIDTH>
__device__ void add_mixture(real (&sum)[OWN_ROWS][WIDTH], const real* weights, const real* b, int b_rows, int size,
                            real* operands) {
    for (int start = 0; start < COLUMNS; start += CHUNK) {
#pragma unroll 2
        for (int i = threadIdx.x; i < CHUNK * LANES * WIDTH; i += THREADS) {  // neighbours read neighbours
            const int row = start + i / (LANES * WIDTH), column = i % (LANES * WIDTH);
            operands[i] = row < b_rows && column < size ? b[row * size + column] : (real)0;
        }
        __syncthreads();  // the rows are complete, and so are the weights
#pragma unroll 4
        for (int k = 0; k < CHUNK; ++k) {
            real left[OWN_ROWS], right[WIDTH];
            for (int i = 0; i < OWN_ROWS; ++i) left[i] = weights[(start + k) * STRIDE + first_row() + i];
            for (int j = 0; j < WIDTH; ++j) right[j] = operands[k * LANES * WIDTH + column_of<4>(j)];
            for (int i = 0; i < OWN_ROWS; ++i)
                for (int j = 0; j < WIDTH; ++j) sum[i][j] += left[i] * right[j];
        }
        __syncthreads();  // nobody reads them any more
    }
}

// Write the tile of results to rows of `size` numbers, sixteen lanes side by side, each row times its factor.
template <int WIDTH>
__device__ void store(real* to, const real (&sum)[OWN_ROWS][WIDTH], const real (&factor)[OWN_ROWS], int rows, int size) {
#pragma unroll
    for (int i = 0; i < OWN_ROWS; ++i)
#pragma unroll
        for (int j = 0; j < WIDTH; ++j) {
            const int row = first_row() + i, column = column_of<4>(j);
            if (row < rows && column < size) to[row * size + column] = sum[i][j] * factor[i];
        }
}

__device__ void store_weights(real* weights, const real (&weight)[OWN_ROWS][OWN_COLUMNS]) {
#pragma unroll
    for (int j = 0; j < OWN_COLUMNS; ++j)
#pragma unroll
        for (int i = 0; i < OWN_ROWS; ++i) weights[column_of<2>(j) * STRIDE + first_row() + i] = weight[i][j];
}

// The sum of a value over the lanes of a team, for each of them.
__device__ real team_sum(real value) {
    for (int offset = LANES / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(ALL, value, offset);
    return value;
}

__device__ real team_max(real value) {
    for (int offset = LANES / 2; offset > 0; offset /= 2) {
        const real other = __shfl_xor_sync(ALL, value, offset);
        value = other > value ? other : value;
    }
    return value;
}

// The tile of queries from `first` on. `largest` and `total` are the running maximum of each row's scores and, for this
// lane's columns, the sum of exp(score - largest); where the maximum rises, everything summed so far shrinks.
template <int WIDTH>
__device__ void forward(const real* query, const real* key, const real* value, Mask mask, real* y, real* log_sum,
                        Shape shape, int first, real* operands, real* weights) {
    real sum[OWN_ROWS][WIDTH] = {}, total[OWN_ROWS] = {}, largest[OWN_ROWS];
    for (int i = 0; i < OWN_ROWS; ++i) largest[i] = LOWEST;
    const int row = first + first_row(), rows = shape.queries - first;
    const int end = mask.causal ? min(shape.keys, first + ROWS) : shape.keys;
    for (int start = 0; start < end; start += COLUMNS) {
        real weight[OWN_ROWS][OWN_COLUMNS] = {};  // scores first
        add_dots(weight, query, rows, key + (long long)start * shape.size, shape.keys - start, shape.size, operands);
#pragma unroll
        for (int i = 0; i < OWN_ROWS; ++i) {
            real top = largest[i];
            for (int j = 0; j < OWN_COLUMNS; ++j) {
                const int column = start + column_of<2>(j);
                const bool inside = row + i < shape.queries && column < shape.keys;
                weight[i][j] = inside ? mask(weight[i][j] * shape.scale, row + i, column) : -(real)1 / (real)0;
                top = weight[i][j] > top ? weight[i][j] : top;
            }
            top = team_max(top);
            const real shrink = exp(largest[i] - top);
            largest[i] = top;
            total[i] *= shrink;
            for (int j = 0; j < WIDTH; ++j) sum[i][j] *= shrink;
            for (int j = 0; j < OWN_COLUMNS; ++j) total[i] += weight[i][j] = exp(weight[i][j] - top);
        }
        store_weights(weights, weight);
        add_mixture(sum, weights, value + (long long)start * shape.value_size, shape.keys - start, shape.value_size,
                    operands);
    }
    real factor[OWN_ROWS];
#pragma unroll
    for (int i = 0; i < OWN_ROWS; ++i) {
        total[i] = team_sum(total[i]);
        const bool closed = total[i] == 0;  // a query that sees no key gives 0
        factor[i] = closed ? (real)0 : 1 / total[i];
        if (threadIdx.x % LANES == 0 && row + i < shape.queries)
            log_sum[row + i] = closed ? (real)0 : largest[i] + log(total[i]);
    }
    store(y, sum, factor, rows, shape.value_size);
}

// One block for each tile of 64 queries of each group. Keeps the logarithm of the sum of exp(score) of each query.
extern "C" __global__ void __launch_bounds__(THREADS, 3)
attention(const real* __restrict__ query, const real* __restrict__ key, const real* __restrict__ value,
          const real* __restrict__ bias, real* y, real* log_sum, int queries, int keys, int size, int value_size, int heads,
          long long batch_stride, long long head_stride, int query_stride, int key_stride, bool causal, real scale) {
    __shared__ __align__(16) real operands[OPERANDS];
    __shared__ __align__(16) real weights[WEIGHTS];
    const int tiles = (queries + ROWS - 1) / ROWS, first = blockIdx.x % tiles * ROWS;
    const long long group = blockIdx.x / tiles;
    query += (group * queries + first) * size;
    key += group * keys * size;
    value += group * keys * value_size;
    y += (group * queries + first) * value_size;
    log_sum += group * queries;
    if (bias) bias += group / heads * batch_stride + group % heads * head_stride;
    const Mask mask = {bias, query_stride, key_stride, causal};
    const Shape shape = {queries, keys, size, value_size, scale};
    if (value_size <= 4 * LANES)
        forward<4>(query, key, value, mask, y, log_sum, shape, first, operands, weights);
    else
        forward<8>(query, key, value, mask, y, log_sum, shape, first, operands, weights);
}

// The gradient of the tile of queries from `first` on: with the weight w = exp(score - log_sum) of a key and the products
// delta of a query's result and the gradient of it, that of the score is w (gradient . value - delta).
template <int WIDTH>
__device__ void backward_query(const real* grad, const real* query, const real* key, const real* value, Mask mask,
                               const real* y, const real* log_sum, real* delta, real* query_grad, Shape shape, int first,
                               real* operands, real* weights) {
    real sum[OWN_ROWS][WIDTH] = {}, row_delta[OWN_ROWS] = {}, factor[OWN_ROWS];
    const int row = first + first_row(), rows = shape.queries - first;
#pragma unroll
    for (int i = 0; i < OWN_ROWS; ++i) {
        factor[i] = shape.scale;
        for (int c = threadIdx.x % LANES; c < shape.value_size; c += LANES) {
            const int place = (first_row() + i) * shape.value_size + c;
            if (row + i < shape.queries) row_delta[i] += grad[place] * y[place];
        }
        row_delta[i] = team_sum(row_delta[i]);
        if (threadIdx.x % LANES == 0 && row + i < shape.queries) delta[row + i] = row_delta[i];
    }
    const int end = mask.causal ? min(shape.keys, first + ROWS) : shape.keys;
    for (int start = 0; start < end; start += COLUMNS) {
        const real *keys = key + (long long)start * shape.size, *values = value + (long long)start * shape.value_size;
        real part[OWN_ROWS][OWN_COLUMNS] = {};  // scores, then weights
        add_dots(part, query, rows, keys, shape.keys - start, shape.size, operands);
#pragma unroll
        for (int i = 0; i < OWN_ROWS; ++i)
#pragma unroll
            for (int j = 0; j < OWN_COLUMNS; ++j) {
                const int column = start + column_of<2>(j);
                const bool inside = row + i < shape.queries && column < shape.keys;
                part[i][j] = inside ? exp(mask(part[i][j] * shape.scale, row + i, column) - log_sum[row + i]) : (real)0;
            }
        store_weights(weights, part);
        real change[OWN_ROWS][OWN_COLUMNS] = {};
        add_dots(change, grad, rows, values, shape.keys - start, shape.value_size, operands);
        for (int i = 0; i < OWN_ROWS; ++i)
            for (int j = 0; j < OWN_COLUMNS; ++j)
                change[i][j] = weights[column_of<2>(j) * STRIDE + first_row() + i] * (change[i][j] - row_delta[i]);
        store_weights(weights, change);
        add_mixture(sum, weights, keys, shape.keys - start, shape.size, operands);
    }
    store(query_grad, sum, factor, rows, shape.size);
}

// One block for each tile of 64 queries of each group, which walks over the keys. Also writes each query's delta.
extern "C" __global__ void __launch_bounds__(THREADS, 3)
attention_query_grad(const real* __restrict__ grad, const real* __restrict__ query, const real* __restrict__ key,
                     const real* __restrict__ value, const real* __restrict__ bias, const real* __restrict__ y,
                     const real* __restrict__ log_sum, real* delta, real* query_grad, int queries, int keys, int size,
                     int value_size, int heads, long long batch_stride, long long head_stride, int query_stride,
                     int key_stride, bool causal, real scale) {
    __shared__ __align__(16) real operands[OPERANDS];
    __shared__ __align__(16) real weights[WEIGHTS];
    const int tiles = (queries + ROWS - 1) / ROWS, first = blockIdx.x % tiles * ROWS;
    const long long group = blockIdx.x / tiles;
    grad += (group * queries + first) * value_size;
    y += (group * queries + first) * value_size;
    query += (group * queries + first) * size;
    query_grad += (group * queries + first) * size;
    key += group * keys * size;
    value += group * keys * value_size;
    log_sum += group * queries;
    delta += group * queries;
    if (bias) bias += group / heads * batch_stride + group % heads * head_stride;
    const Mask mask = {bias, query_stride, key_stride, causal};
    const Shape shape = {queries, keys, size, value_size, scale};
    if (size <= 4 * LANES)
        backward_query<4>(grad, query, key, value, mask, y, log_sum, delta, query_grad, shape, first, operands, weights);
    else
        backward_query<8>(grad, query, key, value, mask, y, log_sum, delta, query_grad, shape, first, operands, weights);
}

// The gradients of the tile of keys and values from `first` on; rows of the tiles are keys here, and columns queries.
template <int WIDTH>
__device__ void backward_key(const real* grad, const real* query, const real* key, const real* value, Mask mask,
                             const real* log_sum, const real* delta, real* key_grad, real* value_grad, Shape shape,
                             int first, real* operands, real* weights) {
    real key_sum[OWN_ROWS][WIDTH] = {}, value_sum[OWN_ROWS][WIDTH] = {};
    const int row = first + first_row(), rows = shape.keys - first;
    for (int start = mask.causal ? first / COLUMNS * COLUMNS : 0; start < shape.queries; start += COLUMNS) {
        const real *queries = query + (long long)start * shape.size, *grads = grad + (long long)start * shape.value_size;
        real part[OWN_ROWS][OWN_COLUMNS] = {};  // scores, then weights
        add_dots(part, key, rows, queries, shape.queries - start, shape.size, operands);
#pragma unroll
        for (int j = 0; j < OWN_COLUMNS; ++j) {
            const int column = start + column_of<2>(j);
#pragma unroll
            for (int i = 0; i < OWN_ROWS; ++i) {
                const bool inside = row + i < shape.keys && column < shape.queries;
                part[i][j] = inside ? exp(mask(part[i][j] * shape.scale, column, row + i) - log_sum[column]) : (real)0;
            }
        }
        store_weights(weights, part);
        add_mixture(value_sum, weights, grads, shape.queries - start, shape.value_size, operands);
        real change[OWN_ROWS][OWN_COLUMNS] = {};
        add_dots(change, value, rows, grads, shape.queries - start, shape.value_size, operands);
        for (int j = 0; j < OWN_COLUMNS; ++j) {
            const int column = start + column_of<2>(j);
            const real column_delta = column < shape.queries ? delta[column] : (real)0;
            for (int i = 0; i < OWN_ROWS; ++i)
                change[i][j] = weights[column_of<2>(j) * STRIDE + first_row() + i] * (change[i][j] - column_delta);
        }
        store_weights(weights, change);
        add_mixture(key_sum, weights, queries, shape.queries - start, shape.size, operands);
    }
    real factor[OWN_ROWS];
    for (int i = 0; i < OWN_ROWS; ++i) factor[i] = shape.scale;
    store(key_grad, key_sum, factor, rows, shape.size);
    for (int i = 0; i < OWN_ROWS; ++i) factor[i] = 1;
    store(value_grad, value_sum, factor, rows, shape.value_size);
}

// One block for each tile of 64 keys of each group, which walks over the queries; it needs their delta.
extern "C" __global__ void __launch_bounds__(THREADS, 2)
attention_key_grad(const real* __restrict__ grad, const real* __restrict__ query, const real* __restrict__ key,
                   const real* __restrict__ value, const real* __restrict__ bias, const real* __restrict__ log_sum,
                   const real* __restrict__ delta, real* key_grad, real* value_grad, int queries, int keys, int size,
                   int value_size, int heads, long long batch_stride, long long head_stride, int query_stride,
                   int key_stride, bool causal, real scale) {
    __shared__ __align__(16) real operands[OPERANDS];
    __shared__ __align__(16) real weights[WEIGHTS];
    const int tiles = (keys + ROWS - 1) / ROWS, first = blockIdx.x % tiles * ROWS;
    const long long group = blockIdx.x / tiles;
    grad += group * queries * value_size;
    query += group * queries * size;
    log_sum += group * queries;
    delta += group * queries;
    key += (group * keys + first) * size;
    key_grad += (group * keys + first) * size;
    value += (group * keys + first) * value_size;
    value_grad += (group * keys + first) * value_size;
    if (bias) bias += group / heads * batch_stride + group % heads * head_stride;
    const Mask mask = {bias, query_stride, key_stride, causal};
    const Shape shape = {queries, keys, size, value_size, scale};
    const int widest = max(size, value_size);
    if (widest <= 4 * LANES)
        backward_key<4>(grad, query, key, value, mask, log_sum, delta, key_grad, value_grad, shape, first, operands, weights);
    else
        backward_key<8>(grad, query, key, value, mask, log_sum, delta, key_grad, value_grad, shape, first, operands, weights);
}
