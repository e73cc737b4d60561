// Tests the address by which other hosts reach this one.
extern "C" {
#include "ranks/own_address_internal.h"
}

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

class OwnAddress : public testing::Test {
  protected:
    void TearDown() override { (void)unsetenv("GLOO_SOCKET_IFNAME"); }

    moco_status find()
    {
        moco_launch launch = {};
        (void)snprintf(launch.address, sizeof launch.address, "127.0.0.1");
        launch.port = 29500;
        return moco__own_address(address_, sizeof address_, &launch);
    }

    char address_[64] = "";
};

TEST_F(OwnAddress, LeadsToTheMaster)
{
    (void)unsetenv("GLOO_SOCKET_IFNAME");
    ASSERT_EQ(find(), MOCO_OK) << moco_error_message();
    EXPECT_STREQ(address_, "127.0.0.1");
}

TEST_F(OwnAddress, IsThatOfTheInterfaceThatIsNamed)
{
    (void)setenv("GLOO_SOCKET_IFNAME", "lo", 1);
    ASSERT_EQ(find(), MOCO_OK) << moco_error_message();
    EXPECT_STREQ(address_, "127.0.0.1");
    (void)setenv("GLOO_SOCKET_IFNAME", "none0", 1);
    EXPECT_EQ(find(), MOCO_EUNAVAILABLE);
    const std::string message = moco_error_message();
    EXPECT_NE(message.find("GLOO_SOCKET_IFNAME is \"none0\", but no interface"), std::string::npos) << message;
}
