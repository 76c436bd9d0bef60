// The image of the container that holds the namespaces of a task: one static program that waits,
// built with the daemon, which imports it where it is missing.
#pragma once

#include <string>

namespace batchd::docker {

/// Repository and tag; the tag changes with the program.
inline constexpr const char* kPauseImage = "batchd-pause:1";

/// The image's files as a tar archive: /pause, for the architecture of the daemon.
std::string pause_image();

}  // namespace batchd::docker
