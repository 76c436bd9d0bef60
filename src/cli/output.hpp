// How the subcommands show things: text for people, or JSON, one document a line.
#pragma once

#include "cli/client.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace batchd::cli {

enum class Format { Text, Json };

/// To stdout, at once: whoever reads a pipe sees it live. False if nobody reads any more.
bool print(std::string_view text);
bool print_json(const nlohmann::json& document);

/// To stderr, with our name.
void note(std::string_view text);

/// Tells it on stderr. Returns its exit code.
int report(const Failure& failure);

/// A document as indented "name: value" lines.
std::string to_text(const nlohmann::json& document);

/// "FAILED, exit code 3: Essential container in task exited"
std::string summary_of(const nlohmann::json& job);

}  // namespace batchd::cli
