#include "api/hints.hpp"

namespace batchd::api {
namespace {

/// The first entry both of whose words stand in the message gives the hint.
struct Hint {
    std::string_view words;
    std::string_view more_words;
    std::string_view hint;
};

constexpr Hint kHints[] = {
    {"cursor '", "",
     "begin again without cursor; the other parameters but limit stay the same from "
     "page to page"},
    {"is not a job status", "",
     "use SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED, FAILED, several separated by "
     "commas"},
    {"is not a time", "",
     "use milliseconds since the epoch, ISO 8601 such as 2026-01-31T12:00:00Z, or how long ago: "
     "30s, 15m, 2h, 7d"},
    {"is no parameter of a search", "",
     "use queue, status, name, tag.KEY, image, definition, exitCode, since, until, endedSince, "
     "sort, limit, cursor"},
    {"were removed by retention", "",
     "submit without this dependency; [retention] in the configuration says how long ended jobs "
     "are kept"},
    {"job '", "has no attempt", "GET /api/v1/jobs/ID lists the attempts"},
    {"job '", "does not exist",
     "GET /api/v1/jobs finds jobs by name, queue, tag and time; ended ones may have been removed "
     "by [retention]"},
    {"has no host '", "", "GET /api/v1/compute-environments/NAME/hosts lists the hosts"},
    {"computeEnvironment '", "does not exist",
     "GET /api/v1/overview lists the compute environments"},
    {"JobQueue ", "not found", "GET /api/v1/overview lists the queues"},
    {"the database takes no writes", "",
     "make room on the disk of daemon.data_dir; GET /readyz shows when writes are taken again"},
    {"there is nothing at", "", "docs/native-api.md and docs/api.md list what is served"},
    {"is not allowed on", "", "docs/native-api.md and docs/api.md list the methods of each path"},
};

}  // namespace

std::string_view hint_for(std::string_view message) {
    for (const auto& [words, more_words, hint] : kHints) {
        if (message.contains(words) && message.contains(more_words)) return hint;
    }
    return {};
}

}  // namespace batchd::api
