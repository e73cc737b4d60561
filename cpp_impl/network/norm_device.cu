// Batch norm over groups of rows of channels, the addition of a shortcut and ReLU, on a GPU. NVRTC compiles it when it
// is first needed, for float or for bfloat16 (MOCO_BF16). Tests run it on the CPU, thread by thread.
//
// A thread takes 16 bytes of channels and walks down the rows of its strip. Sums go from threads to strips to groups in
// a fixed order, so they are the same each time. The last block to finish adds the strips: no second kernel has to
// start.
#include "network/norm_call.hpp"

#ifndef MOCO_KERNEL
// name, and how many of its blocks share a processor
#define MOCO_KERNEL(name, blocks) extern "C" __global__ void __launch_bounds__(norm_threads, blocks) name
#define MOCO_UNROLL _Pragma("unroll")
#define MOCO_UNROLL_SOME _Pragma("unroll 8") // so that loads are on the way together
#endif

using namespace moco;

#include "network/norm_words.cuh"

constexpr int ahead = 4; // rows whose loads are on the way at the same time

// What a thread works on.
struct Place {
    int channel, group;   // the first of its channels
    int row, end, step;   // of the group
    size_t first, stride; // values: of the group's first row, and from row to row

    __device__ explicit Place(const NormShape &s)
        : channel((int)(blockIdx.x * s.lanes + threadIdx.x % s.lanes) * width), group((int)blockIdx.z),
          row((int)(blockIdx.y * s.strip_rows + threadIdx.x / s.lanes)),
          end((int)(blockIdx.y + 1) * s.strip_rows < s.rows ? (int)(blockIdx.y + 1) * s.strip_rows : s.rows),
          step(norm_threads / s.lanes), first((size_t)group * s.rows * s.channels + channel), stride(s.channels)
    {}
};

__device__ void load_row(float (&out)[width], const float *rows, int row, const NormShape &s, const Place &p)
{
    for (int i = 0; i < width; ++i) {
        out[i] = rows[((size_t)row * s.groups + p.group) * s.channels + p.channel + i];
    }
}

// Adds up what the block's threads have of each channel, and writes it as the sums of its strip.
__device__ void write_strip(float *partial, const float (&a)[width], const float (&b)[width], const NormShape &s)
{
    __shared__ float values[2 * width][norm_threads];
    for (int i = 0; i < width; ++i) {
        values[i][threadIdx.x] = a[i];
        values[width + i][threadIdx.x] = b[i];
    }
    __syncthreads();
    float *const strip = partial + (size_t)(blockIdx.z * s.strips + blockIdx.y) * 2 * s.channels;
    for (int item = (int)threadIdx.x; item < 2 * width * s.lanes; item += norm_threads) {
        const int lane = item % s.lanes;
        const int value = item / s.lanes;
        float sum = 0;
        for (int i = lane; i < norm_threads; i += s.lanes) {
            sum += values[value][i];
        }
        strip[value / width * s.channels + (blockIdx.x * s.lanes + lane) * width + value % width] = sum;
    }
}

// Whether this block is the last of several to come here. It then sees what the others wrote before.
__device__ bool is_last(int *ticket, int blocks)
{
    __shared__ bool last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        last = atomicAdd(ticket, 1) == blocks - 1;
        if (last) {
            *ticket = 0;
        }
    }
    __syncthreads();
    __threadfence();
    return last;
}

// Adds the strips of the block's group; each thread takes 4 channels of some strips. Returns whether this thread then
// has the sums of the channel.
__device__ bool add_strips(double &a, double &b, int &channel, const float *partial, const NormShape &s)
{
    constexpr int quad = 4;
    __shared__ double sums[2][quad * norm_threads];
    const int channels = s.lanes * width;
    const int quads = channels / quad;
    const int helpers = norm_threads / quads;
    const int first = (int)blockIdx.x * channels;
    const int own = (int)threadIdx.x % quads * quad;
    const int helper = (int)threadIdx.x / quads;
    const float *const from = partial + (size_t)blockIdx.z * s.strips * 2 * s.channels + first + own;
    double total[2][quad] = {};
    MOCO_UNROLL_SOME
    for (int strip = helper; strip < s.strips; strip += helpers) {
        for (int which = 0; which < 2; ++which) {
            // Written by other blocks: not from this one's cache.
            const float4 sum = __ldcg((const float4 *)(from + (size_t)(2 * strip + which) * s.channels));
            total[which][0] += sum.x;
            total[which][1] += sum.y;
            total[which][2] += sum.z;
            total[which][3] += sum.w;
        }
    }
    for (int i = 0; i < quad; ++i) {
        sums[0][helper * channels + own + i] = total[0][i];
        sums[1][helper * channels + own + i] = total[1][i];
    }
    __syncthreads();
    if ((int)threadIdx.x >= channels) {
        return false;
    }
    channel = first + (int)threadIdx.x;
    a = b = 0;
    for (int i = 0; i < helpers; ++i) {
        a += sums[0][i * channels + threadIdx.x];
        b += sums[1][i * channels + threadIdx.x];
    }
    return true;
}

