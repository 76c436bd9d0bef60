// Tables of rules: each row changes something good and says what the check must answer.
#pragma once

#include "batchd/base/result.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace batchd::model::testing {

inline const std::string kAccepted;

template <class T>
struct Rule {
    std::string name;
    std::function<void(T&)> change;
    std::string error;  ///< the exact text, or kAccepted
};

template <class T, class Check>
void expect_rules(const T& good, const std::vector<Rule<T>>& rules, const Check& check) {
    for (const auto& rule : rules) {
        SCOPED_TRACE(rule.name);
        T subject = good;
        rule.change(subject);
        const Result<> result = check(subject);
        if (result) {
            EXPECT_EQ("", rule.error) << "was accepted";
        } else {
            EXPECT_EQ(result.error().message, rule.error);
            EXPECT_EQ(result.error().kind, ErrorKind::InvalidArgument);
        }
    }
}

}  // namespace batchd::model::testing
