// A client of the Docker Engine API, 1.41 (Engine 20.10) and later.
//
// Runs on one executor and must be called there. Errors: as the Engine's status says (see
// engine_error), Unavailable if it does not answer, Cancelled if the call's time is up or the
// client was closed. The message of an Engine's error is the Engine's own text.
#pragma once

#include "batchd/docker/answers.hpp"
#include "batchd/net/http_client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace batchd::docker {

template <class T = void>
using Async = boost::asio::awaitable<Result<T>>;

class Client {
  public:
    /// Time for creating and starting a container, as ECS has it.
    static constexpr Seconds kCreateTimeout{240};
    static constexpr Seconds kStartTimeout{180};

    /// `url` and `tls` as for net::HttpClient.
    Client(boost::asio::any_io_executor executor, std::string url, net::Tls tls);

    /// Agrees on the API's version; call it first, and again when the Engine may have changed.
    /// Unavailable if the Engine is too old.
    Async<> negotiate();
    Async<EngineInfo> info();
    /// Whether the Engine takes a new connection and answers on it within two seconds. One that
    /// shuts down does not, though it still serves the connections that it has.
    boost::asio::awaitable<bool> is_accepting();
    /// What the Engine remembers of the past: its last events of all kinds, oldest first, at most
    /// 256. It forgets them when it ends.
    Async<std::vector<Event>> recent_events();

    /// Returns the container's id. NotFound if the image is missing, Conflict if the name exists.
    Async<std::string> create(std::string name, std::string body);
    Async<> start(std::string id);  ///< success also if it runs already
    /// SIGTERM, after `grace` SIGKILL; returns when it stopped. Success also if it had stopped.
    Async<> stop(std::string id, Seconds grace);
    Async<ContainerState> inspect(std::string id_or_name);
    /// One look, which costs the Engine some files of the kernel. Cancelled after five seconds.
    Async<ContainerStats> stats(std::string id);
    Async<> remove(std::string id_or_name);  ///< by force; with its anonymous volumes
    /// Conflict if a container has it.
    Async<> remove_volume(std::string name);
    Async<std::string> volume_path(std::string name);  ///< on the Engine's host
    /// Those that no container has.
    Async<std::vector<VolumeSummary>> unused_volumes(std::string label);
    Async<std::vector<ContainerSummary>> list(std::string label);  ///< running or not

    /// Pulls `image`. `registry_auth` is a header's value or empty. `stream` is a fresh one of this
    /// client: closing it cancels the pull.
    Async<> pull(net::HttpStream& stream, std::string image, std::string registry_auth);

    /// Makes an image of a tar archive; `name` is repository:tag.
    Async<> import_image(std::string name, std::string tar);

    /// Opens the output of a container from `since_ns` on (inclusive; 0: from the start), as
    /// LogDecoder reads it; ends when the container stopped. It can end a moment too early: compare
    /// with last_log_record once the container has stopped, or follow again.
    Async<> follow_logs(net::HttpStream& stream, std::string id, std::int64_t since_ns);

    /// Opens standard input and output of a container, made or running: `stream` can be written to,
    /// and gives what comes as SlotReader reads it. The container's input ends with it. False
    /// if the answer is one of plain HTTP, as by a proxy that knows nothing else.
    Async<bool> attach(net::HttpStream& stream, std::string id);

    /// Of an image's id or name.
    Async<ImageConfig> image_config(std::string image);

    /// The newest record of a container's output, as LogDecoder::last_record has it.
    Async<std::string> last_log_record(std::string id);

    /// Opens the events of containers with `label`, from `since_ns` on (0: from now on), for
    /// EventReader.
    Async<> open_events(net::HttpStream& stream, std::string label, std::int64_t since_ns);

    std::unique_ptr<net::HttpStream> stream() { return http_.stream(); }
    void drop_idle() { http_.drop_idle(); }
    void close() { http_.close(); }

  private:
    Async<net::HttpResponse> call(std::string method, std::string path, std::string body,
                                  Milliseconds timeout);
    Async<> open(net::HttpStream& stream, net::HttpRequest request);
    /// The status of the answer, if it is no error's.
    Async<int> open_for_status(net::HttpStream& stream, net::HttpRequest request);

    net::HttpClient http_;
    std::string version_ = "1.41";
};

/// An Engine keeps 256 events, of which it repeats a few less.
inline constexpr std::size_t kRememberedEvents = 240;

/// Cuts a stream into lines.
class LineReader {
  public:
    /// `limit`: how long the stream may be silent.
    explicit LineReader(net::HttpStream& stream, std::optional<Milliseconds> limit = std::nullopt)
        : stream_(stream), limit_(limit) {}
    /// The next line that is not blank, without its end; empty at the end of the stream. Valid
    /// until the next call. Unavailable for a line of more than 1 MiB, which no Engine sends.
    Async<std::string_view> next();

  private:
    net::HttpStream& stream_;
    std::optional<Milliseconds> limit_;
    std::string buffer_;
    std::size_t at_ = 0;
};

/// Reads a stream of open_events; Unavailable when the stream ends.
class EventReader {
  public:
    explicit EventReader(net::HttpStream& stream) : lines_(stream) {}
    Async<Event> next();

  private:
    LineReader lines_;
};

}  // namespace batchd::docker
