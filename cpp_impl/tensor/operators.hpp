// Finds libtorch's operators by name, and keeps what a call needs of their schemas.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <string>
#include <string_view>
#include <vector>

namespace moco {

// What an argument of an operator takes.
enum class Takes { tensor, tensors, optional_tensors, whole, wholes, real, number, flag, text, dtype, device, other };

// An argument in an operator's schema.
struct Slot {
    std::string name;
    std::string type; // as the schema writes it
    Takes takes;
    bool none;                            // None fits
    size_t length;                        // of a list that a single number stands for; 0: none does
    std::optional<c10::IValue> otherwise; // the default
};

struct Operator {
    c10::OperatorHandle handle;
    std::string schema;
    std::vector<Slot> slots;
    std::string refusal; // why it cannot be called; empty: it can
};

// Returns the overloads that a name means: one for "aten::add.Tensor", all that may be called for "aten::add". Borrowed
// for ever by this thread. Throws MOCO_ENOTFOUND for unknown names, and MOCO_EINVALID if no overload may be called.
const std::vector<Operator> &find_operators(const char *name);

} // namespace moco
