#include "batchd/compute/local_provider.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace batchd::compute {
namespace {

namespace asio = boost::asio;

/// FNV-1a: the same in every run and on every machine.
std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
    std::uint64_t hash = 14695981039346656037ULL ^ seed;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 1099511628211ULL;
    }
    return hash;
}

/// As EC2's look: "i-" and 17 hexadecimal digits.
std::string instance_id(std::string_view token, std::int64_t number) {
    constexpr std::uint64_t kElevenDigits = (1ULL << 44) - 1;
    const auto hash = hash_of(token, static_cast<std::uint64_t>(number));
    return fmt::format("{}{:011x}", kSimulatedId, hash & kElevenDigits);
}

}  // namespace

class LocalProvider::Impl : public std::enable_shared_from_this<Impl> {
  public:
    Impl(asio::io_context& io, LocalOptions options, model::InstanceCatalogue catalogue,
         ports::CapacityEvents& events)
        : strand_(asio::make_strand(io)),
          options_(std::move(options)),
          catalogue_(std::move(catalogue)),
          events_(events) {}

    /// Runs on the strand, with this object alive.
    template <class Work>
    void post(Work work) {
        asio::post(strand_,
                   [self = shared_from_this(), work = std::move(work)]() mutable { work(*self); });
    }

    void launch(const ports::LaunchRequest& request) {
        ports::LaunchResult result;
        for (std::int64_t i = 0; i < request.count; ++i) {
            result.instances.push_back(
                {.id = instance_id(request.token, i), .type = request.type, .zone = request.zone});
        }
        events_.launched(request.decision, result);
        for (const auto& instance : result.instances) {
            boot(instance.id, request.type, options_.boot_time);
        }
    }

    void boot(std::string id, std::string type, Milliseconds after) {
        if (!booting_.insert(id).second) return;
        auto timer = std::make_shared<asio::steady_timer>(strand_, after);
        timer->async_wait([self = shared_from_this(), timer, id = std::move(id),
                           type = std::move(type)](const boost::system::error_code& error) {
            if (!error) self->come_up(id, type);
        });
    }

    void come_up(const std::string& id, const std::string& type) {
        if (booting_.erase(id) == 0) return;  // terminated before
        const auto* known = catalogue_.find(type);
        if (!known) {
            events_.instance_gone(id, "InvalidInstanceType: there is no type '" + type + "'");
            return;
        }
        const auto usable = model::usable_resources(*known);
        model::Host host;
        host.name = id;
        host.url = options_.url;
        host.certificate_directory = options_.certificate_directory;
        host.vcpus = static_cast<std::int32_t>(usable.vcpu.value / 1000);
        host.memory_mi_b = usable.memory.value;
        host.labels = {{"instance-type", type}};
        events_.instance_ready(id, std::move(host));
    }

    void terminate(const std::vector<std::string>& ids) {
        for (const auto& id : ids) {
            booting_.erase(id);
            events_.instance_gone(id, "Client.UserInitiatedShutdown: terminated by batchd");
        }
    }

    void adopt(const std::vector<OpenLaunch>& launches,
               const std::vector<model::InstanceRow>& instances) {
        for (const auto& row : instances) {
            if (!row.id.starts_with(kSimulatedId)) {
                events_.instance_gone(row.id, "the provider is local now, and cannot reach it");
            } else if (row.status == model::InstanceStatus::Booting) {
                boot(row.id, row.type, options_.boot_time);
            } else if (row.status == model::InstanceStatus::Terminating) {
                terminate({row.id});
            }
        }
        for (const auto& open : launches) launch(open.request);
    }

  private:
    asio::strand<asio::io_context::executor_type> strand_;
    LocalOptions options_;
    model::InstanceCatalogue catalogue_;
    ports::CapacityEvents& events_;
    std::set<std::string> booting_;
};

LocalProvider::LocalProvider(asio::io_context& io, LocalOptions options,
                             model::InstanceCatalogue catalogue, ports::CapacityEvents& events)
    : impl_(std::make_shared<Impl>(io, std::move(options), std::move(catalogue), events)) {}

LocalProvider::~LocalProvider() = default;

void LocalProvider::launch(ports::LaunchRequest request, const model::ComputeEnvironment&) {
    impl_->post([request = std::move(request)](Impl& impl) { impl.launch(request); });
}

void LocalProvider::terminate(std::vector<std::string> ids) {
    impl_->post([ids = std::move(ids)](Impl& impl) { impl.terminate(ids); });
}

void LocalProvider::adopt(std::vector<OpenLaunch> launches,
                          std::vector<model::InstanceRow> instances) {
    impl_->post([launches = std::move(launches), instances = std::move(instances)](Impl& impl) {
        impl.adopt(launches, instances);
    });
}

}  // namespace batchd::compute
