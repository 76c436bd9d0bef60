#include "compute/user_data.hpp"

#include <gtest/gtest.h>

namespace batchd::compute {
namespace {

UserData an_instance(bool is_spot) {
    return {.ca = "CA TEXT\n",
            .server = {.certificate = "CERTIFICATE TEXT\n", .key = "KEY TEXT\n"},
            .label = "batchd.instance=7",
            .is_spot = is_spot};
}

TEST(UserData, StartsTheEngineBehindMutualTls) {
    const auto script = user_data(an_instance(false));
    EXPECT_TRUE(script.starts_with("#!/bin/bash\n"));
    for (const char* text : {"CA TEXT", "CERTIFICATE TEXT", "KEY TEXT", "tcp://$address:2376",
                             "--tlsverify", "latest/api/token"}) {
        EXPECT_TRUE(script.contains(text)) << text;
    }
    EXPECT_FALSE(script.contains('@')) << "all marks are replaced";
    EXPECT_FALSE(script.contains("spot/instance-action"));
}

TEST(UserData, ASpotInstanceWatchesForItsNotice) {
    const auto script = user_data(an_instance(true));
    EXPECT_TRUE(script.contains("spot/instance-action"));
    EXPECT_TRUE(script.contains("--label 'batchd.instance=7' --name \"batchd-leaving-$at\""));
    EXPECT_FALSE(script.contains('@')) << "all marks are replaced";
}

TEST(UserData, TheOperatorsOwnComesFirst) {
    const std::string own =
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"own\"\n\n--own\n"
        "Content-Type: text/x-shellscript\n\n#!/bin/sh\ntouch /own\n\n--own--\n";
    const auto merged = merge_user_data(user_data(an_instance(false)), own);
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_TRUE(merged->starts_with("MIME-Version: 1.0\nContent-Type: multipart/mixed;"));
    EXPECT_LT(merged->find("touch /own"), merged->find("--tlsverify"));
}

TEST(UserData, WhatCloudInitOrEc2WouldNotTakeIsRefused) {
    const auto script = user_data(an_instance(false));
    EXPECT_EQ(merge_user_data(script, "#!/bin/sh\ntrue\n").error().message,
              "The launch template's user data must be a MIME multi-part document");
    const auto huge = merge_user_data(script, "Content-Type: multipart/mixed; boundary=x\n" +
                                                  std::string(std::size_t{16} * 1024, 'x'));
    ASSERT_FALSE(huge);
    EXPECT_TRUE(huge.error().message.contains("EC2 takes 16384"));
}

}  // namespace
}  // namespace batchd::compute
