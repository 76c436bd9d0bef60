// What was measured, against what was asked for.
#pragma once

#include "batchd/base/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace batchd::bench {

struct Target {
    enum class Kind { AtLeast, Below };
    Kind kind;
    double bound;
};

/// One of several measurements that make a curve.
struct Point {
    std::string curve;
    std::size_t jobs;
};

struct Measurement {
    std::string name;
    double value;
    std::string unit;
    std::optional<Target> target{};
    std::optional<Point> point{};

    bool is_met() const;
};

class Report {
  public:
    /// Also prints it as progress on stderr.
    void add(Measurement measurement);
    bool all_met() const;
    std::string table() const;
    /// Writes the measurements, the number of cores and the time as JSON.
    Result<> write_json(const std::string& path) const;

  private:
    std::vector<Measurement> measurements_;
};

constexpr Target at_least(double bound) { return {Target::Kind::AtLeast, bound}; }
constexpr Target below(double bound) { return {Target::Kind::Below, bound}; }

}  // namespace batchd::bench
