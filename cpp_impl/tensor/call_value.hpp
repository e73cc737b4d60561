// Converts the arguments of moco_tensor_call() to what an operator takes.
#pragma once

#include "tensor/operators.hpp"

#include "moco/call.h"

namespace moco {

// Converts a value to what a slot takes. Returns false if it does not fit, or holds NULL; @p null says which.
bool convert_value(c10::IValue &out, const Slot &slot, const moco_value &value, bool &null);

// Says in words what a value holds.
std::string value_kind(const moco_value &value);

} // namespace moco
