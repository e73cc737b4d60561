// Measures what moco_tensor_call() costs beside a function that calls libtorch itself.
#include "base/handle.hpp"
#include "support/tensors.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace {

class CallCost : public moco_test::TensorTest {};

// What a function of the library looks like that is written for one operator.
moco_status add_directly(moco_tensor **out, moco_scope *scope, const moco_tensor *a, const moco_tensor *b)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(a);
    MOCO_CHECK_ARG(b);
    moco::give(out, scope, a->value + b->value);
    MOCO_API_END
}

// The processor's time, which other programs disturb less than the clock's.
double now()
{
    timespec time{};
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return 1e6 * static_cast<double>(time.tv_sec) + 1e-3 * static_cast<double>(time.tv_nsec);
}

// Lowers `best`, in microseconds a call, if this run of calls was faster.
template <typename Call> void measure(double &best, const Call &call)
{
    constexpr int kCalls = 2000;
    const double start = now();
    for (int i = 0; i < kCalls; ++i) {
        moco_tensor *made = nullptr;
        ASSERT_OK(call(&made));
        moco_tensor_free(made);
    }
    best = std::min(best, (now() - start) / kCalls);
}

} // namespace

// The bound leaves room for a busy machine.
TEST_F(CallCost, IsLittle)
{
    const moco_tensor *a = floats({ 2, 2 }, { 1, 2, 3, 4 });
    double direct = 1e9;
    double generic = 1e9;
    double choosing = 1e9;
    for (int repeat = 0; repeat < 50; ++repeat) {
        measure(direct, [&](moco_tensor **made) { return add_directly(made, nullptr, a, a); });
        measure(generic, [&](moco_tensor **made) { return moco_tensor_add(made, nullptr, a, a); });
        measure(choosing, [&](moco_tensor **made) {
            const moco_value args[] = { moco_value_tensor(a), moco_value_tensor(a) };
            return moco_tensor_call(made, 1, nullptr, "aten::add", args, 2);
        });
    }
    std::printf("an addition: direct %.2f us, by name and overload %.2f us, by name %.2f us\n", direct, generic,
                choosing);
    EXPECT_LT(generic - direct, 3);
    EXPECT_LT(choosing - direct, 4);
}
