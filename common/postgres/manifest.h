#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/stream.h"
#include "common/codec/digest.h"
#include "common/postgres/wal.h"

namespace pitr {

// The WAL of one timeline that a backup needs.
struct WalRange {
  Timeline timeline;
  Lsn start, end;
};

// Writes a backup_manifest that pg_verifybackup takes: version 1 up to PostgreSQL 16, from 17 on version 2,
// which carries the system identifier. Source of the format: PostgreSQL, doc/src/sgml/backup-manifest.sgml.
//
//   { "PostgreSQL-Backup-Manifest-Version": 1,
//   "Files": [
//   { "Path": "PG_VERSION", "Size": 3, "Last-Modified": "2026-08-01 10:11:12 GMT",
//     (in one line) "Checksum-Algorithm": "CRC32C", "Checksum": "ffbe5c64" }
//   ],
//   "WAL-Ranges": [
//   { "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000120" }
//   ],
//   "Manifest-Checksum": "<SHA-256 of all bytes before this key>"}
//
// Names that are not UTF-8 stand in hex as Encoded-Path. Memory holds 64 KiB, however many files there are.
class ManifestWriter {
 public:
  ManifestWriter(Sink& next, int major, std::uint64_t system_identifier);

  // One file, named relative to the data directory (Entry::path). Each name once: pg_verifybackup refuses a
  // manifest that has one twice. Files in pg_wal and the manifest itself do not belong in it.
  void add(std::string_view path, std::uint64_t size, time_t modified, std::uint32_t crc32c);

  // The newest timeline first, as PostgreSQL writes them. Does not finish the sink.
  void finish(std::span<const WalRange> ranges);

 private:
  void flush();

  Sink& next_;
  Digest digest_{"SHA-256"};
  std::string buffer_;
  bool has_files_ = false;
};

struct ManifestFile {
  std::string path;  // relative to the data directory
  std::uint64_t size;
  std::string algorithm;  // NONE, CRC32C, SHA224, SHA256, SHA384, SHA512
  std::string checksum;   // in hex, as it stands there
};
struct Manifest {
  std::optional<std::uint64_t> system_identifier;  // null: version 1 has none
  std::vector<WalRange> ranges;
};
// Reads a backup_manifest, ours or PostgreSQL's. Throws Exit::damaged when its own checksum does not fit or
// it does not parse. Memory holds the whole text.
Manifest read_manifest(Source& from, const std::function<void(ManifestFile)>& each);

}  // namespace pitr
