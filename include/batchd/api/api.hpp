// The HTTP API: AWS Batch, the part of CloudWatch Logs that reads job logs, and batchd's own
// /api/v1. Requests and responses are values; sockets stay in http.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/engine/engine.hpp"
#include "batchd/events/feed.hpp"
#include "batchd/events/job_watch.hpp"
#include "batchd/events/webhooks.hpp"
#include "batchd/http/message.hpp"
#include "batchd/logs/log_store.hpp"
#include "batchd/metrics/metrics.hpp"
#include "batchd/model/names.hpp"
#include "batchd/store/reader_pool.hpp"

#include <boost/asio/thread_pool.hpp>

#include <string>

namespace batchd::api {

/// Where AWS's rules for job definitions may be left.
struct DefinitionRules {
    Seconds inactive_grace{0};      ///< so long after its deregistration a revision is submitted
    bool dedupe_revisions = false;  ///< what says the same as the newest ACTIVE one is that one
};

/// What the operations work with. Everything must outlive the Api; any thread may use it.
struct Services {
    engine::Engine& engine;
    store::ReaderPool& readers;
    boost::asio::thread_pool& reader_threads;  ///< where blocking reads run
    logs::LogStore& logs;
    events::JobWatch& watch;
    events::Feed& feed;
    events::Source& events;                  ///< those that are not in the feed's memory any more
    boost::asio::thread_pool& feed_threads;  ///< where they are read
    Seconds heartbeat;                       ///< of event streams
    events::Webhooks& webhooks;
    metrics::Metrics& metrics;
    const Clock& clock;
    model::Scope scope;
    model::ContainerPolicy containers;
    model::Limits limits;
    DefinitionRules definitions = {};
    bool allow_plain_tcp = false;  ///< for hosts: see model::validate
    bool has_fargate = false;      ///< what runs there is bound by no Docker Engine
};

class Api {
  public:
    explicit Api(Services services);

    /// Routes, decodes, carries out and encodes. Never throws for bad input.
    boost::asio::awaitable<http::Response> handle(http::Request request);

    /// The answer to what never becomes a request (http::ErrorResponder), in AWS's form.
    static http::Response error(int status, std::string message);

  private:
    Services services_;
};

}  // namespace batchd::api
