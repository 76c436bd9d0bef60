#include "submit_body.hpp"

#include <fmt/format.h>

namespace batchd::bench {

std::string submit_body(std::size_t number) {
    return fmt::format(
        R"({{"jobName":"align-{:06}","jobQueue":"default","jobDefinition":"noop",)"
        R"("containerOverrides":{{"environment":[{{"name":"SAMPLE","value":"NA12878"}},)"
        R"({{"name":"STAGE","value":"align"}}],)"
        R"("resourceRequirements":[{{"type":"MEMORY","value":"16"}}]}},)"
        R"("retryStrategy":{{"attempts":2}},"timeout":{{"attemptDurationSeconds":3600}},)"
        R"("tags":{{"project":"bench"}}}})",
        number);
}

}  // namespace batchd::bench
