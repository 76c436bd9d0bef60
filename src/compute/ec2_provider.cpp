#include "batchd/compute/ec2_provider.hpp"

#include "batchd/base/log.hpp"
#include "batchd/compute/local_provider.hpp"
#include "batchd/docker/client.hpp"
#include "batchd/net/retry_delay.hpp"
#include "compute/ec2_launcher.hpp"
#include "compute/ec2_offers.hpp"
#include "compute/user_data.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace batchd::compute {
namespace {

namespace asio = boost::asio;

/// RunInstances may be answered before DescribeInstances knows of it: AWS is eventually consistent.
constexpr int kMissesUntilGone = 4;
constexpr int kSightsUntilOrphan = 2;
constexpr std::size_t kMostInOneCall = 500;
constexpr Milliseconds kLongestPause{60'000};

bool is_ending(aws::InstanceState state) {
    return state == aws::InstanceState::ShuttingDown || state == aws::InstanceState::Terminated;
}

bool is_stopped(aws::InstanceState state) {
    return state == aws::InstanceState::Stopping || state == aws::InstanceState::Stopped;
}

std::string why_gone(const aws::Instance& instance) {
    if (is_stopped(instance.state)) return "it was stopped by somebody else";
    if (instance.state_reason_code.empty()) return "it was terminated by somebody else";
    return instance.state_reason.starts_with(instance.state_reason_code)
               ? instance.state_reason
               : instance.state_reason_code + ": " + instance.state_reason;
}

std::string tag_of(const aws::Instance& instance, const char* name) {
    const auto found = instance.tags.find(name);
    return found == instance.tags.end() ? "" : found->second;
}

}  // namespace

/// Lives on the strand; calls of AWS are made on threads of its own.
class Ec2Provider::Impl : public std::enable_shared_from_this<Impl> {
  public:
    Impl(asio::io_context& io, Ec2Options options, aws::Client& client,
         CertificateAuthority authority, model::InstanceCatalogue catalogue,
         ports::CapacityEvents& events)
        : strand_(asio::make_strand(io)),
          options_(std::move(options)),
          client_(client),
          authority_(std::move(authority)),
          launcher_(client_, authority_, options_.daemon, std::move(catalogue)),
          events_(events),
          poll_timer_(strand_) {}

    /// Runs on the strand, with this object alive.
    template <class Work>
    void post(Work work) {
        asio::post(strand_,
                   [self = shared_from_this(), work = std::move(work)]() mutable { work(*self); });
    }

    void launch(OpenLaunch open, bool is_repeated) {
        launching_.try_emplace(open.request.token, options_.retry, kLongestPause);
        call(
            [open, is_repeated](Impl& self) {
                return self.launcher_.launch(open.request, open.environment, is_repeated);
            },
            [open](Impl& self, auto answer) { self.launched(open, std::move(answer)); });
    }

    void terminate(const std::vector<std::string>& ids) {
        for (const auto& id : ids) {
            instances_.erase(id);
            ending_.insert(id);
        }
        end_instances();
    }

    void adopt(std::vector<OpenLaunch> launches, const std::vector<model::InstanceRow>& rows) {
        instances_.clear();
        for (const auto& row : rows) {
            if (row.id.starts_with(kSimulatedId)) {
                events_.instance_gone(row.id, "the provider is aws now, and it was make-believe");
            } else if (row.status == model::InstanceStatus::Terminating) {
                ending_.insert(row.id);
            } else {
                auto& instance = instances_[row.id];
                instance.type = row.type;
                instance.is_up = row.status == model::InstanceStatus::Up;
            }
        }
        end_instances();
        for (auto& open : launches) {
            if (!launching_.contains(open.request.token)) launch(std::move(open), true);
        }
        if (!std::exchange(is_polling_, true)) {
            poll();
            refresh_types();
            refresh_spot_prices();
        } else {  // the engine has rebuilt its state
            events_.offers_refreshed(types_, spot_prices_);
            poll_error_.clear();  // told again, if it is still there
        }
    }

    void join() {
        threads_.join();
        quick_thread_.join();
    }

  private:
    struct Instance {
        std::string type;
        std::string token;  ///< of its launch; known from its tags
        bool is_up = false;
        int misses = 0;                          ///< descriptions without it, in a row
        std::shared_ptr<docker::Client> client;  ///< set while its Engine is waited for
    };

