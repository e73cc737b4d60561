// Trains on several hosts that a bridge connects, and cuts one off.
#include "hosts.hpp"

using namespace ranks;

namespace {

class Bridged : public Namespaces {
  public:
    explicit Bridged(int hosts) : Namespaces(hosts)
    {
        need(shell("ip link add " + bridge() + " type bridge") && shell("ip link set " + bridge() + " up"));
        for (int host = 0; host < hosts && works(); ++host) {
            need(shell("ip link add " + cable(host) + " type veth peer name eth0 netns " + of(host)) &&
                 shell("ip link set " + cable(host) + " master " + bridge() + " up"));
            start_device(host);
        }
    }
    Bridged(const Bridged &) = delete;
    Bridged &operator=(const Bridged &) = delete;
    ~Bridged() { shell("ip link del " + bridge()); }
    void cut(int host) const { shell("ip link set " + cable(host) + " down"); }

  private:
    [[nodiscard]] std::string bridge() const { return prefix() + "br"; }
    [[nodiscard]] std::string cable(int host) const { return prefix() + "v" + std::to_string(host); }
};

class CutHosts : public Hosts {
  protected:
    static void SetUpTestSuite() { make_root(650); } // 10 steps per epoch
    static void check(int hosts)
    {
        const Bridged network(hosts);
        if (!network.works()) {
            GTEST_SKIP() << "needs network namespaces: root and iproute2";
        }
        const auto name = [&](const char *text) { return text + std::to_string(hosts); };
        const Words more{ "--epochs", "3", "--batch", "60", "--lr", "0.03", "--timeout", "8" };
        ASSERT_EQ(run(joined(train(name("local"), more), { "--nproc", std::to_string(hosts) })), 0);
        expect_all_end_well(start_all(network, train(name("hosts"), more)));
        expect_equal_checkpoints(name("hosts"), name("local"), 30);

        const auto begin = std::chrono::steady_clock::now();
        {
            const auto cut = start_all(network, train(name("cut"), more));
            ASSERT_TRUE(waits_for([&] { return lines(name("cut")) >= 12; })) << cut[0]->said();
            network.cut(hosts - 1);
            expect_all_name_a_lost_host(cut);
        }
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(90));
        ASSERT_EQ(
            run({ MOCO_BINARY, "resume", (root / name("cut")).string(), "--nproc", std::to_string(hosts), "--quiet" }),
            0);
        expect_equal_checkpoints(name("cut"), name("local"), 30);
    }
};

} // namespace

TEST_F(CutHosts, TwoTrainAndSurviveACutLink)
{
    check(2);
}

TEST_F(CutHosts, FourTrainAndSurviveACutLink)
{
    ONLY_AMONG_ALL();
    check(4);
}