// Where a group's own sums take the place of its first strip's, until the last group adds them up.
__device__ float *group_sums(float *partial, int group, int channel, const NormShape &s)
{
    return partial + (size_t)group * s.strips * 2 * s.channels + channel;
}

// Adds up the groups' sums of a channel.
__device__ void add_groups(float &a, float &b, float *partial, int channel, const NormShape &s)
{
    a = b = 0;
    for (int group = 0; group < s.groups; ++group) {
        const float *const sums = group_sums(partial, group, channel, s);
        a += __ldcg(sums);
        b += __ldcg(sums + s.channels);
    }
}

// Adds up the threads' sums. The last block of a group has of_group(sums[2], channel), which may put other values in
// their place, and the last of all groups has of_all(sums[2] of those, channel).
template <typename Group, typename All>
__device__ void add_up(const float (&a)[width], const float (&b)[width], float *partial, int *tickets,
                       const NormShape &s, const Group &of_group, const All &of_all)
{
    write_strip(partial, a, b, s);
    tickets += blockIdx.x * (s.groups + 1);
    if (!is_last(tickets + blockIdx.z, s.strips)) {
        return;
    }
    double sums[2];
    int channel;
    const bool mine = add_strips(sums[0], sums[1], channel, partial, s);
    if (mine) {
        of_group(sums, channel);
        float *const own = group_sums(partial, (int)blockIdx.z, channel, s);
        own[0] = (float)sums[0];
        own[s.channels] = (float)sums[1];
    }
    if (is_last(tickets + s.groups, s.groups) && mine) {
        float all[2];
        add_groups(all[0], all[1], partial, channel, s);
        of_all(all, channel);
    }
}

// Walks down the thread's rows of several inputs, of which some may be null. visit(values, place of the first value).
template <int inputs, typename Visitor>
__device__ void each_row(const Place &p, const void *const (&from)[inputs], const Visitor &visit)
{
    for (int first = p.row; first < p.end; first += ahead * p.step) {
        Words words[ahead][inputs];
        MOCO_UNROLL
        for (int i = 0; i < ahead; ++i) {
            const int row = first + i * p.step;
            for (int k = 0; k < inputs && row < p.end; ++k) {
                words[i][k] = from[k] != nullptr ? load(from[k], p.first + row * p.stride) : Words{};
            }
        }
        MOCO_UNROLL
        for (int i = 0; i < ahead; ++i) {
            const int row = first + i * p.step;
            if (row < p.end) {
                float values[inputs][width];
                for (int k = 0; k < inputs; ++k) {
                    widen(values[k], words[i][k]);
                }
                visit(values, p.first + row * p.stride);
            }
        }
    }
}

// Statistics of each group, by differences from its first row, which keep sums small; and the running ones.
MOCO_KERNEL(norm_statistics, blocks_of_statistics)(NormForward f)
{
    const NormShape &s = f.shape;
    const Place p(s);
    float pivot[width], sum[width] = {}, square[width] = {};
    widen(pivot, load(f.x, p.first));
    each_row<1>(p, { f.x }, [&](const float(&in)[1][width], size_t) {
        for (int c = 0; c < width; ++c) {
            const float difference = in[0][c] - pivot[c];
            sum[c] += difference;
            square[c] += difference * difference;
        }
    });
    const auto of_group = [&](double(&sums)[2], int channel) {
        const size_t at = (size_t)blockIdx.z * s.channels + channel;
        const size_t row = (size_t)s.groups * s.channels;
        float first[width];
        widen(first, load(f.x, (size_t)blockIdx.z * s.rows * s.channels + channel / width * width));
        const double shifted = sums[0] / s.rows;
        const auto mean = (float)((double)first[channel % width] + shifted);
        const double spread = sums[1] / s.rows - shifted * shifted;
        const double var = spread < 0 ? 0 : spread;
        const auto inverse = (float)(1 / sqrt(var + (double)f.epsilon));
        const float scale = f.weight[channel] * inverse;
        f.statistics[norm_mean * row + at] = mean;
        f.statistics[norm_inverse * row + at] = inverse;
        f.statistics[norm_scale * row + at] = scale;
        f.statistics[norm_shift * row + at] = f.bias[channel] - mean * scale;
        sums[0] = mean;
        sums[1] = var * s.rows / (s.rows - 1); // as running variances are
    };
    add_up(sum, square, f.partial, f.tickets, s, of_group, [&](const float(&sums)[2], int channel) {
        f.running_mean[channel] += f.momentum * (sums[0] / s.groups - f.running_mean[channel]);
        f.running_var[channel] += f.momentum * (sums[1] / s.groups - f.running_var[channel]);
    });
}