    /// Does `work` on one of our threads, then `then` with its result on the strand. What is quick
    /// does not wait behind launches.
    template <class Work, class Then>
    void call(Work work, Then then, bool is_quick = false) {
        asio::post(
            is_quick ? quick_thread_ : threads_,
            [self = shared_from_this(), work = std::move(work), then = std::move(then)]() mutable {
                auto result = work(*self);
                asio::post(self->strand_,
                           [self, then = std::move(then), result = std::move(result)]() mutable {
                               then(*self, std::move(result));
                           });
            });
    }

    template <class Work>
    void later(Milliseconds delay, Work work) {
        auto timer = std::make_shared<asio::steady_timer>(strand_, delay);
        timer->async_wait([self = shared_from_this(), timer,
                           work = std::move(work)](const boost::system::error_code& error) mutable {
            if (!error) work(*self);
        });
    }

    void launched(const OpenLaunch& open, std::expected<ports::LaunchResult, NotAnswered> answer) {
        const auto& request = open.request;
        if (!answer) {
            log::warn("launch of {} {} for {} is asked for again: {}", request.count, request.type,
                      request.environment, answer.error().why);
            later(launching_.at(request.token).next(),
                  [open](Impl& self) { self.launch(open, true); });
            return;
        }
        launching_.erase(request.token);
        for (const auto& launched : answer->instances) {
            auto& instance = instances_[launched.id];
            instance.type = launched.type;
            instance.token = request.token;
            log::info("launched {} ({}) for {}", launched.id, launched.type, request.environment);
        }
        if (answer->failure) {
            log::warn("launch of {} {} for {}: {}", request.count, request.type,
                      request.environment, answer->failure->message);
        }
        events_.launched(request.decision, std::move(*answer));
        poll_soon();
    }

    /// One call for all that are to end; those that come meanwhile are in the next one.
    void end_instances() {
        if (is_ending_ || ending_.empty()) return;
        is_ending_ = true;
        std::vector<std::string> ids;
        for (const auto& id : ending_) {
            if (ids.size() < (one_by_one_ ? 1 : kMostInOneCall)) ids.push_back(id);
        }
        call([ids](Impl& self) { return aws::terminate_instances(self.client_, ids); },
             [ids](Impl& self, aws::Outcome<> answer) { self.ended(ids, answer); }, true);
    }

    void ended(const std::vector<std::string>& ids, const aws::Outcome<>& answer) {
        is_ending_ = false;
        if (!answer) {
            log::warn("{} instances cannot be terminated: {}", ids.size(), answer.error().text());
            set_aside(ids, answer.error());
            later(ending_pause_.next(), [](Impl& self) { self.end_instances(); });
            return;
        }
        ending_pause_.reset();
        for (const auto& id : ids) {
            ending_.erase(id);
            ended_.insert(id);
            log::info("terminated {}", id);
            events_.instance_gone(id, "Client.UserInitiatedShutdown: terminated by batchd");
        }
        end_instances();
    }

    /// One that AWS refuses to end (it is protected, say) must not keep the others: it is asked for
    /// again later, alone.
    void set_aside(const std::vector<std::string>& ids, const aws::ApiError& error) {
        const bool is_refusal = error.error_class == aws::ErrorClass::Configuration ||
                                error.error_class == aws::ErrorClass::Other;
        if (!is_refusal) return;
        one_by_one_ = true;
        if (ids.size() > 1) return;
        ending_.erase(ids.front());
        later(kLongestPause, [id = ids.front()](Impl& self) {
            self.ending_.insert(id);
            self.end_instances();
        });
    }

    bool is_busy() const {
        return !launching_.empty() || !ending_.empty() ||
               std::ranges::any_of(instances_, [](const auto& one) { return !one.second.is_up; });
    }

