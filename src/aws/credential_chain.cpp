#include "aws/credential_chain.hpp"

#include "aws/metadata.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace batchd::aws {
namespace {

Found as_found(Outcome<Credentials> outcome) {
    if (!outcome) return std::unexpected(std::move(outcome).error());
    return *std::move(outcome);
}

bool has_static_keys(const Section& section) {
    return section.contains("aws_access_key_id") || section.contains("aws_secret_access_key");
}

/// A role that is taken on with other keys; one by web identity is another source's.
bool has_role(const Section& section) {
    return section.contains("role_arn") && !section.contains("web_identity_token_file");
}

/// Both keys, or neither.
Found static_keys(const Section& section, const std::string& source) {
    const std::string id = value_of(section, "aws_access_key_id");
    const std::string secret = value_of(section, "aws_secret_access_key");
    if (id.empty() && secret.empty()) return std::nullopt;
    if (id.empty() || secret.empty()) {
        return no_credentials(fmt::format("{} has {}, but not {}", source,
                                          id.empty() ? "a secret access key" : "an access key id",
                                          id.empty() ? "an access key id" : "a secret access key"));
    }
    return Credentials{.keys = {.access_key_id = id,
                                .secret_access_key = secret,
                                .session_token = value_of(section, "aws_session_token")},
                       .expires{},
                       .source = source};
}

class Chain {
  public:
    Chain(const Settings& settings, const Outside& outside, const AssumeRole& assume_role)
        : settings_(settings),
          outside_(outside),
          assume_role_(assume_role),
          profiles_(load_profiles(outside)),
          profile_(profile_name(settings, outside)) {}

    Outcome<Credentials> load() {
        const bool profile_is_set = !settings_.profile.empty();
        if (!profile_is_set) {
            if (auto found = environment(); !found || *found) return take(std::move(found));
        }
        if (profile_ != "default" && !profiles_.contains(profile_)) {
            return no_credentials(fmt::format("there is no profile '{}'", profile_));
        }
        if (has_role(profiles_.merged(profile_))) return role_of(profile_, {profile_});
        if (auto found = of_profile(profile_, !profile_is_set); !found || *found) {
            return take(std::move(found));
        }
        if (auto found = container_credentials(outside_); !found || *found) {
            return take(std::move(found));
        }
        if (auto found = instance_credentials(outside_); !found || *found) {
            return take(std::move(found));
        }
        return no_credentials(
            fmt::format("no keys in the environment, the profile '{}' or a role", profile_));
    }

  private:
    static Outcome<Credentials> take(Found found) {
        if (!found) return std::unexpected(std::move(found).error());
        return **std::move(found);
    }

    Found environment() const {
        Section section;
        for (const char* key :
             {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}) {
            std::string variable = key;
            std::ranges::transform(variable, variable.begin(), [](char c) {
                return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
            });
            if (auto value = outside_.variable(variable)) section[key] = *std::move(value);
        }
        return static_keys(section, "the environment");
    }

    /// What a profile has without taking on a role by other keys.
    Found of_profile(const std::string& name, bool with_environment) const {
        const Section profile = profiles_.merged(name);
        if (auto found = web_identity(profile, with_environment); !found || *found) return found;
        const auto section_of = [&](const Sections& sections) {
            const auto section = sections.find(name);
            return section == sections.end() ? Section() : section->second;
        };
        auto found = static_keys(section_of(profiles_.credentials),
                                 fmt::format("the credentials file's profile '{}'", name));
        if (!found || *found) return found;
        if (const std::string command = value_of(profile, "credential_process"); !command.empty()) {
            return process_credentials(outside_, command);
        }
        return static_keys(section_of(profiles_.config),
                           fmt::format("the config file's profile '{}'", name));
    }

