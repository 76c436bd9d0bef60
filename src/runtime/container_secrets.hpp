// The values of a container's secrets: fetched before it is made, kept until it runs.
#pragma once

#include "batchd/docker/create_body.hpp"
#include "runtime/context.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

namespace batchd::runtime {

/// Calls on the strand.
class ContainerSecrets {
  public:
    /// `container` must outlive it.
    ContainerSecrets(Context& context, const model::ContainerBase& container)
        : context_(context), container_(container) {}

    /// Once they are there, does nothing. Cancelled: the daemon stops; any other error carries the
    /// reason for people.
    boost::asio::awaitable<Result<>> fetch();
    const docker::SecretValues& values() const { return *values_; }
    void forget() { values_.reset(); }

    /// An Engine's words, which become the job's: they can quote what the container was made with.
    std::string without(std::string text) const;

  private:
    bool is_needed() const;

    Context& context_;
    const model::ContainerBase& container_;
    std::optional<docker::SecretValues> values_;
};

}  // namespace batchd::runtime
