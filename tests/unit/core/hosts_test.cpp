// Hosts of environments: who is placed where, draining, deletion, loss, and what a restart makes of
// them.
#include "builders.hpp"

namespace batchd::core::test {
namespace {

constexpr const char* kLost = "Host EC2 (instance x) terminated.";

/// World's local host h0 beside environment `pool`, through which queue `pool` runs.
class Hosts : public ::testing::Test {
  protected:
    Hosts() {
        world.add_environment("pool");
        world.add_queue("pool", 1, {"pool"});
    }

    static model::Host a_host(const std::string& name) {
        model::Host host;
        host.name = name;
        host.url = "unix:///" + name;
        return host;
    }
    Result<Reply> put(model::Host host, const std::string& environment = "pool",
                      model::HostOrigin origin = model::HostOrigin::Registered) {
        return world.tell(
            PutHost{.environment = environment, .document = std::move(host), .origin = origin});
    }
    /// A host of `pool` that is up.
    void add(const std::string& name, model::Resources capacity = resources(4, 1000)) {
        ASSERT_TRUE(put(a_host(name)));
        world.host_up(name, capacity);
    }
    Result<Reply> drain(const std::string& name, std::optional<Timestamp> deadline = {}) {
        return world.tell(DrainHost{.environment = "pool", .host = name, .deadline = deadline});
    }
    Result<Reply> remove(const std::string& name, bool force = false) {
        return world.tell(DeleteHost{.environment = "pool", .host = name, .force = force});
    }
    void down(const std::string& name) {
        (void)world.tell(HostDown{.host = name, .reason = "gone"});
    }
    model::JobId submit(int attempts = 1) {
        return world.submit(world.a_job().in("pool").attempts(attempts));
    }
    std::string host_of(const model::JobId& id) {
        const auto job = world.state.find_job(id);
        const bool runs = job && world.state.job(*job).run;
        return runs ? world.state.job(*job).run->attempt.host : "";
    }
    const Host& host(const std::string& name) {
        return world.state.host(*world.state.find_host(name));
    }
    bool exists(const std::string& name) { return world.state.find_host(name).has_value(); }
    template <class Action>
    const Action& last_action() const {
        for (auto i = world.last.actions.rbegin(); i != world.last.actions.rend(); ++i) {
            if (const auto* action = std::get_if<Action>(&*i)) return *action;
        }
        static const Action none{};
        ADD_FAILURE() << "there is no such action";
        return none;
    }
    static std::string message(const Result<Reply>& reply) {
        return reply ? "" : reply.error().message;
    }

    /// What is stored, of hosts, environments, queues and single jobs.
    model::Snapshot stored() {
        model::Snapshot snapshot;
        for (const auto& e : world.state.environments) snapshot.environments.push_back(e.row);
        for (const auto& q : world.state.queues) snapshot.queues.push_back(q.row);
        for (const auto& h : world.state.hosts) {
            if (h.row) snapshot.hosts.push_back(*h.row);
        }
        for (const auto& [id, index] : world.state.job_index) {
            const Job& job = world.state.job(index);
            model::JobRow row;
            row.seq = job.seq;
            row.id = id;
            row.queue_id = world.state.queue(job.queue).row.id;
            row.traits.shape = world.state.shape(job.shape);
            row.traits.attempts = job.attempts_limit;
            row.state = job.state;
            snapshot.jobs.push_back(row);
            if (job.run) snapshot.attempts.push_back(job.run->attempt);
        }
        snapshot.next_seq = world.state.next_seq;
        snapshot.next_id = world.state.next_id;
        return snapshot;
    }
    static std::string restored(const model::Snapshot& snapshot, Timestamp now, State& state) {
        add_host(state, "h0");
        const auto done = restore(state, snapshot, now);
        return done ? "" : done.error().message;
    }
    static std::string restored(const model::Snapshot& snapshot) {
        State state;
        return restored(snapshot, Timestamp{}, state);
    }

