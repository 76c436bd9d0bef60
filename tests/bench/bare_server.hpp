// What HTTP and JSON cost alone: a Beast server that parses each body and gives a small answer. The
// yardstick for SubmitJob.
#pragma once

namespace batchd::bench {

/// Announces itself on stdout as batchd does and serves until the process is stopped, with as many
/// threads as batchd has for HTTP by default.
int serve_bare();

}  // namespace batchd::bench
