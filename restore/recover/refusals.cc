#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "common/os/fd.h"
#include "common/os/file.h"
#include "common/process/sibling_program.h"
#include "restore/recover/delta.h"
#include "restore/recover/free_place.h"
#include "restore/recover/recovery.h"
#include "restore/recover/server_program.h"

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
  require_apart(tablespaces_);
  require_config_fits(plan_->contents, options_.config);
  refuse_places();
  // What --delta keeps need not be written again; how much that is, only the comparison tells.
  if (!options_.delta) require_space(space_wanted(plan_->contents, directory_, tablespaces_));
  refuse_replayed_tablespaces();
  if (options_.isolated) refuse_long_socket();
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
  for (const Tablespace& left : left_) require_not_in_use(left.target);
  for (const Tablespace& tablespace : tablespaces_) {
    const std::string what = fmt::format("tablespace {}, before {} (give --tablespace {}=DIR)",
                                         tablespace.oid, tablespace.original, tablespace.original);
    in_context(what, [&] {
      require_not_in_use(tablespace.target);
      if (!options_.delta) require_free_directory(tablespace.target);
    });
  }
}

void Recovery::refuse_replayed_tablespaces() const {
  if (!replayed_) return;
  for (const ReplayedTablespace& created : replayed_->created) {
    const std::filesystem::path location = created.location;
    const auto is_laid_out = [&](const Tablespace& each) {
      return each.original == location && each.target == location;
    };
    const bool is_foreseen =
        std::ranges::any_of(tablespaces_, is_laid_out) ||
        std::ranges::find(left_, location.native(), &Tablespace::original) != left_.end();
    if (is_foreseen) continue;
    const std::string what = fmt::format(
        "the WAL creates tablespace {} in {} (LSN {}), and replay would write there (recover to a moment "
        "before, from a newer backup or on another host; what a lost cluster has left there, move away)",
        created.oid, created.location, to_string(created.lsn));
    in_context(what, [&] {
      if (!is_there(location)) fail(Exit::usage, "it is missing, and replay would end (make it, empty)");
      require_free_directory(location);
      require_not_in_use(location);
      const uid_t owner = file_status(open_file(location, O_RDONLY | O_DIRECTORY)).st_uid;
      if (::geteuid() != 0 && ::geteuid() != owner)
        fail(Exit::usage, "it belongs to another user, and replay would end");
    });
  }
}

// The place of the socket fits into its 107 bytes.
void Recovery::refuse_long_socket() const {
  constexpr std::size_t longest = 107 - std::string_view("/.s.PGSQL.5432").size();
  if (socket_directory().native().size() > longest) {
    fail(Exit::usage, "{}: too long for the socket of the isolated server (give --socket-dir)",
         socket_directory().native());
  }
}

}  // namespace pitr
