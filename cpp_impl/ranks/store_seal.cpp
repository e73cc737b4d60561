// Seals the texts of the store by the run's token: each is set behind a code (HMAC-SHA256) of its key and itself.
//
// libtorch's server gives the names of all keys to every program that asks, and lets it set them, so that names cannot
// be the secret.
#include "ranks/store_seal.hpp"

#include "base/guard.hpp"
#include "base/sha256_internal.h"

#include <algorithm>
#include <array>

namespace {

using Bytes = std::vector<std::uint8_t>;
using StorePointer = c10::intrusive_ptr<c10d::Store>;

constexpr std::array<std::uint8_t, 8> mark = { 's', 'e', 'a', 'l', 'e', 'd', 0, 1 };
constexpr std::size_t seal_size = mark.size() + MOCO__SHA256_SIZE;

class SealedStore : public c10d::Store {
  public:
    SealedStore(StorePointer store, std::string token) : store_(std::move(store)), token_(std::move(token)) {}

    [[nodiscard]] const std::string &token() const { return token_; }

    StorePointer clone() override { return c10::make_intrusive<SealedStore>(store_->clone(), token_); }
    void set(const std::string &key, const Bytes &value) override { store_->set(key, seal(key, value)); }
    Bytes get(const std::string &key) override { return open(key, store_->get(key)); }
    Bytes compareSet(const std::string &key, const Bytes &expected, const Bytes &wanted) override
    {
        const Bytes sealed = expected.empty() ? expected : seal(key, expected);
        const Bytes found = store_->compareSet(key, sealed, seal(key, wanted));
        return found.empty() ? found : open(key, found);
    }
    int64_t add(const std::string &key, int64_t value) override { return store_->add(key, value); }
    bool deleteKey(const std::string &key) override { return store_->deleteKey(key); }
    bool check(const std::vector<std::string> &keys) override { return store_->check(keys); }
    int64_t getNumKeys() override { return store_->getNumKeys(); }
    void wait(const std::vector<std::string> &keys) override { store_->wait(keys); }
    void wait(const std::vector<std::string> &keys, const std::chrono::milliseconds &timeout) override
    {
        store_->wait(keys, timeout);
    }
    const std::chrono::milliseconds &getTimeout() const noexcept override { return store_->getTimeout(); }
    void setTimeout(const std::chrono::milliseconds &timeout) override { store_->setTimeout(timeout); }
    // What the rest of the interface does cannot be sealed.
    bool hasExtendedApi() const override { return false; }

  private:
    [[nodiscard]] std::array<std::uint8_t, MOCO__SHA256_SIZE> code(const std::string &key, const std::uint8_t *value,
                                                                   std::size_t size) const
    {
        std::array<std::uint8_t, MOCO__SHA256_SIZE> out{};
        moco__hmac(out.data(), token_.data(), token_.size(), key.c_str(), key.size() + 1, value, size);
        return out;
    }
    [[nodiscard]] Bytes seal(const std::string &key, const Bytes &value) const
    {
        const auto sum = code(key, value.data(), value.size());
        Bytes out(seal_size + value.size());
        (void)std::copy(mark.begin(), mark.end(), out.begin());
        (void)std::copy(sum.begin(), sum.end(), out.begin() + mark.size());
        (void)std::copy(value.begin(), value.end(), out.begin() + seal_size);
        return out;
    }
    [[nodiscard]] Bytes open(const std::string &key, const Bytes &bytes) const
    {
        unsigned difference = moco::looks_sealed(bytes) ? 0 : 1;
        if (difference == 0) {
            const auto sum = code(key, bytes.data() + seal_size, bytes.size() - seal_size);
            for (std::size_t i = 0; i < sum.size(); ++i) { // all, so that the time tells nothing
                difference |= static_cast<unsigned>(sum[i] ^ bytes[mark.size() + i]);
            }
        }
        if (difference != 0) {
            throw moco::Error(MOCO_EINVALID, "store: key " + key +
                                                 " was not set with the token of this run; give all processes the same "
                                                 "MOCO_RUN_TOKEN, and keep other programs from the port");
        }
        return { bytes.begin() + seal_size, bytes.end() };
    }

    StorePointer store_;
    std::string token_;
};

} // namespace

bool moco::looks_sealed(const std::vector<std::uint8_t> &bytes)
{
    return bytes.size() >= seal_size && std::equal(mark.begin(), mark.end(), bytes.begin());
}

bool moco::seals(const c10d::Store &store)
{
    return dynamic_cast<const SealedStore *>(&store) != nullptr;
}

c10::intrusive_ptr<c10d::Store> moco::sealed(const StorePointer &store, const std::string &token)
{
    return c10::make_intrusive<SealedStore>(store, token);
}

c10::intrusive_ptr<c10d::Store> moco::sealed_like(const c10d::Store &model, const StorePointer &store)
{
    const auto *like = dynamic_cast<const SealedStore *>(&model);
    return like != nullptr ? sealed(store, like->token()) : store;
}
