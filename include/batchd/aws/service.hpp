// The services that batchd asks, and how each is reached. Any thread.
#pragma once

#include <string_view>

namespace batchd::aws {

struct Service {
    std::string_view id;             ///< "ec2" of AWS_ENDPOINT_URL_EC2, and of profiles' services
    std::string_view signing_name;   ///< in the scope of signatures
    std::string_view host_prefix;    ///< of the host's name, before the region
    std::string_view version{};      ///< of the Query protocol
    std::string_view target{};       ///< of the JSON protocol
    std::string_view only_region{};  ///< where it is, if it is not in all regions
};

inline constexpr Service kEc2{
    .id = "ec2", .signing_name = "ec2", .host_prefix = "ec2", .version = "2016-11-15"};
inline constexpr Service kSts{
    .id = "sts", .signing_name = "sts", .host_prefix = "sts", .version = "2011-06-15"};
inline constexpr Service kEcs{.id = "ecs",
                              .signing_name = "ecs",
                              .host_prefix = "ecs",
                              .target = "AmazonEC2ContainerServiceV20141113"};
inline constexpr Service kEcr{.id = "ecr",
                              .signing_name = "ecr",
                              .host_prefix = "api.ecr",
                              .target = "AmazonEC2ContainerRegistry_V20150921"};
inline constexpr Service kEcrFips{.id = "ecr",
                                  .signing_name = "ecr",
                                  .host_prefix = "ecr-fips",
                                  .target = "AmazonEC2ContainerRegistry_V20150921"};
inline constexpr Service kLogs{.id = "cloudwatch_logs",
                               .signing_name = "logs",
                               .host_prefix = "logs",
                               .target = "Logs_20140328"};
inline constexpr Service kSsm{
    .id = "ssm", .signing_name = "ssm", .host_prefix = "ssm", .target = "AmazonSSM"};
inline constexpr Service kSecretsManager{.id = "secrets_manager",
                                         .signing_name = "secretsmanager",
                                         .host_prefix = "secretsmanager",
                                         .target = "secretsmanager"};
inline constexpr Service kPricing{.id = "pricing",
                                  .signing_name = "pricing",
                                  .host_prefix = "api.pricing",
                                  .target = "AWSPriceListService",
                                  .only_region = "us-east-1"};

}  // namespace batchd::aws
