// Attention, y = softmax(query key^T scale + bias) value, without ever writing the matrix of scores (Dao et al. 2022,
// "FlashAttention"; the softmax in one pass is that of Milakov and Gimelshein 2018). The backward computes the weights
// anew from the logarithm of their sum, which the forward keeps for every query.
//
// Arrays are C-contiguous: query (groups, queries, size), key (groups, keys, size), value (groups, keys, value_size),
// where a group is one head of one sample; sizes go up to 128. The bias has strides, 0 along an axis that broadcasts.
//
// Each block has a tile of 64 rows and walks over all columns. Its 128 threads are 8 teams of 16 lanes; a team owns 8
// rows and each of its lanes some columns. All the work is two products, with the operands in shared memory, so that
// global memory is read once for 64 rows, and the sums in registers:
//   add_dots      a tile of scores: (rows of A) (rows of B)^T, an 8 x 4 piece of it in each thread
//   add_mixture   a tile of results: (weights) (rows of B), an 8 x 4 or 8 x 8 piece of it in each thread
// A thread thus reads 12 or 16 numbers from shared memory for 32 or 64 multiplications. What goes there neighbouring
// threads fetch from neighbouring places, in runs of 32 bytes or more, and so they write results: coalesced.
//
// Least work, with n = groups * queries * keys: forward 2 n (size + value_size) flops, backward 2.5 times that (here
// 3.5 times: both of its kernels compute the weights). Least traffic: each array once; here the blocks of a group read
// its keys and values anew for every 64 queries, mostly from the L2 cache.
#ifndef real
#define real float
#endif

constexpr int THREADS = 128;
constexpr int LANES = 16;                               // of a team; half a warp
constexpr int ROWS = 64;                                // of a tile
constexpr int OWN_ROWS = ROWS * LANES / THREADS;        // rows of a team: 8
constexpr int COLUMNS = sizeof(real) == 4 ? 64 : 32;    // of a tile of scores; shared memory holds half as many doubles
constexpr int OWN_COLUMNS = COLUMNS / LANES;            // columns of a lane
constexpr int CHUNK = sizeof(real) == 4 ? 32 : 16;      // part of the summed axis that is in shared memory at a time
constexpr int STRIDE = ROWS + 4;                        // of transposed tiles; 4 more spread a column over the banks
constexpr int OPERANDS = 2 * CHUNK * STRIDE;            // numbers of shared memory for a chunk of A and one of B
constexpr int WEIGHTS = COLUMNS * STRIDE;               // and for a tile of weights
constexpr int FORWARD_BLOCKS = sizeof(real) == 4 ? 3 : 2;  // on a multiprocessor: a thread gets 168 or 255 registers
constexpr int NARROW = 64;                              // sizes up to here take 4 numbers a row in a lane, others 8
constexpr unsigned int ALL = 0xffffffffu;
constexpr real LOWEST = sizeof(real) == 4 ? (real)-3.4e38 : (real)-1.7e308;  // finite: LOWEST - LOWEST is no NaN

// One group's sizes and bias.
struct Problem {
    const real* bias;  // or null
    int queries, keys, size, value_size, query_stride, key_stride;
    bool causal;
    real scale;

    // What the score of a query and a key starts from: -inf if one does not exist or the key is closed to the query.
    __device__ real start(int query, int key) const {
        if (query >= queries || key >= keys || (causal && key > query)) return -(real)1 / (real)0;
        return bias ? bias[(long long)query * query_stride + key * key_stride] : (real)0;
    }
};

// The column of a lane's number j: columns lie in runs of RUN, which a lane reads with one instruction.
template <int RUN>
__device__ int column_of(int j) {
    return j / RUN * LANES * RUN + threadIdx.x % LANES * RUN + j % RUN;
}

// The next multiple of a length.
__device__ int whole(int n, int length) { return (n + length - 1) / length * length; }

__device__ int first_row() { return threadIdx.x / LANES * OWN_ROWS; }

// Copy numbers start .. start + CHUNK of N rows, times a factor, to shared memory, transposed; 0 beyond the end. Eight
// threads read 8 numbers of a row, 32 bytes, and a warp writes to 32 different banks.
template <int N>
__device__ void load_transposed(real* to, const real* from, int rows, int size, int start, real factor) {
#pragma unroll 1
    for (int i = threadIdx.x; i < N * CHUNK; i += THREADS) {
        const int row = i / 8 % N, k = i / (8 * N) * 8 + i % 8;
        to[k * STRIDE + row] = row < rows && start + k < size ? from[row * size + start + k] * factor : (real)0;
    }
}

