// A durable commit of submitted jobs.
#include "batchd/store/sqlite_store.hpp"
#include "scheduler.hpp"
#include "submit_body.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>

namespace batchd::bench {
namespace {

/// In TMPDIR, which has to be on the disk that counts.
class Folder {
  public:
    Folder() {
        std::string pattern = std::filesystem::temp_directory_path() / "batchd-micro-XXXXXX";
        if (const char* made = ::mkdtemp(pattern.data())) path_ = made;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string database() const { return path_ / "batchd.db"; }

  private:
    std::filesystem::path path_;
};

/// The rows and news of so many SubmitJob, as large as those of the other sections.
core::Decision submissions(Scheduler& scheduler, std::size_t jobs) {
    static const std::string spec = submit_body(0);
    scheduler.submit_many(jobs);
    auto decision = scheduler.finish();
    for (auto& insert : decision.changes.new_jobs) {
        insert.row.name = "align-000000";
        insert.row.definition_name = "noop";
        insert.row.definition_revision = 1;
        insert.spec = spec;
        insert.tags = R"({"project":"bench"})";
    }
    return decision;
}

void commit_submissions(benchmark::State& state) {
    const Folder folder;
    auto store = store::SqliteStore::open(folder.database());
    Scheduler scheduler(0);
    if (!store || !(*store)->commit(scheduler.made().changes)) {
        state.SkipWithError("the database cannot be made");
        return;
    }
    for (auto _ : state) {
        state.PauseTiming();
        const auto decision = submissions(scheduler, static_cast<std::size_t>(state.range(0)));
        state.ResumeTiming();
        if (!(*store)->commit(decision.changes)) {
            state.SkipWithError("a commit failed");
            break;
        }
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(commit_submissions)->Arg(1)->Arg(100)->Arg(1'000)->UseRealTime();

}  // namespace
}  // namespace batchd::bench
