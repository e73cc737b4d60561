// Opens the socket at which the store's server listens.
#pragma once

#include <string>

namespace moco {

// Returns a socket that listens at an address alone, if it is a number or "localhost", and of this host. Returns -1
// otherwise: at which of the host's addresses other hosts know a name cannot be found out here.
int listen_for_store(const std::string &address, int port);

} // namespace moco
