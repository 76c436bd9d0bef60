#include "batchd/base/units.hpp"

#include <gtest/gtest.h>

#include <concepts>

namespace batchd {
namespace {

template <class A, class B>
concept Addable = requires(A a, B b) { a + b; };

static_assert(Addable<MiB, MiB>);
static_assert(!Addable<MiB, MilliVcpu>, "units do not mix");
static_assert(!std::convertible_to<std::int64_t, MiB>, "a bare number has no unit");

TEST(Quantity, AddsSubtractsAndCompares) {
    EXPECT_EQ(MiB{512} + MiB{512}, MiB{1024});
    EXPECT_EQ(MiB{512} - MiB{500}, MiB{12});
    EXPECT_LT(MiB{511}, MiB{512});
    EXPECT_EQ(MiB{}, MiB{0});

    MiB sum{1};
    sum += MiB{4};
    EXPECT_EQ(sum, MiB{5});
    sum -= MiB{2};
    EXPECT_EQ(sum, MiB{3});
}

TEST(Quantity, CountsAThousandMilliVcpuToTheVcpu) { EXPECT_EQ(vcpus(2), MilliVcpu{2000}); }

}  // namespace
}  // namespace batchd
