// Tests data-parallel gradients: what they are, and what is refused.
#include "support/device.hpp"
#include "support/temporary_folder.hpp"
#include "support/thread_ranks.hpp"

#include <cmath>
#include <limits>
#include <vector>

using moco_test::cpu;
using moco_test::message_has;
using moco_test::rows_of;
using moco_test::run_ranks;

namespace {

using Floats = std::vector<float>;

// Returns a small network whose weights depend on the seed.
moco_encoder *small_encoder(uint64_t seed, int64_t dim = 4)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = "resnet20";
    options.dim = dim;
    options.seed = seed;
    moco_encoder *encoder = nullptr;
    EXPECT_EQ(moco_encoder_create(&encoder, &options), MOCO_OK) << moco_error_message();
    return encoder;
}

// Returns the bias of the head, which is the last parameter, or its gradient.
Floats bias_of(const moco_encoder *encoder, bool gradient)
{
    const auto *parameters = moco_encoder_parameters(encoder);
    moco_tensor *bias = moco_tensor_list_get(parameters, moco_tensor_list_count(parameters) - 1);
    moco_tensor *values = bias;
    if (gradient) {
        EXPECT_EQ(moco_tensor_gradient(&values, nullptr, bias), MOCO_OK) << moco_error_message();
    }
    Floats out(static_cast<size_t>(moco_tensor_numel(bias)));
    EXPECT_EQ(moco_tensor_to_host(out.data(), out.size() * sizeof(float), values), MOCO_OK);
    if (gradient) {
        moco_tensor_free(values);
    }
    return out;
}

moco_tensor *full(moco_scope *scope, int64_t rows, int64_t columns, float value)
{
    const int64_t sizes[] = { rows, columns };
    const Floats values(static_cast<size_t>(rows * columns), value);
    moco_tensor *tensor = nullptr;
    EXPECT_EQ(moco_tensor_from_host(&tensor, scope, MOCO_FLOAT32, cpu, sizes, 2, values.data()), MOCO_OK);
    return tensor;
}

// Embeds two images. The loss is factor x the sum of the embeddings, so the gradient by the head's bias is 2 factor.
moco_status pass(moco_ddp *ddp, moco_encoder *encoder, float factor, bool average)
{
    const int64_t sizes[] = { 2, 3, 8, 8 };
    const int64_t dim = moco_encoder_dim(encoder);
    moco_scope *scope = nullptr;
    moco_tensor *images = nullptr;
    moco_tensor *embeddings = nullptr;
    moco_tensor *sum = nullptr;
    moco_tensor *loss = nullptr;
    EXPECT_EQ(moco_scope_create(&scope), MOCO_OK);
    EXPECT_EQ(moco_tensor_randn(&images, scope, cpu, sizes, 4, 1), MOCO_OK);
    EXPECT_EQ(moco_encoder_forward(&embeddings, scope, encoder, images), MOCO_OK) << moco_error_message();
    EXPECT_EQ(moco_tensor_matmul(&sum, scope, full(scope, 1, 2, 1), embeddings), MOCO_OK);
    EXPECT_EQ(moco_tensor_matmul(&loss, scope, sum, full(scope, dim, 1, factor)), MOCO_OK);
    const moco_status status = moco_ddp_backward(ddp, loss, average);
    moco_scope_free(scope);
    return status;
}

// Passes, and looks at the gradient of the head's bias.
void expect_gradient(float want, moco_ddp *ddp, moco_encoder *encoder, float factor, bool average)
{
    ASSERT_EQ(pass(ddp, encoder, factor, average), MOCO_OK) << moco_error_message();
    EXPECT_EQ(bias_of(encoder, true), Floats(4, want)) << "factor " << factor;
}

} // namespace

