#include "batchd/logs/log_store.hpp"

#include "logs/file.hpp"
#include "logs/file_writer.hpp"
#include "logs/growth_hub.hpp"
#include "logs/reading.hpp"

#include <system_error>
#include <utility>

namespace batchd::logs {
namespace {

/// Makes `folder` in its parent, which exists, so that it survives a crash of the machine.
Result<> make_folder(const std::filesystem::path& folder) {
    std::error_code ec;
    const bool is_new = std::filesystem::create_directory(folder, ec);
    if (ec) {
        return fail(ErrorKind::Unavailable,
                    "cannot make the folder " + folder.string() + ": " + ec.message());
    }
    if (!is_new) return {};
    auto parent = File::open_folder(folder.parent_path());
    if (!parent) return std::unexpected(std::move(parent).error());
    return parent->sync();
}

}  // namespace

Follower::Follower(Follower&& other) noexcept
    : hub_(std::exchange(other.hub_, nullptr)), token_(other.token_) {}

Follower::~Follower() {
    if (hub_) hub_->remove(token_);
}

LogStore::LogStore(std::filesystem::path folder)
    : folder_(std::move(folder)), hub_(std::make_unique<GrowthHub>()) {}

LogStore::~LogStore() = default;

Result<std::unique_ptr<LogStore>> LogStore::open(const std::filesystem::path& data) {
    const auto folder = data / "logs";
    BATCHD_TRY(make_folder(folder));
    return std::unique_ptr<LogStore>(new LogStore(folder));
}

std::filesystem::path LogStore::path_of(const model::LogId& id) const {
    std::string task = model::task_id(id.attempt);
    const auto folder = folder_ / task.substr(0, 2);
    if (id.container > 0) task += "." + std::to_string(id.container);
    return folder / (task + ".log");
}

Result<std::unique_ptr<ports::LogWriter>> LogStore::open(const model::LogId& id) {
    const auto path = path_of(id);
    BATCHD_TRY(make_folder(path.parent_path()));
    return FileWriter::open(path, id, *hub_);
}

Result<LogPage> LogStore::read_forward(const model::LogId& id, std::int64_t offset,
                                       const LogLimits& limits) const {
    const auto file = File::open_to_read(path_of(id));
    if (!file) return std::unexpected(file.error());
    return *file ? logs::read_forward(**file, offset, limits) : LogPage{};
}

Result<LogPage> LogStore::read_backward(const model::LogId& id, std::int64_t offset,
                                        const LogLimits& limits) const {
    const auto file = File::open_to_read(path_of(id));
    if (!file) return std::unexpected(file.error());
    return *file ? logs::read_backward(**file, offset, limits) : LogPage{};
}

Result<std::int64_t> LogStore::offset_at(const model::LogId& id, std::int64_t time_ns) const {
    const auto file = File::open_to_read(path_of(id));
    if (!file) return std::unexpected(file.error());
    return *file ? logs::offset_at(**file, time_ns) : 0;
}

bool LogStore::is_open(const model::LogId& id) const { return hub_->is_open(id); }

Follower LogStore::follow(const model::LogId& id, std::function<void()> on_change) {
    return Follower(*hub_, hub_->add(id, std::move(on_change)));
}

Result<> LogStore::remove(const model::LogId& id) {
    const auto path = path_of(id);
    std::error_code ec;
    std::filesystem::remove(path, ec);
    if (!ec) return {};
    return fail(ErrorKind::Unavailable, "cannot remove " + path.string() + ": " + ec.message());
}

}  // namespace batchd::logs