// sum[i][j] += factor times the product of row i of A and row j of B, over `size` numbers.
__device__ void add_dots(real (&sum)[OWN_ROWS][OWN_COLUMNS], const real* a, int a_rows, const real* b, int b_rows,
                         int size, real factor, real* operands) {
    real *a_tile = operands, *b_tile = operands + CHUNK * STRIDE;
    const int end = whole(size, CHUNK);
    for (int start = 0; start != end; start += CHUNK) {
        load_transposed<ROWS>(a_tile, a, a_rows, size, start, factor);
        load_transposed<COLUMNS>(b_tile, b, b_rows, size, start, 1);
        __syncthreads();  // the chunks are complete
#pragma unroll 2
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
#pragma unroll 1
        for (int k = 0; k != CHUNK * LANES * WIDTH / THREADS; ++k) {
            const int i = k * THREADS + threadIdx.x;  // neighbours read neighbours
            const int row = start + i / (LANES * WIDTH), column = i % (LANES * WIDTH);
            operands[i] = row < b_rows && column < size ? b[row * size + column] : (real)0;
        }
        __syncthreads();  // the rows are complete, and so are the weights
#pragma unroll 2
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

__device__ void store_weights(real* weights, const real (&weight)[OWN_ROWS][OWN_COLUMNS]) {
#pragma unroll
    for (int j = 0; j < OWN_COLUMNS; ++j)
#pragma unroll
        for (int i = 0; i < OWN_ROWS; ++i) weights[column_of<2>(j) * STRIDE + first_row() + i] = weight[i][j];
}

// Write the tile of results to rows of `size` numbers, sixteen lanes side by side, each row times its factor.
template <int WIDTH>
__device__ void store(real* to, const real (&sum)[OWN_ROWS][WIDTH], const real (&factor)[OWN_ROWS], int rows,
                      int size) {
#pragma unroll
    for (int i = 0; i < OWN_ROWS; ++i)
#pragma unroll
        for (int j = 0; j < WIDTH; ++j) {
            const int row = first_row() + i, column = column_of<4>(j);
            if (row < rows && column < size) to[row * size + column] = sum[i][j] * factor[i];
        }
}

// The sum of a value over the lanes of a team, for each of them.
__device__ real team_sum(real value) {
    for (int offset = LANES / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(ALL, value, offset);
    return value;
}

__device__ real team_max(real value) {
    for (int offset = LANES / 2; offset > 0; offset /= 2) value = max(value, __shfl_xor_sync(ALL, value, offset));
    return value;
}

// The tile of queries from `first` on. `largest` and `total` are the running maximum of each row's scores and, over
// this lane's columns, the sum of exp(score - largest); where the maximum rises, everything summed so far shrinks.
template <int WIDTH>
__device__ void forward(const Problem& problem, const real* query, const real* key, const real* value, real* y,
                        real* log_sum, int first, real* operands, real* weights) {
    real sum[OWN_ROWS][WIDTH] = {}, total[OWN_ROWS] = {}, largest[OWN_ROWS], factor[OWN_ROWS];
    for (int i = 0; i < OWN_ROWS; ++i) largest[i] = LOWEST;
    const int row = first + first_row(), rows = problem.queries - first;
    const int end = whole(problem.causal ? min(problem.keys, first + ROWS) : problem.keys, COLUMNS);
    for (int start = 0; start != end; start += COLUMNS) {
        real weight[OWN_ROWS][OWN_COLUMNS];  // scores first
#pragma unroll
        for (int i = 0; i < OWN_ROWS; ++i)
#pragma unroll
            for (int j = 0; j < OWN_COLUMNS; ++j) weight[i][j] = problem.start(row + i, start + column_of<2>(j));
        add_dots(weight, query, rows, key + (long long)start * problem.size, problem.keys - start, problem.size,
                 problem.scale, operands);
#pragma unroll
        for (int i = 0; i < OWN_ROWS; ++i) {
            real top = largest[i];
            for (int j = 0; j < OWN_COLUMNS; ++j) top = max(top, weight[i][j]);
            top = team_max(top);
            const real shrink = exp(largest[i] - top);
            largest[i] = top;
            total[i] *= shrink;
            for (int j = 0; j < WIDTH; ++j) sum[i][j] *= shrink;
            for (int j = 0; j < OWN_COLUMNS; ++j) total[i] += weight[i][j] = exp(weight[i][j] - top);
        }
        store_weights(weights, weight);
        add_mixture(sum, weights, value + (long long)start * problem.value_size, problem.keys - start,
                    problem.value_size, operands);
    }
#pragma unroll
    for (int i = 0; i < OWN_ROWS; ++i) {
        total[i] = team_sum(total[i]);
        const bool closed = total[i] == 0;  // a query that sees no key gives 0
        factor[i] = closed ? (real)0 : 1 / total[i];
        if (threadIdx.x % LANES == 0 && row + i < problem.queries)
            log_sum[row + i] = closed ? (real)0 : largest[i] + log(total[i]);
    }
    store(y, sum, factor, rows, problem.value_size);
}

// One block for each tile of 64 queries of each group. Keeps the logarithm of the sum of exp(score) of each query.
extern "C" __global__ void __launch_bounds__(THREADS, FORWARD_BLOCKS)
attention(const real* __restrict__ query, const real* __restrict__ key, const real* __restrict__ value,
          const real* __restrict__ bias, real* y, real* log_sum, int queries, int keys, int size, int value_size,
          int heads, long long batch_stride, long long head_stride, int query_stride, int key_stride, bool causal,
          real scale) {
    __shared__ __align__(16) real operands[OPERANDS], weights[WEIGHTS];
    const int tiles = (queries + ROWS - 1) / ROWS, first = blockIdx.x % tiles * ROWS;
    const long long group = blockIdx.x / tiles;
    query += (group * queries + first) * size;
    key += group * keys * size;
    value += group * keys * value_size;
    y += (group * queries + first) * value_size;
    log_sum += group * queries;
    if (bias) bias += group / heads * batch_stride + group % heads * head_stride;
    const Problem problem = {bias, queries, keys, size, value_size, query_stride, key_stride, causal, scale};
    if (whole(value_size, NARROW) == NARROW)
        forward<4>(problem, query, key, value, y, log_sum, first, operands, weights);
    else
        forward<8>(problem, query, key, value, y, log_sum, first, operands, weights);
}

// The gradient of the tile of queries from `first` on: with the weight w = exp(score - log_sum) of a key and delta, the
// product of a query's result and the gradient of it, the gradient of the score is w (gradient . value - delta).
template <int WIDTH>
__device__ void backward_query(const Problem& problem, const real* grad, const real* query, const real* key,
                               const real* value, const real* y, const real* log_sum, real* delta, real* query_grad,
                               int first, real* operands, real* weights) {
    real sum[OWN_ROWS][WIDTH] = {}, own_delta[OWN_ROWS] = {}, own_log_sum[OWN_ROWS], factor[OWN_ROWS];
    const int row = first + first_row(), rows = problem.queries - first;
#pragma unroll
    for (int i = 0; i < OWN_ROWS; ++i) {
        const bool inside = row + i < problem.queries;
        const int place = (first_row() + i) * problem.value_size;
        for (int c = threadIdx.x % LANES; inside && c < problem.value_size; c += LANES)
            own_delta[i] += grad[place + c] * y[place + c];
        own_delta[i] = team_sum(own_delta[i]);
        if (inside && threadIdx.x % LANES == 0) delta[row + i] = own_delta[i];
        own_log_sum[i] = inside ? log_sum[row + i] : (real)0;
        factor[i] = problem.scale;
    }
    const int end = whole(problem.causal ? min(problem.keys, first + ROWS) : problem.keys, COLUMNS);
    for (int start = 0; start != end; start += COLUMNS) {
        const real* keys = key + (long long)start * problem.size;
        const real* values = value + (long long)start * problem.value_size;
        real part[OWN_ROWS][OWN_COLUMNS];  // scores, then weights, then their gradients, then those of the scores
#pragma unroll
        for (int i = 0; i < OWN_ROWS; ++i)
#pragma unroll
            for (int j = 0; j < OWN_COLUMNS; ++j) part[i][j] = problem.start(row + i, start + column_of<2>(j));
        add_dots(part, query, rows, keys, problem.keys - start, problem.size, problem.scale, operands);
        for (int i = 0; i < OWN_ROWS; ++i)
            for (int j = 0; j < OWN_COLUMNS; ++j) part[i][j] = exp(part[i][j] - own_log_sum[i]);
        store_weights(weights, part);
        for (int i = 0; i < OWN_ROWS; ++i)
            for (int j = 0; j < OWN_COLUMNS; ++j) part[i][j] = -own_delta[i];
        add_dots(part, grad, rows, values, problem.keys - start, problem.value_size, 1, operands);
        for (int i = 0; i < OWN_ROWS; ++i)
            for (int j = 0; j < OWN_COLUMNS; ++j) part[i][j] *= weights[column_of<2>(j) * STRIDE + first_row() + i];
        store_weights(weights, part);
        add_mixture(sum, weights, keys, problem.keys - start, problem.size, operands);
    }
    store(query_grad, sum, factor, rows, problem.size);
}

// One block for each tile of 64 queries of each group, which walks over the keys. Also writes each query's delta.
extern "C" __global__ void __launch_bounds__(THREADS, 2)
attention_query_grad(const real* __restrict__ grad, const real* __restrict__ query, const real* __restrict__ key,
                     const real* __restrict__ value, const real* __restrict__ bias, const real* __restrict__ y,
                     const real* __restrict__ log_sum, real* delta, real* query_grad, int queries, int keys, int size,
                     int value_size, int heads, long long batch_stride, long long head_stride, int query_stride,
                     int key_stride, bool causal, real scale) {
    __shared__ __align__(16) real operands[OPERANDS], weights[WEIGHTS];
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
    const Problem problem = {bias, queries, keys, size, value_size, query_stride, key_stride, causal, scale};
    if (whole(size, NARROW) == NARROW)
        backward_query<4>(problem, grad, query, key, value, y, log_sum, delta, query_grad, first, operands, weights);
    else
        backward_query<8>(problem, grad, query, key, value, y, log_sum, delta, query_grad, first, operands, weights);
}

// The gradients of the tile of keys and values from `first` on; rows of the tiles are keys here, and columns queries.
template <int WIDTH>
__device__ void backward_key(const Problem& problem, const real* grad, const real* query, const real* key,
                             const real* value, const real* log_sum, const real* delta, real* key_grad,
                             real* value_grad, int first, real* operands, real* weights) {
    real key_sum[OWN_ROWS][WIDTH] = {}, value_sum[OWN_ROWS][WIDTH] = {}, factor[OWN_ROWS];
    const int row = first + first_row(), rows = problem.keys - first;
    const int end = whole(problem.queries, COLUMNS);
    for (int start = problem.causal ? min(first, end) : 0; start != end; start += COLUMNS) {
        const int left = problem.queries - start;
        const real* queries = query + (long long)start * problem.size;
        const real* grads = grad + (long long)start * problem.value_size;
        real part[OWN_ROWS][OWN_COLUMNS];  // scores, then weights, then their gradients, then those of the scores
#pragma unroll
        for (int i = 0; i < OWN_ROWS; ++i)
#pragma unroll
            for (int j = 0; j < OWN_COLUMNS; ++j) part[i][j] = problem.start(start + column_of<2>(j), row + i);
        add_dots(part, key, rows, queries, left, problem.size, problem.scale, operands);
        for (int j = 0; j < OWN_COLUMNS; ++j) {
            const real column_log_sum = column_of<2>(j) < left ? log_sum[start + column_of<2>(j)] : (real)0;
            for (int i = 0; i < OWN_ROWS; ++i) part[i][j] = exp(part[i][j] - column_log_sum);
        }
        store_weights(weights, part);
        add_mixture(value_sum, weights, grads, left, problem.value_size, operands);
        for (int j = 0; j < OWN_COLUMNS; ++j) {
            const real column_delta = column_of<2>(j) < left ? delta[start + column_of<2>(j)] : (real)0;
            for (int i = 0; i < OWN_ROWS; ++i) part[i][j] = -column_delta;
        }
        add_dots(part, value, rows, grads, left, problem.value_size, 1, operands);
        for (int i = 0; i < OWN_ROWS; ++i)
            for (int j = 0; j < OWN_COLUMNS; ++j) part[i][j] *= weights[column_of<2>(j) * STRIDE + first_row() + i];
        store_weights(weights, part);
        add_mixture(key_sum, weights, queries, left, problem.size, operands);
    }
    for (int i = 0; i < OWN_ROWS; ++i) factor[i] = problem.scale;
    store(key_grad, key_sum, factor, rows, problem.size);
    for (int i = 0; i < OWN_ROWS; ++i) factor[i] = 1;
    store(value_grad, value_sum, factor, rows, problem.value_size);
}

// One block for each tile of 64 keys of each group, which walks over the queries; it needs their delta.
extern "C" __global__ void __launch_bounds__(THREADS, 2)
attention_key_grad(const real* __restrict__ grad, const real* __restrict__ query, const real* __restrict__ key,
                   const real* __restrict__ value, const real* __restrict__ bias, const real* __restrict__ log_sum,
                   const real* __restrict__ delta, real* key_grad, real* value_grad, int queries, int keys, int size,
                   int value_size, int heads, long long batch_stride, long long head_stride, int query_stride,
                   int key_stride, bool causal, real scale) {
    __shared__ __align__(16) real operands[OPERANDS], weights[WEIGHTS];
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
    const Problem problem = {bias, queries, keys, size, value_size, query_stride, key_stride, causal, scale};
    if (whole(max(size, value_size), NARROW) == NARROW)
        backward_key<4>(problem, grad, query, key, value, log_sum, delta, key_grad, value_grad, first, operands,
                        weights);
    else
        backward_key<8>(problem, grad, query, key, value, log_sum, delta, key_grad, value_grad, first, operands,
                        weights);
}
