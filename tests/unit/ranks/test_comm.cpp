// Collectives, data-parallel gradients and the store: what they compute, and what they refuse.
#include "support/temporary_folder.hpp"
#include "support/thread_ranks.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using moco_test::first_values;
using moco_test::free_port;
using moco_test::message_has;
using moco_test::rows_of;
using moco_test::run_ranks;

namespace {

using Floats = std::vector<float>;

constexpr moco_device cpu = { MOCO_CPU, 0 };

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

} // namespace

TEST(Comm, Collectives)
{
    run_ranks(3, 60, [](moco_peers *, moco_comm *comm, int rank) {
        ASSERT_EQ(moco_comm_barrier(comm), MOCO_OK) << moco_error_message();
        moco_tensor *mine = rows_of(2, static_cast<float>(rank + 1));
        moco_tensor *all = nullptr;
        ASSERT_EQ(moco_comm_all_gather(&all, nullptr, comm, mine), MOCO_OK);
        EXPECT_EQ(first_values(all), (Floats{ 1, 1, 2, 2, 3, 3 }));
        ASSERT_EQ(moco_comm_all_reduce(comm, mine), MOCO_OK);
        EXPECT_EQ(first_values(mine), (Floats{ 6, 6 }));
        moco_tensor *root = rows_of(1, static_cast<float>(10 * rank));
        ASSERT_EQ(moco_comm_broadcast(comm, root, 2), MOCO_OK);
        EXPECT_EQ(first_values(root), (Floats{ 20 }));
        int64_t largest = 0;
        ASSERT_EQ(moco_comm_largest(&largest, comm, rank == 1 ? 7 : rank), MOCO_OK);
        EXPECT_EQ(largest, 7);
        EXPECT_GE(moco_comm_where(comm).entered, 5U);
        EXPECT_FALSE(moco_comm_where(comm).inside);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Comm, SendsRowsOfAnyNumber)
{
    run_ranks(3, 60, [](moco_peers *, moco_comm *comm, int rank) {
        // Rank r sends r rows to rank 0, one to rank 1 and none to rank 2.
        const int64_t send[] = { rank, 1, 0 };
        const int64_t receive[3][3] = { { 0, 1, 2 }, { 1, 1, 1 }, { 0, 0, 0 } };
        moco_tensor *mine = rows_of(rank + 1, static_cast<float>(rank));
        moco_tensor *got = nullptr;
        ASSERT_EQ(moco_comm_all_to_all(&got, nullptr, comm, mine, send, receive[rank]), MOCO_OK)
            << moco_error_message();
        const Floats want[] = { { 1, 2, 2 }, { 0, 1, 2 }, {} };
        EXPECT_EQ(first_values(got), want[rank]);
        const int64_t wrong[] = { 9, 0, 0 };
        EXPECT_EQ(moco_comm_all_to_all(&got, nullptr, comm, mine, wrong, receive[rank]), MOCO_EINVALID);
        moco_tensor_free(mine);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Comm, OneProcessNeedsNoConnection)
{
    moco_comm *comm = nullptr;
    ASSERT_EQ(moco_comm_create(&comm, nullptr), MOCO_OK);
    for (moco_comm *one : { comm, static_cast<moco_comm *>(nullptr) }) {
        EXPECT_EQ(moco_comm_rank(one), 0);
        EXPECT_EQ(moco_comm_world(one), 1);
        EXPECT_EQ(moco_comm_barrier(one), MOCO_OK);
        moco_tensor *mine = rows_of(2, 3);
        moco_tensor *got = nullptr;
        const int64_t rows = 2;
        int64_t largest = 0;
        EXPECT_EQ(moco_comm_broadcast(one, mine, 0), MOCO_OK);
        EXPECT_EQ(moco_comm_all_reduce(one, mine), MOCO_OK);
        ASSERT_EQ(moco_comm_all_gather(&got, nullptr, one, mine), MOCO_OK);
        EXPECT_EQ(first_values(got), (Floats{ 3, 3 }));
        ASSERT_EQ(moco_comm_all_to_all(&got, nullptr, one, mine, &rows, &rows), MOCO_OK);
        EXPECT_EQ(first_values(got), (Floats{ 3, 3 }));
        EXPECT_EQ(moco_comm_largest(&largest, one, -5), MOCO_OK);
        EXPECT_EQ(largest, -5);
        EXPECT_EQ(moco_comm_where(one).entered, 0U);
        EXPECT_FALSE(moco_comm_where(one).inside);
        moco_tensor_free(mine);
    }
    moco_comm_free(comm);
    moco_comm_free(nullptr);
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Comm, RefusesWhatDoesNotFit)
{
    moco_comm *comm = nullptr;
    EXPECT_EQ(moco_comm_create(nullptr, nullptr), MOCO_EINVALID);
    moco_comm_options options = MOCO_COMM_OPTIONS_INIT;
    options.rank = 1;
    EXPECT_EQ(moco_comm_create(&comm, &options), MOCO_EINVALID);
    EXPECT_TRUE(message_has("rank 1 of 1")) << moco_error_message();
    options.world = 2;
    EXPECT_EQ(moco_comm_create(&comm, &options), MOCO_EINVALID) << "there is no store";

    moco_tensor *mine = rows_of(2, 1);
    moco_tensor *none = nullptr;
    moco_tensor *got = nullptr;
    ASSERT_EQ(moco_tensor_zeros(&none, nullptr, MOCO_FLOAT32, cpu, nullptr, 0), MOCO_OK);
    const int64_t rows = 2;
    const int64_t three = 3;
    EXPECT_EQ(moco_comm_broadcast(nullptr, nullptr, 0), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_broadcast(nullptr, mine, 1), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_broadcast(nullptr, mine, -1), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_all_reduce(nullptr, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_all_gather(nullptr, nullptr, nullptr, mine), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_all_gather(&got, nullptr, nullptr, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_all_gather(&got, nullptr, nullptr, none), MOCO_EINVALID) << "a scalar has no rows";
    EXPECT_EQ(moco_comm_all_to_all(&got, nullptr, nullptr, mine, nullptr, &rows), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_all_to_all(&got, nullptr, nullptr, mine, &rows, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_comm_all_to_all(&got, nullptr, nullptr, mine, &three, &rows), MOCO_EINVALID);
    EXPECT_TRUE(message_has("must sum to the tensor's 2")) << moco_error_message();
    EXPECT_EQ(moco_comm_largest(nullptr, nullptr, 1), MOCO_EINVALID);
    EXPECT_EQ(got, nullptr);
    moco_tensor_free(mine);
    moco_tensor_free(none);
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Comm, EndsWhenAnotherRankLeaves)
{
    run_ranks(2, 20, [](moco_peers *, moco_comm *comm, int rank) {
        if (rank == 1) {
            return;
        }
        moco_tensor *mine = rows_of(1, 1);
        moco_tensor *got = nullptr;
        EXPECT_EQ(moco_comm_all_gather(&got, nullptr, comm, mine), MOCO_EPEER);
        EXPECT_TRUE(message_has("all_gather on rank 0")) << moco_error_message();
        EXPECT_EQ(got, nullptr);
        EXPECT_TRUE(moco_comm_where(comm).inside) << "the other did not come";
        moco_tensor_free(mine);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

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
                ASSERT_EQ(pass(ddp, encoder, static_cast<float>(rank + 1), true), MOCO_OK) << moco_error_message();
                EXPECT_EQ(bias_of(encoder, true), Floats(4, 3)) << "2 x 1 and 2 x 2";
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
        ASSERT_EQ(pass(ddp, encoder, static_cast<float>(rank), false), MOCO_OK) << moco_error_message();
        EXPECT_EQ(bias_of(encoder, true), Floats(4, 2 * static_cast<float>(rank)));
        ASSERT_EQ(pass(ddp, encoder, 4, true), MOCO_OK) << moco_error_message();
        EXPECT_EQ(bias_of(encoder, true), Floats(4, 9)) << "8 + 0 and 8 + 2";
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
    EXPECT_EQ(moco_ddp_backward(ddp, loss, true), MOCO_ETORCH) << "no parameter has part in it";
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

TEST(Store, KeepsTextsAndNumbers)
{
    moco_store_options options = MOCO_STORE_OPTIONS_INIT;
    options.port = free_port();
    options.serve = true;
    options.timeout_s = 20;
    options.prefix = "a";
    moco_store *store = nullptr;
    moco_store *clone = nullptr;
    moco_store *other = nullptr;
    ASSERT_EQ(moco_store_open(&store, &options), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco_store_clone(&clone, store), MOCO_OK) << moco_error_message();
    options.serve = false;
    options.prefix = "b";
    ASSERT_EQ(moco_store_open(&other, &options), MOCO_OK) << moco_error_message();

    char text[6];
    ASSERT_EQ(moco_store_set(store, "key", "value"), MOCO_OK);
    ASSERT_EQ(moco_store_get(text, sizeof text, clone, "key"), MOCO_OK) << moco_error_message();
    EXPECT_STREQ(text, "value");
    EXPECT_EQ(moco_store_get(text, sizeof text, other, "key"), MOCO_ENOTFOUND) << "it has another prefix";
    ASSERT_EQ(moco_store_set(store, "key", ""), MOCO_OK);
    ASSERT_EQ(moco_store_get(text, 1, clone, "key"), MOCO_OK);
    EXPECT_STREQ(text, "");
    ASSERT_EQ(moco_store_set(store, "key", "longer"), MOCO_OK);
    EXPECT_EQ(moco_store_get(text, sizeof text, clone, "key"), MOCO_EINVALID);
    EXPECT_TRUE(message_has("needs 7 bytes")) << moco_error_message();
    EXPECT_EQ(moco_store_get(text, 0, clone, "key"), MOCO_EINVALID);
    EXPECT_STREQ(text, "") << "untouched";

    int64_t sum = 0;
    ASSERT_EQ(moco_store_add(nullptr, store, "count", 3), MOCO_OK);
    ASSERT_EQ(moco_store_add(&sum, clone, "count", -1), MOCO_OK);
    EXPECT_EQ(sum, 2);

    moco_store_free(other);
    moco_store_free(store);
    EXPECT_EQ(moco_store_get(text, sizeof text, clone, "key"), MOCO_EPEER) << "the server is gone";
    EXPECT_EQ(moco_store_add(&sum, clone, "count", 1), MOCO_EPEER);
    EXPECT_EQ(moco_store_set(clone, "key", "x"), MOCO_EPEER);
    moco_store_free(clone);
    moco_store_free(nullptr);
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Store, RefusesWhatDoesNotFit)
{
    moco_store *store = nullptr;
    moco_store_options options = MOCO_STORE_OPTIONS_INIT;
    options.timeout_s = 1;
    EXPECT_EQ(moco_store_open(nullptr, &options), MOCO_EINVALID);
    for (const int port : { 0, -1, 65536 }) {
        options.port = port;
        EXPECT_EQ(moco_store_open(&store, &options), MOCO_EINVALID) << port;
    }
    options.port = free_port();
    EXPECT_EQ(moco_store_open(&store, &options), MOCO_EUNAVAILABLE) << "nobody serves it";
    EXPECT_TRUE(message_has("no answer from 127.0.0.1:")) << moco_error_message();
    options.timeout_s = 0;
    EXPECT_EQ(moco_store_open(&store, &options), MOCO_EINVALID);
    options.timeout_s = 5;
    options.address = nullptr;
    EXPECT_EQ(moco_store_open(&store, &options), MOCO_EINVALID);
    options.address = "127.0.0.1";
    options.serve = true;
    ASSERT_EQ(moco_store_open(&store, &options), MOCO_OK) << moco_error_message();
    moco_store *second = nullptr;
    EXPECT_EQ(moco_store_open(&second, &options), MOCO_EUNAVAILABLE);
    EXPECT_TRUE(message_has("is in use")) << moco_error_message();

    char text[8];
    EXPECT_EQ(moco_store_clone(nullptr, store), MOCO_EINVALID);
    EXPECT_EQ(moco_store_clone(&second, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_store_set(nullptr, "key", "x"), MOCO_EINVALID);
    EXPECT_EQ(moco_store_set(store, nullptr, "x"), MOCO_EINVALID);
    EXPECT_EQ(moco_store_set(store, "key", nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_store_get(nullptr, 8, store, "key"), MOCO_EINVALID);
    EXPECT_EQ(moco_store_get(text, sizeof text, store, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_store_get(text, sizeof text, nullptr, "key"), MOCO_EINVALID);
    EXPECT_EQ(moco_store_add(nullptr, nullptr, "key", 1), MOCO_EINVALID);
    EXPECT_EQ(moco_store_add(nullptr, store, nullptr, 1), MOCO_EINVALID);
    moco_store_free(store);
    EXPECT_EQ(moco_live_handles(), 0U);
}
