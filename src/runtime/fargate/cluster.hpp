// What all tasks need from ECS before they can be started: the cluster, and their definitions.
#pragma once

#include "runtime/fargate/context.hpp"
#include "runtime/fargate/task_definition.hpp"

#include <deque>
#include <map>
#include <string>

namespace batchd::runtime {

/// On the strand. Definitions are registered once for each content, kept for those to come, and
/// deregistered when many others were used since.
class Cluster {
  public:
    explicit Cluster(FargateContext& context) : context_(context), turn_(context.strand, 1) {}

    /// Makes the cluster and the log group, once. Returns the region of the client.
    boost::asio::awaitable<aws::Outcome<std::string>> ready();

    /// The plan's definition is there, until it is released.
    boost::asio::awaitable<aws::Outcome<>> define(TaskPlan plan);
    /// `is_good`: ECS started a task from it, or said nothing against it. One that is not is
    /// registered anew by the next to need it.
    void release(const TaskPlan& plan, bool is_good);

    /// The cluster is gone: the next to need it makes it anew.
    void lost() { is_made_ = false; }

  private:
    struct Definition {
        std::string arn;
        int users = 0;
    };
    void drop_oldest();

    FargateContext& context_;
    Slots turn_;  ///< of making things: one at a time, so that each is made once
    bool is_made_ = false;
    std::string region_;
    std::map<std::string, Definition> definitions_;  ///< by family
    std::deque<std::string> unused_;                 ///< families, the longest unused first
};

}  // namespace batchd::runtime
