// Tests which status an exception of a library becomes.
#include "base/guard.hpp"

#include <moco.h>

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace {

template <typename Exception> moco_status status_of(const Exception &exception)
{
    try {
        throw exception;
    } catch (...) {
        return moco::translate_exception("moco__graph_run");
    }
}

} // namespace

// A CUDA graph replays what ranks exchange, without the functions that know that they are about other ranks.
TEST(Guard, WhatGlooSaysIsAboutAnotherRank)
{
    const std::string said = "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:538] Read error [127.0.0.1]:5: "
                             "Connection reset by peer";
    EXPECT_EQ(status_of(std::runtime_error(said)), MOCO_EPEER);
    EXPECT_EQ(moco_error_message(), "moco_graph_run: " + said);
    EXPECT_EQ(status_of(c10::Error({ "work", "file", 1 }, said)), MOCO_EPEER);
}

TEST(Guard, WhatIsUnknownIsKeptWhole)
{
    EXPECT_EQ(status_of(std::runtime_error("a. b")), MOCO_EINTERNAL);
    EXPECT_STREQ(moco_error_message(), "moco_graph_run: a. b");
}
