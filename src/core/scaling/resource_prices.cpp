#include "core/scaling/pack.hpp"

#include <algorithm>
#include <utility>

namespace batchd::core::scaling {
namespace {

/// The simplex method for three variables and one constraint per bin: maximizes what `total` is
/// worth while no bin is worth more than its price. A variable is what the whole of `total` of one
/// resource is worth, which keeps the numbers of one size.
class Tableau {
  public:
    Tableau(std::span<const Bin> bins, const Amounts& total) {
        for (const Bin& bin : bins) {
            Row row{};
            for (std::size_t k = 0; k < 3; ++k) {
                if (total[k] == 0) continue;
                row[k] = static_cast<double>(bin.capacity[k]) / static_cast<double>(total[k]);
            }
            row[3] = static_cast<double>(bin.price);
            rows_.push_back(row);
        }
        for (std::size_t k = 0; k < 3; ++k) objective_[k] = total[k] > 0 ? 1 : 0;
        variable_of_row_.assign(rows_.size(), kSlack);
    }

    std::array<double, 3> solve() {
        constexpr int kMostPivots = 100;  // a handful are usual
        for (int i = 0; i < kMostPivots; ++i) {
            const auto column = static_cast<std::size_t>(
                std::max_element(objective_.begin(), objective_.begin() + 3) - objective_.begin());
            if (objective_[column] <= kTiny) break;
            const auto row = leaving_row(column);
            if (row == rows_.size()) break;  // no bin has this resource
            pivot(row, column);
        }
        std::array<double, 3> values{};
        for (std::size_t r = 0; r < rows_.size(); ++r) {
            if (variable_of_row_[r] != kSlack) values[variable_of_row_[r]] = rows_[r][3];
        }
        return values;
    }

  private:
    using Row = std::array<double, 4>;  ///< a coefficient per column, then the right side
    static constexpr double kTiny = 1e-9;
    static constexpr std::size_t kSlack = 3;

    std::size_t leaving_row(std::size_t column) const {
        std::size_t best = rows_.size();
        double least = 0;
        for (std::size_t r = 0; r < rows_.size(); ++r) {
            if (rows_[r][column] <= kTiny) continue;
            const double ratio = rows_[r][3] / rows_[r][column];
            if (best < rows_.size() && ratio >= least) continue;
            best = r;
            least = ratio;
        }
        return best;
    }

    void pivot(std::size_t row, std::size_t column) {
        std::swap(variable_of_row_[row], variable_of_column_[column]);
        const double by = 1 / rows_[row][column];
        rows_[row][column] = 1;
        for (double& value : rows_[row]) value *= by;
        for (std::size_t r = 0; r < rows_.size(); ++r) {
            if (r != row) eliminate(rows_[r], rows_[row], column);
        }
        eliminate(objective_, rows_[row], column);
    }

    static void eliminate(Row& row, const Row& by, std::size_t column) {
        const double factor = row[column];
        if (factor == 0) return;
        row[column] = 0;
        for (std::size_t k = 0; k < row.size(); ++k) row[k] -= factor * by[k];
    }

    std::vector<Row> rows_;
    Row objective_{};
    std::vector<std::size_t> variable_of_row_;
    std::array<std::size_t, 3> variable_of_column_{0, 1, 2};
};

}  // namespace

std::array<double, 3> resource_prices(std::span<const Bin> bins, const Amounts& total) {
    auto values = Tableau(bins, total).solve();
    for (std::size_t k = 0; k < 3; ++k) {
        if (total[k] > 0) values[k] /= static_cast<double>(total[k]);
    }
    return values;
}

}  // namespace batchd::core::scaling
