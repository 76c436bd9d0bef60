#include "report.hpp"

#include "batchd/base/time.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <thread>

namespace batchd::bench {
namespace {

std::string number(double value) {
    if (value >= 1000) return fmt::format("{:.0f}", value);
    return fmt::format("{:.{}f}", value, value >= 10 ? 1 : 2);
}

std::string text_of(const std::optional<Target>& target) {
    if (!target) return "";
    return fmt::format("{} {}", target->kind == Target::Kind::AtLeast ? "≥" : "<",
                       number(target->bound));
}

std::string verdict_of(const Measurement& measurement) {
    if (!measurement.target) return "";
    return measurement.is_met() ? "met" : "MISSED";
}

}  // namespace

bool Measurement::is_met() const {
    if (!target) return true;
    return target->kind == Target::Kind::AtLeast ? value >= target->bound : value < target->bound;
}

void Report::add(Measurement measurement) {
    fmt::print(stderr, "{}: {} {}\n", measurement.name, number(measurement.value),
               measurement.unit);
    measurements_.push_back(std::move(measurement));
}

bool Report::all_met() const { return std::ranges::all_of(measurements_, &Measurement::is_met); }

std::string Report::table() const {
    std::string text =
        fmt::format("{:<64} {:>10} {:<8} {:>9}  {}\n", "measured", "value", "", "target", "");
    for (const auto& entry : measurements_) {
        text += fmt::format("{:<64} {:>10} {:<8} {:>9}  {}\n", entry.name, number(entry.value),
                            entry.unit, text_of(entry.target), verdict_of(entry));
    }
    return text;
}

Result<> Report::write_json(const std::string& path) const {
    using Json = nlohmann::ordered_json;
    Json list = Json::array();
    for (const auto& entry : measurements_) {
        Json row{{"name", entry.name}, {"value", entry.value}, {"unit", entry.unit}};
        if (entry.target) {
            row["target"] = text_of(entry.target);
            row["met"] = entry.is_met();
        }
        if (entry.point) {
            row["curve"] = entry.point->curve;
            row["jobs"] = entry.point->jobs;
        }
        list.push_back(std::move(row));
    }
    std::ofstream file(path);
    file << Json{{"time", to_iso8601(SystemClock{}.now())},
                 {"cores", std::thread::hardware_concurrency()},
                 {"measurements", std::move(list)}}
                .dump(2)
         << '\n';
    if (file.flush()) return {};
    return fail(ErrorKind::Unavailable, "cannot write " + path);
}

}  // namespace batchd::bench
