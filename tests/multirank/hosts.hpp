// Starts a training on several hosts, which are network namespaces 10.77.0.1 and on. Needs root and iproute2.
#pragma once

#include "ranks.hpp"

namespace ranks {

// N network namespaces without a network.
class Namespaces {
  public:
    explicit Namespaces(int hosts) : hosts_(hosts)
    {
        works_ = geteuid() == 0;
        for (int host = 0; host < hosts_ && works_; ++host) {
            works_ = shell("ip netns add " + of(host)) && shell("ip -n " + of(host) + " link set lo up");
        }
    }
    Namespaces(const Namespaces &) = delete;
    Namespaces &operator=(const Namespaces &) = delete;
    ~Namespaces()
    {
        for (int host = 0; host < hosts_; ++host) {
            shell("ip netns del " + of(host));
        }
    }
    [[nodiscard]] bool works() const { return works_; }
    [[nodiscard]] int hosts() const { return hosts_; }
    [[nodiscard]] std::string of(int host) const { return prefix() + "h" + std::to_string(host); }

  protected:
    static bool shell(const std::string &command) { return std::system((command + " 2>/dev/null").c_str()) == 0; }
    [[nodiscard]] std::string prefix() const
    {
        return "mo" + std::to_string(getpid() % 100000) + "n" + std::to_string(hosts_);
    }
    // Gives eth0 of a host its address.
    void start_device(int host)
    {
        works_ = works_ &&
                 shell("ip -n " + of(host) + " addr add 10.77.0." + std::to_string(host + 1) + "/24 dev eth0") &&
                 shell("ip -n " + of(host) + " link set eth0 up");
    }
    void need(bool done) { works_ = works_ && done; }

  private:
    int hosts_;
    bool works_;
};

class Hosts : public Ranks {
  protected:
    using Processes = std::vector<std::unique_ptr<Process>>;
    // Starts the same command on every host, with the number of the host.
    static Processes start_all(const Namespaces &network, const Words &command)
    {
        Processes processes;
        for (int host = 0; host < network.hosts(); ++host) {
            const auto words = joined(joined({ "ip", "netns", "exec", network.of(host) }, command),
                                      { "--nnodes", std::to_string(network.hosts()), "--node-rank",
                                        std::to_string(host), "--master-addr", "10.77.0.1" });
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
    // The first host names the last, and the last the first.
    static void expect_all_name_a_lost_host(const Processes &processes)
    {
        for (const auto &process : processes) {
            EXPECT_EQ(process->wait(), 1) << process->said();
        }
        const auto lost = "error: rank " + std::to_string(processes.size() - 1) + " (";
        EXPECT_NE(processes.front()->said().find(lost), std::string::npos) << processes.front()->said();
        EXPECT_NE(processes.back()->said().find("error: rank 0 ("), std::string::npos) << processes.back()->said();
    }
    static void expect_equal_checkpoints(const std::string &a, const std::string &b, int step)
    {
        EXPECT_TRUE(read_file(checkpoint(a, step)) == read_file(checkpoint(b, step))) << a;
    }
};

} // namespace ranks
