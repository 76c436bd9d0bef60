// The files that users read say what the table of keys says.
#include "batchd/config/config.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace batchd::config {
namespace {

const std::filesystem::path kRepository = BATCHD_SOURCE_DIR;

std::string row(const KeyDoc& key) {
    const auto code = [](const std::string& text) { return text.empty() ? "-" : "`" + text + "`"; };
    return "| `" + key.name + "` | " + key.type + " | " + code(key.default_value) + " | " +
           key.rule + " | " + key.meaning + " | " + code(key.environment) + " |";
}

TEST(ConfigDocumentation, ListsExactlyTheKeysOfTheTable) {
    std::string expected;
    for (const KeyDoc& key : documentation()) expected += row(key) + "\n";
    std::ifstream page(kRepository / "docs" / "configuration.md");
    ASSERT_TRUE(page);
    std::string found;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("| `")) found += line + "\n";
    }
    EXPECT_EQ(found, expected);
}

TEST(ConfigDocumentation, TheExampleFileHoldsEveryKeyWithItsDefault) {
    const std::filesystem::path path = kRepository / "config" / "batchd.toml";
    const auto config = load({.file = path, .environment = {}, .flags = {}});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(to_toml(*config), to_toml(Config{}));

    std::ifstream file(path);
    std::string found;
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with('#') && !line.empty()) found += line + "\n";
    }
    std::string expected;
    const std::string all = to_toml(Config{});
    for (std::size_t at = 0; at < all.size();) {
        const std::size_t end = all.find('\n', at);
        if (end != at) expected += all.substr(at, end - at + 1);
        at = end + 1;
    }
    EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace batchd::config