    World world;
};

TEST_F(Hosts, AnEnvironmentUsesItsOwnHostsAndElseTheLocalOne) {
    EXPECT_EQ(host_of(submit()), "h0");
    add("x");
    EXPECT_EQ(host_of(submit()), "x");
    EXPECT_EQ(host_of(world.submit()), "h0") << "another environment's job";
    ASSERT_TRUE(remove("x", true));
    EXPECT_EQ(host_of(submit()), "h0");
}

TEST_F(Hosts, AHostThatIsNotReachedTakesNothing) {
    ASSERT_TRUE(put(a_host("x")));
    const auto job = submit();
    EXPECT_EQ(world.status(job), "RUNNABLE") << "the local host is not the environment's any more";
    world.host_up("x", resources(4));
    EXPECT_EQ(host_of(job), "x");
    down("x");
    EXPECT_EQ(world.status(submit()), "RUNNABLE");
}

TEST_F(Hosts, TheRuntimeIsToldAfterTheRow) {
    auto document = a_host("x");
    document.labels = {{"rack", "7"}};
    ASSERT_TRUE(put(document));
    ASSERT_EQ(world.last.changes.hosts.size(), 1U);
    EXPECT_EQ(world.last.changes.hosts[0].document.state, "ACTIVE");
    EXPECT_EQ(last_action<ConnectHost>().host.labels.at("rack"), "7");
    ASSERT_TRUE(put(document));
    EXPECT_TRUE(world.last.actions.empty()) << "nothing has changed";
    ASSERT_TRUE(remove("x"));
    EXPECT_TRUE(world.last.changes.hosts.at(0).is_gone);
    EXPECT_EQ(last_action<DisconnectHost>().name, "x");
}

TEST_F(Hosts, ADrainingHostTakesNoNewAttemptsUntilItIsActiveAgain) {
    add("x");
    const auto running = submit();
    ASSERT_TRUE(drain("x"));
    EXPECT_EQ(host_of(running), "x");
    const auto waiting = submit();
    EXPECT_EQ(world.status(waiting), "RUNNABLE");
    auto document = a_host("x");
    document.vcpus = 2;
    ASSERT_TRUE(put(document));
    EXPECT_EQ(host("x").row->document.state, "DRAINING") << "a document without a state keeps it";
    document.state = "ACTIVE";
    ASSERT_TRUE(put(document));
    EXPECT_EQ(host_of(waiting), "x");
}

TEST_F(Hosts, AtTheDeadlineAttemptsAreStoppedAndEndAsLost) {
    add("x");
    add("y");
    const auto job = submit(2);
    world.started(job);
    ASSERT_EQ(host_of(job), "x");
    ASSERT_TRUE(drain("x", world.now + Seconds{60}));
    EXPECT_EQ(next_deadline(world.state), world.now + Seconds{60});
    world.now += Seconds{60};
    world.step();
    EXPECT_EQ(last_action<StopContainer>().id, world.current(job));
    EXPECT_EQ(world.status(job), "RUNNING");
    world.exited(job, 143);
    ASSERT_EQ(world.attempts.size(), 1U);
    EXPECT_EQ(world.attempts[0].status_reason, kLost);
    EXPECT_EQ(world.attempts[0].exit_code, std::nullopt);
    EXPECT_EQ(host_of(job), "y");
}

TEST_F(Hosts, OneThatFinishesInItsGraceHasSucceeded) {
    add("x");
    const auto job = submit();
    world.started(job);
    ASSERT_TRUE(drain("x", world.now));
    world.exited(job, 0);
    EXPECT_EQ(world.status(job), "SUCCEEDED");
}

TEST_F(Hosts, TheRetryRulesSeeTheLossOfTheHost) {
    add("x");
    model::EvaluateOnExit exit_on_loss;
    exit_on_loss.action = "EXIT";
    exit_on_loss.on_status_reason = "Host EC2*";
    const auto job =
        world.submit(world.a_job().in("pool").attempts(5).rule(std::move(exit_on_loss)));
    ASSERT_TRUE(remove("x", true));
    EXPECT_EQ(world.status(job), "FAILED");
    EXPECT_EQ(world.state_of(job).status_reason, kLost);
}

TEST_F(Hosts, AtTheDeadlineOfAHostThatIsDownAttemptsEndAtOnce) {
    add("x");
    const auto before = submit();
    const auto after = submit();
    down("x");
    ASSERT_TRUE(drain("x", world.now + Seconds{1}));
    world.now += Seconds{1};
    world.step();
    EXPECT_EQ(world.status(before), "FAILED");
    EXPECT_EQ(world.status(after), "FAILED");
    EXPECT_EQ(world.state_of(after).status_reason, kLost);
    EXPECT_EQ(world.count<ForgetContainer>(), 2) << "should it come back";
}

TEST_F(Hosts, AHostThatGoesDownAfterTheDeadlineLosesWhatIsBeingStopped) {
    add("x");
    const auto job = submit();
    ASSERT_TRUE(drain("x", world.now));
    EXPECT_EQ(world.status(job), "STARTING");
    down("x");
    EXPECT_EQ(world.status(job), "FAILED");
    EXPECT_EQ(world.state_of(job).status_reason, kLost);
}

TEST_F(Hosts, TerminateHasTheLastWordOverALoss) {
    add("x");
    const auto job = submit(3);
    world.started(job);
    ASSERT_TRUE(drain("x", world.now));
    ASSERT_TRUE(world.tell(TerminateJob{.id = job, .reason = "enough"}));
    EXPECT_EQ(world.count<StopContainer>(), 1) << "it is being stopped";
    world.exited(job, 143);
    EXPECT_EQ(world.status(job), "FAILED");
    EXPECT_EQ(world.state_of(job).status_reason, "enough");
}

TEST_F(Hosts, WhatIsBeingStoppedCannotBeTakenBack) {
    add("x");
    const auto job = submit();
    ASSERT_TRUE(drain("x", world.now));
    auto active = a_host("x");
    active.state = "ACTIVE";
    EXPECT_EQ(put(active).error().kind, ErrorKind::Conflict);
    EXPECT_EQ(drain("x", world.now + Seconds{9}).error().kind, ErrorKind::Conflict);
    EXPECT_TRUE(drain("x", world.now)) << "again";
    world.exited(job, 137);
    EXPECT_TRUE(put(active));
}

TEST_F(Hosts, ANewDeadlineReplacesTheOld) {
    add("x");
    const auto job = submit();
    ASSERT_TRUE(drain("x", world.now + Seconds{5}));
    ASSERT_TRUE(drain("x", world.now + Seconds{50}));
    world.now += Seconds{10};
    world.step();
    EXPECT_EQ(world.count<StopContainer>(), 0);
    ASSERT_TRUE(drain("x"));
    world.now += Seconds{100};
    world.step();
    EXPECT_EQ(world.count<StopContainer>(), 0);
    EXPECT_EQ(host_of(job), "x");
}

TEST_F(Hosts, DeletionNeedsAnEmptyHostADrainOrForce) {
    add("x");
    const auto job = submit(2);
    EXPECT_EQ(message(remove("x")),
              "Cannot delete, 1 attempts run on host 'x': drain it first, or delete it with force");
    ASSERT_TRUE(drain("x"));
    ASSERT_TRUE(remove("x"));
    EXPECT_TRUE(exists("x")) << "until its last attempt has ended";
    world.ran(job, 0);
    EXPECT_FALSE(exists("x"));
    EXPECT_TRUE(world.last.changes.hosts.at(0).is_gone);
    EXPECT_EQ(message(remove("x")), "computeEnvironment 'pool' has no host 'x'");
}

TEST_F(Hosts, AHostThatIsPutAgainStays) {
    add("x");
    const auto job = submit();
    ASSERT_TRUE(drain("x", world.now + Seconds{9}));
    ASSERT_TRUE(remove("x"));
    ASSERT_TRUE(put(a_host("x")));
    world.ran(job, 0);
    EXPECT_EQ(host_of(submit()), "x");
    EXPECT_EQ(host("x").row->drain_deadline, std::nullopt);
}

TEST_F(Hosts, ForceEndsAttemptsAsLostAndTheyAreRetriedElsewhere) {
    add("x");
    const auto job = submit(2);
    const auto single = submit();
    world.started(job);
    add("y");
    ASSERT_TRUE(remove("x", true));
    EXPECT_FALSE(exists("x"));
    EXPECT_EQ(world.status(single), "FAILED");
    EXPECT_EQ(world.state_of(single).status_reason, kLost);
    EXPECT_EQ(host_of(job), "y");
    EXPECT_EQ(world.current(job).number, 2);
    // A late word of the first attempt.
    (void)world.tell(AttemptEnded{.id = {.job = job, .number = 1}, .outcome = {}});
    EXPECT_EQ(host_of(job), "y");
}

TEST_F(Hosts, SlotsAreUsedAgainWithoutATrace) {
    add("x");
    submit();
    const auto slots = world.state.hosts.size();
    ASSERT_TRUE(remove("x", true));
    ASSERT_TRUE(put(a_host("z")));
    EXPECT_EQ(world.state.hosts.size(), slots);
    EXPECT_FALSE(host("z").is_up);
    EXPECT_EQ(host("z").used, model::Resources{});
    (void)world.tell(HostUp{.host = "x", .capacity = resources(9)});
    EXPECT_FALSE(host("z").is_up) << "late news of a host that is gone";
}

TEST_F(Hosts, OneStepMayRemoveAHostAndPutAnotherInItsSlot) {
    add("x");
    const auto job = submit(2);
    ASSERT_TRUE(
        world.tell_within_step(DeleteHost{.environment = "pool", .host = "x", .force = true}));
    ASSERT_TRUE(world.tell_within_step(PutHost{.environment = "pool", .document = a_host("z")}));
    world.step();
    EXPECT_EQ(world.status(job), "RUNNABLE");
    world.host_up("z", resources(4));
    EXPECT_EQ(host_of(job), "z");
}

TEST_F(Hosts, AReservationGoesWithItsHost) {
    Policy policy;
    policy.reserve_after = Seconds{10};
    world.state.policy = policy;
    add("x");
    const auto small = submit();
    const auto large = world.submit(world.a_job().in("pool").needs(resources(4)));
    world.now += Seconds{20};
    world.step();
    ASSERT_TRUE(world.state.queue(*world.state.find_queue("pool")).reservation);
    ASSERT_TRUE(remove("x", true));
    EXPECT_EQ(world.status(small), "FAILED");
    EXPECT_EQ(host_of(large), "h0");
}

TEST_F(Hosts, ADownHostIsNotKeptFree) {
    world.state.policy.reserve_after = Seconds{10};
    add("x", resources(64, 100'000));
    add("y");
    down("x");
    submit();
    submit();
    const auto large = world.submit(world.a_job().in("pool").needs(resources(4)));
    world.now += Seconds{20};
    world.step();
    EXPECT_EQ(world.status(large), "RUNNABLE");
    const auto& kept = world.state.queue(*world.state.find_queue("pool")).reservation;
    ASSERT_TRUE(kept);
    EXPECT_EQ(world.state.host(kept->hosts.at(0)).name, "y");
}

TEST_F(Hosts, ANodeThatWaitsForTheMainOneGoesWithItsHost) {
    add("x", resources(2));
    add("y", resources(2));
    add("z", resources(1));  // which is too small, but the environment's
    auto gang = world.a_job().in("pool").attempts(2);
    gang.event.traits.shape.nodes = {{.count = 2, .resources = resources(2)}};
    gang.event.traits.shape.resources = resources(4);
    const auto whole = world.submit(gang);
    ASSERT_EQ(host_of(whole.node(1)), "y");
    ASSERT_TRUE(remove("y", true));
    EXPECT_FALSE(world.state.find_job(whole.node(1)));
    EXPECT_EQ(world.status(whole), "STARTING") << "the main node decides";
    ASSERT_TRUE(remove("x", true));
    EXPECT_EQ(world.status(whole), "RUNNABLE");
    EXPECT_EQ(world.state_of(whole).status_reason, kLost);
}

TEST_F(Hosts, AnEnvironmentTakesItsHostsWithIt) {
    add("x");
    world.add_environment("spare");
    ASSERT_TRUE(put(a_host("s"), "spare"));
    model::ComputeEnvironmentUpdate disabled;
    disabled.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "spare", .update = disabled}));
    ASSERT_TRUE(world.tell(DeleteEnvironment{.name = "spare"}));
    EXPECT_FALSE(exists("s"));
    EXPECT_EQ(last_action<DisconnectHost>().name, "s");
    EXPECT_TRUE(exists("x"));
}

TEST_F(Hosts, WhoMayPutWhatWhere) {
    add("x");
    world.add_environment("other");
    world.add_environment("managed", 8);
    EXPECT_EQ(message(put(a_host("n"), "none")), "computeEnvironment 'none' does not exist");
    EXPECT_EQ(message(put(a_host("n"), "managed")),
              "computeEnvironment 'managed' is MANAGED: a host that is registered belongs to an "
              "UNMANAGED one");
    EXPECT_EQ(put(a_host("n"), "pool", model::HostOrigin::Launched).error().kind,
              ErrorKind::Conflict);
    EXPECT_EQ(message(put(a_host("h0"))), "host name 'h0' is the local Docker Engine's");
    EXPECT_EQ(message(put(a_host("x"), "other")), "host 'x' belongs to computeEnvironment 'pool'");
    EXPECT_FALSE(world.tell(DrainHost{.environment = "other", .host = "x", .deadline = {}}));
    EXPECT_FALSE(world.tell(DrainHost{.environment = "local", .host = "h0", .deadline = {}}));
}

TEST_F(Hosts, TheConfigurationTakesAHostOverAndKeepsIt) {
    add("x");
    ASSERT_TRUE(put(a_host("x"), "pool", model::HostOrigin::Configured));
    EXPECT_EQ(message(put(a_host("x"))), "host 'x' is in the configuration, and changed there");
    EXPECT_FALSE(remove("x", true));
    EXPECT_TRUE(drain("x")) << "anybody may";
    EXPECT_TRUE(world.tell(
        DeleteHost{.environment = "pool", .host = "x", .origin = model::HostOrigin::Configured}));
    EXPECT_FALSE(exists("x"));
}

TEST_F(Hosts, TheEngineBehindAHostIsChangedWhenNothingRunsThere) {
    add("x");
    const auto job = submit();
    auto moved = a_host("x");
    moved.url = "unix:///elsewhere";
    EXPECT_EQ(message(put(moved)),
              "url, certificateDirectory and tlsServerName of host 'x' can be changed when no "
              "attempt runs there; "
              "1 run");
    world.ran(job, 0);
    ASSERT_TRUE(put(moved));
    EXPECT_EQ(last_action<ConnectHost>().host.url, "unix:///elsewhere");
}

TEST_F(Hosts, ARestartKnowsHostsAndGoesOnWithADrain) {
    add("x");
    add("y");
    const auto job = submit(2);
    world.started(job);
    ASSERT_TRUE(drain("x", world.now + Seconds{5}));
    ASSERT_TRUE(remove("x"));
    State state;
    ASSERT_EQ(restored(stored(), world.now + Seconds{6}, state), "");
    EXPECT_EQ(broken_invariant(state), std::nullopt);
    EXPECT_EQ(own_hosts(state).size(), 2U);
    ASSERT_EQ(live_attempts(state).size(), 1U);
    EXPECT_TRUE(live_attempts(state)[0].stop_with_grace.has_value());
    world.state = std::move(state);
    world.now += Seconds{6};
    world.step();
    EXPECT_EQ(world.status(job), "RUNNING") << "its host was not reached yet, which is no loss";
    world.exited(job, 143);
    EXPECT_EQ(world.attempts.back().status_reason, kLost);
    EXPECT_FALSE(exists("x"));
}

TEST_F(Hosts, DamagedRowsAreNamed) {
    add("x");
    submit();
    const auto whole = stored();
    ASSERT_EQ(restored(whole), "");
    const auto error_with = [&](auto damage) {
        auto snapshot = whole;
        damage(snapshot);
        return restored(snapshot);
    };
    const std::string prefix = "the stored state contradicts itself: host x";
    EXPECT_EQ(error_with([](auto& s) { s.hosts[0].environment_id = 99; }),
              prefix + " belongs to a compute environment that does not exist");
    EXPECT_EQ(error_with([](auto& s) { s.hosts[0].document.state.reset(); }),
              prefix + ": it has no state");
    EXPECT_EQ(error_with([](auto& s) { s.hosts[0].document.state = "ODD"; }),
              prefix + ": state 'ODD' must be one of ACTIVE, DRAINING");
    EXPECT_EQ(error_with([](auto& s) { s.hosts[0].document.url = "ftp://x"; }),
              prefix + ": url 'ftp://x' must be unix:///path or tcp://host:port");
    EXPECT_EQ(error_with([](auto& s) { s.hosts[0].is_deleting = true; }),
              prefix + ": it is to go, but does not drain");
    EXPECT_EQ(error_with([](auto& s) { s.hosts[0].drain_deadline = Timestamp{}; }),
              prefix + ": it is to go, but does not drain");
    EXPECT_EQ(error_with([](auto& s) { s.hosts.push_back(s.hosts[0]); }),
              prefix + ": its name is another host's, too");
    EXPECT_EQ(error_with([](auto& s) { s.hosts[0].origin = static_cast<model::HostOrigin>(7); }),
              prefix + ": its origin is unknown");
    EXPECT_EQ(error_with([](auto& s) { s.hosts[0].origin = model::HostOrigin::Launched; }),
              prefix +
                  ": computeEnvironment 'pool' is UNMANAGED: a host that is launched by "
                  "batchd belongs to an MANAGED one");
    EXPECT_TRUE(error_with([](auto& s) { s.hosts.clear(); }).contains("does not exist"));
    EXPECT_TRUE(error_with([](auto& s) {
                    s.attempts[0].compute_environment = "local";
                }).contains("is none of compute environment local"));
}

}  // namespace
}  // namespace batchd::core::test
