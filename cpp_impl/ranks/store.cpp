// Wraps libtorch's TCPStore, the key-value store at which ranks meet.
#include "ranks/store.hpp"
#include "ranks/store_listen.hpp"
#include "ranks/store_seal.hpp"

#include "base/guard.hpp"
#include "base/options_read_internal.h"
#include "base/store_seal_internal.h"

#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>

namespace {

std::chrono::milliseconds to_milliseconds(double seconds)
{
    return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

std::string place(const moco_store &store)
{
    return store.address + ":" + std::to_string(store.port);
}

[[noreturn]] void throw_unavailable(const moco_store &store, bool serve, const c10::Error &error)
{
    const std::string text = error.what_without_backtrace();
    if (serve && (text.find("in use") != std::string::npos || text.find("EADDRINUSE") != std::string::npos)) {
        throw moco::Error(MOCO_EUNAVAILABLE, "store: port " + std::to_string(store.port) +
                                                 " of this host is in use, perhaps by another run; use another "
                                                 "port");
    }
    if (serve) {
        throw moco::Error(MOCO_EUNAVAILABLE, "store: cannot serve on port " + std::to_string(store.port) + ": " + text);
    }
    char seconds[32];
    (void)std::snprintf(seconds, sizeof seconds, "%g", store.timeout_s);
    throw moco::Error(MOCO_EUNAVAILABLE,
                      "store: no answer from " + place(store) + " within " + seconds +
                          " s, where rank 0 should serve the store. Is rank 0 started, do address and port "
                          "name it, and does a firewall let them through?");
}

// libtorch prints stack traces when another process goes away; the library must not print, and its messages say what
// happened. A user who sets TORCH_CPP_LOG_LEVEL still gets libtorch's messages.
void silence_libtorch()
{
    if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) {
        FLAGS_caffe2_log_level = c10::GLOG_FATAL;
    }
}

void connect(moco_store &store, bool serve)
{
    static std::once_flag silenced;
    std::call_once(silenced, silence_libtorch);
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(store.port);
    options.isServer = serve;
    options.waitWorkers = false; // the ranks count themselves, so that the missing ones can be named
    options.timeout = to_milliseconds(store.timeout_s / 2); // libtorch tries twice
    options.useLibUV = false;
    const int listening = serve ? moco::listen_for_store(store.address, store.port) : -1;
    if (listening >= 0) {
        options.masterListenFd = listening;
    }
    try {
        store.store = c10::make_intrusive<c10d::TCPStore>(store.address, options);
    } catch (const c10::Error &error) {
        throw_unavailable(store, serve, error);
    }
}

// Runs an operation on the store. If libtorch throws, the store is gone.
template <typename Operation> auto with_store(const moco_store &store, const Operation &operation)
{
    try {
        return operation(*moco::prefixed(store));
    } catch (const c10::Error &error) {
        throw moco::Error(MOCO_EPEER,
                          "store: " + place(store) + " does not answer any more: " + error.what_without_backtrace());
    }
}

} // namespace

c10::intrusive_ptr<c10d::Store> moco::prefixed(const moco_store &store)
{
    return c10::make_intrusive<c10d::PrefixStore>(store.prefix, store.store);
}

moco_status moco__store_open(moco_store **out, const moco_store_options *options)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    moco_store_options o;
    MOCO__READ_OPTIONS(&o, options, MOCO_STORE_OPTIONS_INIT);
    if (o.address == nullptr) {
        throw moco::Error(MOCO_EINVALID, "store: options->address is NULL; give the name or address of a host");
    }
    if (o.port < 1 || o.port > 65535) {
        throw moco::Error(MOCO_EINVALID, "store: port is " + std::to_string(o.port) + "; use 1 to 65535");
    }
    if (!(o.timeout_s > 0)) {
        throw moco::Error(MOCO_EINVALID,
                          "store: the time-out is " + std::to_string(o.timeout_s) + " s; use more than 0");
    }
    auto store = std::make_unique<moco_store>();
    store->address = o.address;
    store->port = o.port;
    store->timeout_s = o.timeout_s;
    store->prefix = o.prefix != nullptr ? o.prefix : "";
    connect(*store, o.serve);
    *out = store.release();
    MOCO_API_END
}

moco_status moco__store_clone(moco_store **out, const moco_store *store)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(store);
    auto copy = std::make_unique<moco_store>();
    copy->address = store->address;
    copy->port = store->port;
    copy->timeout_s = store->timeout_s;
    copy->prefix = store->prefix;
    connect(*copy, false);
    copy->store = moco::sealed_like(*store->store, copy->store);
    *out = copy.release();
    MOCO_API_END
}

moco_status moco__store_seal(moco_store *store, const char *token)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(store);
    MOCO_CHECK_ARG(token);
    store->store = moco::sealed(store->store, token);
    MOCO_API_END
}

void moco__store_free(moco_store *store)
{
    try {
        delete store;
    } catch (...) { // the other end may be gone
    }
}

moco_status moco__store_set(moco_store *store, const char *key, const char *text)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(store);
    MOCO_CHECK_ARG(key);
    MOCO_CHECK_ARG(text);
    with_store(*store, [&](c10d::Store &s) {
        s.set(key, std::vector<uint8_t>(text, text + std::strlen(text)));
        return s.check({ key }); // libtorch's set() does not wait for the server; an answer that follows it does
    });
    MOCO_API_END
}

moco_status moco__store_get(char *buffer, size_t size, moco_store *store, const char *key)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(buffer);
    MOCO_CHECK_ARG(store);
    MOCO_CHECK_ARG(key);
    const auto value = with_store(*store, [&](c10d::Store &s) {
        if (!s.check({ key })) {
            throw moco::Error(MOCO_ENOTFOUND, std::string("store: key ") + key + " is not set");
        }
        return s.get(key);
    });
    if (!moco::seals(*store->store) && moco::looks_sealed(value)) {
        throw moco::Error(MOCO_EINVALID, std::string("store: key ") + key +
                                             " was set with a token, which this process does not have; set "
                                             "MOCO_RUN_TOKEN as the other processes have it");
    }
    if (value.size() >= size) {
        throw moco::Error(MOCO_EINVALID, std::string("store: the text of key ") + key + " needs " +
                                             std::to_string(value.size() + 1) + " bytes, the buffer has " +
                                             std::to_string(size));
    }
    *std::copy(value.begin(), value.end(), buffer) = '\0';
    MOCO_API_END
}

moco_status moco__store_add(int64_t *out, moco_store *store, const char *key, int64_t value)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(store);
    MOCO_CHECK_ARG(key);
    const int64_t sum = with_store(*store, [&](c10d::Store &s) { return s.add(key, value); });
    if (out != nullptr) {
        *out = sum;
    }
    MOCO_API_END
}
