// The image of the container that holds the namespaces of a task: one static program that waits,
// built with the daemon, which imports it where it is missing.
#pragma once

#include <string>
#include <string_view>

namespace batchd::docker {

/// Repository and tag; the tag changes with the files.
inline constexpr const char* kPauseImage = "batchd-pause:4";
inline constexpr std::string_view kPauseTag =
    std::string_view(kPauseImage).substr(std::string_view(kPauseImage).find(':') + 1);

/// A folder of the image with two files in it: `hosts`, as the Engine writes it for network mode
/// none, and `agent`, the program that runs commands in a warm slot.
inline constexpr const char* kHostsFolder = "/share";

/// Whether the agent runs on a host of that architecture, as an Engine names it.
bool can_run_agent(std::string_view architecture);

/// The image's files as a tar archive: /pause, for the architecture of the daemon, and the folder.
std::string pause_image();

}  // namespace batchd::docker