    void poll() {
        call(
            [](Impl& self) {
                return aws::describe_instances(
                    self.client_,
                    {.ids = {},
                     .filters = {{std::string("tag:") + kInstanceTag, {self.options_.daemon}}}});
            },
            [](Impl& self, const aws::Outcome<std::vector<aws::Instance>>& answer) {
                if (answer) {
                    self.compare(*answer);
                    if (!std::exchange(self.poll_error_, {}).empty()) {
                        self.events_.provider_reachable({});
                    }
                } else if (self.poll_error_ != answer.error().code) {
                    self.poll_error_ = answer.error().code;
                    log::warn("instances cannot be described: {}", answer.error().text());
                    self.events_.provider_reachable("EC2 does not tell of its instances: " +
                                                    answer.error().text());
                }
                self.wait_to_poll();
            },
            true);
    }

    void refresh_types() {
        call([](Impl& self) { return describe_types(self.client_); },
             [](Impl& self, aws::Outcome<std::vector<model::InstanceType>> answer) {
                 if (answer) {
                     self.types_ = std::move(*answer);
                     self.launcher_.learn(self.types_);
                     self.events_.offers_refreshed(self.types_, std::nullopt);
                 } else {
                     log::info("instance types cannot be described: {}", answer.error().text());
                 }
                 self.later(answer ? self.options_.types_every : kLongestPause,
                            [](Impl& again) { again.refresh_types(); });
             });
    }

    void refresh_spot_prices() {
        call([](Impl& self) { return describe_spot_prices(self.client_); },
             [](Impl& self, aws::Outcome<std::vector<model::SpotPrice>> answer) {
                 if (answer) {
                     self.spot_prices_ = std::move(*answer);
                     self.events_.offers_refreshed({}, self.spot_prices_);
                 } else {
                     log::info("Spot prices cannot be described: {}", answer.error().text());
                 }
                 self.later(answer ? self.options_.prices_every : kLongestPause,
                            [](Impl& again) { again.refresh_spot_prices(); });
             });
    }

    void wait_to_poll() {
        poll_timer_.expires_after(is_busy() ? options_.busy_poll : options_.calm_poll);
        poll_timer_.async_wait(
            [self = shared_from_this()](const boost::system::error_code&) { self->poll(); });
    }

    /// If the next poll is further away than it should be now.
    void poll_soon() {
        if (poll_timer_.expiry() > std::chrono::steady_clock::now() + options_.busy_poll) {
            poll_timer_.cancel();  // its handler polls
        }
    }

    void compare(const std::vector<aws::Instance>& described) {
        std::set<std::string> seen;
        for (const auto& instance : described) {
            seen.insert(instance.id);
            const auto known = instances_.find(instance.id);
            if (known != instances_.end()) {
                update(known, instance);
            } else {
                look_at_stranger(instance);
            }
        }
        for (auto it = instances_.begin(); it != instances_.end();) {
            const auto current = it++;
            if (seen.contains(current->first)) continue;
            if (++current->second.misses >= kMissesUntilGone) {
                lose(current, "EC2 does not know it any more");
            }
        }
        std::erase_if(ended_, [&](const auto& id) { return !seen.contains(id); });
        std::erase_if(strangers_, [&](const auto& one) { return !seen.contains(one.first); });
    }

    using Known = std::map<std::string, Instance>::iterator;

    void update(Known known, const aws::Instance& described) {
        auto& instance = known->second;
        instance.misses = 0;
        if (is_ending(described.state) || is_stopped(described.state)) {
            if (is_stopped(described.state)) {
                ending_.insert(described.id);
                end_instances();
            }
            lose(known, why_gone(described));
            return;
        }
        instance.token = tag_of(described, kLaunchTag);
        if (instance.is_up || instance.client || described.state != aws::InstanceState::Running) {
            return;
        }
        const auto& address = options_.uses_public_ip ? described.public_ip : described.private_ip;
        if (!address.empty()) await_engine(known->first, instance, address);
    }

    void lose(Known known, std::string reason) {
        if (known->second.client) known->second.client->close();
        log::warn("instance {} is gone: {}", known->first, reason);
        events_.instance_gone(known->first, std::move(reason));
        instances_.erase(known);
    }

    /// One of ours that nobody knows: a launch whose record was lost with a damaged database.
    void look_at_stranger(const aws::Instance& instance) {
        const bool is_known = launching_.contains(tag_of(instance, kLaunchTag)) ||
                              ending_.contains(instance.id) || ended_.contains(instance.id);
        if (is_known || is_ending(instance.state)) return;
        if (++strangers_[instance.id] < kSightsUntilOrphan) return;
        log::warn("instance {} belongs to no launch: it is terminated", instance.id);
        ending_.insert(instance.id);
        end_instances();
    }

