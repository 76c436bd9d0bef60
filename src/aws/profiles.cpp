#include "aws/profiles.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace batchd::aws {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string lower(std::string_view text) {
    std::string lowered(text);
    std::ranges::transform(lowered, lowered.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lowered;
}

std::string without_quotes(std::string_view text) {
    text = trim(text);
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
        text.back() == text.front()) {
        text = text.substr(1, text.size() - 2);
    }
    return std::string(text);
}

/// Calls `on_key(section, key, value)` for each key. Lines that say nothing are skipped, never
/// quoted: they may be secrets.
template <class OnKey>
void read_lines(std::string_view text, OnKey on_key) {
    std::string section;
    std::string parent;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view raw = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::string_view line = trim(raw);
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.front() == '[') {
            section = trim(line.substr(1, std::min(line.find(']'), line.size()) - 1));
            parent.clear();
            continue;
        }
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string key = lower(trim(line.substr(0, equals)));
        const std::string value(trim(line.substr(equals + 1)));
        const bool is_indented = kBlanks.contains(raw.front());
        if (is_indented && !parent.empty()) {
            on_key(section, parent + "." + key, value);
        } else {
            parent = value.empty() ? key : "";
            on_key(section, key, value);
        }
    }
}

std::string home(const Outside& outside) { return outside.variable("HOME").value_or("~"); }

std::string path_of(const Outside& outside, const char* variable, const char* file) {
    std::string path = outside.variable(variable).value_or(std::string("~/.aws/") + file);
    if (path.starts_with("~/")) path.replace(0, 1, home(outside));
    return path;
}

}  // namespace

std::string value_of(const Section& section, std::string_view key) {
    const auto found = section.find(key);
    return found == section.end() ? std::string() : found->second;
}

bool Profiles::contains(const std::string& profile) const {
    return config.contains(profile) || credentials.contains(profile);
}

Section Profiles::merged(const std::string& profile) const {
    Section section;
    if (const auto found = credentials.find(profile); found != credentials.end()) {
        section = found->second;
    }
    if (const auto found = config.find(profile); found != config.end()) {
        section.insert(found->second.begin(), found->second.end());
    }
    return section;
}

Profiles parse_profiles(std::string_view config, std::string_view credentials) {
    Profiles profiles;
    read_lines(config,
               [&](std::string_view section, const std::string& key, const std::string& value) {
                   if (section == "default") {
                       profiles.config["default"][key] = value;
                   } else if (section.starts_with("profile ")) {
                       profiles.config[without_quotes(section.substr(8))][key] = value;
                   } else if (section.starts_with("services ")) {
                       profiles.services[without_quotes(section.substr(9))][key] = value;
                   }
               });
    read_lines(credentials,
               [&](std::string_view section, const std::string& key, const std::string& value) {
                   profiles.credentials[std::string(section)][key] = value;
               });
    return profiles;
}

std::optional<std::string> read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (in.bad()) return std::nullopt;
    return text;
}

Profiles load_profiles(const Outside& outside) {
    const auto config = read_file(path_of(outside, "AWS_CONFIG_FILE", "config"));
    const auto credentials =
        read_file(path_of(outside, "AWS_SHARED_CREDENTIALS_FILE", "credentials"));
    return parse_profiles(config.value_or(""), credentials.value_or(""));
}

std::string profile_name(const Settings& settings, const Outside& outside) {
    if (!settings.profile.empty()) return settings.profile;
    for (const char* name : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
        const auto value = outside.variable(name);
        if (value && !value->empty()) return *value;
    }
    return "default";
}

}  // namespace batchd::aws
