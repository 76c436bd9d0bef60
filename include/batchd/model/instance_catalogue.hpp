// EC2's instance types: sizes, GPUs, prices, and what `instanceTypes` of a compute environment
// stands for. Values; any thread.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/money.hpp"
#include "batchd/model/resources.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::model {

enum class Architecture : std::uint8_t { X86_64, Arm64 };

/// "x86_64", "arm64"
std::string_view to_string(Architecture architecture);

struct InstanceType {
    std::string name;  ///< "m6i.large"
    Architecture architecture = Architecture::X86_64;
    std::int32_t vcpus = 0;
    MiB memory;  ///< nominal
    std::int32_t gpus = 0;
    std::string gpu_name = {};  ///< "A10G"; empty without GPUs
    MiB gpu_memory = {};        ///< of each
    MicroUsd price = {};        ///< On-Demand, Linux, us-east-1, per hour
    /// Usable by containers as an instance of the type has reported it; nullopt: not measured yet.
    std::optional<MiB> measured_memory = {};
};

/// Of a type in one zone (an environment's subnet), per hour, now.
struct SpotPrice {
    std::string type;
    std::string zone;
    MicroUsd price;
};

/// What containers can use of an empty instance: kernel and agent keep some of its memory. Unless
/// measured, 95 % of the nominal size less 32 MiB is assumed.
Resources usable_resources(const InstanceType& type);

/// Of an attempt that uses so much of an empty instance, per hour: the part of the resource of
/// which it takes most.
MicroUsd share_of(MicroUsd price, const Resources& used, const Resources& capacity);

/// Of a Fargate task, per hour: Linux on x86 in us-east-1; on Fargate Spot, whose prices move, 30 %
/// of it.
MicroUsd fargate_price(const Resources& resources, bool is_spot);

/// A type that an entry of instanceTypes stands for, with the position of that entry.
struct ExpandedType {
    const InstanceType* type = nullptr;
    std::int32_t priority = 0;
};

class InstanceCatalogue {
  public:
    /// Current types, as known when batchd was built.
    static InstanceCatalogue embedded();

    const InstanceType* find(std::string_view name) const;
    /// Adds the type or replaces the one of that name; a price of 0 keeps the price that is known
    /// or is guessed from the size, no measured memory keeps that which is.
    void add(InstanceType type);
    /// By name; pointers to its elements live until the type is replaced.
    const std::map<std::string, InstanceType, std::less<>>& types() const { return types_; }

    /// The types of a list of sizes ("c5.8xlarge"), families ("c5"), "optimal", "default_x86_64"
    /// and "default_arm64", each type once, the first mention counts. Bare metal comes only by its
    /// size. InvalidArgument names the first entry that is not known, and for a mix of
    /// architectures both.
    Result<std::vector<ExpandedType>> expand(const std::vector<std::string>& instance_types) const;

  private:
    std::map<std::string, InstanceType, std::less<>> types_;
};

}  // namespace batchd::model
