#include "model/instance_table.hpp"

#include <array>

namespace batchd::model {
namespace {

constexpr auto kX86 = Architecture::X86_64;
constexpr auto kArm = Architecture::Arm64;

constexpr std::string_view kUpTo24 =
    "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge";
constexpr std::string_view kCompute5 =
    "large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge";
constexpr std::string_view kUpTo32 =
    "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge";
constexpr std::string_view kUpTo48 =
    "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge";
constexpr std::string_view kGraviton2 =
    "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge";
constexpr std::string_view kUpTo48Without32 =
    "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge";
constexpr std::string_view kMediumUpTo48 =
    "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge";
constexpr std::string_view kGraviton4 =
    "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge";
constexpr std::string_view kUpTo96 =
    "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 96xlarge";
constexpr std::string_view kUpTo16 = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge";

// Linux On-Demand prices of us-east-1, January 2026.
// name, architecture, price of a "large", MiB per vCPU, sizes
constexpr auto kFamilies = std::to_array<RegularFamily>({
    // General purpose
    {"m4", kX86, 100'000, 4096, "large xlarge 2xlarge 4xlarge 10xlarge 16xlarge"},
    {"m5", kX86, 96'000, 4096, kUpTo24},
    {"m5a", kX86, 86'000, 4096, kUpTo24},
    {"m5ad", kX86, 103'000, 4096, kUpTo24},
    {"m5d", kX86, 113'000, 4096, kUpTo24},
    {"m5dn", kX86, 136'000, 4096, kUpTo24},
    {"m5n", kX86, 119'000, 4096, kUpTo24},
    {"m5zn", kX86, 165'170, 4096, "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge"},
    {"m6a", kX86, 86'400, 4096, kUpTo48},
    {"m6g", kArm, 77'000, 4096, kGraviton2},
    {"m6gd", kArm, 90'400, 4096, kGraviton2},
    {"m6i", kX86, 96'000, 4096, kUpTo32},
    {"m6id", kX86, 118'650, 4096, kUpTo32},
    {"m6idn", kX86, 159'120, 4096, kUpTo32},
    {"m6in", kX86, 139'230, 4096, kUpTo32},
    {"m7a", kX86, 115'920, 4096, kMediumUpTo48},
    {"m7g", kArm, 81'600, 4096, kGraviton2},
    {"m7gd", kArm, 106'780, 4096, kGraviton2},
    {"m7i", kX86, 100'800, 4096, kUpTo48Without32},
    {"m7i-flex", kX86, 95'760, 4096, kUpTo16},
    {"m8a", kX86, 121'720, 4096, kGraviton4},
    {"m8g", kArm, 89'760, 4096, kGraviton4},
    {"m8gd", kArm, 115'320, 4096, kGraviton4},
    {"m8gn", kArm, 145'500, 4096, kGraviton4},
    {"m8i", kX86, 105'840, 4096, kUpTo96},
    {"m8i-flex", kX86, 100'550, 4096, kUpTo16},
    // Compute optimized
    {"c5", kX86, 85'000, 2048, kCompute5},
    {"c5a", kX86, 77'000, 2048, kUpTo24},
    {"c5ad", kX86, 86'000, 2048, kUpTo24},
    {"c5d", kX86, 96'000, 2048, kCompute5},
    {"c5n", kX86, 108'000, 2688, "large xlarge 2xlarge 4xlarge"},
    {"c6a", kX86, 76'500, 2048, kUpTo48},
    {"c6g", kArm, 68'000, 2048, kGraviton2},
    {"c6gd", kArm, 76'800, 2048, kGraviton2},
    {"c6gn", kArm, 86'400, 2048, kGraviton2},
    {"c6i", kX86, 85'000, 2048, kUpTo32},
    {"c6id", kX86, 100'800, 2048, kUpTo32},
    {"c6in", kX86, 113'400, 2048, kUpTo32},
    {"c7a", kX86, 102'640, 2048, kMediumUpTo48},
    {"c7g", kArm, 72'500, 2048, kGraviton2},
    {"c7gd", kArm, 90'720, 2048, kGraviton2},
    {"c7gn", kArm, 124'800, 2048, kGraviton2},
    {"c7i", kX86, 89'250, 2048, kUpTo48Without32},
    {"c7i-flex", kX86, 84'790, 2048, kUpTo16},
    {"c8a", kX86, 107'770, 2048, kGraviton4},
    {"c8g", kArm, 79'760, 2048, kGraviton4},
    {"c8gd", kArm, 97'980, 2048, kGraviton4},
    {"c8gn", kArm, 118'500, 2048, kGraviton4},
    {"c8i", kX86, 93'710, 2048, kUpTo96},
    {"c8i-flex", kX86, 89'020, 2048, kUpTo16},
    // Memory optimized
    {"r4", kX86, 133'000, 7808, "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge"},
    {"r5", kX86, 126'000, 8192, kUpTo24},
    {"r5a", kX86, 113'000, 8192, kUpTo24},
    {"r5ad", kX86, 131'000, 8192, kUpTo24},
    {"r5b", kX86, 149'000, 8192, kUpTo24},
    {"r5d", kX86, 144'000, 8192, kUpTo24},
    {"r5dn", kX86, 167'000, 8192, kUpTo24},
    {"r5n", kX86, 149'000, 8192, kUpTo24},
    {"r6a", kX86, 113'400, 8192, kUpTo48},
    {"r6g", kArm, 100'800, 8192, kGraviton2},
    {"r6gd", kArm, 115'200, 8192, kGraviton2},
    {"r6i", kX86, 126'000, 8192, kUpTo32},
    {"r6id", kX86, 151'200, 8192, kUpTo32},
    {"r6idn", kX86, 195'390, 8192, kUpTo32},
    {"r6in", kX86, 174'330, 8192, kUpTo32},
    {"r7a", kX86, 152'150, 8192, kMediumUpTo48},
    {"r7g", kArm, 107'100, 8192, kGraviton2},
    {"r7gd", kArm, 136'080, 8192, kGraviton2},
    {"r7i", kX86, 132'300, 8192, kUpTo48Without32},
    {"r7iz", kX86, 186'000, 8192,
     "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 32xlarge"},
    {"r8a", kX86, 159'760, 8192, kGraviton4},
    {"r8g", kArm, 117'820, 8192, kGraviton4},
    {"r8gd", kArm, 146'960, 8192, kGraviton4},
    {"r8gn", kArm, 182'180, 8192, kGraviton4},
    {"r8i", kX86, 138'920, 8192, kUpTo96},
    {"r8i-flex", kX86, 131'970, 8192, kUpTo16},
    {"x1", kX86, 208'406, 15616, "16xlarge 32xlarge"},
    {"x1e", kX86, 417'000, 31232, "xlarge 2xlarge 4xlarge 8xlarge 16xlarge 32xlarge"},
    {"x2gd", kArm, 167'000, 16384, kGraviton2},
    {"x2idn", kX86, 208'406, 16384, "16xlarge 24xlarge 32xlarge"},
    {"x2iedn", kX86, 416'813, 32768, "xlarge 2xlarge 4xlarge 8xlarge 16xlarge 24xlarge 32xlarge"},
    {"x2iezn", kX86, 417'000, 32768, "2xlarge 4xlarge 6xlarge 8xlarge 12xlarge"},
    {"x8g", kArm, 195'400, 16384, kGraviton4},
    {"z1d", kX86, 186'000, 8192, "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge"},
    // Storage optimized
    {"d3", kX86, 249'720, 8192, "xlarge 2xlarge 4xlarge 8xlarge"},
    {"d3en", kX86, 262'860, 4096, "xlarge 2xlarge 4xlarge 6xlarge 8xlarge 12xlarge"},
    {"h1", kX86, 117'000, 4096, "2xlarge 4xlarge 8xlarge 16xlarge"},
    {"i3", kX86, 156'000, 7808, "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge"},
    {"i3en", kX86, 226'000, 8192, "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge 24xlarge"},
    {"i4g", kArm, 154'440, 8192, "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge"},
    {"i4i", kX86, 171'600, 8192, kUpTo32},
    {"i7i", kX86, 188'760, 8192, kUpTo48Without32},
    {"i7ie", kX86, 259'900, 8192,
     "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge 18xlarge 24xlarge 48xlarge"},
    {"i8g", kArm, 171'600, 8192, kUpTo48Without32},
    {"im4gn", kArm, 181'896, 4096, "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge"},
    {"is4gen", kArm, 288'150, 6144, "medium large xlarge 2xlarge 4xlarge 8xlarge"},
    // Burstable
    {"t3", kX86, 83'200, 4096, "nano micro small medium large xlarge 2xlarge", true},
    {"t3a", kX86, 75'200, 4096, "nano micro small medium large xlarge 2xlarge", true},
    {"t4g", kArm, 67'200, 4096, "nano micro small medium large xlarge 2xlarge", true},
});

InstanceType type(std::string_view name, Architecture architecture, std::int32_t vcpus,
                  std::int64_t memory, std::int64_t price) {
    return {.name = std::string(name),
            .architecture = architecture,
            .vcpus = vcpus,
            .memory = MiB{memory},
            .price = MicroUsd{price}};
}

struct Gpus {
    std::string_view name;
    std::int64_t memory;  ///< MiB of each
};
constexpr Gpus kT4{"T4", 16384};
constexpr Gpus kT4g{"T4g", 16384};
constexpr Gpus kA10g{"A10G", 22888};
constexpr Gpus kL4{"L4", 22888};
constexpr Gpus kL40s{"L40S", 45776};
constexpr Gpus kV100{"V100", 16384};
constexpr Gpus kV100Large{"V100", 32768};
constexpr Gpus kA100{"A100", 40960};
constexpr Gpus kA100Large{"A100", 81920};
constexpr Gpus kH100{"H100", 81920};
constexpr Gpus kH200{"H200", 144384};
constexpr Gpus kB200{"B200", 183359};

InstanceType with(std::int32_t count, const Gpus& gpus, InstanceType type) {
    type.gpus = count;
    type.gpu_name = gpus.name;
    type.gpu_memory = MiB{gpus.memory};
    return type;
}

// name, architecture, vCPUs, MiB, price
const auto kIrregular = std::to_array<InstanceType>({
    type("c4.large", kX86, 2, 3840, 100'000),
    type("c4.xlarge", kX86, 4, 7680, 199'000),
    type("c4.2xlarge", kX86, 8, 15360, 398'000),
    type("c4.4xlarge", kX86, 16, 30720, 796'000),
    type("c4.8xlarge", kX86, 36, 61440, 1'591'000),
    type("c5n.9xlarge", kX86, 36, 98304, 1'944'000),
    type("c5n.18xlarge", kX86, 72, 196608, 3'888'000),
    with(1, kT4, type("g4dn.xlarge", kX86, 4, 16384, 526'000)),
    with(1, kT4, type("g4dn.2xlarge", kX86, 8, 32768, 752'000)),
    with(1, kT4, type("g4dn.4xlarge", kX86, 16, 65536, 1'204'000)),
    with(1, kT4, type("g4dn.8xlarge", kX86, 32, 131072, 2'176'000)),
    with(4, kT4, type("g4dn.12xlarge", kX86, 48, 196608, 3'912'000)),
    with(1, kT4, type("g4dn.16xlarge", kX86, 64, 262144, 4'352'000)),
    with(1, kA10g, type("g5.xlarge", kX86, 4, 16384, 1'006'000)),
    with(1, kA10g, type("g5.2xlarge", kX86, 8, 32768, 1'212'000)),
    with(1, kA10g, type("g5.4xlarge", kX86, 16, 65536, 1'624'000)),
    with(1, kA10g, type("g5.8xlarge", kX86, 32, 131072, 2'448'000)),
    with(4, kA10g, type("g5.12xlarge", kX86, 48, 196608, 5'672'000)),
    with(1, kA10g, type("g5.16xlarge", kX86, 64, 262144, 4'096'000)),
    with(4, kA10g, type("g5.24xlarge", kX86, 96, 393216, 8'144'000)),
    with(8, kA10g, type("g5.48xlarge", kX86, 192, 786432, 16'288'000)),
    with(1, kT4g, type("g5g.xlarge", kArm, 4, 8192, 420'000)),
    with(1, kT4g, type("g5g.2xlarge", kArm, 8, 16384, 556'000)),
    with(1, kT4g, type("g5g.4xlarge", kArm, 16, 32768, 828'000)),
    with(1, kT4g, type("g5g.8xlarge", kArm, 32, 65536, 1'372'000)),
    with(2, kT4g, type("g5g.16xlarge", kArm, 64, 131072, 2'744'000)),
    with(1, kL4, type("g6.xlarge", kX86, 4, 16384, 804'800)),
    with(1, kL4, type("g6.2xlarge", kX86, 8, 32768, 977'600)),
    with(1, kL4, type("g6.4xlarge", kX86, 16, 65536, 1'323'200)),
    with(1, kL4, type("g6.8xlarge", kX86, 32, 131072, 2'014'400)),
    with(4, kL4, type("g6.12xlarge", kX86, 48, 196608, 4'601'600)),
    with(1, kL4, type("g6.16xlarge", kX86, 64, 262144, 3'396'800)),
    with(4, kL4, type("g6.24xlarge", kX86, 96, 393216, 6'675'200)),
    with(8, kL4, type("g6.48xlarge", kX86, 192, 786432, 13'350'400)),
    with(1, kL40s, type("g6e.xlarge", kX86, 4, 32768, 1'861'000)),
    with(1, kL40s, type("g6e.2xlarge", kX86, 8, 65536, 2'242'080)),
    with(1, kL40s, type("g6e.4xlarge", kX86, 16, 131072, 3'004'240)),
    with(1, kL40s, type("g6e.8xlarge", kX86, 32, 262144, 4'528'560)),
    with(4, kL40s, type("g6e.12xlarge", kX86, 48, 393216, 10'492'640)),
    with(1, kL40s, type("g6e.16xlarge", kX86, 64, 524288, 7'577'190)),
    with(4, kL40s, type("g6e.24xlarge", kX86, 96, 786432, 15'065'590)),
    with(8, kL40s, type("g6e.48xlarge", kX86, 192, 1572864, 30'131'180)),
    with(1, kL4, type("gr6.4xlarge", kX86, 16, 131072, 1'539'200)),
    with(1, kL4, type("gr6.8xlarge", kX86, 32, 262144, 2'446'400)),
    with(1, kV100, type("p3.2xlarge", kX86, 8, 62464, 3'060'000)),
    with(4, kV100, type("p3.8xlarge", kX86, 32, 249856, 12'240'000)),
    with(8, kV100, type("p3.16xlarge", kX86, 64, 499712, 24'480'000)),
    with(8, kV100Large, type("p3dn.24xlarge", kX86, 96, 786432, 31'212'000)),
    with(8, kA100, type("p4d.24xlarge", kX86, 96, 1179648, 21'957'642)),
    with(8, kA100Large, type("p4de.24xlarge", kX86, 96, 1179648, 27'447'050)),
    with(1, kH100, type("p5.4xlarge", kX86, 16, 262144, 6'880'000)),
    with(8, kH100, type("p5.48xlarge", kX86, 192, 2097152, 55'040'000)),
    with(8, kH200, type("p5en.48xlarge", kX86, 192, 2097152, 63'296'000)),
    with(8, kB200, type("p6-b200.48xlarge", kX86, 192, 2097152, 113'932'800)),
});

}  // namespace

std::span<const RegularFamily> regular_families() { return kFamilies; }
std::span<const InstanceType> irregular_types() { return kIrregular; }

}  // namespace batchd::model
