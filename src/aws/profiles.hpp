// The files ~/.aws/config and ~/.aws/credentials. Pure but for load_profiles.
#pragma once

#include "batchd/aws/settings.hpp"

#include <map>
#include <string>
#include <string_view>

namespace batchd::aws {

/// Keys in lower case; "ec2.endpoint_url" for a key that is indented below `ec2 =`.
using Section = std::map<std::string, std::string, std::less<>>;

/// The value; empty if there is none.
std::string value_of(const Section& section, std::string_view key);

/// By profile name.
using Sections = std::map<std::string, Section, std::less<>>;

struct Profiles {
    Sections config;       ///< of the config file
    Sections credentials;  ///< of the credentials file
    Sections services;     ///< `[services NAME]` of the config file

    bool contains(const std::string& profile) const;
    /// What both files say, the credentials file above the other.
    Section merged(const std::string& profile) const;
};

Profiles parse_profiles(std::string_view config, std::string_view credentials);

/// AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, by default in ~/.aws. A file that cannot be
/// read is empty.
Profiles load_profiles(const Outside& outside);

/// The profile in use: of the settings, AWS_PROFILE, AWS_DEFAULT_PROFILE, or "default".
std::string profile_name(const Settings& settings, const Outside& outside);

/// nullopt if there is no such file, or it cannot be read.
std::optional<std::string> read_file(const std::string& path);

}  // namespace batchd::aws
