// Tests that checkpoints hold what each mechanism compares with, and that a model continues from them to the bit.
#include "support/model_options.hpp"
#include "support/tensors.hpp"

#include <functional>

using moco_test::Owned;
using moco_test::values_of;

namespace {

struct Kind {
    const char *name;
    std::function<void(moco_test::ModelOptions &)> set;
    // What a checkpoint holds beside a query encoder and its optimiser:
    size_t encoders, optimisers, others;
};

const Kind kinds[] = {
    { "moco", [](auto &) {}, 1, 0, 3 },
    { "end-to-end", [](auto &o) { o.mechanism = MOCO_MECHANISM_END_TO_END; }, 0, 0, 0 },
    { "separate",
      [](auto &o) {
          o.mechanism = MOCO_MECHANISM_END_TO_END;
          o.separate_encoders = true;
      },
      1, 1, 0 },
    { "memory-bank", [](auto &o) { o.mechanism = MOCO_MECHANISM_MEMORY_BANK; }, 0, 0, 1 },
    { "momentum-batch", [](auto &o) { o.mechanism = MOCO_MECHANISM_MOMENTUM_BATCH; }, 1, 0, 8 },
};

class CheckpointMechanisms : public moco_test::TensorTest {
  protected:
    static Owned<moco_model> make(const Kind &kind)
    {
        moco_test::ModelOptions options;
        options.encoder.arch = "resnet20";
        options.encoder.dim = 8;
        options.encoder.bn_splits = 2;
        options.queue_size = 20;
        options.bank_images = 12;
        options.predictor = 16;
        options.seed = 3;
        kind.set(options);
        moco_model *model = nullptr;
        EXPECT_OK(moco_model_create(&model, options.get()));
        return Owned<moco_model>(model);
    }
    double step(moco_model *model, uint64_t seed)
    {
        moco_step out{};
        double loss = NAN;
        const size_t samples[] = { 3, 1, 4, 1, 5, 9 };
        EXPECT_OK(moco_model_step_samples(&out, model, random({ 6, 3, 8, 8 }, seed), random({ 6, 3, 8, 8 }, seed + 1),
                                          samples, 0.05, 0.9));
        EXPECT_OK(moco_tensor_item(&loss, out.loss));
        return loss;
    }
    static moco_config describe(const moco_model *model)
    {
        moco_config config;
        moco_config_init(&config, sizeof config);
        EXPECT_OK(moco_config_describe(&config, model));
        return config;
    }
    static std::string saved(const moco_model *model)
    {
        std::string bytes;
        const moco_config config = describe(model);
        const auto append = [](const void *data, size_t size, void *payload) {
            static_cast<std::string *>(payload)->append(static_cast<const char *>(data), size);
            return MOCO_OK;
        };
        EXPECT_OK(moco_checkpoint_save_to(append, &bytes, model, { 2, 0, 2 }, &config));
        return bytes;
    }
    static moco_status load(moco_model *model, const std::string &bytes)
    {
        moco_weights *weights = nullptr;
        EXPECT_OK(moco_weights_open_bytes(&weights, bytes.data(), bytes.size(), "memory"));
        const moco_status status = moco_checkpoint_load_from(model, nullptr, weights);
        moco_weights_free(weights);
        return status;
    }
};

} // namespace

TEST_F(CheckpointMechanisms, ContinueToTheBit)
{
    for (const auto &kind : kinds) {
        const auto whole = make(kind);
        (void)step(whole.get(), 1);
        (void)step(whole.get(), 3);
        const auto bytes = saved(whole.get());
        const auto resumed = make(kind);
        (void)step(resumed.get(), 9);
        ASSERT_OK(load(resumed.get(), bytes));
        EXPECT_TRUE(saved(resumed.get()) == bytes) << kind.name;
        for (const uint64_t seed : { 5U, 7U }) {
            EXPECT_EQ(step(whole.get(), seed), step(resumed.get(), seed)) << kind.name;
        }
        EXPECT_TRUE(saved(whole.get()) == saved(resumed.get())) << kind.name;
    }
}

TEST_F(CheckpointMechanisms, HoldWhatTheirMechanismHas)
{
    for (const auto &kind : kinds) {
        const auto model = make(kind);
        const auto bytes = saved(model.get());
        moco_weights *weights = nullptr;
        ASSERT_OK(moco_weights_open_bytes(&weights, bytes.data(), bytes.size(), "memory"));
        const auto *encoder = moco_model_query_encoder(model.get());
        const size_t state = moco_tensor_list_count(moco_encoder_state(encoder));
        const size_t parameters = moco_tensor_list_count(moco_encoder_parameters(encoder));
        size_t count = 0;
        bool bank = false;
        for (const moco_weights_entry *entry = nullptr; (entry = moco_weights_get(weights, count)) != nullptr;
             ++count) {
            bank = bank || std::string(entry->name) == "bank";
        }
        moco_weights_free(weights);
        EXPECT_EQ(count, (1 + kind.encoders) * state + (1 + kind.optimisers) * parameters + kind.others) << kind.name;
        EXPECT_EQ(bank, std::string(kind.name) == "memory-bank");
    }
}

TEST_F(CheckpointMechanisms, AreRefusedByOthers)
{
    const auto queue = make(kinds[0]);
    for (const auto &kind : kinds) {
        const auto model = make(kind);
        if (&kind != &kinds[0]) {
            EXPECT_REFUSED(load(queue.get(), saved(model.get())), MOCO_EFORMAT, "tensor");
        }
        moco_config config = describe(model.get());
        config.mechanism = config.mechanism == MOCO_MECHANISM_MOCO ? MOCO_MECHANISM_MEMORY_BANK : MOCO_MECHANISM_MOCO;
        const auto nowhere = [](const void *, size_t, void *) { return MOCO_OK; };
        EXPECT_REFUSED(moco_checkpoint_save_to(nowhere, nullptr, model.get(), { 0, 0, 0 }, &config), MOCO_EINVALID,
                       "mechanism");
    }
}

TEST_F(CheckpointMechanisms, AreDescribedByAConfiguration)
{
    for (const auto &kind : kinds) {
        const auto model = make(kind);
        const moco_config config = describe(model.get());
        moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
        moco_encoder_options encoder = MOCO_ENCODER_OPTIONS_INIT;
        moco_sgd_options sgd = MOCO_SGD_OPTIONS_INIT;
        moco_ddp_options ddp = MOCO_DDP_OPTIONS_INIT;
        ASSERT_OK(moco_config_model_options(&options, &encoder, &sgd, &ddp, &config, { MOCO_CPU, 0 }));
        options.bank_images = 12;
        moco_model *same = nullptr;
        ASSERT_OK(moco_model_create(&same, &options));
        const Owned<moco_model> owner(same);
        EXPECT_OK(load(same, saved(model.get()))) << kind.name;
    }
}
