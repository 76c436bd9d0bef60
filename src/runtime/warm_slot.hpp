// A container in which children of one array run, one after another (JobOptions::warm_slots).
//
// The agent in it (docker/slot_protocol.hpp) is led by the connection that is attached to it: when
// that breaks, the slot is lost, and what runs in it. So nothing of it is taken over after a
// restart.
#pragma once

#include "batchd/docker/slot_protocol.hpp"
#include "batchd/net/retry_delay.hpp"
#include "runtime/host.hpp"
#include "runtime/warm_slots.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>

namespace batchd::runtime {

/// Who runs in a slot. Called on the strand.
class SlotUser : public docker::SlotListener {
  public:
    /// There is no more output for now.
    virtual void on_pause() = 0;
    /// Instead of on_failed or on_ended: the slot is no more.
    virtual void on_lost() = 0;
};

/// Calls on the strand.
class WarmSlot final : public ContainerWatcher,
                       private docker::SlotListener,
                       public std::enable_shared_from_this<WarmSlot> {
  public:
    /// `name`: that no other container has.
    WarmSlot(Context& context, std::shared_ptr<Host> host, SlotKey key, std::string name);

    // The making; of a slot that cannot be made discard() removes what there is.
    docker::Async<> create(std::string body);
    /// Only after create(). Returns when commands can be run in it.
    docker::Async<> start();
    /// Why start() failed: neither the Engine nor its agent can do it, and containers of their own
    /// may do better.
    bool is_unfit() const { return is_unfit_; }

    const SlotKey& key() const { return key_; }
    const std::string& container_id() const { return id_; }
    const docker::ImageConfig& image() const { return image_; }

    /// Runs what slot_message() made, with these tokens. `user` hears of it until its last call.
    void run(const std::string& message, const docker::SlotTokens& tokens,
             std::shared_ptr<SlotUser> user);
    /// Of a slot that was lost: whether the agent may have got the last command. False: nothing of
    /// it was executed.
    boost::asio::awaitable<bool> has_sent_run();
    /// Whether it had no command before the last one.
    bool is_fresh() const { return runs_ <= 1; }
    void signal(int number);
    /// Whether the kernel killed a process in it for lack of memory, as far as the Engine's events
    /// tell; that may come so late.
    boost::asio::awaitable<bool> saw_oom(Milliseconds limit);
    /// Its user does not need it any more; goes by itself after a while.
    void release();
    /// Kills what runs there, and removes it. Its user hears of it.
    void discard();
    /// Until the container of a discarded slot is gone, or its host is closed.
    boost::asio::awaitable<void> gone();
    void host_closed();

    void on_event(const docker::Event& event) override;
    void on_missing() override;
    bool believes_running() const override { return is_running_ && !is_discarded_; }

  private:
    void on_started() override;
    void on_output(ports::OutputChannel channel, std::string_view text) override;
    void on_failed(const docker::SlotFailure& failure) override;
    void on_ended(const docker::SlotEnd& end) override;

    docker::Async<> create_container(std::string body);
    docker::Async<> attach_and_start();
    docker::Async<> greeted();
    void step_made();
    boost::asio::awaitable<void> read();
    boost::asio::awaitable<void> write();
    boost::asio::awaitable<void> remove();
    void send(const std::string& message);
    void after(Milliseconds time, void (WarmSlot::*what)());
    void on_idle_limit();
    void close_stream();

    Context& context_;
    std::shared_ptr<Host> host_;
    const SlotKey key_;
    const std::string name_;
    std::string id_;
    docker::ImageConfig image_;
    std::unique_ptr<net::HttpStream> stream_;
    docker::SlotReader reader_;
    std::string outbox_;
    std::shared_ptr<SlotUser> user_;
    boost::asio::steady_timer timer_;
    Signal changed_;
    net::RetryDelay delay_{Milliseconds{100}, Milliseconds{2000}};
    bool is_being_made_ = false;  ///< removed when the step ends: it may make the container yet
    bool is_running_ = false;
    bool is_idle_ = false;
    bool is_writing_ = false;
    bool is_run_queued_ = false;  ///< the last command is in the outbox
    bool is_run_sent_ = false;    ///< to its last byte
    bool is_discarded_ = false;
    bool is_gone_ = false;
    bool is_unfit_ = false;
    bool saw_oom_ = false;
    std::size_t runs_ = 0;
};

}  // namespace batchd::runtime
