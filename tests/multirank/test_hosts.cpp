// Trains on several hosts: network namespaces that a bridge connects. Needs root and iproute2.
#include "ranks.hpp"

using namespace ranks;

namespace {

// N hosts, 10.77.0.1 and on.
class Network {
  public:
    explicit Network(int hosts) : hosts_(hosts)
    {
        works_ = geteuid() == 0 && shell("ip link add " + bridge() + " type bridge") &&
                 shell("ip link set " + bridge() + " up");
        for (int host = 0; host < hosts_ && works_; ++host) {
            const auto name = of(host);
            works_ = shell("ip netns add " + name) &&
                     shell("ip link add " + cable(host) + " type veth peer name eth0 netns " + name) &&
                     shell("ip link set " + cable(host) + " master " + bridge() + " up") &&
                     shell("ip -n " + name + " addr add 10.77.0." + std::to_string(host + 1) + "/24 dev eth0") &&
                     shell("ip -n " + name + " link set eth0 up") && shell("ip -n " + name + " link set lo up");
        }
    }
    Network(const Network &) = delete;
    Network &operator=(const Network &) = delete;
    ~Network()
    {
        for (int host = 0; host < hosts_; ++host) {
            shell("ip netns del " + of(host));
        }
        shell("ip link del " + bridge());
    }
    [[nodiscard]] bool works() const { return works_; }
    [[nodiscard]] std::string of(int host) const { return prefix() + "h" + std::to_string(host); }
    void cut(int host) const { shell("ip link set " + cable(host) + " down"); }

  private:
    static bool shell(const std::string &command) { return std::system((command + " 2>/dev/null").c_str()) == 0; }
    [[nodiscard]] std::string prefix() const
    {
        return "mo" + std::to_string(getpid() % 100000) + "n" + std::to_string(hosts_);
    }
    [[nodiscard]] std::string bridge() const { return prefix() + "br"; }
    [[nodiscard]] std::string cable(int host) const { return prefix() + "v" + std::to_string(host); }
    int hosts_;
    bool works_;
};

class Hosts : public Ranks {
  protected:
    using Processes = std::vector<std::unique_ptr<Process>>;
    // Starts the same command on every host, with the number of the host.
    static Processes start_all(const Network &network, int hosts, const Words &command)
    {
        Processes processes;
        for (int host = 0; host < hosts; ++host) {
            const auto words = joined(joined({ "ip", "netns", "exec", network.of(host) }, command),
                                      { "--nnodes", std::to_string(hosts), "--node-rank", std::to_string(host),
                                        "--master-addr", "10.77.0.1" });
            processes.push_back(
                std::make_unique<Process>(words, moco_test::Place{ root, "host" + std::to_string(host) + ".txt", "" }));
        }
        return processes;
    }
    static void expect_all_end_well(const Processes &processes)
    {
        for (const auto &process : processes) {
            EXPECT_EQ(process->wait(), 0) << process->said();
        }
    }
    static void check(int hosts)
    {
        const Network network(hosts);
        if (!network.works()) {
            GTEST_SKIP() << "needs network namespaces: root and iproute2";
        }
        const auto name = [&](const char *text) { return text + std::to_string(hosts); };
        const Words more{ "--epochs", "2", "--batch", "960", "--lr", "0.03", "--timeout", "8" };
        ASSERT_EQ(run(joined(train(name("local"), more), { "--nproc", std::to_string(hosts) })), 0);
        expect_all_end_well(start_all(network, hosts, train(name("hosts"), more)));
        EXPECT_TRUE(read_file(checkpoint(name("local"), 20)) == read_file(checkpoint(name("hosts"), 20)));

        const auto begin = std::chrono::steady_clock::now();
        {
            const auto cut = start_all(network, hosts, train(name("cut"), more));
            ASSERT_TRUE(waits_for([&] { return lines(name("cut")) >= 12; })) << cut[0]->said();
            network.cut(hosts - 1);
            for (int host = 0; host < hosts; ++host) {
                EXPECT_EQ(cut[host]->wait(), 1) << cut[host]->said();
            }
            const auto lost = "error: rank " + std::to_string(hosts - 1) + " (";
            EXPECT_NE(cut[0]->said().find(lost), std::string::npos) << cut[0]->said();
            EXPECT_NE(cut[hosts - 1]->said().find("error: rank 0 ("), std::string::npos) << cut[hosts - 1]->said();
        }
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(90));
        resume_elsewhere(hosts, name("cut"), name("local"));
    }
    static void resume_elsewhere(int hosts, const std::string &out, const std::string &unbroken)
    {
        ASSERT_EQ(run({ MOCO_BINARY, "resume", (root / out).string(), "--nproc", std::to_string(hosts), "--quiet" }),
                  0);
        EXPECT_TRUE(read_file(checkpoint(unbroken, 20)) == read_file(checkpoint(out, 20)));
    }
};

} // namespace

TEST_F(Hosts, TwoTrainAndSurviveACutLink)
{
    check(2);
}

TEST_F(Hosts, FourTrainAndSurviveACutLink)
{
    check(4);
}