    Found web_identity(const Section& profile, bool with_environment) const {
        const auto setting = [&](const char* variable, const char* key) {
            const auto value = with_environment ? outside_.variable(variable) : std::nullopt;
            return value ? *value : value_of(profile, key);
        };
        const std::string path = setting("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
        if (path.empty()) return std::nullopt;
        const auto token = read_file(path);
        if (!token) return no_credentials("the web identity token file cannot be read");
        const std::string role = setting("AWS_ROLE_ARN", "role_arn");
        if (role.empty()) return no_credentials("a web identity needs AWS_ROLE_ARN or role_arn");
        return as_found(
            assume_role_({.role_arn = role,
                          .session_name = setting("AWS_ROLE_SESSION_NAME", "role_session_name"),
                          .web_identity_token = *token},
                         {}));
    }

    /// The role of a profile, with the keys of another one, which may be those of a role again.
    Outcome<Credentials> role_of(const std::string& name, std::vector<std::string> visited) const {
        const Section profile = profiles_.merged(name);
        if (profile.contains("mfa_serial")) {
            return no_credentials(
                fmt::format("the profile '{}' needs a code of an MFA device", name));
        }
        const auto source = source_of(name, profile, std::move(visited));
        if (!source) return source;
        RoleRequest request{.role_arn = value_of(profile, "role_arn"),
                            .session_name = value_of(profile, "role_session_name"),
                            .external_id = value_of(profile, "external_id")};
        const std::string duration = value_of(profile, "duration_seconds");
        std::int64_t seconds = 0;
        const auto [end, error] =
            std::from_chars(duration.data(), duration.data() + duration.size(), seconds);
        if (error == std::errc{}) request.duration = Seconds{seconds};
        return assume_role_(request, source->keys);
    }

    Outcome<Credentials> source_of(const std::string& name, const Section& profile,
                                   std::vector<std::string> visited) const {
        const std::string source = value_of(profile, "source_profile");
        const std::string credential_source = value_of(profile, "credential_source");
        if (source.empty() == credential_source.empty()) {
            return no_credentials(fmt::format(
                "the profile '{}' has a role_arn: it needs source_profile or credential_source, "
                "and not both",
                name));
        }
        if (!credential_source.empty()) return named_source(name, credential_source);
        if (!profiles_.contains(source)) {
            return no_credentials(fmt::format(
                "the profile '{}' has a source_profile '{}' that does not exist", name, source));
        }
        const Section section = profiles_.merged(source);
        const bool is_itself = source == name && has_static_keys(section);
        if (std::ranges::find(visited, source) != visited.end() && !is_itself) {
            return no_credentials(
                fmt::format("the source_profiles of '{}' go round in a circle", profile_));
        }
        if (!has_static_keys(section) && has_role(section)) {
            visited.push_back(source);
            return role_of(source, std::move(visited));
        }
        auto found = of_profile(source, false);
        if (found && !*found) {
            return no_credentials(fmt::format("the source_profile '{}' has no keys", source));
        }
        return take(std::move(found));
    }

    Outcome<Credentials> named_source(const std::string& name, const std::string& source) const {
        Found found = std::nullopt;
        if (source == "Environment") {
            found = environment();
        } else if (source == "EcsContainer") {
            found = container_credentials(outside_);
        } else if (source == "Ec2InstanceMetadata") {
            found = instance_credentials(outside_);
        } else {
            return no_credentials(
                fmt::format("the profile '{}' has a credential_source '{}'; there are Environment, "
                            "EcsContainer and Ec2InstanceMetadata",
                            name, source));
        }
        if (found && !*found) {
            return no_credentials(fmt::format(
                "the credential_source '{}' of the profile '{}' has no keys", source, name));
        }
        return take(std::move(found));
    }

    const Settings& settings_;
    const Outside& outside_;
    const AssumeRole& assume_role_;
    Profiles profiles_;
    std::string profile_;
};

}  // namespace

Outcome<Credentials> load_credentials(const Settings& settings, const Outside& outside,
                                      const AssumeRole& assume_role) {
    return Chain(settings, outside, assume_role).load();
}

}  // namespace batchd::aws