MOCO_KERNEL(norm_apply, blocks_of_apply)(NormForward f)
{
    const Place p(f.shape);
    float scale[width], shift[width];
    load_row(scale, f.statistics, norm_scale, f.shape, p);
    load_row(shift, f.statistics, norm_shift, f.shape, p);
    each_row<2>(p, { f.x, f.other }, [&](const float(&in)[2][width], size_t at) {
        float y[width];
        for (int c = 0; c < width; ++c) {
            y[c] = fmaf(in[0][c], scale[c], shift[c]) + in[1][c];
            y[c] = f.relu && y[c] < 0 ? 0 : y[c]; // keeps a NaN
        }
        store(f.y, at, y);
    });
}

// Sums of the gradient, and of its product with x - mean; the gradients by weight and bias, and by the shortcut.
MOCO_KERNEL(norm_gradient_sums, blocks_of_gradient_sums)(NormBackward b)
{
    const NormShape &s = b.shape;
    const Place p(s);
    const bool by_y = b.y != nullptr; // ReLU stopped the gradient where y is 0
    const bool by_x = !by_y && b.relu;
    float mean[width], scale[width], shift[width], sum[width] = {}, product[width] = {};
    load_row(mean, b.statistics, norm_mean, s, p);
    load_row(scale, b.statistics, norm_scale, s, p);
    load_row(shift, b.statistics, norm_shift, s, p);
    each_row<3>(p, { b.x, b.dy, b.y }, [&](const float(&in)[3][width], size_t at) {
        float g[width];
        for (int c = 0; c < width; ++c) {
            const float x = in[0][c];
            const bool stopped = (by_y && in[2][c] <= 0) || (by_x && fmaf(x, scale[c], shift[c]) <= 0);
            g[c] = stopped ? 0 : in[1][c];
            sum[c] += g[c];
            product[c] += g[c] * (x - mean[c]);
        }
        if (by_y) {
            store(b.d_other, at, g);
        }
    });
    const auto of_group = [&](double(&sums)[2], int channel) {
        const size_t at = (size_t)blockIdx.z * s.channels + channel;
        const size_t row = (size_t)s.groups * s.channels;
        const double inverse = b.statistics[norm_inverse * row + at];
        b.means[at] = (float)(sums[0] / s.rows);
        b.means[row + at] = (float)(sums[1] / s.rows * inverse * inverse);
        sums[1] *= inverse;
    };
    add_up(sum, product, b.partial, b.tickets, s, of_group, [&](const float(&sums)[2], int channel) {
        b.d_bias[channel] = sums[0];
        b.d_weight[channel] = sums[1];
    });
}

// The gradient by x. That by the shortcut has passed ReLU already.
MOCO_KERNEL(norm_gradient, blocks_of_gradient)(NormBackward b)
{
    const NormShape &s = b.shape;
    const Place p(s);
    const bool by_x = b.y == nullptr && b.relu;
    float mean[width], scale[width], shift[width], mean_g[width], tilt[width];
    load_row(mean, b.statistics, norm_mean, s, p);
    load_row(scale, b.statistics, norm_scale, s, p);
    load_row(shift, b.statistics, norm_shift, s, p);
    load_row(mean_g, b.means, 0, s, p);
    load_row(tilt, b.means, 1, s, p);
    each_row<2>(p, { b.x, b.y != nullptr ? b.d_other : b.dy }, [&](const float(&in)[2][width], size_t at) {
        float dx[width];
        for (int c = 0; c < width; ++c) {
            const float x = in[0][c];
            const float g = by_x && fmaf(x, scale[c], shift[c]) <= 0 ? 0 : in[1][c];
            dx[c] = scale[c] * (g - mean_g[c] - (x - mean[c]) * tilt[c]);
        }
        store(b.dx, at, dx);
    });
}
