#include "store/search_sql.hpp"

#include "store/rows.hpp"

#include <fmt/format.h>

namespace batchd::store {
namespace {

/// The image of a job's first container; NULL if there is none. Wants job_spec.
constexpr std::string_view kImage =
    "coalesce(json_extract(spec, '$.container.image'),"
    " json_extract(spec, '$.ecsProperties.taskProperties[0].containers[0].image'),"
    " json_extract(spec, '$.nodeProperties.nodeRangeProperties[0].container.image'),"
    " json_extract(spec, '$.nodeProperties.nodeRangeProperties[0].ecsProperties.taskProperties[0]"
    ".containers[0].image'))";

/// Of a job's newest attempt; that of a multi-node job's main node.
constexpr std::string_view kExitCode =
    "(SELECT exit_code FROM attempt WHERE attempt.job_seq = job.seq AND attempt.number ="
    " job.attempt AND attempt.part = CASE WHEN nodes IS NULL THEN 0 ELSE -1 - main_node END)";

std::string scan(std::string_view order) {
    return fmt::format(
        "SELECT job.seq FROM job WHERE job.seq BETWEEN ?1 AND ?2 AND ?3 >> status & 1"
        " AND (?4 IS NULL OR (SELECT name FROM job_queue WHERE id = queue_id) = ?4)"
        " AND (?5 IS NULL OR created_at >= ?5) AND (?6 IS NULL OR created_at < ?6)"
        " AND (?7 IS NULL OR status > 4 AND stopped_at >= ?7)"
        " AND (?8 IS NULL OR name = ?8 OR ?9 AND substr(name, 1, length(?8)) = ?8)"
        " AND (?10 IS NULL OR definition_name || ':' || definition_revision = ?10 OR ?11 AND"
        "  substr(definition_name || ':' || definition_revision, 1, length(?10)) = ?10)"
        " AND (?12 IS NULL OR status > 4 AND {0} = ?12)"
        " AND (?13 IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(?13) AS wanted"
        "  WHERE NOT EXISTS (SELECT 1 FROM json_each(job.tags) AS tag"
        "  WHERE tag.key = wanted.key AND tag.value = wanted.value)))"
        " AND (?14 IS NULL OR EXISTS (SELECT 1 FROM job_spec WHERE job_seq = job.seq"
        "  AND ({1} = ?14 OR ?15 AND substr({1}, 1, length(?14)) = ?14)))"
        " ORDER BY job.seq {2} LIMIT ?16",
        kExitCode, kImage, order);
}

SearchSql compose() {
    const std::string by_status = fmt::format(
        " AND seq BETWEEN ?1 AND ?2 AND ?3 >> status & 1 AND (?4 IS NULL OR status > 4 AND {} = "
        "?4)",
        kExitCode);
    return {
        .block =
            "SELECT jobs, open, first_created, last_created, last_stopped FROM search_block"
            " WHERE block = ? AND jobs IS NOT NULL",
        .term = "SELECT jobs FROM search_term WHERE block = ? AND field = ? AND value = ?",
        .prefix =
            "SELECT value, jobs FROM search_term WHERE block = ? AND field = ? AND value >= ?"
            " ORDER BY value LIMIT 1",
        .few_by_status = "SELECT seq FROM job NOT INDEXED WHERE true" + by_status,
        .many_by_status =
            "SELECT seq FROM job WHERE queue_id IN (SELECT id FROM job_queue)"
            " AND status IN (0, 1, 2, 3, 4, 5, 6)" +
            by_status,
        .by_time =
            "SELECT seq FROM job WHERE seq BETWEEN ?1 AND ?2"
            " AND (?3 IS NULL OR created_at >= ?3) AND (?4 IS NULL OR created_at < ?4)"
            " AND (?5 IS NULL OR status > 4 AND stopped_at >= ?5)",
        .scan_up = scan("ASC"),
        .scan_down = scan("DESC"),
        .found = fmt::format(
            "SELECT job.seq, job.id, job.name, job_queue.name, job.created_at, array_size, {},"
            " coalesce({}, ''), job.tags, milli_vcpu, memory_mib, gpus, fargate, consumables, "
            "nodes,"
            " {} FROM job JOIN job_queue ON job_queue.id = job.queue_id"
            " JOIN job_spec ON job_spec.job_seq = job.seq WHERE job.seq = ?",
            kExitCode, kImage, state_columns("job")),
        .slice = fmt::format(
            "SELECT job.seq, job_queue.name, job.name,"
            " definition_name || ':' || definition_revision, job.tags, job.created_at, job.status,"
            " job.stopped_at, {}, CASE WHEN ?3 THEN {} END FROM job"
            " JOIN job_queue ON job_queue.id = job.queue_id"
            " JOIN job_spec ON job_spec.job_seq = job.seq WHERE job.seq BETWEEN ?1 AND ?2",
            kExitCode, kImage)};
}

}  // namespace

const SearchSql& search_sql() {
    static const SearchSql sql = compose();
    return sql;
}

}  // namespace batchd::store
