// Softmax and cross entropy in one kernel. Scores are (images, classes, inner), and there is a loss for each of the
// images * inner places; for the usual (N, C) inner is 1. With p = softmax(score), the loss of a place is
//
//   sum over classes of -share log p,   share = weight ((1 - smoothing) target + smoothing / classes),
//
// where target is 1 for the right class and 0 for others, or a given probability. Its gradient to a score is
// mass p - share, with the mass, the sum of all shares, kept from the forward.
//
// A place belongs to a team of blockDim.x threads, a power of two up to a warp, and a block to blockDim.y places. For
// inner = 1 the team's lanes read neighbouring classes of a row; else teams have one thread, and neighbouring threads
// read neighbouring places. Either way the reads of a warp are coalesced; a team joins its results through registers,
// without shared memory. Each score is read once by the forward (and again, from the cache, where every class has a
// share) and once by the backward, which writes as much: 4 and 8 bytes a score, with two exp and one.
#ifndef real
#define real float
#endif

constexpr unsigned int ALL = 0xffffffffu;
constexpr real LOWEST = sizeof(real) == 4 ? (real)-3.4e38 : (real)-1.7e308;  // finite: -inf - LOWEST is no NaN

struct Target {
    const long long* number;  // the right class of each place, or null
    const real* probability;  // of each class of each place, laid out as the scores, or null
    const real* weight;       // of each class, or null
    long long ignored;        // a number that does not count
    real rest, even;          // 1 - smoothing, smoothing / classes

    __device__ real weight_of(long long c) const { return weight ? weight[c] : (real)1; }

    // The share of class c at a place; `at` is where its score stands.
    __device__ real share(long long place, long long at, int c) const {
        real target;
        if (number) {
            if (number[place] == ignored) return 0;
            target = number[place] == c;
        } else {
            target = probability[at];
        }
        return weight_of(c) * (rest * target + even);
    }
};

// The sum of a value over the lanes of a team, for each of them.
__device__ real team_sum(real value) {
    for (int offset = blockDim.x / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(ALL, value, offset);
    return value;
}

__device__ real team_max(real value) {
    for (int offset = blockDim.x / 2; offset > 0; offset /= 2) value = max(value, __shfl_xor_sync(ALL, value, offset));
    return value;
}

// The loss of each place, the logarithm of the sum of exp(score), the mass, and the factor of the place in a mean: the
// weight of the right class, 0 if it is to be ignored. A number that is no class makes them NaN.
extern "C" __global__ void cross_entropy(const real* __restrict__ score, const long long* __restrict__ number,
                                         const real* __restrict__ probability, const real* __restrict__ weight,
                                         real* loss, real* log_sum, real* mass, real* factor, long long places,
                                         long long inner, int classes, long long ignored, real smoothing) {
    const Target target = {number, probability, weight, ignored, 1 - smoothing, smoothing / classes};
    const long long place = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    const bool inside = place < places;  // a team beyond the end takes part in what its warp does together
    const long long first = place / inner * classes * inner + place % inner;
    const int end = inside ? classes : 0;

    real largest = LOWEST, total = 0;  // total is the sum of exp(score - largest)
#pragma unroll 4
    for (int c = threadIdx.x; c < end; c += blockDim.x) {
        const real x = score[first + c * inner];
        const real next = max(largest, x);
        total = total * exp(largest - next) + exp(x - next);
        largest = next;
    }
    const real top = team_max(largest);
    const real logarithm = top + log(team_sum(total * exp(largest - top)));

    const long long chosen = inside && number ? number[place] : ignored;
    const bool alone = number && smoothing == 0;  // only the right class has a share
    real sum = 0, shares = 0;
    for (int c = threadIdx.x; c < end; c += blockDim.x) {
        if ((alone && c != chosen) || (number && chosen == ignored)) continue;
        const real share = target.share(place, first + c * inner, c);
        sum += share * (logarithm - score[first + c * inner]);
        shares += share;
    }
    sum = team_sum(sum);
    shares = team_sum(shares);
    if (!inside || threadIdx.x != 0) return;
    const bool counts = !number || chosen != ignored, wrong = number && counts && (chosen < 0 || chosen >= classes);
    const real spoilt = wrong ? (real)0 / (real)0 : (real)0;
    loss[place] = sum + spoilt;
    mass[place] = shares + spoilt;
    log_sum[place] = logarithm;
    factor[place] = wrong ? spoilt : !counts ? (real)0 : number ? target.weight_of(chosen) : (real)1;
}

// The gradient to each score: that of its place's loss times (mass softmax - share).
extern "C" __global__ void cross_entropy_grad(const real* __restrict__ grad, const real* __restrict__ score,
                                              const long long* __restrict__ number,
                                              const real* __restrict__ probability, const real* __restrict__ weight,
                                              const real* __restrict__ log_sum,
                                              const real* __restrict__ mass, real* score_grad, long long places,
                                              long long inner, int classes, long long ignored, real smoothing) {
    const Target target = {number, probability, weight, ignored, 1 - smoothing, smoothing / classes};
    const long long place = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (place >= places) return;
    const long long first = place / inner * classes * inner + place % inner;
    const real slope = grad[place], total = mass[place], logarithm = log_sum[place];
#pragma unroll 4
    for (int c = threadIdx.x; c < classes; c += blockDim.x) {
        const long long at = first + c * inner;
        score_grad[at] = slope * (total * exp(score[at] - logarithm) - target.share(place, at, c));
    }
}