    model::Host host_of(const std::string& id, const Instance& instance,
                        const std::string& address) const {
        model::Host host;
        host.name = id;
        host.url = fmt::format("tcp://{}:{}", address, kEnginePort);
        host.certificate_directory = authority_.folder().string();
        host.tls_server_name = engine_name(instance.token);
        host.labels = {{"instance-type", instance.type}};
        return host;
    }

    void await_engine(const std::string& id, Instance& instance, const std::string& address) {
        auto host = host_of(id, instance, address);
        instance.client =
            std::make_shared<docker::Client>(strand_, host.url,
                                             net::Tls{.directory = *host.certificate_directory,
                                                      .server_name = *host.tls_server_name});
        asio::co_spawn(strand_, ask_until_up(shared_from_this(), instance.client, std::move(host)),
                       [id](const std::exception_ptr& failure) {
                           if (failure) log::error("instance {} is not waited for any more", id);
                       });
    }

    /// Until the Engine answers or the client is closed.
    static asio::awaitable<void> ask_until_up(std::shared_ptr<Impl> self,
                                              std::shared_ptr<docker::Client> client,
                                              model::Host host) {
        asio::steady_timer timer(self->strand_);
        for (;;) {
            const bool is_up = co_await client->is_accepting();
            const auto known = self->instances_.find(host.name);
            const bool is_awaited =
                known != self->instances_.end() && known->second.client == client;
            if (!is_awaited) co_return;
            if (is_up) {
                known->second.is_up = true;
                known->second.client.reset();
                self->events_.instance_ready(host.name, host);
                co_return;
            }
            timer.expires_after(self->options_.retry);
            (void)co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        }
    }

    asio::strand<asio::io_context::executor_type> strand_;
    Ec2Options options_;
    aws::Client& client_;
    CertificateAuthority authority_;
    Ec2Launcher launcher_;
    ports::CapacityEvents& events_;
    std::map<std::string, Instance> instances_;         ///< by id, those that are wanted
    std::map<std::string, net::RetryDelay> launching_;  ///< by token
    std::set<std::string> ending_;                      ///< ids that are to be terminated
    std::set<std::string> ended_;                       ///< ids, while AWS still shows them
    std::map<std::string, int> strangers_;              ///< how often each was seen
    std::string poll_error_;                            ///< code, as last logged
    std::vector<model::InstanceType> types_;            ///< as last described
    std::optional<std::vector<model::SpotPrice>> spot_prices_;
    asio::steady_timer poll_timer_;
    bool is_ending_ = false;   ///< a call is under way
    bool one_by_one_ = false;  ///< AWS has refused to end several at once
    net::RetryDelay ending_pause_{options_.retry, kLongestPause};
    bool is_polling_ = false;
    asio::thread_pool threads_{4};
    asio::thread_pool quick_thread_{1};
};

Ec2Provider::Ec2Provider(asio::io_context& io, Ec2Options options, aws::Client& client,
                         CertificateAuthority authority, model::InstanceCatalogue catalogue,
                         ports::CapacityEvents& events)
    : impl_(std::make_shared<Impl>(io, std::move(options), client, std::move(authority),
                                   std::move(catalogue), events)) {}

Ec2Provider::~Ec2Provider() { impl_->join(); }

void Ec2Provider::launch(ports::LaunchRequest request,
                         const model::ComputeEnvironment& environment) {
    impl_->post([open = OpenLaunch{std::move(request), environment}](Impl& impl) mutable {
        impl.launch(std::move(open), false);
    });
}

void Ec2Provider::terminate(std::vector<std::string> ids) {
    impl_->post([ids = std::move(ids)](Impl& impl) { impl.terminate(ids); });
}

void Ec2Provider::adopt(std::vector<OpenLaunch> launches,
                        std::vector<model::InstanceRow> instances) {
    impl_->post([launches = std::move(launches), instances = std::move(instances)](
                    Impl& impl) mutable { impl.adopt(std::move(launches), instances); });
}

}  // namespace batchd::compute
