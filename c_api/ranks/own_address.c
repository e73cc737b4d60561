/* Finds the address by which other hosts reach this one. */
#include "ranks/own_address_internal.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static moco_status address_of_interface(char *buffer, size_t size, const char *name)
{
    struct ifaddrs *all;
    if (getifaddrs(&all) != 0) {
        return moco_error_set(MOCO_EUNAVAILABLE, "peers: cannot list the network interfaces: %s", strerror(errno));
    }
    bool found = false;
    for (const struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
        if (i->ifa_addr != NULL && i->ifa_addr->sa_family == AF_INET && strcmp(i->ifa_name, name) == 0) {
            found = getnameinfo(i->ifa_addr, sizeof(struct sockaddr_in), buffer, (socklen_t)size, NULL, 0,
                                NI_NUMERICHOST) == 0;
        }
    }
    freeifaddrs(all);
    return found ? MOCO_OK
                 : moco_error_set(MOCO_EUNAVAILABLE,
                                  "peers: GLOO_SOCKET_IFNAME is \"%s\", but no interface of this name has an IPv4 "
                                  "address; see `ip address`",
                                  name);
}

/* Writes the address that a socket connected to another host would have. No packet is sent. */
static bool address_towards(char *buffer, size_t size, const struct addrinfo *other)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof own;
    const int s = socket(other->ai_family, other->ai_socktype | SOCK_CLOEXEC, other->ai_protocol);
    if (s < 0) {
        return false;
    }
    const bool done =
        connect(s, other->ai_addr, other->ai_addrlen) == 0 && getsockname(s, (struct sockaddr *)&own, &length) == 0 &&
        getnameinfo((struct sockaddr *)&own, length, buffer, (socklen_t)size, NULL, 0, NI_NUMERICHOST) == 0;
    (void)close(s);
    return done;
}

static moco_status address_towards_master(char *buffer, size_t size, const moco_launch *launch)
{
    struct addrinfo *found;
    char service[16];
    const struct addrinfo wanted = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
    (void)snprintf(service, sizeof service, "%d", launch->port);
    const int error = getaddrinfo(launch->address, service, &wanted, &found);
    if (error != 0) {
        return moco_error_set(MOCO_EUNAVAILABLE, "peers: cannot find the master's address \"%s\": %s", launch->address,
                              gai_strerror(error));
    }
    bool done = false;
    for (const struct addrinfo *i = found; i != NULL && !done; i = i->ai_next) {
        done = address_towards(buffer, size, i);
    }
    freeaddrinfo(found);
    return done ? MOCO_OK
                : moco_error_set(MOCO_EUNAVAILABLE,
                                 "peers: this host has no route to the master \"%s\"; see `ip route get`",
                                 launch->address);
}

moco_status moco__own_address(char *buffer, size_t size, const moco_launch *launch)
{
    const char *interface = getenv("GLOO_SOCKET_IFNAME");
    if (interface != NULL && *interface != '\0') {
        return address_of_interface(buffer, size, interface);
    }
    return address_towards_master(buffer, size, launch);
}
