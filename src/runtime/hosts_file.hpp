// What batchd itself brings into containers, in a volume: the /etc/hosts of those whose network the
// Engine does not make, and the agent of warm slots.
#pragma once

#include "batchd/docker/client.hpp"
#include "runtime/context.hpp"
#include "runtime/signal.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <string>
#include <string_view>

namespace batchd::runtime {

/// Of one host. Calls on the strand.
class HostsFile {
  public:
    HostsFile(Context& context, docker::Client& client);

    const std::string& volume() const { return volume_; }
    /// Where docker::kHostsFile or kAgentFile is on the Engine's host; empty if it cannot be made,
    /// which is tried again after a while. The first to ask makes it, the others wait; `host`: that
    /// it belongs to.
    boost::asio::awaitable<std::string> path(std::string_view file, std::string host);
    /// Whether somebody may have asked.
    bool is_used() const { return !path_.empty() || is_being_made_; }
    /// Somebody removed it.
    void forget() { path_.clear(); }

  private:
    boost::asio::awaitable<void> make_once(std::string host);
    docker::Async<std::string> make(const std::string& host);

    docker::Client& client_;
    const std::string instance_;
    const std::string volume_;
    std::string path_;  ///< of the folder
    Signal made_;
    bool is_being_made_ = false;
    boost::asio::steady_timer::time_point not_before_{};
};

}  // namespace batchd::runtime
