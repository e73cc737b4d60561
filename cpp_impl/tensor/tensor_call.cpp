// Calls libtorch's operators by name, through its dispatcher.
#include "base/handle.hpp"
#include "base/sayings.hpp"
#include "tensor/call_value.hpp"
#include "tensor/operators.hpp"

#include "moco/call.h"

#include <ATen/ops/scalar_tensor.h>
#include <c10/util/SmallVector.h>

#include <algorithm>
#include <stdexcept>

namespace {

using moco::Operator;
using moco::Slot;
using Stack = std::vector<c10::IValue>;

// Why arguments do not fit an operator.
struct Misfit {
    enum Why { none, wrong, null, missing, surplus, unknown, twice } why = none;
    size_t argument = 0; // of the caller; of the schema if it is missing
};

size_t slot_named(const Operator &op, const char *name)
{
    size_t i = 0;
    while (i < op.slots.size() && op.slots[i].name != name) {
        ++i;
    }
    return i;
}

// Puts the arguments, and defaults for those left out, on the stack in the order of the schema.
Misfit fill(Stack &stack, const Operator &op, const moco_value *args, size_t count)
{
    const size_t slots = op.slots.size();
    c10::SmallVector<bool, 16> given(slots, false);
    stack.clear();
    stack.resize(slots);
    size_t next = 0;
    for (size_t i = 0; i < count; ++i) {
        const size_t at = args[i].name == nullptr ? next++ : slot_named(op, args[i].name);
        if (at >= slots) {
            return { args[i].name == nullptr ? Misfit::surplus : Misfit::unknown, i };
        }
        if (given[at]) {
            return { Misfit::twice, i };
        }
        bool null = false;
        if (!moco::convert_value(stack[at], op.slots[at], args[i], null)) {
            return { null ? Misfit::null : Misfit::wrong, i };
        }
        given[at] = true;
    }
    for (size_t at = 0; at < slots; ++at) {
        if (!given[at]) {
            if (!op.slots[at].otherwise) {
                return { Misfit::missing, at };
            }
            stack[at] = *op.slots[at].otherwise;
        }
    }
    return {};
}

// Says what does not fit, where, and what the schema wants.
std::string complaint(const Operator &op, const moco_value *args, const Misfit &misfit)
{
    if (misfit.why == Misfit::missing) {
        return "argument " + op.slots[misfit.argument].name + " (" + op.slots[misfit.argument].type + ") is missing";
    }
    const std::string number = "args[" + std::to_string(misfit.argument) + "]";
    const moco_value &value = args[misfit.argument];
    if (misfit.why == Misfit::surplus) {
        return number + " is one too many";
    }
    if (misfit.why == Misfit::unknown) {
        return number + " is named '" + value.name + "', which no argument is";
    }
    size_t at = 0; // of the schema
    for (size_t i = 0; value.name == nullptr && i < misfit.argument; ++i) {
        at += args[i].name == nullptr ? 1 : 0;
    }
    const Slot &slot = op.slots[value.name == nullptr ? at : slot_named(op, value.name)];
    const std::string which = number + " (" + slot.name + ") ";
    if (misfit.why == Misfit::null) {
        return which + "holds NULL";
    }
    return misfit.why == Misfit::twice ? which + "is given twice"
                                       : which + "is " + moco::value_kind(value) + "; the schema wants " + slot.type;
}

[[noreturn]] void refuse_arguments(const std::vector<Operator> &ops, const char *name, const moco_value *args,
                                   const Misfit &misfit)
{
    std::string text = std::string("moco_tensor_call: ") + name + ": ";
    if (ops.size() == 1) {
        throw moco::Error(MOCO_EINVALID, text + complaint(ops[0], args, misfit) + ": " + ops[0].schema);
    }
    text += "no overload takes these arguments; there are ";
    for (const auto &op : ops) {
        text += (&op == &ops[0] ? "" : "; ") + op.schema;
    }
    throw moco::Error(MOCO_EINVALID, text);
}

// Returns the overload that the arguments fit, with the stack filled.
const Operator &choose(Stack &stack, const char *name, const moco_value *args, size_t count)
{
    const auto &ops = moco::find_operators(name);
    Misfit misfit;
    for (const auto &op : ops) {
        misfit = fill(stack, op, args, count);
        if (misfit.why == Misfit::none) {
            return op;
        }
    }
    refuse_arguments(ops, name, args, misfit);
}

// Returns a result as a tensor that a handle can hold; undefined if there is none.
at::Tensor checked(const c10::IValue &value, const char *name)
{
    if (value.isNone()) {
        return {};
    }
    if (!value.isTensor()) {
        return at::scalar_tensor(value.toScalar(), value.isInt()    ? at::kLong
                                                   : value.isBool() ? at::kBool
                                                                    : at::kDouble);
    }
    const auto &tensor = value.toTensor();
    if (!tensor.defined()) {
        return tensor;
    }
    switch (tensor.scalar_type()) {
    case at::kFloat:
    case at::kDouble:
    case at::kHalf:
    case at::kBFloat16:
    case at::kLong:
    case at::kInt:
    case at::kByte:
    case at::kBool:
        break;
    default:
        throw moco::Error(MOCO_EINVALID, std::string("moco_tensor_call: ") + name + " gives elements of type " +
                                             c10::toString(tensor.scalar_type()) + ", which moco_dtype does not have");
    }
    if (tensor.dim() > 64) {
        throw moco::Error(MOCO_EINVALID, std::string("moco_tensor_call: ") + name + " gives " +
                                             std::to_string(tensor.dim()) + " dimensions; 64 are the most");
    }
    if (tensor.layout() != at::kStrided || !(tensor.is_cpu() || tensor.is_cuda())) {
        throw moco::Error(MOCO_EINVALID, std::string("moco_tensor_call: ") + name +
                                             " gives a tensor that is sparse or on a device that moco_device lacks");
    }
    return tensor;
}

// Messages name the operator alone, since a function of ops.h may have been called.
void run(const Operator &op, Stack &stack, const char *name)
{
    try {
        op.handle.callBoxed(stack);
    } catch (const c10::OutOfMemoryError &) {
        throw;
    } catch (const c10::Error &error) {
        const moco::Saying said = moco::say(error.what_without_backtrace(), MOCO_EINVALID); // mostly the caller's fault
        throw moco::Error(said.status, std::string(name) + ": " + said.text);
    } catch (const std::runtime_error &error) { // of a number that the element type cannot hold
        const moco::Saying said = moco::say(error.what(), MOCO_ETORCH);
        throw moco::Error(said.status, std::string(name) + ": " + said.text);
    }
}

[[noreturn]] void refuse_count(const char *name, size_t given, size_t wanted)
{
    throw moco::Error(MOCO_EINVALID, std::string("moco_tensor_call: ") + name + " gives " + std::to_string(given) +
                                         " tensors; " + std::to_string(wanted) + " are wanted");
}

// Checks before the call, which may write, how many tensors it gives, unless it gives a list.
void check_count(const Operator &op, const char *name, size_t wanted)
{
    const auto &results = op.handle.schema().returns();
    const bool list = std::any_of(results.begin(), results.end(), [](const c10::Argument &result) {
        return result.type()->kind() == c10::TypeKind::ListType;
    });
    if (!list && wanted > results.size()) {
        refuse_count(name, results.size(), wanted);
    }
}

std::vector<at::Tensor> results_of(const Stack &stack, const char *name)
{
    std::vector<at::Tensor> results;
    for (const auto &value : stack) {
        if (!value.isTensorList()) {
            results.push_back(checked(value, name));
            continue;
        }
        for (const at::Tensor &each : value.toTensorVector()) {
            results.push_back(checked(each, name));
        }
    }
    return results;
}

} // namespace

moco_status moco_tensor_call(moco_tensor **outs, size_t n_outs, moco_scope *scope, const char *op,
                             const moco_value *args, size_t n_args)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(op);
    if (outs == nullptr && n_outs > 0) {
        throw moco::Error(MOCO_EINVALID, "moco_tensor_call: argument outs is NULL");
    }
    if (args == nullptr && n_args > 0) {
        throw moco::Error(MOCO_EINVALID, "moco_tensor_call: argument args is NULL");
    }
    Stack stack;
    const Operator &chosen = choose(stack, op, args, n_args);
    check_count(chosen, op, n_outs);
    run(chosen, stack, op);
    auto results = results_of(stack, op);
    if (n_outs > results.size()) {
        refuse_count(op, results.size(), n_outs);
    }
    c10::SmallVector<moco_tensor *, 4> given(n_outs, nullptr);
    for (size_t i = 0; i < n_outs; ++i) {
        if (results[i].defined()) {
            moco::give(&given[i], scope, std::move(results[i]));
        }
    }
    std::copy(given.begin(), given.end(), outs);
    MOCO_API_END
}
