// Declares what seals the texts of a store.
#pragma once

#include <c10/util/intrusive_ptr.h>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <string>
#include <vector>

namespace moco {

// Returns a connection that seals every text with a token, and refuses all others.
c10::intrusive_ptr<c10d::Store> sealed(const c10::intrusive_ptr<c10d::Store> &store, const std::string &token);

// Returns a connection that seals like the model, or the connection itself if the model does not seal.
c10::intrusive_ptr<c10d::Store> sealed_like(const c10d::Store &model, const c10::intrusive_ptr<c10d::Store> &store);

// Returns whether a connection seals.
bool seals(const c10d::Store &store);

// Returns whether bytes look as if another rank had sealed them.
bool looks_sealed(const std::vector<std::uint8_t> &bytes);

} // namespace moco
