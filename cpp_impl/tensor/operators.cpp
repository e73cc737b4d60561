#include "tensor/operators.hpp"

#include "base/guard.hpp"

#include "moco/option.h"

#include <ATen/core/enum_tag.h>

#include <algorithm>
#include <unordered_map>

namespace {

using moco::Operator;
using moco::Takes;

Takes list_takes(const c10::Type &element)
{
    switch (element.kind()) {
    case c10::TypeKind::TensorType:
        return Takes::tensors;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
        return Takes::wholes;
    case c10::TypeKind::OptionalType:
        return element.containedType(0)->kind() == c10::TypeKind::TensorType ? Takes::optional_tensors : Takes::other;
    default:
        return Takes::other;
    }
}

Takes takes_of(const c10::Type &type)
{
    switch (type.kind()) {
    case c10::TypeKind::TensorType:
        return Takes::tensor;
    case c10::TypeKind::ListType:
        return list_takes(*type.containedType(0));
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
        return Takes::whole;
    case c10::TypeKind::FloatType:
        return Takes::real;
    case c10::TypeKind::NumberType:
        return Takes::number;
    case c10::TypeKind::BoolType:
        return Takes::flag;
    case c10::TypeKind::StringType:
        return Takes::text;
    case c10::TypeKind::ScalarTypeType:
        return Takes::dtype;
    case c10::TypeKind::DeviceObjType:
        return Takes::device;
    default:
        return Takes::other;
    }
}

moco::Slot slot_of(const c10::Argument &argument)
{
    const c10::TypePtr &whole = argument.real_type();
    const bool optional = whole->kind() == c10::TypeKind::OptionalType;
    const c10::TypePtr type = optional ? whole->containedType(0) : whole;
    const auto length = static_cast<size_t>(argument.N().value_or(0));
    std::string written = whole->str();
    if (const size_t brackets = written.find("[]"); length > 0 && brackets != std::string::npos) {
        written.insert(brackets + 1, std::to_string(length));
    }
    return { argument.name(), written, takes_of(*type), optional, length, argument.default_value() };
}

bool has(const std::string &text, const char *part)
{
    return text.find(part) != std::string::npos;
}

bool starts(const std::string &text, const char *part)
{
    return text.rfind(part, 0) == 0;
}

// Whether a result can be given as tensors.
bool is_result(const c10::Argument &result)
{
    const c10::Type *type = result.type().get();
    if (type->kind() == c10::TypeKind::OptionalType) {
        type = type->containedType(0).get();
    }
    const Takes given = takes_of(*type);
    return given == Takes::tensor || given == Takes::tensors || given == Takes::whole || given == Takes::real ||
           given == Takes::number || given == Takes::flag;
}

// Returns why an operator must not be called; empty if it may.
std::string refusal_of(const c10::OperatorHandle &handle)
{
    const auto &schema = handle.schema();
    const std::string name = schema.name().substr(schema.name().find("::") + 2);
    const bool writes_first = name.back() == '_';
    if (name[0] == '_' && !starts(name, "_foreach_") && !starts(name, "_fused_")) {
        return "is internal to libtorch and checks less; use an operator without the first _";
    }
    if (handle.hasTag(at::Tag::inplace_view) || has(name, "resize") || has(name, "unsafe") || name == "set_data") {
        return "changes sizes or memory of an existing tensor; use an operator that makes a new one";
    }
    if (name == "from_file") {
        return "uses files; use moco_tensor_from_host()";
    }
    if (has(schema.overload_name(), "names") || has(schema.overload_name(), "Dimname")) {
        return "names dimensions; use the overload that counts them";
    }
    for (const auto &argument : schema.arguments()) {
        const moco::Slot slot = slot_of(argument);
        if (slot.takes == Takes::other && !slot.none && !slot.otherwise) {
            return "takes a " + slot.type + ", which no moco_value holds";
        }
        if (argument.alias_info() != nullptr && argument.alias_info()->isWrite() && !writes_first) {
            return "writes into its argument " + argument.name() + "; use the overload that makes a new tensor";
        }
    }
    for (const auto &result : schema.returns()) {
        if (!is_result(result)) {
            return "gives a " + result.type()->str() + ", which is neither a tensor nor a number";
        }
    }
    return "";
}

Operator describe(const c10::OperatorHandle &handle)
{
    Operator made{ handle, c10::toString(handle.schema()), {}, refusal_of(handle) };
    for (const auto &argument : handle.schema().arguments()) {
        made.slots.push_back(slot_of(argument));
    }
    return made;
}

// The overload without a name is the plainest; the next are those with few arguments.
bool is_plainer(const Operator &a, const Operator &b)
{
    const auto rank = [](const Operator &o) {
        const std::string &overload = o.handle.schema().overload_name();
        return std::tuple(!overload.empty(), o.slots.size(), overload);
    };
    return rank(a) < rank(b);
}

[[noreturn]] void throw_unknown(const std::string &name)
{
    std::vector<std::string> known;
    for (const auto &each : c10::Dispatcher::singleton().getAllOpNames()) {
        if (each.name[each.name.find("::") + 2] != '_') {
            known.push_back(each.name);
        }
    }
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    std::vector<const char *> names(known.size());
    std::transform(known.begin(), known.end(), names.begin(), [](const std::string &each) { return each.c_str(); });
    const bool has_room = has(name, "::");
    const std::string wanted = has_room ? name : "aten::" + name;
    const char *near = moco_nearest_name(wanted.c_str(), names.data(), names.size());
    throw moco::Error(MOCO_ENOTFOUND, "moco_tensor_call: libtorch has no operator '" + name + "'" +
                                          (near != nullptr ? std::string("; did you mean '") + near + "'?"
                                                           : "; names are those of PyTorch, as 'aten::logsumexp'"));
}

[[noreturn]] void throw_unknown_overload(const std::string &name, const std::string &overload)
{
    std::string known;
    for (const auto &each : c10::Dispatcher::singleton().getAllOpNames()) {
        if (each.name == name && !each.overload_name.empty()) {
            known += (known.empty() ? "" : ", ") + each.overload_name;
        }
    }
    throw moco::Error(MOCO_ENOTFOUND, "moco_tensor_call: " + name + " has no overload '" + overload + "'; " +
                                          (known.empty() ? "it has none" : "there are " + known));
}

std::vector<Operator> overloads_of(const std::string &name)
{
    std::vector<Operator> found;
    for (const auto &each : c10::Dispatcher::singleton().getAllOpNames()) {
        if (each.name == name) {
            const auto handle = c10::Dispatcher::singleton().findSchema(each);
            if (handle) {
                found.push_back(describe(*handle));
            }
        }
    }
    std::sort(found.begin(), found.end(), is_plainer);
    return found;
}

[[noreturn]] void throw_refused(const Operator &refused)
{
    throw moco::Error(MOCO_EINVALID,
                      "moco_tensor_call: " + c10::toString(refused.handle.operator_name()) + " " + refused.refusal);
}

std::vector<Operator> look_up(const std::string &name)
{
    const size_t room = name.find("::");
    const size_t point = name.find('.', room == std::string::npos ? 0 : room);
    const std::string base = name.substr(0, point);
    if (room == std::string::npos || room + 2 >= base.size()) {
        throw_unknown(name);
    }
    if (point != std::string::npos) {
        const auto handle = c10::Dispatcher::singleton().findSchema({ base, name.substr(point + 1) });
        if (handle) {
            std::vector<Operator> one{ describe(*handle) };
            if (!one[0].refusal.empty()) {
                throw_refused(one[0]);
            }
            return one;
        }
    }
    std::vector<Operator> all = overloads_of(base);
    if (all.empty()) {
        throw_unknown(name);
    }
    if (point != std::string::npos) {
        throw_unknown_overload(base, name.substr(point + 1));
    }
    const Operator plainest = all.front();
    all.erase(std::remove_if(all.begin(), all.end(), [](const Operator &o) { return !o.refusal.empty(); }), all.end());
    if (all.empty()) {
        throw_refused(plainest);
    }
    return all;
}

// Lets texts be looked up without a copy.
struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

} // namespace

const std::vector<Operator> &moco::find_operators(const char *name)
{
    // Of each thread, so that a call takes no lock.
    static thread_local std::unordered_map<std::string, std::vector<Operator>, TextHash, std::equal_to<>> known;
    const auto found = known.find(std::string_view(name));
    return found != known.end() ? found->second : known.emplace(name, look_up(name)).first->second;
}
