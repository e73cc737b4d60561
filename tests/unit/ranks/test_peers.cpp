// Tests that ranks meet, agree, share texts, and find out which of them failed.
#include "support/thread_ranks.hpp"

extern "C" {
#include "ranks/peers_internal.h"
}

#include <chrono>
#include <string>
#include <thread>

using moco_test::free_port;
using moco_test::run_ranks;

TEST(Peers, ShareAndAgree)
{
    run_ranks(2, 60, [](moco_peers *peers, moco_comm *, int rank) {
        char text[32];
        (void)snprintf(text, sizeof text, "of rank %d", rank);
        ASSERT_EQ(moco__peers_share(peers, text, sizeof text), MOCO_OK);
        EXPECT_STREQ(text, "of rank 0");
        ASSERT_EQ(moco_peers_agree(peers, "a: 1\nb: 2\n"), MOCO_OK) << moco_error_message();
    });
    run_ranks(3, 60, [](moco_peers *peers, moco_comm *, int rank) {
        EXPECT_EQ(moco_peers_agree(peers, rank == 2 ? "a: 1\nb: 3\n" : "a: 1\nb: 2\n"), MOCO_EINVALID);
        const std::string message = moco_error_message();
        EXPECT_NE(message.find("\"b: 2\", rank 2"), std::string::npos) << message;
        EXPECT_NE(message.find("has \"b: 3\""), std::string::npos) << message;
        EXPECT_EQ(moco_peers_fail(peers, MOCO_EINVALID), MOCO_EINVALID);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Peers, AgreeAsOftenAsAsked)
{
    run_ranks(3, 60, [](moco_peers *peers, moco_comm *, int rank) {
        EXPECT_EQ(moco_peers_agree(peers, "seed: 1\n"), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_peers_agree(peers, rank == 1 ? "seed: 2\n" : "seed: 3\n"), MOCO_EINVALID);
        EXPECT_NE(std::string(moco_error_message()).find("\"seed: 3\", rank 1"), std::string::npos)
            << moco_error_message();
        EXPECT_EQ(moco_peers_agree(peers, "seed: 4\n"), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_peers_fail(peers, MOCO_EINVALID), MOCO_EINVALID);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Peers, AgreeOnTextsOfAnyLength)
{
    const std::string much(100000, 'x');
    run_ranks(2, 60, [&](moco_peers *peers, moco_comm *, int rank) {
        EXPECT_EQ(moco_peers_agree(peers, (much + "\na: 1").c_str()), MOCO_OK) << moco_error_message();
        EXPECT_EQ(moco_peers_agree(peers, (much + (rank == 0 ? "\na: 1" : "\na: 2")).c_str()), MOCO_EINVALID);
        EXPECT_NE(std::string(moco_error_message()).find("has \"a: 2\""), std::string::npos) << moco_error_message();
        EXPECT_EQ(moco_peers_agree(peers, rank == 0 ? much.c_str() : (much + "y").c_str()), MOCO_EINVALID);
        EXPECT_NE(std::string(moco_error_message()).find("xxx...\""), std::string::npos) << moco_error_message();
        EXPECT_EQ(moco_peers_fail(peers, MOCO_EINVALID), MOCO_EINVALID);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Peers, DoNotCutTheTextThatTheyShare)
{
    run_ranks(2, 60, [](moco_peers *peers, moco_comm *, int rank) {
        char text[32] = "longer than the other's buffer";
        const moco_status status = moco__peers_share(peers, text, rank == 0 ? sizeof text : 8);
        EXPECT_EQ(status, rank == 0 ? MOCO_EPEER : MOCO_EINVALID) << moco_error_message();
        EXPECT_EQ(moco_peers_fail(peers, status), status);
    });
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Peers, LearnWhatWentWrongWithAnother)
{
    run_ranks(2, 3, [](moco_peers *peers, moco_comm *comm, int rank) {
        if (rank == 1) {
            const moco_status status = moco_error_set(MOCO_EIO, "the disk is full");
            EXPECT_EQ(moco_peers_fail(peers, status), MOCO_EIO);
            EXPECT_STREQ(moco_error_message(), "the disk is full");
            return;
        }
        const moco_status status = moco_comm_barrier(comm);
        EXPECT_EQ(status, MOCO_EPEER);
        EXPECT_EQ(moco_peers_fail(peers, status), MOCO_EPEER);
        const std::string message = moco_error_message();
        EXPECT_NE(message.find("rank 1 ("), std::string::npos) << message;
        EXPECT_NE(message.find("failed: the disk is full"), std::string::npos) << message;
    });
}

TEST(Peers, NameTheRankThatDoesNotCome)
{
    run_ranks(3, 2, [](moco_peers *peers, moco_comm *comm, int rank) {
        if (rank == 2) {
            std::this_thread::sleep_for(std::chrono::seconds(9)); // alive, and busy with something else
            return;
        }
        const moco_status status = moco_comm_barrier(comm);
        EXPECT_EQ(status, MOCO_EPEER);
        EXPECT_EQ(moco_peers_fail(peers, status), MOCO_EPEER);
        const std::string message = moco_error_message();
        EXPECT_EQ(message.find("rank 2 ("), 0U) << message;
        EXPECT_NE(message.find("is alive, but has not reached"), std::string::npos) << message;
    });
}

TEST(Peers, AreRefusedWhereNumbersDoNotFit)
{
    moco_launch launch = MOCO_LAUNCH_INIT;
    moco_peers_options options = MOCO_PEERS_OPTIONS_INIT;
    moco_peers *peers = nullptr;
    launch.rank = 1;
    EXPECT_EQ(moco_peers_join(&peers, &launch, &options), MOCO_EINVALID);
    launch.rank = 0;
    launch.world = 2;
    launch.port = free_port();
    options.timeout_s = 0.5;
    EXPECT_EQ(moco_peers_join(&peers, &launch, &options), MOCO_EUNAVAILABLE);
    EXPECT_NE(std::string(moco_error_message()).find("missing: rank 1"), std::string::npos) << moco_error_message();
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Peers, RefuseWhatDoesNotExist)
{
    EXPECT_EQ(moco_peers_join(nullptr, nullptr, nullptr), MOCO_EINVALID);
    moco_peers_options options = MOCO_PEERS_OPTIONS_INIT;
    options.timeout_s = 0;
    moco_peers *peers = nullptr;
    EXPECT_EQ(moco_peers_join(&peers, nullptr, &options), MOCO_EINVALID);
    EXPECT_EQ(moco_peers_agree(nullptr, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_peers_agree(nullptr, "a"), MOCO_OK) << "one process agrees with itself";
    EXPECT_EQ(moco__peers_share(nullptr, nullptr, 0), MOCO_EINVALID);
    EXPECT_EQ(moco_peers_comm(nullptr), nullptr);
    EXPECT_EQ(moco_peers_fail(nullptr, MOCO_EIO), MOCO_EIO);
    moco_peers_free(nullptr);
}

TEST(Peers, OneProcessNeedsNone)
{
    moco_peers *peers = nullptr;
    ASSERT_EQ(moco_peers_join(&peers, nullptr, nullptr), MOCO_OK);
    EXPECT_EQ(moco_comm_world(moco_peers_comm(peers)), 1);
    EXPECT_EQ(moco_comm_barrier(moco_peers_comm(peers)), MOCO_OK);
    EXPECT_EQ(moco_peers_launch(peers)->world, 1);
    EXPECT_STREQ(moco_peers_name(peers, 1), "");
    EXPECT_STREQ(moco_peers_name(peers, -1), "");
    moco_peers_free(peers);
    EXPECT_EQ(moco_live_handles(), 0U);
}
