// The writer of one attempt's log file. The file is open only while it is written: a descriptor for
// each running attempt would bound how many can run.
#pragma once

#include "batchd/model/ids.hpp"
#include "batchd/ports/log_sink.hpp"
#include "logs/growth_hub.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace batchd::logs {

class FileWriter final : public ports::LogWriter {
  public:
    /// `hub` must outlive the writer; Conflict if the log is open there.
    static Result<std::unique_ptr<ports::LogWriter>> open(const std::filesystem::path& path,
                                                          const model::LogId& id, GrowthHub& hub);
    ~FileWriter() override;

    void append(std::int64_t time_ns, ports::OutputChannel channel, std::string_view line) override;
    /// After an error what could not be written is kept for the next flush.
    Result<> flush() override;
    Result<> close() override;
    Position position() const override { return stored_; }

  private:
    /// That the log is open, as the hub shows it.
    class Registration {
      public:
        Registration(GrowthHub& hub, const model::LogId& id) : hub_(&hub), id_(id) {}
        Registration(Registration&& other) noexcept
            : hub_(std::exchange(other.hub_, nullptr)), id_(other.id_) {}
        Registration& operator=(Registration&&) = delete;
        ~Registration() { end(); }
        void notify() const {
            if (hub_) hub_->notify(id_);
        }
        void end() {
            if (hub_) std::exchange(hub_, nullptr)->mark_closed(id_);
        }

      private:
        GrowthHub* hub_;
        model::LogId id_;
    };

    FileWriter(std::filesystem::path path, Registration registration, Position position);

    std::filesystem::path path_;
    Registration registration_;
    Position stored_;
    Position appended_;  ///< as `stored_` will be after the next flush
    std::string buffer_;
};

}  // namespace batchd::logs
