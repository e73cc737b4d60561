// Owns values of JSON.
#pragma once

#include <jansson.h>

#include <memory>

namespace moco_test {

struct JsonFree {
    void operator()(json_t *json) const { json_decref(json); }
};
using Json = std::unique_ptr<json_t, JsonFree>;

} // namespace moco_test