TEST(Ddp, CopiesRankZeroAndAveragesGradients)
{
    for (const bool overlap : { true, false }) {
        for (const bool compress : { false, true }) {
            run_ranks(2, 60, [&](moco_peers *, moco_comm *comm, int rank) {
                moco_encoder *encoder = small_encoder(static_cast<uint64_t>(rank));
                moco_encoder *first = small_encoder(0);
                moco_ddp_options options = MOCO_DDP_OPTIONS_INIT;
                options.overlap = overlap;
                options.compress_bf16 = compress;
                moco_ddp *ddp = nullptr;
                ASSERT_EQ(moco_ddp_create(&ddp, comm, encoder, &options), MOCO_OK) << moco_error_message();
                EXPECT_EQ(bias_of(encoder, false), bias_of(first, false));
                expect_gradient(3, ddp, encoder, static_cast<float>(rank + 1), true); // of 2 x 1 and 2 x 2
                moco_ddp_free(ddp);
                moco_encoder_free(first);
                moco_encoder_free(encoder);
            });
        }
    }
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Ddp, AddsUpBeforeItAverages)
{
    run_ranks(2, 60, [](moco_peers *, moco_comm *comm, int rank) {
        moco_encoder *encoder = small_encoder(0);
        moco_ddp *ddp = nullptr;
        ASSERT_EQ(moco_ddp_create(&ddp, comm, encoder, nullptr), MOCO_OK) << moco_error_message();
        expect_gradient(2 * static_cast<float>(rank), ddp, encoder, static_cast<float>(rank), false);
        expect_gradient(9, ddp, encoder, 4, true); // of 8 + 0 and 8 + 2
        moco_ddp_free(ddp);
        moco_encoder_free(encoder);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Ddp, AveragesParametersOfNoEncoder)
{
    run_ranks(2, 60, [](moco_peers *, moco_comm *comm, int rank) {
        moco_encoder *encoder = small_encoder(0);
        moco_ddp *alone = nullptr;
        ASSERT_EQ(moco_ddp_create(&alone, nullptr, encoder, nullptr), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_ddp_average(comm, moco_encoder_parameters(encoder)), MOCO_EINVALID);
        EXPECT_TRUE(message_has("no gradient")) << moco_error_message();
        ASSERT_EQ(pass(alone, encoder, static_cast<float>(rank + 1), true), MOCO_OK) << moco_error_message();
        ASSERT_EQ(moco_ddp_average(nullptr, moco_encoder_parameters(encoder)), MOCO_OK);
        EXPECT_EQ(bias_of(encoder, true), Floats(4, 2 * static_cast<float>(rank + 1))) << "one process";
        ASSERT_EQ(moco_ddp_average(comm, moco_encoder_parameters(encoder)), MOCO_OK) << moco_error_message();
        EXPECT_EQ(bias_of(encoder, true), Floats(4, 3));
        moco_ddp_free(alone);
        moco_encoder_free(encoder);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Ddp, RefusesWhatDoesNotFit)
{
    moco_encoder *encoder = small_encoder(0);
    moco_ddp *ddp = nullptr;
    EXPECT_EQ(moco_ddp_create(nullptr, nullptr, encoder, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_ddp_create(&ddp, nullptr, nullptr, nullptr), MOCO_EINVALID);
    for (const double mib : { 0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity() }) {
        moco_ddp_options options = MOCO_DDP_OPTIONS_INIT;
        options.bucket_mib = mib;
        EXPECT_EQ(moco_ddp_create(&ddp, nullptr, encoder, &options), MOCO_EINVALID) << mib;
    }
    moco_tensor *loss = rows_of(1, 1);
    EXPECT_EQ(moco_ddp_backward(nullptr, loss, true), MOCO_EINVALID);
    ASSERT_EQ(moco_ddp_create(&ddp, nullptr, encoder, nullptr), MOCO_OK);
    EXPECT_EQ(moco_ddp_backward(ddp, nullptr, true), MOCO_EINVALID);
    EXPECT_EQ(moco_ddp_backward(ddp, loss, true), MOCO_EINVALID) << "no parameter has part in it";
    EXPECT_EQ(moco_ddp_average(nullptr, nullptr), MOCO_EINVALID);
    moco_tensor_free(loss);
    moco_ddp_free(ddp);
    moco_ddp_free(nullptr);
    moco_encoder_free(encoder);
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Ddp, RefusesEncodersThatDiffer)
{
    run_ranks(2, 60, [](moco_peers *peers, moco_comm *comm, int rank) {
        moco_encoder *encoder = small_encoder(0, rank == 0 ? 4 : 5);
        moco_ddp *ddp = nullptr;
        const moco_status status = moco_ddp_create(&ddp, comm, encoder, nullptr);
        // The rank that sees it first leaves; for the other its peer is gone.
        EXPECT_TRUE(status == MOCO_EINVALID || status == MOCO_EPEER) << status;
        EXPECT_EQ(moco_peers_fail(peers, status), status);
        moco_encoder_free(encoder);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}
