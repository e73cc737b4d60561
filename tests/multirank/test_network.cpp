// Trains on two hosts whose network loses, delays, repeats and reorders packets.
#include "hosts.hpp"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <thread>

using namespace ranks;
using Clock = std::chrono::steady_clock;

namespace {

struct Disturbance {
    double lost = 0;     // share of the packets
    double repeated = 0; // share of the packets
    int delay_ms = 0;    // the longest; each packet takes its own, so that they overtake each other
};

// Hosts whose packets a thread carries from one to another. (Few kernels have netem.)
class Unreliable : public Namespaces {
  public:
    Unreliable(int hosts, Disturbance disturbance) : Namespaces(hosts), disturbance_(disturbance)
    {
        for (int host = 0; host < hosts && works(); ++host) {
            devices_.push_back({ open_device(of(host)), POLLIN, 0 });
            need(devices_.back().fd >= 0);
            start_device(host);
        }
        carrier_ = std::thread([this] { carry(); });
    }
    Unreliable(const Unreliable &) = delete;
    Unreliable &operator=(const Unreliable &) = delete;
    ~Unreliable()
    {
        ends_ = true;
        carrier_.join();
        for (const auto &device : devices_) {
            (void)close(device.fd);
        }
    }
    void silence(bool silent) { silent_ = silent; }

    // Packets so far.
    std::atomic<long> lost{ 0 };
    std::atomic<long> repeated{ 0 };
    std::atomic<long> overtaken{ 0 };

  private:
    using Packet = std::vector<char>;

    // Makes eth0 in a namespace, which only threads inside can do.
    static int open_device(const std::string &name)
    {
        int device = -1;
        std::thread([&] {
            const int space = open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
            if (space >= 0 && setns(space, CLONE_NEWNET) == 0) {
                device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
                ifreq request{};
                request.ifr_flags = IFF_TUN | IFF_NO_PI;
                (void)snprintf(request.ifr_name, sizeof request.ifr_name, "eth0");
                if (device >= 0 && ioctl(device, TUNSETIFF, &request) != 0) {
                    (void)close(device);
                    device = -1;
                }
            }
            if (space >= 0) {
                (void)close(space);
            }
        }).join();
        return device;
    }
    void carry()
    {
        Packet packet(65536);
        while (!ends_) {
            (void)poll(devices_.data(), devices_.size(), 1);
            for (const auto &device : devices_) {
                for (ssize_t size = 0; (size = read(device.fd, packet.data(), packet.size())) > 0;) {
                    decide(Packet(packet.begin(), packet.begin() + size));
                }
            }
            for (; !waiting_.empty() && waiting_.begin()->first <= Clock::now(); waiting_.erase(waiting_.begin())) {
                deliver(waiting_.begin()->second);
            }
        }
    }
    void decide(const Packet &packet)
    {
        if (silent_ || chance_(random_) < disturbance_.lost) {
            ++lost;
            return;
        }
        const bool twice = chance_(random_) < disturbance_.repeated;
        repeated += twice ? 1 : 0;
        for (int copy = 0; copy < 1 + twice; ++copy) {
            const auto delay =
                std::chrono::microseconds(static_cast<int>(chance_(random_) * 1000 * disturbance_.delay_ms));
            const auto place = waiting_.emplace(Clock::now() + delay, packet);
            overtaken += std::next(place) != waiting_.end() ? 1 : 0;
        }
    }
    void deliver(const Packet &packet)
    {
        const size_t last_byte_of_address = 19; // of IPv4's destination
        const size_t host = packet.size() > last_byte_of_address ? packet[last_byte_of_address] - 1U : devices_.size();
        if (host < devices_.size()) {
            (void)!write(devices_[host].fd, packet.data(), packet.size());
        }
    }

    Disturbance disturbance_;
    std::vector<pollfd> devices_;
    std::multimap<Clock::time_point, Packet> waiting_;
    std::mt19937 random_{ 7 };
    std::uniform_real_distribution<double> chance_;
    std::atomic<bool> silent_ = false;
    std::atomic<bool> ends_ = false;
    std::thread carrier_;
};

class BadNetwork : public Hosts {
  protected:
    static constexpr int steps = 10;
    static void SetUpTestSuite() { make_root(650); }
    static Words short_run(const std::string &out, const char *timeout)
    {
        return train(out, { "--batch", "60", "--lr", "0.03", "--timeout", timeout });
    }
    // Skips the test where there can be no such network; else makes it, and the run to compare with.
    void make_network(Disturbance disturbance)
    {
        network = std::make_unique<Unreliable>(2, disturbance);
        if (!network->works()) {
            GTEST_SKIP() << "needs network namespaces: root, iproute2 and /dev/net/tun";
        }
        if (!fs::exists(root / "local")) {
            ASSERT_EQ(run(joined(short_run("local", "20"), { "--nproc", "2" })), 0);
        }
    }
    // Trains until all packets are dropped in the middle.
    Processes train_into_silence(const std::string &out, const char *timeout)
    {
        auto processes = start_all(*network, short_run(out, timeout));
        EXPECT_TRUE(waits_for([&] { return lines(out) >= 3; })) << processes[0]->said();
        network->silence(true);
        return processes;
    }
    std::unique_ptr<Unreliable> network;
};

} // namespace

TEST_F(BadNetwork, LostRepeatedDelayedAndReorderedPacketsChangeNothing)
{
    make_network({ 0.01, 0.02, 5 });
    if (!IsSkipped()) {
        expect_all_end_well(start_all(*network, short_run("lossy", "60")));
        expect_equal_checkpoints("lossy", "local", steps);
        EXPECT_GT(network->lost, 10);
        EXPECT_GT(network->repeated, 10);
        EXPECT_GT(network->overtaken, 10);
    }
}

TEST_F(BadNetwork, AShortSilenceChangesNothing)
{
    make_network({});
    if (!IsSkipped()) {
        const auto processes = train_into_silence("silent", "20");
        std::this_thread::sleep_for(std::chrono::seconds(3));
        network->silence(false);
        expect_all_end_well(processes);
        expect_equal_checkpoints("silent", "local", steps);
    }
}

TEST_F(BadNetwork, ALongSilenceEndsTheRunWithTheNamesOfTheLost)
{
    ONLY_AMONG_ALL();
    make_network({});
    if (!IsSkipped()) {
        const auto begin = Clock::now();
        expect_all_name_a_lost_host(train_into_silence("dead", "5"));
        EXPECT_LT(Clock::now() - begin, std::chrono::seconds(60));
    }
}
