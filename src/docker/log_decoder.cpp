#include "batchd/docker/log_decoder.hpp"

#include "batchd/docker/answers.hpp"

namespace batchd::docker {

Result<> LogDecoder::feed(std::string_view bytes) {
    return frames_.feed(bytes, [this](ports::OutputChannel channel, std::string_view payload) {
        take_record(channel, payload);
    });
}

void LogDecoder::take_record(ports::OutputChannel channel, std::string_view payload) {
    const auto space = payload.find(' ');
    const auto time = parse_time_ns(payload.substr(0, space));
    if (time) payload.remove_prefix(space == std::string_view::npos ? payload.size() : space + 1);
    lines_.add(time, channel, payload);
}

}  // namespace batchd::docker
