// Opens the socket at which the store's server listens: that of libtorch would listen at all addresses of the host.
#include "ranks/store_listen.hpp"

#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

// Returns -1 if the address is not one of this host, or the port is in use.
int listen_at(const addrinfo &place)
{
    const int one = 1;
    const int s = socket(place.ai_family, place.ai_socktype | SOCK_CLOEXEC, place.ai_protocol);
    if (s < 0) {
        return -1;
    }
    (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s, place.ai_addr, place.ai_addrlen) != 0 || listen(s, SOMAXCONN) != 0) {
        (void)close(s);
        return -1;
    }
    return s;
}

} // namespace

int moco::listen_for_store(const std::string &address, int port)
{
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = address == "localhost" ? AI_NUMERICSERV : AI_NUMERICSERV | AI_NUMERICHOST;
    addrinfo *found = nullptr;
    if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0) {
        return -1;
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
    int s = -1;
    for (const addrinfo *i = found; i != nullptr && s < 0; i = i->ai_next) {
        s = listen_at(*i);
    }
    return s;
}
