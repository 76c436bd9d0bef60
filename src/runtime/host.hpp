// One Docker host: its connection, its events, and the list of what exists there.
#pragma once

#include "batchd/docker/client.hpp"
#include "runtime/context.hpp"
#include "runtime/hosts_file.hpp"
#include "runtime/pulls.hpp"
#include "runtime/signal.hpp"
#include "runtime/warm_slots.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace batchd::runtime {

/// Who cares for a container.
class ContainerWatcher {
  public:
    virtual ~ContainerWatcher() = default;
    virtual void on_event(const docker::Event& event) = 0;
    /// A listing of the host says that the container does not run.
    virtual void on_missing() = 0;
    virtual bool believes_running() const = 0;
};

class Host : public std::enable_shared_from_this<Host> {
  public:
    Host(std::shared_ptr<Context> context, DockerHost options);

    void run();  ///< once
    /// From now on nothing is told of it: another may have its name.
    void part() { is_parting_ = true; }
    /// Ends all calls, for ever; whoever waits gives up.
    void close();
    bool is_closed() const { return is_closed_ || context_.stopping; }
    /// Whether these options lead to the same Engine by the same way.
    bool has_engine_of(const DockerHost& options) const;
    /// Takes over options for which that holds.
    void update(DockerHost options);

    const std::string& name() const { return options_.name; }
    docker::Client& client() { return client_; }
    const docker::EngineInfo& info() const { return info_; }
    /// Ids of those that jobs may use.
    const std::vector<std::string>& gpus() const {
        return options_.gpus.empty() ? info_.gpus : options_.gpus;
    }
    bool is_up() const { return is_up_; }
    /// Whether the Engine did not answer at that time, as far as the last such spell goes.
    bool was_away_at(Timestamp time) const;
    bool went_down_after(Timestamp time) const;
    /// Which connection to the Engine this is, from 1.
    std::size_t connections() const { return connections_; }
    /// Whether the Engine shuts down, though it still serves the connections that it has. The host
    /// counts as down then, so that nothing more is placed there.
    boost::asio::awaitable<bool> is_leaving();
    /// Returns when the host is up or closed.
    boost::asio::awaitable<void> wait_up();

    Slots& starts() { return starts_; }
    Slots& looks() { return looks_; }  ///< at what containers use
    Pulls& pulls() { return pulls_; }
    HostsFile& hosts_file() { return hosts_file_; }
    WarmSlots& warm_slots() { return warm_slots_; }

    /// The OCI runtime to ask for; empty: the Engine's default.
    const std::string& runtime() const { return runtime_; }
    /// Whether a container could not be made or started because batchd wanted more than the host
    /// has, not the job: from now on it wants less, and another try may succeed.
    bool is_to_blame(const Error& error);

    /// `watcher` hears of the container of this name until unwatch.
    void watch(const std::string& container, std::weak_ptr<ContainerWatcher> watcher);
    void unwatch(const std::string& container);

    /// From now on containers of this host without a watcher are removed, and volumes of its
    /// attempts without one.
    void remove_orphans();

  private:
    boost::asio::awaitable<void> connect_loop();
    /// Serves until the connection breaks; returns why.
    boost::asio::awaitable<Error> serve();
    boost::asio::awaitable<void> reconcile_loop(std::size_t connection);
    boost::asio::awaitable<Result<>> reconcile();
    boost::asio::awaitable<void> remove_orphan(docker::ContainerSummary container);
    boost::asio::awaitable<void> remove_orphan_volumes();
    /// Whether the container is the host's notice that it will be taken away; tells it once.
    bool take_notice(std::string_view container);
    bool cares_for(const std::string& host) const;
    void went_up();
    void tell_capacity();
    void choose_runtime();
    void refuse_runtime(const Error& why);
    void went_down(const Error& why);
    void deliver(const docker::Event& event);
    std::string label() const;

    std::shared_ptr<Context> owned_context_;
    Context& context_;
    DockerHost options_;
    docker::Client client_;
    docker::EngineInfo info_;
    Slots starts_;
    Slots looks_;
    Pulls pulls_;
    HostsFile hosts_file_;
    WarmSlots warm_slots_;
    std::string runtime_;
    std::unordered_map<std::string, std::weak_ptr<ContainerWatcher>> watchers_;
    std::unique_ptr<net::HttpStream> events_;
    Signal changed_;  ///< is_up_
    Signal reconcile_now_;
    std::string down_reason_;                ///< as last reported
    std::optional<Timestamp> went_down_at_;  ///< the last time that it was up before
    Timestamp went_up_at_{};
    std::int64_t last_event_ns_ = 0;
    std::size_t connections_ = 0;  ///< counts, to end what belongs to an earlier one
    bool is_up_ = false;
    bool is_parting_ = false;
    bool is_closed_ = false;
    bool orphans_go_ = false;
    bool told_leaving_ = false;
};

}  // namespace batchd::runtime
