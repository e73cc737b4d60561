#include "tensor/call_value.hpp"

#include "base/handle.hpp"

#include <iterator>

namespace {

using moco::Slot;
using moco::Takes;

bool convert_tensors(c10::IValue &out, const Slot &slot, const moco_value &value, bool &null)
{
    const bool optional = slot.takes == Takes::optional_tensors;
    null = value.data.tensors == nullptr && value.count > 0;
    c10::List<at::Tensor> tensors;
    c10::List<std::optional<at::Tensor>> optionals;
    for (size_t i = 0; i < value.count && !null; ++i) {
        const moco_tensor *each = value.data.tensors[i];
        if (optional) {
            optionals.push_back(each != nullptr ? std::optional(each->value) : std::nullopt);
        } else if (each != nullptr) {
            tensors.push_back(each->value);
        } else {
            null = true;
        }
    }
    out = optional ? c10::IValue(std::move(optionals)) : c10::IValue(std::move(tensors));
    return !null;
}

bool convert_whole(c10::IValue &out, const Slot &slot, int64_t whole)
{
    switch (slot.takes) {
    case Takes::whole:
    case Takes::number:
        out = whole;
        return true;
    case Takes::real:
        out = static_cast<double>(whole);
        return true;
    case Takes::wholes:
        out = std::vector<int64_t>(slot.length, whole);
        return slot.length > 0;
    default:
        return false;
    }
}

// Converts whole numbers. Kernels do not check how many there are where the schema says it, as int[4]; one stands for
// all of them, and none for a default of none.
bool convert_wholes(c10::IValue &out, const Slot &slot, const moco_value &value)
{
    const bool is_default =
        value.count == 0 && slot.otherwise && slot.otherwise->isIntList() && slot.otherwise->toIntVector().empty();
    if (value.count == 1 && slot.length > 1) {
        return convert_whole(out, slot, value.data.ints[0]);
    }
    out = at::IntArrayRef(value.data.ints, value.count);
    return slot.length <= 1 || value.count == slot.length || is_default;
}

// Converts what a value points to. Returns false if it does not fit, or is NULL.
bool convert_pointer(c10::IValue &out, const Slot &slot, const moco_value &value, bool &null)
{
    const Takes takes = slot.takes;
    if (value.kind == MOCO_VALUE_TENSORS) {
        return (takes == Takes::tensors || takes == Takes::optional_tensors) && convert_tensors(out, slot, value, null);
    }
    const bool empty = value.kind == MOCO_VALUE_INTS && value.count == 0;
    if ((value.kind == MOCO_VALUE_TENSOR && takes != Takes::tensor) ||
        (value.kind == MOCO_VALUE_INTS && takes != Takes::wholes) ||
        (value.kind == MOCO_VALUE_TEXT && takes != Takes::text)) {
        return false;
    }
    null = value.data.text == nullptr && !empty;
    if (null) {
        return false;
    }
    if (value.kind == MOCO_VALUE_TENSOR) {
        out = value.data.tensor->value;
    } else if (value.kind == MOCO_VALUE_INTS) {
        return convert_wholes(out, slot, value);
    } else {
        out = std::string(value.data.text);
    }
    return true;
}

} // namespace

bool moco::convert_value(c10::IValue &out, const Slot &slot, const moco_value &value, bool &null)
{
    const Takes takes = slot.takes;
    switch (value.kind) {
    case MOCO_VALUE_NONE:
        out = slot.none || !slot.otherwise ? c10::IValue() : *slot.otherwise;
        return slot.none || slot.otherwise.has_value();
    case MOCO_VALUE_TENSOR:
    case MOCO_VALUE_TENSORS:
    case MOCO_VALUE_INTS:
    case MOCO_VALUE_TEXT:
        return convert_pointer(out, slot, value, null);
    case MOCO_VALUE_INT:
        return convert_whole(out, slot, value.data.whole);
    case MOCO_VALUE_REAL:
        out = value.data.real;
        return takes == Takes::real || takes == Takes::number;
    case MOCO_VALUE_BOOL:
        out = value.data.flag;
        return takes == Takes::flag || takes == Takes::number;
    case MOCO_VALUE_DTYPE:
        out =
            takes == Takes::dtype ? c10::IValue(static_cast<int64_t>(moco::to_torch(value.data.dtype))) : c10::IValue();
        return takes == Takes::dtype;
    case MOCO_VALUE_DEVICE:
        out = takes == Takes::device ? c10::IValue(moco::to_torch(value.data.device)) : c10::IValue();
        return takes == Takes::device;
    }
    return false;
}

std::string moco::value_kind(const moco_value &value)
{
    constexpr const char *names[] = { "none",          "a tensor",      "tensors", "a whole number",  "a real number",
                                      "a truth value", "whole numbers", "a text",  "an element type", "a device" };
    const auto kind = static_cast<size_t>(value.kind);
    if (value.kind == MOCO_VALUE_INTS) {
        return "a list of " + std::to_string(value.count) + " whole numbers";
    }
    return kind < std::size(names) ? names[kind] : "of the unknown kind " + std::to_string(kind);
}
