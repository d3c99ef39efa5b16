#include "common/process/sibling_program.h"
#include "restore/recover/delta.h"
#include "restore/recover/free_place.h"
#include "restore/recover/recovery.h"
#include "restore/recover/server_program.h"
#include "restore/recover/wal_search.h"

// What a recovery refuses before it writes anything.
namespace pitr {
namespace {

std::string major_of(const Meta& meta) {
  return meta.server_version.substr(0, meta.server_version.find('.'));
}

}  // namespace

// Whatever can be refused is refused here: nothing is written yet.
void Recovery::refuse_what_cannot_be() {
  const Meta& meta = plan_->set.meta;
  if (plan_->reach == Reach::no) {
    fail(Exit::damaged, "recover to {} from backup {}: {}", describe(options_.target), plan_->set.name,
         plan_->reason);
  }
  if (plan_->reach == Reach::unknown) {
    log_.error("whether {} can be reached is not known: {}", describe(options_.target), plan_->reason);
  }
  held_ = hold_for_reading(*store_, plan_->set);
  restore_program_ = sibling_program("pitr-restore");
  if (meta.format != 0) require_known(mapping(), tablespaces_);
  require_config_fits(plan_->contents, options_.config);
  refuse_places();
  // What --delta keeps need not be written again; how much that is, only the comparison tells.
  if (!options_.delta) require_space(space_wanted(plan_->contents, directory_, tablespaces_));
  if (options_.isolated) refuse_isolated();
  if (options_.start) {
    pg_ctl_ = server_program(options_.bindir, major_of(meta), "pg_ctl");
    if (!options_.isolated && plan_->contents.has_manifest &&
        !plan_->contents.files.contains("postgresql.conf")) {
      fail(
          Exit::usage,
          "--start: the configuration of this cluster lies outside its data directory (on Debian start it by "
          "pg_ctlcluster)");
    }
  }
}

void Recovery::refuse_places() const {
  require_not_in_use(directory_);
  if (options_.delta && is_there(directory_)) {
    if (!plan_->contents.has_manifest)
      fail(Exit::usage, "--delta: the set has no manifest to compare with (it is OmniPITR's)");
    require_left_behind(directory_, plan_->set.meta.system_identifier, tablespaces_);
  } else {
    in_context("restore into " + directory_.native(), [&] { require_free_directory(directory_); });
  }
  if (!options_.rescue_wal.empty()) require_stopped(options_.rescue_wal);
  for (const Tablespace& tablespace : tablespaces_) {
    const std::string what = fmt::format("tablespace {}, before {} (give --tablespace {}=DIR)",
                                         tablespace.oid, tablespace.original, tablespace.original);
    in_context(what, [&] {
      require_not_in_use(tablespace.target);
      if (!options_.delta) require_free_directory(tablespace.target);
    });
  }
}

// The place of the socket fits into its 107 bytes, and replay creates no tablespace in a directory of this
// host.
void Recovery::refuse_isolated() const {
  constexpr std::size_t longest = 107 - std::string_view("/.s.PGSQL.5432").size();
  if (socket_directory().native().size() > longest) {
    fail(Exit::usage, "{}: too long for the socket of the isolated server (give --socket-dir)",
         socket_directory().native());
  }
  const WalSearch whole{all_sources(),   old_wal_.pg_wal,       plan_->path,
                        plan_->set.meta, plan_->set.meta.start, plan_->wal.end};
  for (const std::string& path : created_tablespaces(whole, log_)) {
    if (is_there(path)) {
      fail(Exit::usage,
           "the WAL creates a tablespace in {}, which is there on this host: replay would write into it",
           path);
    }
  }
}

}  // namespace pitr
